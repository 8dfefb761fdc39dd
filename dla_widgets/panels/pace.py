"""Of a training: curves of any length in a bounded number of points, and how long it will still take."""

from __future__ import annotations

from collections import deque
from math import isfinite
from statistics import median


class Curve:
    """Points added one by one; where they become more than `most`, neighbours share one at their mean.

    >>> curve = Curve(most=4)
    >>> for x in range(8): curve.add(x, 2 * x)
    >>> curve.x, curve.y
    ([0.5, 2.5, 4.5, 6.5], [1.0, 5.0, 9.0, 13.0])
    """

    def __init__(self, most: int = 600):
        self.most, self.each, self.open = most, 1, 0
        self.x: list[float] = []
        self.y: list[float] = []

    def add(self, x: float, y: float) -> None:
        """One more point, to the right of those there are."""
        if not 0 < self.open < self.each:
            self._halve()
            self.x.append(float(x))
            self.y.append(float(y))
            self.open = 1
            return
        self.open += 1
        self.x[-1] += (x - self.x[-1]) / self.open
        self.y[-1] += (y - self.y[-1]) / self.open

    def _halve(self) -> None:
        if len(self.x) < self.most:
            return
        self.x = [(a + b) / 2 for a, b in zip(self.x[::2], self.x[1::2])]
        self.y = [(a + b) / 2 for a, b in zip(self.y[::2], self.y[1::2])]
        self.each *= 2


class Pace:
    """Seconds of epochs and of steps, and from their medians the seconds that are left.

    A median, because the first step builds the graph and the machine does other things too. The clock is given by the
    caller, who stops it while training is stopped.
    """

    def __init__(self) -> None:
        self.epochs: deque[float] = deque(maxlen=20)
        self.steps: deque[float] = deque(maxlen=50)
        self.epoch_began = self.step_began = None

    def began(self, now: float) -> None:
        self.epoch_began, self.step_began = now, None

    def stepped(self, now: float) -> None:
        if self.step_began is not None:  # the first step of an epoch has no beginning that we know of
            self.steps.append(now - self.step_began)
        self.step_began = now

    def ended(self, now: float) -> None:
        if self.epoch_began is not None:
            self.epochs.append(now - self.epoch_began)
        self.began(now)

    def left(self, now: float, epochs: int, step: int = 0, steps: int | None = None) -> float | None:
        """Seconds until so many more epochs are done, `step` steps of the present one being behind us; None: no idea yet."""
        by_step = median(self.steps) * steps if self.steps and steps else None
        if len(self.epochs) > 1:
            epoch = median(self.epochs)
        else:
            known = [seconds for seconds in (*self.epochs, by_step) if seconds is not None]
            if not known:
                return None
            epoch = min(known)
        spent = epoch * step / steps if steps else now - (self.epoch_began or now)
        left = epochs * epoch - min(spent, epoch)
        return max(0.0, left) if isfinite(left) else None


def in_words(seconds: float | None) -> str:
    """A time as one would say it.

    >>> in_words(3.2), in_words(65), in_words(7500), in_words(None)
    ('3 s', '1 min 05 s', '2 h 05 min', 'n/a')
    """
    if seconds is None:
        return "n/a"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
