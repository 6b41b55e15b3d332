"""Read which images a checkout declares: in `build.yaml` (docs/build-yaml.md), or by one Dockerfile."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from py.tools.errors import DefinitionError, near

FILE = "build.yaml"
_NAME = re.compile(r"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*")
_ARG = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYS = ("name", "dockerfile", "context", "target", "args")


class Image(NamedTuple):
    """One image: its name without registry and tag, and what `docker build` is told."""

    name: str
    dockerfile: Path
    context: Path
    target: str = ""
    args: tuple[tuple[str, str], ...] = ()


def images(src_dir: Path, default_name: Callable[[Path], str]) -> list[Image]:
    """The images of a checkout, in the order in which they are declared.

    DefinitionError holds every mistake in `build.yaml`. A path that leads out of the checkout is one.
    """
    file = src_dir / FILE
    if not file.is_file():
        if not (src_dir / "Dockerfile").is_file():
            raise DefinitionError(
                f"{src_dir} has neither a {FILE} nor a Dockerfile, so there is nothing to build"
            )
        return [Image(default_name(src_dir), src_dir / "Dockerfile", src_dir)]
    reader = _Reader(src_dir.resolve())
    found = list(reader.images(_loaded(file)))
    if reader.mistakes:
        raise DefinitionError("\n  ".join([f"{file} cannot be used:", *reader.mistakes]))
    return found


def _loaded(file: Path) -> Any:
    import yaml  # late: a checkout with one Dockerfile needs none

    try:
        return yaml.safe_load(file.read_bytes())
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise DefinitionError(f"{file}{where}: {getattr(error, 'problem', None) or 'no YAML'}") from None


class _Reader:
    """Turns what YAML said into images, and collects the mistakes on the way."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self.mistakes: list[str] = []

    def images(self, page: Any) -> Iterator[Image]:
        entries = page.get("images") if isinstance(page, dict) else None
        if not isinstance(entries, list) or not entries:
            self.mistakes.append("it needs a list `images` with one entry or more")
            entries = []
        if isinstance(page, dict):
            self._check_keys("at the top", page, ("images",))
        names: set[str] = set()
        for number, entry in enumerate(entries, 1):
            where = f"image {number}"
            if not isinstance(entry, dict):
                self.mistakes.append(f"{where}: wants `name: …`, not {entry!r}")
                continue
            image = self._image(where, entry)
            if image.name and image.name in names:
                self.mistakes.append(f"{where}: a second image {image.name!r}")
            names.add(image.name)
            yield image

    def _image(self, where: str, entry: dict[Any, Any]) -> Image:
        self._check_keys(where, entry, _KEYS)
        name = self._text(where, entry, "name")
        if not name:
            self.mistakes.append(f"{where}: needs a `name`")
        elif not _NAME.fullmatch(name) or len(name) > 128:
            self.mistakes.append(
                f"{where}: {name!r} is no name of an image (lower case, without registry and tag)"
            )
        context = self._path(where, "context", self._text(where, entry, "context", "."))
        if context and not context.is_dir():
            self.mistakes.append(f"{where}: context {entry['context']!r} is no folder of the checkout")
        told = self._text(where, entry, "dockerfile", "")
        file = self._path(where, "dockerfile", told) if told else (context or self._top) / "Dockerfile"
        if file and not file.is_file():
            shown = file.relative_to(self._top) if file.is_relative_to(self._top) else file
            self.mistakes.append(f"{where}: there is no file {str(shown)!r}")
        target = self._text(where, entry, "target", "")
        if target and not re.fullmatch("[A-Za-z0-9][A-Za-z0-9_.-]*", target):
            self.mistakes.append(f"{where}: target {target!r} is no name of a stage")
        args = tuple(self._args(where, entry.get("args")))
        return Image(name, file or self._top, context or self._top, target, args)

    def _check_keys(self, where: str, entry: dict[Any, Any], known: tuple[str, ...]) -> None:
        for key in entry:
            if key not in known:
                self.mistakes.append(f"{where}: unknown key {key!r}; {near(str(key), known, 'there are')}")

    def _text(self, where: str, entry: dict[Any, Any], key: str, default: str = "") -> str:
        value = entry.get(key, default)
        if isinstance(value, str):
            return value
        self.mistakes.append(f"{where}: {key} wants text, not {value!r}")
        return default

    def _path(self, where: str, key: str, text: str) -> Path | None:
        path = (self._top / text).resolve() if "\0" not in text else None
        if path and path.is_relative_to(self._top):
            return path
        self.mistakes.append(f"{where}: {key} {text!r} leads out of the checkout")
        return None

    def _args(self, where: str, args: Any) -> Iterator[tuple[str, str]]:
        if args is None:
            return
        if not isinstance(args, dict):
            self.mistakes.append(f"{where}: args wants `NAME: value`, not {args!r}")
            return
        for name, value in args.items():
            if not isinstance(name, str) or not _ARG.fullmatch(name):
                self.mistakes.append(f"{where}: {name!r} is no name of an argument")
            elif isinstance(value, bool) or not isinstance(value, str | int):
                # YAML turns 1.10 into 1.1 and yes into True: only the author knows what was meant.
                self.mistakes.append(f"{where}: argument {name} wants text; write it in quotes")
            else:
                yield name, str(value)
