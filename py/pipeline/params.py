"""The conf of a trigger becomes the params of a run, checked; all mistakes come in one error."""

import json
import re
from collections.abc import Mapping

from py.pipeline.model import PRESET, Param, Pipeline, Value
from py.tools.errors import ParamError, UsageError, near

# With a password; or with a token in its place, which of these schemes only a URL of HTTP has.
_LOGIN = re.compile(r"https?://[^/?#\s]+@|://[^/?#\s@]*:[^/?#\s]*@", re.IGNORECASE)
MANY = 10  # unknown params are named one by one up to here


def from_json(text: str) -> dict[str, object]:
    """The conf that a command line gives as JSON."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        twice = {key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1}
        if twice:
            raise UsageError(f"the conf names {', '.join(sorted(twice))} twice")
        return dict(pairs)

    try:
        conf = json.loads(text or "{}", object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the conf is no JSON: {error}") from None
    if not isinstance(conf, dict):
        raise UsageError(f'the conf is no JSON object, such as {{"dryrun": true}}, but {text[:80]}')
    return conf


def asked(conf: str, preset: str = "") -> dict[str, object]:
    """The conf that a command line gives as JSON, and a preset, of which the conf may name no other."""
    given = from_json(conf)
    if preset and (other := given.get(PRESET) or preset) != preset:
        raise UsageError(f"--preset={preset}, but the conf says {other!r}; give one of them")
    return given | ({PRESET: preset} if preset else {})


def resolve(pipeline: Pipeline, conf: Mapping[str, object], preset: str = "") -> dict[str, Value]:
    """The value of every param: what `conf` says, else the preset, else the default.

    The conf itself names the preset, under `preset`; the argument is for when it does not. What the conf says
    counts as said only if it differs from the default: a form, as Airflow's, sends every param, untouched or
    not. So nothing sets back to its default what a preset has set.
    """
    wrong = mistakes(pipeline.name, pipeline.params, conf)
    if preset and preset not in pipeline.presets:
        wrong.append(f"{pipeline.name} has no preset {preset!r}; {near(preset, pipeline.presets, 'it has')}")
    if wrong:
        raise ParamError(wrong)
    defaults = {name: param.default for name, param in pipeline.params.items()}
    given = {key: value for key, value in conf.items() if value != defaults[key]}
    if pipeline.presets:
        given = {PRESET: preset} | given
    chosen = pipeline.presets.get(str(given.get(PRESET)), {})
    return defaults | dict(chosen) | given  # type: ignore[return-value]


def mistakes(name: str, params: Mapping[str, Param], conf: Mapping[str, object]) -> list[str]:
    """What is wrong with a conf for the pipeline of that name which has these params."""
    strange = [key for key in conf if key not in params]
    said = [
        f"{_shown(key)}: {name} has no such param; {near(key[:100], params, 'it has')}"
        for key in strange[:MANY]
    ]
    if len(strange) > MANY:
        said.append(f"and {len(strange) - MANY:,} more that it has not")
    for key, value in conf.items():
        if key in params and (why := _password(value) or params[key].objection(value)):
            said.append(f"{key} {why}")
    return said


def _password(value: object) -> str:
    """Why a value must not be kept where everybody reads it: it is a URL that somebody logs in with."""
    if isinstance(value, str) and _LOGIN.search(value):
        return (
            "holds a password, and a conf is kept and shown; leave it out, and let who opens that URL find "
            "it where git, or the store's client, keeps it (a credential helper, ~/.netrc, the environment)"
        )
    return ""


def _shown(key: str) -> str:
    if key.isidentifier() and len(key) <= 80:
        return key
    return json.dumps(key if len(key) <= 80 else f"{key[:80]}…", ensure_ascii=False)
