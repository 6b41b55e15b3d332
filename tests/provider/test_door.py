"""A wrong conf or run id starts nothing, and is told in the same line by whatever road it comes."""

import json
from collections.abc import Mapping

import pytest

from py.pipeline.run import name_of
from tests.airflows import Airflow, Refused, quoted
from tests.provider.conftest import commands, runs_of

WRONG_CONF: dict[str, tuple[object, str]] = {
    "unknown key": ({"WH": 1}, "WH: provided has no such param; did you mean WHO?"),
    "text for a number": ({"COUNT": "3"}, 'COUNT wants a whole number, not "3"'),
    "number for a text": ({"WHO": 3}, "WHO wants text, not 3"),
    "text for a truth": ({"dryrun": "false"}, 'dryrun wants true or false, not "false"'),
    "no choice": ({"SIZE": "middle"}, 'SIZE is "middle", which is none of: "small", "large"'),
    "end of line": ({"PULL": "12\n"}, r'PULL is "12\n", which does not match [0-9]*'),
    "list": ({"WHO": ["a"]}, 'WHO wants text, not ["a"]'),
    "no number": ({"RATIO": float("nan")}, "RATIO wants a number, not NaN"),
    "strange key": ({"{{ 7 }}\n": 1}, r'"{{ 7 }}\n": provided has no such param'),
    "preset": ({"preset": "bg"}, 'preset is "bg", which is none of: "", "big"'),
    "all at once": (
        {"WH": 1, "COUNT": "x", "dryrun": 0},
        'WH: provided has no such param; did you mean WHO?; COUNT wants a whole number, not "x"; '
        "dryrun wants true or false, not 0",
    ),
    "1 MB": ({"WHO": "x" * 1_000_000}, "WHO is 1,000,000 bytes long; a command line carries 100,000 at most"),
}
WRONG_ID = ["a/b", "a b", "..", "a..b", "../../etc", "a\n", "ä", "$(id)", "r" * 249]
FORM = {"Referer": "http://localhost/dags/provided"}  # by which Airflow tells its own UI from others


def asked(airflow: Airflow, dag: str, body: dict[str, object], headers: Mapping[str, str] = {}) -> Refused:
    """How a request for a run is refused."""
    with pytest.raises(Refused) as refused:
        airflow.api(f"/dags/{dag}/dagRuns", {"logical_date": None} | body, headers=headers)
    return refused.value


@pytest.mark.parametrize("case", WRONG_CONF)
def test_a_wrong_conf_is_refused_by_rest_and_by_the_form(airflow: Airflow, provided: str, case: str) -> None:
    conf, says = WRONG_CONF[case]
    before = runs_of(airflow, provided)
    for headers in ({}, FORM):
        refused = asked(airflow, provided, {"conf": conf}, headers)
        detail = json.loads(refused.text)["detail"]
        assert (refused.status, detail[: len(says)], detail.count("\n")) == (400, says, 0)
    assert runs_of(airflow, provided) == before


@pytest.mark.parametrize("run_id", WRONG_ID)
def test_a_wrong_run_id_is_refused_by_rest(airflow: Airflow, provided: str, run_id: str) -> None:
    before = runs_of(airflow, provided)
    refused = asked(airflow, provided, {"dag_run_id": run_id})
    assert refused.status == 400
    assert "cannot be: use letters, digits and _.~:+- (248 at most), and no two dots" in refused.text
    assert runs_of(airflow, provided) == before


def test_both_spellings_of_the_command_refuse_in_the_same_line(airflow: Airflow, provided: str) -> None:
    before = runs_of(airflow, provided)
    lines = [(["--conf", json.dumps(conf)], says) for conf, says in WRONG_CONF.values()]
    lines += [(["--run-id", run_id], "the run id") for run_id in WRONG_ID]
    lines += [
        (["--conf", "{"], "the conf is no JSON: "),
        (["--conf", "[1]"], 'the conf is no JSON object, such as {"dryrun": true}, but [1]'),
        (["--conf", '{"COUNT": 1, "COUNT": 2}'], "the conf names COUNT twice"),
    ]
    names = (["trigger_dag"], ["dags", "trigger"])
    answers = commands(airflow, [[*name, provided, *words] for words, _ in lines for name in names])
    for number, (words, says) in enumerate(lines):
        old, new = answers[2 * number : 2 * number + 2]
        assert old == new, words
        assert old[0] == 2, words
        assert old[1].startswith(f"error: {says}"), old[1]
        assert old[1].count("\n") == 1, old[1]
    assert runs_of(airflow, provided) == before


