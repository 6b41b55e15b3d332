"""Binary: what a machine needs for `host://`, built and checked: `python -m py.clusters.host`."""

from py.clusters.host import build, preflight, programs
from py.tools import cli, dryrun


class Host:
    """Get a machine ready for `host://`: Kubernetes as processes of it."""

    def build(self) -> None:
        """Build what a cluster runs, once (some minutes), and print the folder that it is in."""
        if not dryrun.would(f"build {programs.folder()} unless it is there"):
            print(build.ensure())

    def missing(self) -> int:
        """Say what this machine lacks, each with how to get it; exit with 1 if anything."""
        if dryrun.would("look for what a cluster needs"):
            return 0
        lacking = preflight.missing()
        print("\n".join(lacking) or "nothing is missing")
        return 1 if lacking else 0


if __name__ == "__main__":
    cli.main(Host)
