"""What an entry scores: statistics of its units, public and private score. The same to the last bit, whoever asks when."""

from __future__ import annotations

import io
from functools import lru_cache
from math import isfinite, nan
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dla_widgets.errors import CourseError
from dla_widgets.submission_csv import SubmissionError

from .rules import read_rules
from .truth import Truth, open_truth


class Scored(NamedTuple):
    """What comes back from the process that reads a team's file; `fault` says why it cannot be used."""

    public: float = 0.0
    private: float = 0.0
    units: bytes = b""
    fault: str = ""


def score_file(folder: str, file: str, name: str) -> Scored:
    """Score `file` in the competition `folder`; called `name` in messages. Made to run in a process of its own."""
    truth = _opened(folder, (Path(folder) / "secret" / "truth.npz").stat().st_mtime_ns)
    try:
        units = truth.measure(Path(file), name)
        public, private = both(truth, units)
    except SubmissionError as fault:
        return Scored(fault=str(fault))
    except CourseError:  # a score's own words may tell of the truth
        public = private = nan
    if not isfinite(public + private):
        return Scored(fault=f"{name}: it has no {truth.metric.label}; is the prediction the same everywhere, or far out?")
    return Scored(public, private, pack(units))


@lru_cache(maxsize=4)
def _opened(folder: str, _changed: int) -> Truth:
    return open_truth(Path(folder), read_rules(Path(folder)))


def both(truth: Truth, units: np.ndarray) -> tuple[float, float]:
    """Public and private score."""
    return truth.metric.score(units[truth.public]), truth.metric.score(units[~truth.public])


def pack(units: np.ndarray) -> bytes:
    """Statistics as they are kept in the database."""
    out = io.BytesIO()
    np.savez_compressed(out, units=units)
    return out.getvalue()


def unpack(kept: bytes) -> np.ndarray:
    """The reverse of :func:`pack`."""
    with np.load(io.BytesIO(kept), allow_pickle=False) as stored:
        return stored["units"]
