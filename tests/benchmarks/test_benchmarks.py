"""The benchmarks can be run: every part prints its table. What the figures are is no test's business."""

import os
import subprocess
import sys

import pytest

from py.tools.folders import ROOT


def benchmarks(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"BENCHMARKS": str(os.getpid())},
    )  # fmt: skip


def tables(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    """The lines of each table that was printed, after its title."""
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = []
    for line in done.stdout.splitlines():
        if line.startswith("###"):
            found.append([])
        elif line.startswith("|"):
            found[-1].append(line)
    return found


def assert_full(table: list[str]) -> None:
    assert [cell.strip() for cell in table[0].strip("|").split("|")] == [
        "what", "figure", "ratio", "budget", "holds",
    ]  # fmt: skip
    assert len(table) > 2


@pytest.mark.parametrize("part", ["chain", "chatty", "start", "dag", "history", "results"])
def test_each_part_prints_a_full_table(part: str) -> None:
    done = benchmarks(part, "-n1", "--no-peers", "--megabytes=5", "--seconds=3")
    (table,) = tables(done)
    assert_full(table)
    assert "The peers are left out" in done.stdout


def test_an_unknown_part_is_refused_with_the_known_ones() -> None:
    done = benchmarks("chian")
    assert done.returncode == 2
    assert "chain, fan, chatty" in done.stderr