def test_a_run_id_is_used_once(airflow: Airflow, provided: str) -> None:
    run_id = "once:2026-11-21T00:00:00+00:00~1"
    airflow.trigger(provided, {"dryrun": True}, run_id)
    says = f"provided has a run '{run_id}' already; choose another id, or none"
    refused = asked(airflow, provided, {"dag_run_id": run_id})
    assert (refused.status, json.loads(refused.text)["detail"]) == (409, says)
    words = [provided, "--run-id", run_id]
    assert (
        commands(airflow, [["trigger_dag", *words], ["dags", "trigger", *words]])
        == [(2, f"error: {says}\n")] * 2
    )
    assert airflow.wait(provided, run_id) == "success"


HOSTILE = """a "b" 'c'\n{{ params.COUNT }} ${HOME} $(touch pwned) `id` --flag=1 ; & | \\ é 漢"""


def test_legal_text_arrives_literally_in_the_step(airflow: Airflow, provided: str) -> None:
    run_id = f"literal:{'x' * 200}+1"
    code, said = airflow.cli("trigger_dag", provided, "-conf", json.dumps({"WHO": HOSTILE}), "-r", run_id)
    assert code == 0, said
    assert airflow.wait(provided, run_id) == "success"
    folder = airflow.runs / name_of(provided, run_id)
    words = (folder / "artifacts" / "words").read_text().split("\0")
    assert words[:2] == ["it", f"--who={HOSTILE}"]
    assert words[2:] == ["--count=3", "--ratio=0.5", "--size=small", "--pull=", "--text=one\ntwo", ""]


def test_the_form_sends_all_fields_and_null_for_an_empty_one(airflow: Airflow, provided: str) -> None:
    builtin = {"dryrun": False, "ARTIFACTS_PATH": "", "RESULTS": None}
    untouched = builtin | {"COUNT": 3, "RATIO": 1, "SIZE": "small", "PULL": None}
    form = untouched | {"preset": "big", "WHO": None, "TEXT": "one\ntwo"}
    made = airflow.api(f"/dags/{provided}/dagRuns", {"logical_date": None, "conf": form}, headers=FORM)
    assert airflow.wait(provided, made["dag_run_id"]) == "success"
    folder = airflow.runs / name_of(provided, made["dag_run_id"])
    words = (folder / "artifacts" / "words").read_text().split("\0")
    assert words[1:5] == ["--who=", "--count=9", "--ratio=1", "--size=large"]


def test_null_is_no_text_where_no_form_sends_it(airflow: Airflow, provided: str) -> None:
    assert "WHO wants text, not null" in asked(airflow, provided, {"conf": {"WHO": None}}).text


def test_the_form_shows_every_param_with_help_choices_and_default(airflow: Airflow, provided: str) -> None:
    params = airflow.api(f"/dags/{provided}/details")["params"]
    assert params["SIZE"]["description"] == "How much of it."
    assert params["SIZE"]["schema"]["enum"] == ["small", "large"]
    assert (params["COUNT"]["value"], params["COUNT"]["schema"]["type"]) == (3, "integer")
    assert params["TEXT"]["schema"]["format"] == "multiline"


def test_another_task_is_refused_as_well(airflow: Airflow, provided: str) -> None:
    airflow.put(
        "provided_caller.py",
        f"""\
        from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
        from airflow.sdk import DAG

        with DAG("provided_caller", is_paused_upon_creation=False) as dag:
            TriggerDagRunOperator(task_id="call", trigger_dag_id="{provided}", conf={{"WH": 1}})
        """,
    )
    run_id = airflow.trigger("provided_caller")
    assert airflow.wait("provided_caller", run_id) == "failed"
    path = f"/dags/provided_caller/dagRuns/{quoted(run_id)}/taskInstances/call/logs/1?full_content=true"
    assert "WH: provided has no such param; did you mean WHO?" in json.dumps(airflow.api(path))


def test_dags_of_others_are_left_alone(airflow: Airflow) -> None:
    airflow.put(
        "provided_stranger.py",
        """\
        from airflow.sdk import DAG

        params = {"LIST": [1]}
        dag = DAG("provided_stranger", tags=["windtunnel"], params=params, is_paused_upon_creation=False)
        """,
    )
    conf = {"more": {"than": "ours"}}
    run_id = airflow.trigger("provided_stranger", conf)
    assert airflow.api(f"/dags/provided_stranger/dagRuns/{quoted(run_id)}")["conf"] == conf
