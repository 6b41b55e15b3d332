"""Whether a followed run is green: its last task says so, and Airflow agrees."""

from typing import NamedTuple

from py.airflow_api import Api, RunState
from py.following.follow import Followed
from py.pipeline.dag import VERDICT
from py.pipeline.run import ABORTED as CUT_SHORT
from py.pipeline.run import FAILED
from py.results.verdict import ABORTED, FAILURE, SUCCESS

SAID = ("reasons", "notes")
AGREES = {SUCCESS: "success", FAILURE: "failed", ABORTED: "failed"}


class Verdict(NamedTuple):
    """How a run ended, why, and what else there is to say, in sentences."""

    result: str
    reasons: list[str]
    notes: list[str]


def judge(api: Api, followed: Followed, state: RunState) -> Verdict:
    """The verdict; FAILURE when the last task and Airflow do not agree."""
    told = api.xcom(followed.dag, followed.run_id, followed.last, VERDICT) if followed.last else None
    if isinstance(told, dict) and told.get("result") in AGREES:
        said = Verdict(told["result"], *([str(each) for each in told.get(key, ())] for key in SAID))
        if AGREES[said.result] == state.state:
            return said
        differ = f"{followed.last} says {said.result}, but Airflow calls the run {state.state}"
        return said._replace(result=FAILURE, reasons=[*said.reasons, differ])
    bad = [
        f"{name} {record.state}: {record.reason}"
        for name, record in followed.records.items()
        if record.state in (FAILED, CUT_SHORT)
    ]
    silent = f"{followed.last or followed.dag} has left no verdict; Airflow calls the run {state.state}"
    return Verdict(FAILURE, [*bad, silent], [])
