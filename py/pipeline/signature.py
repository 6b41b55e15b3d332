"""What a binary's commands take, read off its source: so a file in `dags/` is checked and loads no binary."""

import ast
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from py.tools.errors import DefinitionError, near


class Signature(NamedTuple):
    """The flags of a command, and those of them that have no default."""

    flags: tuple[str, ...]
    required: tuple[str, ...]


def check(module: str, command: str, given: Iterable[str], *, known: bool = True) -> None:
    """Raise DefinitionError unless the command exists and takes exactly such flags.

    Only modules that end in `cli.main(Class)` can be read; of any other nothing is known and all is allowed,
    as of a module that need not be `known` here and is not.
    """
    if not known and not _file(module):
        return
    found = commands(module)
    if found is None:
        return
    if command not in found:
        raise DefinitionError(f"{module} has no command {command!r}; {near(command, found, 'it has')}")
    flags, required = found[command]
    for flag in given:
        if flag not in flags:
            raise DefinitionError(f"{module} {command} has no flag {flag!r}; {near(flag, flags, 'it has')}")
    if missing := [flag for flag in required if flag not in given]:
        raise DefinitionError(f"{module} {command} needs {', '.join(missing)}")


def commands(module: str) -> dict[str, Signature] | None:
    """The commands of a module by name; None if it is a program of another kind."""
    if not (file := _file(module)):
        package, _, _ = module.rpartition(".")
        beside = {f"{package}.{file.stem}" for folder in _folders(package) for file in folder.glob("*.py")}
        raise DefinitionError(f"there is no program {module!r}; {near(module, sorted(beside), 'there are')}")
    return _commands(file)


@cache
def _commands(file: Path) -> dict[str, Signature] | None:
    tree = ast.parse(file.read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    mains = [
        node.args[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "cli.main"
        and isinstance(node.args[0], ast.Name)
    ]
    if not mains or mains[0] not in classes:
        return None
    methods = [node for node in classes[mains[0]].body if isinstance(node, ast.FunctionDef)]
    return {method.name: _signature(method) for method in methods if not method.name.startswith("_")}


def _signature(method: ast.FunctionDef) -> Signature:
    names = [argument.arg for argument in method.args.kwonlyargs]
    required = [n for n, default in zip(names, method.args.kw_defaults, strict=True) if default is None]
    return Signature(tuple(names), tuple(required))


def _file(module: str) -> Path | None:
    """The file that `python -m` would run; nothing is imported for that, as `find_spec` would do."""
    package, _, name = module.rpartition(".")
    files = [
        file
        for folder in _folders(package)
        for file in (folder / name / "__main__.py", folder / f"{name}.py")
        if file.is_file()
    ]
    return files[0].resolve() if files else None


def _folders(package: str) -> list[Path]:
    """Where the modules of a package are; of several folders one with an __init__.py hides the others."""
    path = Path(*package.split("."))
    found = [Path(folder, path) for folder in sys.path if Path(folder, path).is_dir()]
    return [folder for folder in found if (folder / "__init__.py").is_file()][:1] or found
