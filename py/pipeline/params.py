"""The conf of a trigger becomes the params of a run, checked; all mistakes come in one error."""

import json
from collections.abc import Mapping

from py.pipeline.model import Pipeline, Value
from py.tools.errors import ParamError, UsageError, near


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


def resolve(pipeline: Pipeline, conf: Mapping[str, object], preset: str = "") -> dict[str, Value]:
    """The value of every param: what `conf` says, else the preset, else the default."""
    if preset and preset not in pipeline.presets:
        raise ParamError(
            [f"{pipeline.name} has no preset {preset!r}; {near(preset, pipeline.presets, 'it has')}"]
        )
    mistakes = [
        f"{key}: {pipeline.name} has no such param; {near(key, pipeline.params, 'it has')}"
        for key in conf
        if key not in pipeline.params
    ]
    given = {key: value for key, value in conf.items() if key in pipeline.params}
    mistakes += [
        f"{key} {why}" for key, value in given.items() if (why := pipeline.params[key].objection(value))
    ]
    if mistakes:
        raise ParamError(mistakes)
    defaults = {name: param.default for name, param in pipeline.params.items()}
    return defaults | dict(pipeline.presets.get(preset, {})) | given  # type: ignore[return-value]
