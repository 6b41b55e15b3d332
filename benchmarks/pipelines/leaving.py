"""$STEPS steps, each after the one before, that leave something."""

import os

from py.pipeline import Binary, Pipeline

step = Binary(os.environ["STEP"])
pipeline = Pipeline("leaving", doc=__doc__)
last = [pipeline.step("s1", step(), junit=True)]
for number in range(2, int(os.environ["STEPS"]) + 1):
    last = [pipeline.step(f"s{number}", step(), after=last, junit=True)]
pipeline.done()
