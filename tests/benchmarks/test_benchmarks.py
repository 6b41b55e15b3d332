"""The benchmarks can be run: every part prints its table. What the figures are is no test's business."""

import subprocess
import sys

import pytest

from py.tools.folders import ROOT


def benchmarks(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("part", ["chain", "fan", "chatty", "start", "many", "dag"])
def test_each_part_prints_a_full_table(part: str) -> None:
    done = benchmarks(part, "-n1", "--no-peers", "--megabytes=5")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == [
        "what", "figure", "ratio", "budget", "holds",
    ]  # fmt: skip
    assert len(lines) > 2
    assert "The peers are left out" in done.stdout


def test_an_unknown_part_is_refused_with_the_known_ones() -> None:
    done = benchmarks("chian")
    assert done.returncode == 2
    assert "chain, fan, chatty" in done.stderr
