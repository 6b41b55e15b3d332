"""What a run has left on this machine that its end should have taken away."""

import os
from contextlib import suppress

from py.pipeline.run import Run
from py.results.reasons import LEFT_BEHIND, Reason
from py.tools import folders, process


def take_away(run: Run) -> list[Reason]:
    """End what still runs of a run, such as a server that was started for later steps; what is left then.

    Of clusters it only looks where `host://` keeps them: a teardown that passed may have done nothing.
    """
    found = [
        Reason(LEFT_BEHIND, name, f"{name} could not be ended, and goes on")
        for name in process.end_marked(str(run.folder) + os.sep)
    ]
    with suppress(OSError):  # nobody but root may look
        if (folders.HOST_STATE / "clusters" / run.name).exists():
            again = f"python -m py.deploy teardown --cluster=host:// --name={run.name}"
            found.append(Reason(LEFT_BEHIND, run.name, f"its cluster at host:// is still there: {again}"))
    return found
