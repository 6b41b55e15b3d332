"""Find pipelines: load the files of a `dags/` folder by path, and nothing else."""

import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import NamedTuple

from py.pipeline.model import Pipeline
from py.tools.errors import DefinitionError, UsageError, near
from py.tools.folders import ROOT

DAGS = ROOT / "dags"


class Found(NamedTuple):
    """A pipeline and the file that declares it."""

    pipeline: Pipeline
    file: Path


def pipeline(name: str, dags: Path = DAGS) -> Found:
    """The pipeline of that name. A file of the same name is tried first, so that the others need not load."""
    likely = dags / f"{name}.py"
    if likely.is_file():
        for found in load(likely):
            if found.pipeline.name == name:
                return found
    everything, broken = all_of(dags)
    if name in everything:
        return everything[name]
    first = f"\n{broken[0]}" if broken else ""
    raise UsageError(f"there is no pipeline {name!r} in {dags}; {near(name, everything, 'it holds')}{first}")


def all_of(dags: Path = DAGS) -> tuple[dict[str, Found], list[DefinitionError]]:
    """Every pipeline by name, and the errors of files that do not load."""
    if not dags.is_dir():
        raise UsageError(f"there is no folder {dags}; name one with --dags=FOLDER")
    found: dict[str, Found] = {}
    broken: list[DefinitionError] = []
    for file in sorted(dags.glob("*.py")):
        try:
            for each in load(file):
                if each.pipeline.name in found:
                    other = found[each.pipeline.name].file.name
                    raise DefinitionError(f"{file}: {other} declares a pipeline {each.pipeline.name!r} too")
                found[each.pipeline.name] = each
        except DefinitionError as error:
            broken.append(error)
    return found, broken


def load(file: Path) -> list[Found]:
    """The pipelines of one file; a mistake in it is a DefinitionError that names its line."""
    spec = spec_from_file_location(f"_dags_{file.stem}", file.absolute())
    assert spec and spec.loader
    module = module_from_spec(spec)
    home = str(file.resolve().parents[1])  # where its steps will run, so where its modules are looked for
    sys.path.insert(0, home)
    try:
        spec.loader.exec_module(module)
    except DefinitionError as error:
        raise DefinitionError(f"{file}:{_line(file, error)}: {error}") from None
    except (Exception, SystemExit) as error:
        said = error.msg if isinstance(error, SyntaxError) else error
        raise DefinitionError(f"{file}:{_line(file, error)}: {type(error).__name__}: {said}") from error
    finally:
        sys.path.remove(home)
    pipelines = [value for value in vars(module).values() if isinstance(value, Pipeline)]
    for each in pipelines:
        if not each.last:
            raise DefinitionError(f"{file}: pipeline {each.name!r} has no end: close it with pipeline.done()")
    return [Found(each, file) for each in pipelines]


def _line(file: Path, error: BaseException) -> int:
    """The line of the file that made the error."""
    if isinstance(error, SyntaxError) and error.filename == str(file.absolute()):
        return error.lineno or 1
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((frame.lineno or 1 for frame in frames if frame.filename == str(file.absolute())), 1)
