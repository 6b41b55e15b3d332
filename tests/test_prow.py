"""A run in Airflow, triggered and followed from outside: what is shown, and what the exit code says."""

import json
import re
import sys
import time
from pathlib import Path

import jwt

from py.servers.home import USER
from tests.airflows import free_port, ran
from tests.prows import DAG, FAIL, WAIT, Prow, ended


def doing(do: str, **more: object) -> str:
    return f"--conf={json.dumps({'DO': do, **more})}"


def test_a_red_run_says_what_failed_and_how_to_repeat_it(prow: Prow) -> None:
    code, out = prow("run", DAG, doing(FAIL))
    assert code == 1, out
    for line in (
        r"\d s  middle  running",
        r"\d s  middle  failed in \d+\.\d s: exit code 3: the reason",
        r"\d s  later   not run: middle failed",
        r"\d s  undo    passed in",
        r"  \| some words",
        r"FAILURE: followed followed-\w+ in \d",
        r"  - middle failed: exit code 3: the reason",
        r"  - not run: later",
    ):
        assert re.search(line, out), (line, out)
    advice = re.search(r"by hand:  python -m (py\.e2e command .*)", out)
    assert advice, out
    code, command = ran([sys.executable, "-m", *advice[1].split()], prow.env)
    assert (code, "./sh '--do=echo some words; " in command) == (0, True), command


def test_a_run_elsewhere_is_told_by_airflows_own_logs(prow: Prow, tmp_path: Path) -> None:
    code, out = prow("run", DAG, doing(FAIL), "--verbose", WINDTUNNEL_RUNS=str(tmp_path))
    assert code == 1
    for line in (
        r"middle  \| some words",
        r"middle  failed in \d+\.\d s: exit code 3: the reason",
        r"log:      http://localhost:\d+/dags/followed/runs/[^/]+/tasks/middle",
        r"by hand:  cd .* \./sh '--do=echo some words; ",
        r"results:  http://localhost:\d+/dags/followed/runs/",
    ):
        assert re.search(line, out), (line, out)


def test_a_green_run_ends_with_0_wherever_it_is_seen_from(prow: Prow) -> None:
    code, out = prow("run", DAG, "--run_id=green")
    assert code == 0, out
    assert re.search(
        r"\nSUCCESS: followed followed-\w+ in .*\n  report:   .*\n  results:  .*/runs/followed-\w+\n$", out
    )
    code, again = prow("follow", DAG, "green")
    assert (code, out.splitlines()[-3:]) == (0, again.splitlines()[-3:])
    assert re.search(r"middle  passed in", again)


def test_a_preset_is_told_to_airflow(prow: Prow) -> None:
    code, out = prow("run", DAG, "--preset=b", "--run_id=preset", "--dryrun")
    assert (code, "would run: ./sh '--do=echo b'" in out) == (0, True), out


def test_a_dry_run_shows_each_command_and_starts_none(prow: Prow) -> None:
    for words in (["--dryrun"], ['--conf={"dryrun": true}']):
        code, out = prow("run", DAG, *words)
        assert code == 0, out
        assert "would run: ./sh --do=true" in out
        assert "(dry run: no command was started)" in out


def test_a_wrong_question_is_one_line_and_starts_nothing(prow: Prow) -> None:
    before = number_of_runs(prow)
    prow.airflow.trigger(DAG, run_id="taken")
    for words, said in (
        (["run", DAG, "--conf={"], "the conf is no JSON"),
        (["run", DAG, doing("true", WORD="c", OTHER=1)], "OTHER"),
        (["run", DAG, doing("true", WORD="c", OTHER=1)], 'WORD is "c"'),
        (["run", DAG, "--preset=nope"], "nope"),
        (["run", DAG, "--preset=b", '--conf={"preset": "c"}'], "give one of them"),
        (["run", DAG, "--run_id=a b"], "a b"),
        (["run", DAG, "--run_id=taken"], "has a run 'taken' already"),
        (["run", "folowed"], "did you mean followed?"),
        (["run", ".."], "no name of a DAG"),
        (["follow", DAG, "nope"], "has no run 'nope'"),
        (["follow", "folowed", "nope"], "did you mean followed?"),
        (["cancel", DAG, "~"], "no name"),
        (["run", DAG, "--on_interrupt=panic"], "there are: ask, cancel, leave"),
        (["run", DAG, "--time_limit=0"], "--time_limit wants seconds above 0"),
        (["run", DAG, "--url=ftp://x"], "is no URL"),
        (["run", DAG, f"--url=http://localhost:{free_port()}"], "who are we"),
    ):
        code, out = prow(*words)
        assert (code, out.count("\n")) == (2, 1), (words, out)
        assert said in out, out
    assert number_of_runs(prow) == before + 1


def test_where_no_airflow_answers_it_says_how_to_start_one(prow: Prow, tmp_path: Path) -> None:
    code, out = prow("run", DAG, WINDTUNNEL_AIRFLOW_HOME=str(tmp_path))
    assert (code, "make run_airflow" in out, out.count("\n")) == (2, True, 1), out
    url = f"--url=http://localhost:{free_port()}"
    code, out = prow("run", DAG, url, AIRFLOW_API_TOKEN="any")
    assert (code, "make run_airflow" in out, out.count("\n")) == (2, True, 1), out


