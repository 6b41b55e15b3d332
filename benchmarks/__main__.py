"""Measure speed and memory beside the peers in one run, and print each part as a Markdown table.

Figures are medians over rounds, in each of which everything has its turn; a ratio is the median of the
rounds' ratios.
"""

import argparse
import sys
from collections.abc import Callable

from benchmarks import (
    artifacts,
    chatty_step,
    dag_file,
    history,
    in_airflow,
    in_cluster,
    many_steps,
    results,
    small_steps,
    start_up,
)
from benchmarks.in_airflow.servers import Servers
from benchmarks.in_cluster.deployment import Deployments
from benchmarks.table import MISSING, Row, markdown

Part = tuple[str, Callable[[], list[Row]]]
SUBJECTS = ("memory", "chain", "runs", "steps", "chatty", "whole", "outage")
IN_AIRFLOW = tuple(f"airflow-{name}" for name in SUBJECTS)
IN_CLUSTER = ("cluster-apply", "cluster-chain")
SEVERAL = {"airflow": IN_AIRFLOW, "cluster": IN_CLUSTER}  # named at once
DEFAULT = "chain, fan, chatty, start, many, dag, history, artifacts, results (default: all)"
PARTS = (
    f"{DEFAULT}; airflow, or of it {', '.join(IN_AIRFLOW)}; cluster, or of it {', '.join(IN_CLUSTER)}; "
    "cluster-scale, which is not of it"
)


def main() -> int:
    """Print the tables; 1 if something could not be measured, whatever the figures are."""
    asked = _arguments()
    with Servers() as servers, Deployments() as deployments:
        parts = _parts(asked) | _parts_in_airflow(asked, servers) | _parts_in_cluster(asked, deployments)
        wanted = [part for name in asked.parts for part in SEVERAL.get(name, (name,))]
        if unknown := [name for name in wanted if name not in parts]:
            known = ", ".join([*SEVERAL, *parts])
            print(f"error: there is no part {unknown[0]!r}; there are: {known}", file=sys.stderr)
            return 2
        if not asked.peers:
            print("The peers are left out (--no-peers).\n")
        lost = []
        for name in wanted or _parts(asked):
            title, measure = parts[name]
            rows = measure()
            print(markdown(title, rows), flush=True)
            lost += [f"{name}: {row.what}" for row in rows if row.figure == MISSING]
    if lost:
        print("not measured: " + "; ".join(lost), file=sys.stderr)
    return 1 if lost else 0


def _parts(asked: argparse.Namespace) -> dict[str, Part]:
    """What is measured by default."""
    return {
        "chain": ("20 steps of /bin/true, one after the other",
                  lambda: small_steps.rows("chain", asked.n, asked.peers)),
        "fan": ("20 independent steps of /bin/true, 2 at once",
                lambda: small_steps.rows("fan", asked.n, asked.peers)),
        "chatty": (f"A step that prints {asked.megabytes} MB",
                   lambda: chatty_step.rows(asked.n, asked.megabytes)),
        "start": ("Start-up of a binary", lambda: start_up.rows(asked.n)),
        "many": ("A pipeline ten times as large", lambda: many_steps.rows(asked.n)),
        "dag": ("Loading a DAG file", lambda: dag_file.rows(asked.n)),
        "history": ("The history of a pipeline: 1,000 stored runs", lambda: history.rows(asked.n)),
        "artifacts": ("Artifacts of 10 kB into a store",
                      lambda: artifacts.rows(asked.n, asked.peers, asked.megabytes)),
        "results": ("What writing results adds to a run", lambda: results.rows(asked.n, asked.seconds)),
    }  # fmt: skip


def _parts_in_airflow(asked: argparse.Namespace, servers: Servers) -> dict[str, Part]:
    """What is measured only when it is named: it starts Airflow, twice; memory comes while that is fresh."""
    return {
        "airflow-memory": ("Memory of all parts of Airflow", lambda: in_airflow.memory.rows(servers)),
        "airflow-chain": ("Airflow: 20 steps of /bin/true, one after the other",
                          lambda: in_airflow.small_steps.rows(servers, asked.n)),
        "airflow-runs": ("Airflow: 50 runs of 5 steps at once",
                         lambda: in_airflow.many_runs.rows(servers, asked.n)),
        "airflow-steps": ("Airflow: 500 steps in one DAG",
                          lambda: in_airflow.many_steps.rows(servers, asked.n)),
        "airflow-chatty": ("Airflow: a step that prints a lot",
                           lambda: in_airflow.chatty_step.rows(servers, asked.n, asked.megabytes)),
        "airflow-whole": ("Airflow: tf_k8s_tests, everything warm",
                          lambda: in_airflow.whole.rows(servers, asked.n)),
        "airflow-outage": ("Airflow: its API server is away for a minute",
                           lambda: in_airflow.outage.rows(servers)),
    }  # fmt: skip


def _parts_in_cluster(asked: argparse.Namespace, deployments: Deployments) -> dict[str, Part]:
    """What is measured only when it is named: it makes a cluster and an image."""
    return {
        "cluster-apply": ("In a cluster: from nothing to a finished run",
                          lambda: in_cluster.apply.rows(deployments, asked.n)),
        "cluster-chain": ("In a cluster: 5 steps of /bin/true, one after the other",
                          lambda: in_cluster.chain.rows(deployments, asked.n)),
        "cluster-scale": ("In a cluster: 100 runs and 1,000 pods, simulated",
                          lambda: in_cluster.scale.rows(deployments)),
    }  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=PARTS)
    parser.add_argument("-n", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave the peers out")
    parser.add_argument("--megabytes", type=int, default=1000, help="what the chatty step prints (1000)")
    parser.add_argument("--seconds", type=float, default=60, help="what the long run's steps last (60)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
