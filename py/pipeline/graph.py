"""The pipeline as Mermaid text: the references are the edges."""

from py.pipeline.model import Pipeline


def mermaid(pipeline: Pipeline) -> str:
    """A flowchart; an edge that follows from others is not drawn, and a step that undoes has another shape."""
    above = {name: _ancestors(pipeline, name) for name in pipeline.steps}
    lines = ["flowchart LR"]
    for step in pipeline.steps.values():
        lines.append(f'  {step.name}[/"{step.name}"/]' if step.undoes else f'  {step.name}["{step.name}"]')
        for parent in step.upstream:
            if not any(parent in above[other] for other in step.upstream if other != parent):
                lines.append(f"  {parent} --> {step.name}")
    lines.append(f'  {pipeline.last}(["{pipeline.last}"])')
    needed = {parent for step in pipeline.steps.values() for parent in step.upstream}
    lines += [f"  {name} --> {pipeline.last}" for name in pipeline.steps if name not in needed]
    return "\n".join(lines)


def _ancestors(pipeline: Pipeline, name: str) -> set[str]:
    """Every step that must end before this one; parents stand above their children."""
    found: set[str] = set()
    for above in reversed(list(pipeline.steps)):
        if above == name or above in found:
            found.update(pipeline.steps[above].upstream)
    return found
