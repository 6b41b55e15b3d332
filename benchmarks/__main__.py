"""Measure speed and memory beside the peers in one run, and print each part as a Markdown table.

Figures are medians over rounds, in each of which everything has its turn; a ratio is the median of the
rounds' ratios.
"""

import argparse
import sys
from collections.abc import Callable

from benchmarks import chatty_step, dag_file, many_steps, small_steps, start_up
from benchmarks.table import MISSING, Row, markdown


def main() -> int:
    """Print the tables; 1 if something could not be measured, whatever the figures are."""
    asked = _arguments()
    parts: dict[str, tuple[str, Callable[[], list[Row]]]] = {
        "chain": ("20 steps of /bin/true, one after the other",
                  lambda: small_steps.rows("chain", asked.n, asked.peers)),
        "fan": ("20 independent steps of /bin/true, 2 at once",
                lambda: small_steps.rows("fan", asked.n, asked.peers)),
        "chatty": (f"A step that prints {asked.megabytes} MB",
                   lambda: chatty_step.rows(asked.n, asked.megabytes)),
        "start": ("Start-up of a binary", lambda: start_up.rows(asked.n)),
        "many": ("A pipeline ten times as large", lambda: many_steps.rows(asked.n)),
        "dag": ("Loading a DAG file", lambda: dag_file.rows(asked.n)),
    }  # fmt: skip
    if unknown := [name for name in asked.parts if name not in parts]:
        print(f"error: there is no part {unknown[0]!r}; there are: {', '.join(parts)}", file=sys.stderr)
        return 2
    if not asked.peers:
        print("The peers are left out (--no-peers).\n")
    lost = []
    for name in asked.parts or parts:
        title, measure = parts[name]
        rows = measure()
        print(markdown(title, rows), flush=True)
        lost += [f"{name}: {row.what}" for row in rows if row.figure == MISSING]
    if lost:
        print("not measured: " + "; ".join(lost), file=sys.stderr)
    return 1 if lost else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help="chain, fan, chatty, start, many, dag (default: all)")
    parser.add_argument("-n", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave the peers out")
    parser.add_argument("--megabytes", type=int, default=1000, help="what the chatty step prints (1000)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
