"""Run a learner's function once: on copies, with a time limit, and without the course's own answer at hand."""

from __future__ import annotations

import copy
import linecache
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import CodeType


class TimeUp(BaseException):
    """Not an Exception, so that a learner's ``except Exception`` in a loop does not swallow it."""


class PutAway(BaseException):
    """The course's own answer was called."""


@dataclass(frozen=True)
class Outcome:
    """What one call came to: a value, or the reason why there is none."""

    value: object = None
    error: BaseException | None = None
    timed_out: bool = False
    used_answer: bool = False

    @property
    def ok(self) -> bool:
        return self.error is None and not self.timed_out and not self.used_answer


def attempt(call: Callable, args: tuple, seconds: float | None, away: Container[CodeType] = frozenset()) -> Outcome:
    """Call `call(*args)` on a copy of `args`, at most `seconds` long if not None, with the functions in `away` out of reach."""
    args = copy.deepcopy(args)
    caught: list[CodeType] = []
    try:
        with warnings.catch_warnings(), _at_most(seconds), _put_away(away, caught):
            warnings.simplefilter("ignore")  # a learner's 0/0 is judged by its result
            value = call(*args)
    except PutAway:
        return Outcome(used_answer=True)
    except TimeUp:
        return Outcome(timed_out=True)
    except (Exception, SystemExit) as error:
        return Outcome(error=error, used_answer=bool(caught))
    return Outcome(value=value, used_answer=bool(caught))


def where(error: BaseException, function: Callable) -> str:
    """The learner's own line in which `error` was raised, ``line 3: return observed.men()``; empty if there is none.

    An error that comes from another process brings the line along, as its attribute ``line``.
    """
    if isinstance(line := vars(error).get("line"), str):
        return line
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == file:
            line = step.tb_lineno
        step = step.tb_next
    if line is None:
        return ""
    return f"line {line}: {linecache.getline(file, line).strip()}".rstrip(": ")


@contextmanager
def _put_away(away: Container[CodeType], caught: list) -> Iterator[None]:
    """Raise as soon as one of these code objects is entered, by whatever name or import it was reached."""
    if not away:
        yield
        return

    def watch(frame, event, _argument):
        if event == "call" and frame.f_code in away:
            caught.append(frame.f_code)  # remembered, should the learner's code swallow the exception
            raise PutAway

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)


@contextmanager
def _at_most(seconds: float | None) -> Iterator[None]:
    """Raise `TimeUp` in this thread after `seconds`."""
    if seconds is None:
        limit = nullcontext()
    elif threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
        limit = _alarm(seconds)
    else:
        limit = _watched_lines(seconds)
    with limit:
        yield


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """An alarm signal: costs nothing, interrupts a sleep too, rings again (not for ever) if the exception is swallowed."""
    rings = iter(range(100))

    def ring(_signal, _frame):
        if next(rings, None) is None:
            signal.setitimer(signal.ITIMER_REAL, 0)
        raise TimeUp

    handler = signal.signal(signal.SIGALRM, ring)
    others = signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *others)
        signal.signal(signal.SIGALRM, handler)


@contextmanager
def _watched_lines(seconds: float) -> Iterator[None]:
    """Look at the clock before each line: off the main thread, and on Windows, no alarm can be had."""
    deadline = time.monotonic() + seconds

    def look(_frame, _event, _argument):
        if time.monotonic() > deadline:
            raise TimeUp
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
