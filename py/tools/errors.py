"""Every error that a user can meet, as one tree.

WindtunnelError            exit code 1: it was tried and it failed
  x CommandFailed          a program that we started ended badly; carries its Result
    + CommandTimedOut      it was stopped because its time was up
  x ClusterError           a cluster could not be made, reached or removed
  x StoreError             artifacts could not be read or written
    + Absent               there is no such file
  x CannotTell             exit code 3: how it ended, or whether it began, is not known here
  x Mistake                exit code 2: asked wrongly; nothing was started
    + UsageError           the command line
    + DefinitionError      a pipeline's file, while it loads
    + ParamError           the conf of a run; holds every mistake in it
    + Missing              this machine lacks something; says what, and how to get it
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py.tools.process import Result


class WindtunnelError(Exception):
    """Something failed; the text says what, where and what next."""

    exit_code = 1


class CommandFailed(WindtunnelError):
    """A program ended with a code other than 0."""

    def __init__(self, message: str, result: "Result") -> None:
        super().__init__(message)
        self.result = result


class CommandTimedOut(CommandFailed):
    """A program was stopped because its time was up."""


class ClusterError(WindtunnelError):
    """A cluster could not be made, reached or removed."""


class StoreError(WindtunnelError):
    """Artifacts could not be read or written."""


class Absent(StoreError):
    """A store has no such file."""


class CannotTell(WindtunnelError):
    """How something ended, or whether it began, is not known here; it may go on."""

    exit_code = 3


class Mistake(WindtunnelError):
    """Asked wrongly; nothing was started and nothing was lost."""

    exit_code = 2


class UsageError(Mistake):
    """The command line is wrong."""


class DefinitionError(Mistake):
    """A pipeline's file is wrong; raised while it loads, by the line that is wrong."""


class ParamError(Mistake):
    """The conf of a run is wrong; `mistakes` holds all of them."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("; ".join(mistakes))  # one line, wherever it is shown
        self.mistakes = mistakes


class Missing(Mistake):
    """This machine lacks something that was asked for."""


def near(word: str, known: Iterable[str], gives: str = "known") -> str:
    """The end of an error about a name: the close ones if there are any, else all of them."""
    from difflib import get_close_matches  # late: only a mistake pays for it

    names = list(known)
    close = get_close_matches(word, names, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"{gives}: {', '.join(names) or 'none'}"
