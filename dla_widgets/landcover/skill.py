r"""How good is a map? Scores of one confusion matrix, which adds up over tiles and scenes.

With :math:`n_{ij}` pixels of the true class i that were mapped as j, row sums :math:`n_{i\cdot}` and column sums
:math:`n_{\cdot j}`:

.. math:: P_j = n_{jj} / n_{\cdot j} \quad R_i = n_{ii} / n_{i\cdot} \quad F_i = 2 n_{ii} / (n_{i\cdot} + n_{\cdot i})

Pixels whose truth is :data:`~.legend.IGNORE` count nowhere.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..errors import CourseError
from .legend import CLASSES, IGNORE, NAMES


class SkillError(CourseError):
    """A score that these maps do not have; the message says why."""


def confusion_matrix(truth: ArrayLike, prediction: ArrayLike, classes: int = len(CLASSES)) -> np.ndarray:
    """Pixels by true class (rows) and mapped class (columns).

    Parameters
    ----------
    truth, prediction : labels 0 to ``classes - 1`` of one shape; pixels whose truth is IGNORE are left out

    Returns
    -------
    (classes, classes) int64

    Raises
    ------
    SkillError : the shapes differ, or a label is none of the legend's
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise SkillError(f"truth and prediction are maps of one shape; these are {truth.shape} and {prediction.shape}")
    for name, values in (("truth", truth), ("prediction", prediction)):
        if values.dtype.kind not in "ui":
            raise SkillError(f"{name} must be labels, whole numbers; this is {values.dtype}. "
                             "Of scores per class take .argmax(axis=-1).")  # fmt: skip
    if truth.dtype != np.uint8 or prediction.dtype != np.uint8:
        _check_range(truth, prediction)
        truth, prediction = truth.astype(np.uint8, copy=False), prediction.astype(np.uint8, copy=False)
    truth, prediction = truth.ravel(), prediction.ravel()
    counts = _count(truth, prediction, classes) if classes < 16 else None
    return _count_any(truth, prediction, classes) if counts is None else counts


