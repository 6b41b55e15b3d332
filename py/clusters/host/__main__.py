"""`python -m py.clusters.host build|missing`: build the programs, or say what this machine lacks."""

import sys

from py.clusters.host import build, preflight
from py.tools.errors import WindtunnelError

USAGE = """\
usage: python -m py.clusters.host build      build what a host:// cluster runs, once; prints the folder
       python -m py.clusters.host missing    say what this machine lacks; exit code 1 if anything"""


def main(words: list[str]) -> int:
    """Run one of the two commands and return its exit code."""
    if words == ["build"]:
        print(build.ensure())
        return 0
    if words == ["missing"]:
        lacking = preflight.missing()
        print("\n".join(lacking) or "nothing is missing")
        return 1 if lacking else 0
    print(USAGE, file=sys.stderr)
    return 0 if words in (["-h"], ["--help"]) else 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except WindtunnelError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
