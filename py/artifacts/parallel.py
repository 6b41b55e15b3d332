"""Many files side by side."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path


def for_each(files: Mapping[str, Path], deed: Callable[[str, Path], object], threads: int) -> None:
    """Do it with all files; the first failure stops what has not begun.

    The threads take from what is left: to hand each file to one costs as much as to send it.
    """
    left = iter(files.items())

    def do() -> None:
        for name, path in left:
            deed(name, path)

    with ThreadPoolExecutor(threads) as pool:
        try:
            for each in as_completed([pool.submit(do) for _ in range(threads)]):
                each.result()
        except BaseException:
            deque(left, maxlen=0)
            raise
