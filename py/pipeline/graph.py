"""The pipeline as Mermaid text: the references are the edges."""

from py.pipeline.model import Pipeline


def mermaid(pipeline: Pipeline) -> str:
    """A flowchart: steps with the same parents share a line; an edge that follows from others is left out.

    A group is a frame around its steps.
    """
    children: dict[tuple[str, ...], list[str]] = {}
    for step in pipeline.steps.values():
        shape = f"{step.name}[/{step.name}/]" if step.undoes else step.name
        children.setdefault(_parents(pipeline, step.name), []).append(shape)
    needed = {parent for parents in children for parent in parents}
    leaves = tuple(name for name in pipeline.steps if name not in needed)
    children[leaves] = [*children.get(leaves, []), f"{pipeline.last}([{pipeline.last}])"]
    lines = [
        " --> ".join(" & ".join(side) for side in (parents, names) if side)
        for parents, names in children.items()
    ]
    frames = [
        line
        for group, names in pipeline.groups.items()
        for line in (f"subgraph {group}", *(f"  {name}" for name in names), "end")
    ]
    return "\n".join(["flowchart LR", *(f"  {line}" for line in frames + lines)])


def _parents(pipeline: Pipeline, name: str) -> tuple[str, ...]:
    upstream = pipeline.steps[name].upstream
    implied = set[str]().union(*(_ancestors(pipeline, parent) for parent in upstream))
    return tuple(parent for parent in upstream if parent not in implied)


def _ancestors(pipeline: Pipeline, name: str) -> set[str]:
    """Every step that must end before this one; parents stand above their children."""
    found = set(pipeline.steps[name].upstream)
    for above in reversed(pipeline.steps):
        if above in found:
            found.update(pipeline.steps[above].upstream)
    return found
