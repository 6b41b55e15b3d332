"""Who answers a reference: a placeholder, or what a run knows."""

from collections.abc import Mapping

from py.pipeline.model import Output, Param, Reference, Value
from py.pipeline.render import Answer


def placeholders(params: Mapping[str, Value] | None = None, run_name: str = "<run_name>") -> Answer:
    """`<build_images.image>`, `<REGISTRY>`, `<run_name>`; the values of `params` where these are known."""

    def answer(reference: Reference) -> Value:
        if isinstance(reference, Output):
            return f"<{reference.step}.{reference.name}>"
        if isinstance(reference, Param):
            return f"<{reference.name}>" if params is None else params[reference.name]
        return run_name

    return answer


def known(params: Mapping[str, Value], run_name: str, outputs: Mapping[str, Mapping[str, str]]) -> Answer:
    """What the trigger said and what the steps wrote; a placeholder for what they have not written yet."""
    rest = placeholders(params, run_name)

    def answer(reference: Reference) -> Value:
        if isinstance(reference, Output) and reference.name in outputs.get(reference.step, {}):
            return outputs[reference.step][reference.name]
        return rest(reference)

    return answer
