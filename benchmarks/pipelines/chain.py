"""Twenty steps, each after the one before."""

import os

from py.pipeline import Binary, Pipeline

step = Binary(os.environ["STEP"])
pipeline = Pipeline("chain", doc=__doc__)
last = [pipeline.step("s1", step())]
for number in range(2, 21):
    last = [pipeline.step(f"s{number}", step(), after=last)]
pipeline.done()
