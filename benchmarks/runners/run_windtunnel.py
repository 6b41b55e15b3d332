"""Windtunnel as a library: run a pipeline of benchmarks/pipelines and print the seconds that it took."""

import sys
import time
from pathlib import Path

from py.pipeline import load, local, params, run

began = time.perf_counter()
name, runs = sys.argv[1:]
found = load.pipeline(name, Path(__file__).parents[1] / "pipelines")
this = run.new(
    found.pipeline, params.resolve(found.pipeline, {}), runs=Path(runs), home=found.file.resolve().parents[1]
)
result = local.drive(this, jobs=2)
print(time.perf_counter() - began)
sys.exit(result != "SUCCESS")
