"""Two layers of $WIDTH steps; each of the second waits for two of the first."""

import os

from py.pipeline import Binary, Pipeline

width = int(os.environ["WIDTH"])
step = Binary("/bin/true")
pipeline = Pipeline("wide", doc=__doc__)
first = [pipeline.step(f"a{number}", step()) for number in range(width)]
for number in range(width):
    pipeline.step(f"b{number}", step(), after=[first[number], first[number - 1]])
pipeline.done()
