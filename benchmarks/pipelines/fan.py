"""Twenty steps that do not depend on each other."""

import os

from py.pipeline import Binary, Pipeline

step = Binary(os.environ["STEP"])
pipeline = Pipeline("fan", doc=__doc__)
for number in range(1, 21):
    pipeline.step(f"s{number}", step())
pipeline.done()
