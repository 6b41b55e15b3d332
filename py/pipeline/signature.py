"""What a binary's commands take, read off its source: so a file in `dags/` is checked and loads no binary."""

import ast
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from py.tools.errors import DefinitionError, near


class Signature(NamedTuple):
    """The flags of a command, and those of them that have no default."""

    flags: tuple[str, ...]
    required: tuple[str, ...]


def check(module: str, command: str, given: Iterable[str]) -> None:
    """Raise DefinitionError unless the command exists and takes exactly such flags.

    Only modules that end in `cli.main(Class)` can be read; of any other nothing is known and all is allowed.
    """
    known = commands(module)
    if known is None:
        return
    if command not in known:
        raise DefinitionError(f"{module} has no command {command!r}; {near(command, known, 'it has')}")
    flags, required = known[command]
    for flag in given:
        if flag not in flags:
            raise DefinitionError(f"{module} {command} has no flag {flag!r}; {near(flag, flags, 'it has')}")
    if missing := [flag for flag in required if flag not in given]:
        raise DefinitionError(f"{module} {command} needs {', '.join(missing)}")


@cache
def commands(module: str) -> dict[str, Signature] | None:
    """The commands of a module by name; None if it is a program of another kind."""
    tree = ast.parse(_source(module))
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


def _source(module: str) -> str:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.origin:
        package = module.rpartition(".")[0]
        beside = find_spec(package)
        folders = beside.submodule_search_locations or [] if beside else []
        names = [f"{package}.{file.stem}" for folder in folders for file in Path(folder).glob("*.py")]
        raise DefinitionError(f"there is no program {module!r}; {near(module, names, 'there are')}")
    return Path(spec.origin).read_text()
