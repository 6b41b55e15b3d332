"""luigi with its local scheduler and two workers."""

import sys
import tempfile
from pathlib import Path

import luigi
from common import JOBS, NUMBERS, step

chained = sys.argv[1] == "chain"


class Numbered(luigi.Task):
    """A step that leaves a file, as luigi wants it."""

    folder = luigi.Parameter()
    number = luigi.IntParameter()

    def requires(self):
        """The step before, in a chain."""
        return [Numbered(self.folder, self.number - 1)] if chained and self.number > NUMBERS[0] else []

    def output(self):
        """The file that says that the step is done."""
        return luigi.LocalTarget(str(Path(self.folder) / str(self.number)))

    def run(self):
        """Execute the step."""
        step()
        with self.output().open("w") as file:
            file.write("done")


with tempfile.TemporaryDirectory() as folder:
    tasks = [Numbered(folder, number) for number in NUMBERS]
    done = luigi.build(tasks, workers=JOBS, local_scheduler=True, log_level="WARNING")
sys.exit(not done)
