"""Work for the kernel that a page may ask for faster than it can be done: the newest request wins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any


class Newest:
    """A thread that runs one piece of work at a time; of those that wait, all but the newest are dropped.

    Parameters
    ----------
    failed : called with the exception of work that failed
    """

    def __init__(self, failed: Callable[[BaseException], None]):
        self._failed = failed
        self._lock = threading.Lock()
        self._waiting: tuple[Callable[..., Any], tuple] | None = None
        self._thread: threading.Thread | None = None
        self._cancelled = False

    def run(self, work: Callable[..., Any], *args: Any) -> None:
        """Run ``work(*args)`` as soon as what runs now has ended, unless something newer comes before."""
        with self._lock:
            self._waiting = (work, args)
            if self._thread is None:
                # in a copy of this context: ipykernel 7.0 can't send anything from a thread without
                self._thread = threading.Thread(target=copy_context().run, args=(self._loop,), daemon=True, name="explorer")
                self._thread.start()

    def cancelled(self) -> bool:
        """Whether the work that runs now should give up."""
        return self._cancelled or self._waiting is not None

    def cancel(self) -> None:
        """Drop what waits, and ask what runs to give up."""
        with self._lock:
            self._waiting = None
            self._cancelled = self._thread is not None

    def join(self, seconds: float | None = None) -> None:
        """Wait until there is nothing left to do."""
        if thread := self._thread:
            thread.join(seconds)

    def _loop(self) -> None:
        while True:
            with self._lock:
                if self._waiting is None:
                    self._thread = None
                    return
                (work, args), self._waiting, self._cancelled = self._waiting, None, False
            try:
                work(*args)
            except Exception as error:  # the thread must live on; the page says what went wrong
                self._failed(error)