def _count(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray | None:
    """The counts, two pixels at a time; None where a label needs more than four bits or may be out of the legend."""
    pairs = np.zeros(1 << 16, np.int64)
    for start in range(0, truth.size, 1 << 20):
        known, guess = truth[start : start + (1 << 20)] + np.uint8(1), prediction[start : start + (1 << 20)]
        if known.max() > classes or guess.max() > 15:  # IGNORE has become 0
            return None
        codes = known * np.uint8(16) | guess
        codes = np.append(codes, np.uint8(0)) if codes.size % 2 else codes  # as if a pixel more were ignored
        pairs += np.bincount(codes.view(np.uint16), minlength=1 << 16)
    both = pairs.reshape(256, 256)
    counts = (both.sum(axis=0) + both.sum(axis=1)).reshape(16, 16)[1:]
    return None if counts[:, classes:].any() else counts[:classes, :classes]


def _count_any(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    """The counts of any two maps, or what is wrong with them."""
    pairs = np.bincount((truth.astype(np.uint16) << 8) | prediction, minlength=1 << 16).reshape(256, 256)
    known = pairs[:IGNORE]
    if known[classes:].any():
        raise SkillError(f"the truth holds the label {classes + int(known[classes:].any(axis=1).argmax())}; "
                         f"labels run from 0 to {classes - 1}, {IGNORE} is ignored")  # fmt: skip
    if known[:, classes:].any():
        strange = classes + int(known[:, classes:].any(axis=0).argmax())
        raise SkillError(f"the prediction says {strange} where the truth is known; labels run from 0 to {classes - 1}")
    return known[:classes, :classes].astype(np.int64)


def _check_range(*maps: np.ndarray) -> None:
    for values in maps:
        if values.size and (values.min() < 0 or values.max() > IGNORE):
            raise SkillError(f"labels run from 0 to {len(CLASSES) - 1} (or {IGNORE}); found {values.min()} to {values.max()}")


class Confusion:
    """A confusion matrix that grows tile by tile, and every score that can be read from it.

    Parameters
    ----------
    matrix : (9, 9) pixels by true and mapped class; empty at first. Fractions are kept: pixels may have weights

    Examples
    --------
    >>> Confusion().add([0, 0, 1], [0, 0, 0]).accuracy
    0.6666666666666666
    """

    def __init__(self, matrix: ArrayLike | None = None):
        n = len(CLASSES)
        matrix = np.zeros((n, n), np.int64) if matrix is None else np.asarray(matrix)
        self.matrix = matrix if matrix.dtype.kind == "f" else matrix.astype(np.int64)
        if self.matrix.shape != (n, n) or (self.matrix < 0).any():
            raise SkillError(f"a confusion matrix is ({n}, {n}) counts; this has the shape {self.matrix.shape}")

    def add(self, truth: ArrayLike, prediction: ArrayLike) -> Confusion:
        """Count the pixels of one more map; returns itself."""
        self.matrix = self.matrix + confusion_matrix(truth, prediction)
        return self

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.matrix + other.matrix)

    def __repr__(self) -> str:
        if not self.pixels:
            return "Confusion of no pixels"
        return f"Confusion of {self.pixels} pixels: accuracy {self.accuracy:.3f}, macro F1 {self.macro_f1:.3f}"

    @property
    def pixels(self) -> int:
        return int(self.matrix.sum())

    @property
    def support(self) -> np.ndarray:
        """True pixels per class."""
        return self.matrix.sum(axis=1)

    @property
    def mapped(self) -> np.ndarray:
        """Mapped pixels per class."""
        return self.matrix.sum(axis=0)

    @property
    def there(self) -> np.ndarray:
        """Which classes occur, in truth or on the map: those that the means are taken over."""
        return self.support + self.mapped > 0

    @property
    def accuracy(self) -> float:
        return float(np.trace(self.matrix) / self._some())

    @property
    def precision(self) -> np.ndarray:
        """Of what was mapped as a class, the part that is; 0 where it was never mapped."""
        return self._per_class(np.diag(self.matrix), self.mapped)

    @property
    def recall(self) -> np.ndarray:
        """Of what is a class, the part that was mapped so; 0 where there is none."""
        return self._per_class(np.diag(self.matrix), self.support)

    @property
    def f1(self) -> np.ndarray:
        return self._per_class(2 * np.diag(self.matrix), self.support + self.mapped)

    @property
    def iou(self) -> np.ndarray:
        """Intersection over union (Jaccard)."""
        return self._per_class(np.diag(self.matrix), self.support + self.mapped - np.diag(self.matrix))

    @property
    def macro_f1(self) -> float:
        """The mean of F1 over the classes that occur: every class counts the same, whatever its area."""
        self._some()
        return float(np.mean(self.f1[self.there]))

    @property
    def weighted_f1(self) -> float:
        return float(np.sum(self.f1[self.there] * self.support[self.there]) / self._some())

    @property
    def micro_f1(self) -> float:
        """F1 of all pixels thrown together, which is the accuracy."""
        return self.accuracy

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that are in the truth."""
        self._some()
        return float(np.mean(self.recall[self.support > 0]))

    @property
    def kappa(self) -> float:
        """Cohen's kappa (1960), doi:10.1177/001316446002000104: agreement beyond what the shares alone would give."""
        total = self._some()
        by_chance = float(self.support @ self.mapped) / total**2
        if by_chance == 1:
            raise SkillError("kappa needs two classes: here truth and map have one and the same")
        return (self.accuracy - by_chance) / (1 - by_chance)

    def table(self) -> pd.DataFrame:
        """Precision, recall, F1, IoU and pixels of every class that occurs."""
        columns = {"precision": self.precision, "recall": self.recall, "F1": self.f1, "IoU": self.iou,
                   "true pixels": self.support, "mapped pixels": self.mapped}  # fmt: skip
        return pd.DataFrame(columns, index=pd.Index(NAMES, name="class"))[self.there]

    def area_adjusted(self, mapped: ArrayLike, confidence: float = 0.95) -> pd.DataFrame:
        """Of a checked sample: shares of area, put right, with their interval; see :func:`.area.area_adjusted`."""
        from .area import area_adjusted

        return area_adjusted(self, mapped, confidence)

    def _per_class(self, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        values = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
        return np.where(self.there, values, np.nan)

    def _some(self) -> int:
        if not self.matrix.sum():
            raise SkillError("no pixel to score: all of the truth is ignored, or nothing was added yet")
        return self.matrix.sum().item()


def macro_f1(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Mean F1 over the classes that occur in truth or prediction; see :class:`Confusion`."""
    return Confusion().add(truth, prediction).macro_f1


def accuracy(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Share of the pixels that are mapped right; see :class:`Confusion`."""
    return Confusion().add(truth, prediction).accuracy
