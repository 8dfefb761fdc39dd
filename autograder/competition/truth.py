"""The held-out truth, which only the service opens: what a file scores against it, basin by basin or block by block.

``secret/truth.npz`` holds plain arrays: the truth, which units there are, and which of them are scored in public.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numba
import numpy as np

from dla_widgets.landcover import submission as maps_file
from dla_widgets.landcover.legend import CLASSES, IGNORE
from dla_widgets.leaderboard.inputs import expected as expected_of
from dla_widgets.submission import validate_submission

from .metrics import METRICS, Metric
from .rules import Rules, RulesError

SECRET, INPUTS, FILE, LABELS = "secret", "inputs", "truth.npz", "truth.npy"


class Truth(Protocol):
    """A competition's truth. A unit is a basin, a block of pixels, or a group of a table's rows."""

    metric: Metric
    public: np.ndarray  #: (unit,) True where it is scored during the competition

    def measure(self, file: Path, name: str) -> np.ndarray:
        """Statistics of each unit; raises SubmissionError, with `name` for the file, where it cannot be used."""
        ...


@dataclass(frozen=True)
class Series:
    """Numbers by unit and place: discharge (basin, time), or the values of a table's groups; NaN where nothing is known."""

    metric: Metric
    public: np.ndarray
    values: np.ndarray
    expected: object

    def measure(self, file: Path, name: str) -> np.ndarray:
        predicted = validate_submission(file, self.expected, name=name).values
        return np.array([[self.metric.unit(o, s)] for o, s in zip(self.values, predicted, strict=True)])


@dataclass(frozen=True)
class Maps:
    """Labels (scene, y, x) on disk; a unit is a square of `block` pixels of a scene."""

    metric: Metric
    public: np.ndarray
    labels: np.ndarray
    block: int
    expected: maps_file.Expected

    def measure(self, file: Path, name: str) -> np.ndarray:
        """Tables (unit, class, class) of counts. One scene of the file is in memory at a time."""
        rows, columns = (-(-side // self.block) for side in self.labels.shape[1:])
        counts = np.zeros((len(self.labels), rows, columns, len(CLASSES), len(CLASSES)), np.int32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", maps_file.SubmissionWarning)  # the team saw it before it sent the file
            for k, mapped in maps_file.checked_maps(file, self.expected, name=name):
                _count(self.labels[k], mapped, self.block, counts[k])
        return counts.reshape(-1, len(CLASSES), len(CLASSES))


@dataclass(frozen=True)
class Groups:
    """Values of a table, a unit for each group of rows."""

    metric: Metric
    public: np.ndarray
    values: np.ndarray
    unit: np.ndarray  #: (row,) number of the unit
    expected: object

    def measure(self, file: Path, name: str) -> np.ndarray:
        predicted = self.expected.read(file, name)
        if self.metric.of_classes:
            tables = np.zeros((self.public.size, len(CLASSES), len(CLASSES)), np.int32)
            np.add.at(tables, (self.unit, self.values.astype(int), predicted.astype(int)), 1)
            return tables
        members = (self.unit == k for k in range(self.public.size))
        return np.array([[self.metric.unit(self.values[rows], predicted[rows])] for rows in members])


@numba.njit(cache=True, nogil=True)
def _count(truth, mapped, block, counts):
    """Pixels by block, true class and mapped class, added to `counts` (row, column, class, class)."""
    for y in range(truth.shape[0]):
        row = counts[y // block]
        for x in range(truth.shape[1]):
            if truth[y, x] != IGNORE:
                row[x // block, truth[y, x], mapped[y, x]] += 1


def open_truth(folder: Path, rules: Rules) -> Truth:
    """The truth of the competition in `folder`, as :mod:`.making` wrote it.

    Raises
    ------
    RulesError : it was not made yet, or not for these rules
    """
    secret = Path(folder) / SECRET
    try:
        with np.load(secret / FILE, allow_pickle=False) as stored:
            kept = {name: stored[name] for name in stored.files}
    except (OSError, ValueError) as reason:
        raise RulesError(f"{secret / FILE} cannot be read ({reason}); `autograder competition make {folder}` makes it") from None
    if str(kept["made_for"]) != made_for(rules):
        raise RulesError(f"{folder}: project, truth or split have changed in competition.yaml since the truth was made; put them "
                         "back, or make a competition of another name")
    metric, expected = METRICS[rules.metric], expected_of(Path(folder) / INPUTS)
    if rules.project == "landcover":
        labels = np.load(secret / LABELS, mmap_mode="r")
        return Maps(metric, kept["public"], labels, int(kept["block"]), expected)
    if rules.project == "table":
        return Groups(metric, kept["public"], kept["values"], kept["unit"], expected)
    return Series(metric, kept["public"], kept["values"], expected)


def made_for(rules: Rules) -> str:
    """What the truth and its split depend on: it cannot be changed while a competition runs."""
    return json.dumps([rules.project, rules.truth.model_dump(), rules.split.model_dump(), rules.keys, rules.value, rules.unit])
