"""Whether a followed run is green: its last task says so, and Airflow agrees."""

from py.airflow_api import Api, RunState
from py.following.follow import Followed
from py.pipeline.dag import VERDICT
from py.pipeline.run import ABORTED as CUT_SHORT
from py.pipeline.run import FAILED
from py.results.verdict import ABORTED, FAILURE, SUCCESS

AGREES = {SUCCESS: "success", FAILURE: "failed", ABORTED: "failed"}


def judge(api: Api, followed: Followed, state: RunState) -> tuple[str, list[str]]:
    """The verdict and its reasons; FAILURE when the last task and Airflow do not agree."""
    told = api.xcom(followed.dag, followed.run_id, followed.last, VERDICT) if followed.last else None
    if isinstance(told, dict) and told.get("result") in AGREES:
        result, reasons = told["result"], [str(reason) for reason in told.get("reasons", ())]
        if AGREES[result] == state.state:
            return result, reasons
        return FAILURE, [*reasons, f"{followed.last} says {result}, but Airflow calls the run {state.state}"]
    bad = [
        f"{name} {record.state}: {record.reason}"
        for name, record in followed.records.items()
        if record.state in (FAILED, CUT_SHORT)
    ]
    silent = f"{followed.last or followed.dag} has left no verdict; Airflow calls the run {state.state}"
    return FAILURE, [*bad, silent]
