"""The limit: fork, exec and wait, and nothing else."""

import sys
from concurrent.futures import ThreadPoolExecutor

from common import JOBS, NUMBERS, step

if sys.argv[1] == "chain":
    for _ in NUMBERS:
        step()
else:
    with ThreadPoolExecutor(JOBS) as pool:
        for ended in [pool.submit(step) for _ in NUMBERS]:
            ended.result()