def test_a_wrong_password_starts_nothing_and_is_not_shown(prow: Prow, tmp_path: Path) -> None:
    there = prow.airflow.home.url()
    who = {"AIRFLOW_API_URL": there, "AIRFLOW_API_USERNAME": USER, "WINDTUNNEL_AIRFLOW_HOME": str(tmp_path)}
    code, out = prow("run", DAG, AIRFLOW_API_PASSWORD="wrong-one", **who)
    assert (code, out.count("\n")) == (2, 1), out
    assert f"refuses the password of '{USER}' ($AIRFLOW_API_PASSWORD)" in out
    assert "wrong-one" not in out
    code, out = prow("run", DAG, AIRFLOW_API_PASSWORD=prow.airflow.home.password(), **who)
    assert code == 0, out


def test_a_token_that_ends_on_the_way_leaves_the_verdict_open(prow: Prow, tmp_path: Path) -> None:
    secret = prow.airflow.home.env()["AIRFLOW__API_AUTH__JWT_SECRET"]
    now = int(time.time())
    claims = {"sub": USER, "role": "ADMIN", "aud": "apache-airflow", "iat": now, "nbf": now, "teams": []}
    short = jwt.encode(claims | {"exp": now + 2}, secret, "HS512")  # Airflow bears ten seconds more
    who = {"AIRFLOW_API_URL": prow.airflow.home.url(), "WINDTUNNEL_AIRFLOW_HOME": str(tmp_path)}
    code, out = prow("run", DAG, doing(WAIT), "--run_id=token", AIRFLOW_API_TOKEN=short, **who)
    assert code == 3, out
    assert "refuses our token ($AIRFLOW_API_TOKEN)" in out
    prow.let_go("token")
    assert prow("follow", DAG, "token")[0] == 0


def test_a_paused_pipeline_is_not_waited_for(prow: Prow) -> None:
    prow.airflow.api(f"/dags/{DAG}", {"is_paused": True}, "PATCH")
    try:
        code, out = prow("run", DAG)
        assert (code, "--unpause" in out, out.count("\n")) == (2, True, 1), out
        assert prow("run", DAG, "--unpause")[0] == 0
    finally:
        prow.airflow.api(f"/dags/{DAG}", {"is_paused": False}, "PATCH")


def test_a_run_that_somebody_deletes_has_no_verdict(prow: Prow) -> None:
    prow.airflow.api(f"/dags/{DAG}", {"is_paused": True}, "PATCH")
    try:
        prow.airflow.trigger(DAG, run_id="deleted")
        child = prow.start("follow", DAG, "deleted")
        assert child.stdout
        assert b"/runs/deleted" in child.stdout.readline()
        prow.airflow.api(f"/dags/{DAG}/dagRuns/deleted", method="DELETE")
        code, out = ended(child)
    finally:
        prow.airflow.api(f"/dags/{DAG}", {"is_paused": False}, "PATCH")
    assert (code, "somebody has deleted it" in out) == (3, True), out


def test_when_its_time_is_over_the_run_goes_on_and_can_be_followed_again(prow: Prow) -> None:
    code, out = prow("run", DAG, doing(WAIT), "--run_id=slow", "--time_limit=4")
    assert code == 3, out
    assert "the time limit of 4 s has passed" in out
    assert "follow:  python -m py.prow follow followed slow\n" in out
    prow.wait_for_middle("slow")
    again = prow.start("follow", DAG, "slow")
    prow.let_go("slow")
    assert ended(again)[0] == 0


def test_a_run_that_somebody_calls_a_success_is_red_all_the_same(prow: Prow) -> None:
    child = prow.start("run", DAG, doing(WAIT), "--run_id=whitewashed")
    prow.wait_for_middle("whitewashed")
    prow.airflow.api(f"/dags/{DAG}/dagRuns/whitewashed", {"state": "success"}, "PATCH")
    code, out = ended(child)
    prow.let_go("whitewashed")
    assert code == 1, out
    assert "SUCCESS" not in out
    why = out.rpartition("\n\n")[2]  # Airflow may have ended the step, or not even have asked for a verdict
    assert any(reason in why for reason in ("middle", "but", "no verdict")), out


def test_cancel_takes_away_what_the_run_made(prow: Prow) -> None:
    prow.airflow.trigger(DAG, {"DO": WAIT}, run_id="cancelled")
    prow.wait_for_middle("cancelled")
    assert prow("cancel", DAG, "cancelled", "--dryrun") == (0, "would cancel the run cancelled of followed\n")
    code, out = prow("cancel", DAG, "cancelled")
    assert code == 1, out
    assert "ABORTED: followed" in out
    assert not (prow.workspace("cancelled") / "made").exists()


def test_to_cancel_a_run_that_is_over_changes_nothing(prow: Prow) -> None:
    assert prow("run", DAG, "--run_id=over")[0] == 0
    assert prow("cancel", DAG, "over")[0] == 0
    assert prow.airflow.wait(DAG, "over") == "success"


def number_of_runs(prow: Prow) -> int:
    return int(prow.airflow.api(f"/dags/{DAG}/dagRuns?limit=1")["total_entries"])
