"""What Airflow's log holds of what a step prints: little of a flood, nothing secret; all is in the file."""

import base64
import re
from pathlib import Path

import pytest

from py.pipeline import run as runs
from py.pipeline.tasklog import LAST, LINES, WIDTH, TaskLog
from tests.airflows import Airflow
from tests.projects import SHELL

FLOOD = 200_000_000  # bytes
KEY = "AIRFLOW__API__SECRET_KEY"  # a secret that every Airflow has
TALKATIVE = rf"""
from py.pipeline import Binary, Pipeline, airflow_dag
sh = Binary("./sh")
pipeline = Pipeline("talkative", doc="Steps that print much, oddly, or what they should not.")
pipeline.step("flood", sh(do="echo first; yes {"x" * 99} | head -c {FLOOD}; echo last"))
pipeline.step("odd", sh(do=r"printf 'a\xff\xfeb\n'; head -c 1000000 /dev/zero | tr '\0' z; "
    r"printf '\n10%%\r20%%\r100%%\n\033[31mred\033[0m\a\0\nthe end'"))
tell = 'echo the key is "${KEY}"; printf %s "${KEY}" | base64 | tee "$ARTIFACTS/key"'
pipeline.step("secretive", sh(do=tell), secrets=["{KEY}"])
pipeline.step("curious", sh(do='env -0 > "$ARTIFACTS/env"'))
pipeline.done()
dag = airflow_dag(pipeline)
"""


@pytest.fixture(scope="module")
def talked(airflow: Airflow) -> tuple[Airflow, str, Path]:
    """A run of steps that say a lot, when it has ended well: its Airflow, id and folder."""
    airflow.program("sh", SHELL)
    airflow.put("talkative.py", TALKATIVE)
    run_id = airflow.trigger("talkative")
    assert airflow.wait("talkative", run_id) == "success"
    return airflow, run_id, airflow.runs / runs.name_of("talkative", run_id)


def test_of_a_flood_airflow_has_the_beginning_the_end_and_a_pointer_to_the_whole_file(
    talked: tuple[Airflow, str, Path],
) -> None:
    airflow, run_id, folder = talked
    file = folder / "steps" / "flood" / "log.txt"
    said = airflow.log("talkative", run_id, "flood").splitlines()
    by_hand = next(index for index, line in enumerate(said) if line.startswith("by hand: "))
    assert said[by_hand + 1 : by_hand + 3] == ["first", "x" * 99]
    assert said[said.index("last") - 1] == "x" * 99
    pointers = [re.fullmatch(f"… ([0-9,]+) lines more in {file}", line) for line in said]
    left_out = sum(int(found[1].replace(",", "")) for found in pointers if found)
    assert abs(left_out + said.count("x" * 99) + 2 - (FLOOD // 100 + 2)) <= 1
    first_line = file.open("rb").readline()
    assert file.stat().st_size == len(first_line) + len("first\nlast\n") + FLOOD


def test_odd_bytes_do_no_harm(talked: tuple[Airflow, str, Path]) -> None:
    airflow, run_id, folder = talked
    said = airflow.log("talkative", run_id, "odd").splitlines()
    assert {"a\ufffd\ufffdb", "100%", "the end"} <= set(said)
    assert all(len(line) <= WIDTH for line in said if line.startswith("z"))
    assert (folder / "steps" / "odd" / "log.txt").read_bytes().count(b"z") >= 1_000_000


def test_a_secret_is_its_name_in_airflows_log(talked: tuple[Airflow, str, Path]) -> None:
    airflow, run_id, folder = talked
    said = airflow.log("talkative", run_id, "secretive")
    assert f"the key is ${KEY}\n${KEY}" in said
    key = airflow.home.env()[KEY]
    files = [folder / "steps" / "secretive" / "log.txt", folder / "artifacts" / "key", folder / "report.html"]
    for text in (said, *(file.read_text() for file in files)):
        assert key not in text
        assert base64.b64encode(key.encode()).decode()[:-4] not in text


def test_a_step_sees_nothing_of_airflows_settings_and_secrets(talked: tuple[Airflow, str, Path]) -> None:
    airflow, _run_id, folder = talked
    seen = (folder / "artifacts" / "env").read_text().split("\0")
    assert not [line for line in seen if re.match("_?AIRFLOW|POSTGRES_PASSWORD", line)]
    known = airflow.home.env()
    secrets = [value for name, value in known.items() if re.search("SECRET|FERNET|CONN$", name)]
    assert len(secrets) > 3
    assert not [secret for secret in secrets if any(secret in line for line in seen)]


def told(pieces: list[bytes]) -> list[str]:
    """What is passed on of pieces that come within a moment."""
    said: list[str] = []
    log = TaskLog(said.append, "log.txt")
    for piece in pieces:
        log.feed(piece)
    log.end()
    return said


def test_a_quiet_step_is_told_whole_however_its_pieces_are_cut() -> None:
    assert told([b"on", b"e\ntw", b"o\n", b"three"]) == ["one", "two", "three"]


@pytest.mark.parametrize("size", [7, 1000, 1 << 20])
def test_no_line_of_a_flood_is_missing_from_the_count(size: int) -> None:
    lines = 50_000
    whole = b"".join(b"%d\n" % number for number in range(lines))
    said = told([whole[at : at + size] for at in range(0, len(whole), size)])
    assert said[:LINES] == [str(number) for number in range(LINES)]
    assert said[-LAST:] == [str(number) for number in range(lines - LAST, lines)]
    pointers = [int(line.split()[1].replace(",", "")) for line in said if line.startswith("…")]
    assert sum(pointers) + len(said) - len(pointers) == lines


def test_a_line_without_an_end_is_not_kept_whole() -> None:
    said = told([b"." * (1 << 20)] * 50)
    assert sum(map(len, said)) <= WIDTH
