"""A queue of names to look at: each at most once, some only after a while."""

import threading
import time


class WorkQueue:
    """Hands out each name once, however often it was added in the meantime; thread-safe."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._changed = threading.Condition()

    def add(self, name: str, delay: float = 0.0) -> None:
        """Queue a name for `delay` seconds from now, or sooner if it is queued for sooner."""
        with self._changed:
            due = time.monotonic() + delay
            self._due[name] = min(due, self._due.get(name, due))
            self._changed.notify()

    def get(self, timeout: float | None = None) -> str | None:
        """Take the name that is due first, waiting for it; None when `timeout` seconds bring none."""
        give_up = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while True:
                now = time.monotonic()
                name = min(self._due, key=self._due.__getitem__, default=None)
                if name is not None and self._due[name] <= now:
                    del self._due[name]
                    return name
                if give_up is not None and give_up <= now:
                    return None
                moments = [moment for moment in (give_up, self._due.get(name or "")) if moment is not None]
                self._changed.wait(min(moments) - now if moments else None)
