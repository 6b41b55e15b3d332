"""What a checkout asks to have installed: its requirements files, its pyproject.toml, and itself."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from py.tools.errors import UsageError

FILES = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "requirements-test.txt",
    "test-requirements.txt",
)
EXTRAS = ("dev", "test", "tests", "testing")  # names of the extras and groups that tests need
NONE = "none"  # the flag's word for "install nothing"
_INCLUDE = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)", re.MULTILINE)


class Requirements(NamedTuple):
    """What to install: files of requirements, single ones, and the project itself with its extras."""

    files: tuple[Path, ...] = ()
    words: tuple[str, ...] = ()
    project: Path | None = None
    extras: tuple[str, ...] = ()

    def nothing(self) -> bool:
        """Whether there is nothing to install."""
        return not (self.files or self.words or self.project)

    def digest(self) -> str:
        """The same for the same contents; a project that is installed in place adds its own folder."""
        found = hashlib.sha256()
        for path in _with_includes(self.files):
            found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        found.update("\0".join(self.words).encode())
        if self.project:
            found.update(str(self.project).encode())
            for name in ("pyproject.toml", "setup.py", "setup.cfg"):
                described = self.project / name
                found.update(described.read_bytes() if described.is_file() else b"\0")
        return found.hexdigest()[:16]


def find(src_dir: Path, asked: str = "") -> Requirements:
    """What the checkout asks for; `asked` names the files instead, or says `none`.

    A project that can be built (it has a [build-system] or a setup.py) is installed in place, as its
    developers do, with those of its extras and groups that EXTRAS names.
    """
    if asked == NONE:
        return Requirements()
    pyproject = _pyproject(src_dir)
    project = src_dir if "build-system" in pyproject or (src_dir / "setup.py").is_file() else None
    if asked:
        return Requirements(tuple(_asked(src_dir, asked)), project=project)
    files = tuple(src_dir / name for name in FILES if (src_dir / name).is_file())
    about = pyproject.get("project", {})
    extras = {name: about.get("optional-dependencies", {}).get(name) for name in EXTRAS}
    wanted = {name: words for name, words in extras.items() if words}
    words = list(_groups(pyproject.get("dependency-groups", {}), EXTRAS))
    if not project and not files:
        words = [
            *about.get("dependencies", []),
            *(word for found in wanted.values() for word in found),
            *words,
        ]
    return Requirements(files, tuple(words), project, tuple(wanted) if project else ())


def _asked(src_dir: Path, asked: str) -> Iterator[Path]:
    for name in asked.split(","):
        path = src_dir / name.strip()
        if not path.is_file():
            raise UsageError(
                f"--requirements: there is no file {name.strip()} in {src_dir}; name files in it, or {NONE}"
            )
        yield path


def _pyproject(src_dir: Path) -> dict[str, Any]:
    import tomllib

    path = src_dir / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text()) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from None


def _groups(groups: dict[str, list[Any]], names: tuple[str, ...]) -> Iterator[str]:
    """The requirements of dependency groups (PEP 735), those that they include as well."""
    for name in names:
        for entry in groups.get(name, []):
            if isinstance(entry, str):
                yield entry
            else:
                yield from _groups(groups, (entry["include-group"],))


def _with_includes(files: tuple[Path, ...]) -> list[Path]:
    """The files, and those that they name with -r and -c; a missing one is the installer's to report."""
    found: list[Path] = []
    waiting = list(files)
    while waiting:
        path = waiting.pop(0).resolve()  # two files may include each other
        if path in found or not path.is_file():
            continue
        found.append(path)
        waiting += [path.parent / name for name in _INCLUDE.findall(path.read_text(errors="replace"))]
    return found
