"""The pipeline of a commit: its file is loaded from a checkout, in which its steps run as well."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from py.pipeline import load
from py.pipeline.model import Pipeline
from py.tools import dryrun
from py.tools.errors import Mistake, UsageError

if TYPE_CHECKING:
    from py.sources.clone import Checkout
    from py.sources.repository import Repository


class Source(NamedTuple):
    """A checkout that is there for one run."""

    folder: Path
    repository: "Repository"
    checkout: "Checkout"

    def pipeline(self, name: str, dags: str = "") -> load.Found:
        """The pipeline of that name as this commit declares it; `dags` is a folder in the checkout."""
        try:
            return load.pipeline(name, self.folder / (dags or load.DAGS.name))
        except Mistake as error:
            where = f"{self.repository.url} at {self.checkout.commit[:12]}"
            raise UsageError(f"{where}: {str(error).replace(f'{self.folder}/', '')}") from None

    def conf(self, pipeline: Pipeline, said: Mapping[str, object]) -> dict[str, object]:
        """What the pipeline, as far as it has params for that, is told of the commit, and what was said.

        A conf that says itself which commits to test gets no others added.
        """
        refs = self.checkout.refs
        told = {
            "REPO_URL": self.repository.url,
            "PULL_NUMBER": ",".join(str(pull.number) for pull in refs.pulls),
        }
        if not any(key.startswith("PULL_") for key in said):  # what it is tested on does not move meanwhile
            told["PULL_BASE_SHA"] = refs.base_sha
            told["PULL_PULL_SHA"] = refs.pulls[0].sha if len(refs.pulls) == 1 else ""
        return {key: value for key, value in told.items() if value and key in pipeline.params} | dict(said)


@contextmanager
def checked_out(repo: str, *, pull: str, commit: str, run: Path) -> Iterator[Source]:
    """Clone into the folder of a run that is about to be made, also in a dry run, which wants to be shown.

    If the block fails there will be no run, and the folder is removed.
    """
    import shutil  # late, as what clones: every run passes here, and few clone

    from py.sources import folder, refs, repository
    from py.sources.clone import clone
    from py.sources.git import Git

    source, wanted = repository.locate(repo), refs.parse(pull=pull, commit=commit)
    target = run.absolute() / "source"
    dry, dryrun.enabled = dryrun.enabled, False
    try:
        with folder.hold(target) as held:
            checkout = clone(Git(target, source), source, wanted, held)
        dryrun.enabled = dry
        yield Source(target, source, checkout)
    except BaseException:
        shutil.rmtree(run, ignore_errors=True)
        raise
    finally:
        dryrun.enabled = dry
