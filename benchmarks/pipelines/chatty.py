"""One step that prints $BYTES bytes."""

from py.pipeline import Binary, Pipeline

pipeline = Pipeline("chatty", doc=__doc__)
pipeline.step("gush", Binary("steps/gush")())
pipeline.done()
