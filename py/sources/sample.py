"""The operator that is bundled to try things on, as a repository that can be cloned like any other."""

import sys
from pathlib import Path

from py.tools import process
from py.tools.folders import ROOT

NAME = "tf_operator"
_MAKER = ROOT / "scripts/sample_repo"


def repository(workspace: Path) -> str:
    """The path of the sample's repository; it is made in the workspace when it is not there yet."""
    bare = workspace.absolute() / f"sample/{NAME}.git"
    process.run([sys.executable, _MAKER, bare])
    return str(bare)
