"""Turn a Jinja2 template into the one object that a test makes; each mistake is an error of one line."""

import hashlib
import os
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from py.tools.errors import UsageError, near
from py.tools.names import slug

if TYPE_CHECKING:
    import jinja2

LONGEST = 40  # characters of a name before its unique end: names of pods and services are made from it


def render(path: Path, values: Mapping[str, str]) -> dict[str, Any]:
    """The object that the template describes; an undefined name is an error."""
    import yaml

    text = fill(path, values)
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1} as rendered" if mark else ""
        raise UsageError(f"--spec={path}: no YAML{where}: {getattr(error, 'problem', error)}") from None
    if len(documents) != 1:
        raise UsageError(f"--spec={path}: one object is wanted, and it has {len(documents)}")
    return _checked(path, documents[0])


def fill(path: Path, values: Mapping[str, str]) -> str:
    """The template's text with every hole filled; it may include templates beside it."""
    import jinja2

    with _one_line(f"--spec={path}", path.name, values):
        return _environment(jinja2.FileSystemLoader(path.parent)).get_template(path.name).render(values)


def fill_flag(flag: str, text: str, values: Mapping[str, str]) -> str:
    """The text of a flag with its holes filled."""
    with _one_line(f"--{flag}={text}", "<template>", values):
        return _environment(None).from_string(text).render(values)


def _environment(loader: "jinja2.BaseLoader | None") -> "jinja2.Environment":
    """Where a template can fill holes and nothing else: it may come with somebody's pull request."""
    import jinja2
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=False)
    environment.globals.clear()  # one of them is called `namespace`, which a template must not get by mistake
    return environment


@contextmanager
def _one_line(where: str, name: str, values: Mapping[str, str]) -> Iterator[None]:
    """Turn what Jinja2 says into a UsageError of one line that begins with `where`."""
    import jinja2

    try:
        yield
    except jinja2.TemplateNotFound as error:
        reason = "there is no such file" if error.name == name else f"it includes {error.name}: no such file"
        raise UsageError(f"{where}: {reason}") from None
    except jinja2.UndefinedError as error:
        missing = str(error.message).split("'")[1::2][:1]
        hint = near(missing[0] if missing else "", values, "it may use")
        raise UsageError(f"{where}{_line(name, error)}: {error.message}; {hint}") from None
    except jinja2.TemplateSyntaxError as error:
        raise UsageError(f"{where}, line {error.lineno}: {error.message}") from None
    except (jinja2.TemplateError, UnicodeDecodeError, TypeError, ValueError, ArithmeticError) as error:
        raise UsageError(f"{where}{_line(name, error)}: {' '.join(str(error).split())}") from None


def unique_end() -> str:
    """Five characters that make a name unique, also between two attempts of one run."""
    made_of = f"{os.environ.get('RUN_NAME', '')} {time.time_ns()} {os.getpid()}"
    return hashlib.sha256(made_of.encode()).hexdigest()[:5]


def named(base: str, end: str) -> str:
    """A legal and unique name that begins as `base` does."""
    begin = slug(base)[:LONGEST].rstrip("-") or "test"
    return f"{begin}-{end}"


def value_at(body: Any, path: str) -> Any:
    """What is at a path such as `status.conditions` in an object; None where nothing is."""
    for key in path.split("."):
        body = body.get(key) if isinstance(body, dict) else None
    return body


def _checked(path: Path, document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise UsageError(f"--spec={path}: an object is a mapping, not a {type(document).__name__}")
    for field in ("apiVersion", "kind", "metadata.name"):
        if not isinstance(value_at(document, field), str):
            raise UsageError(f"--spec={path}: it has no {field}")
    return document


def _line(name: str, error: Exception) -> str:
    """Where in the template an error comes from, as far as Jinja2 tells."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).name == name]
    return f", line {lines[-1]}" if lines else ""
