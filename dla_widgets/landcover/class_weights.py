"""How much should a rare class count? Weights from how many pixels a class has."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import CourseError
from .legend import CLASSES, IGNORE

WAYS = ("none", "inverse", "sqrt", "median", "effective")


class WeightError(CourseError):
    """Weights that cannot be made; the message says why."""


def class_counts(labels: ArrayLike, classes: int = len(CLASSES)) -> np.ndarray:
    """Pixels per class, (classes,) int64; ignored ones are not counted."""
    counts = np.bincount(np.asarray(labels, np.uint8).ravel(), minlength=256)
    if counts[classes:IGNORE].any():
        strange = classes + int(counts[classes:IGNORE].argmax())
        raise WeightError(f"{strange} is no label; they run from 0 to {classes - 1}, {IGNORE} is ignored")
    return counts[:classes]


def class_weights(counts: ArrayLike, how: str = "inverse", beta: float = 0.9999) -> np.ndarray:
    r"""Weights of the classes, mean 1 over those that occur and 0 for those that do not.

    With :math:`n_c` pixels of class c: ``"inverse"`` :math:`1/n_c`; ``"sqrt"`` :math:`1/\sqrt{n_c}`; ``"median"`` the median
    of the counts over :math:`n_c` (Eigen and Fergus 2015, doi:10.1109/ICCV.2015.304), the same but for the scale;
    ``"effective"`` :math:`(1-\beta)/(1-\beta^{n_c})` (Cui et al. 2019, doi:10.1109/CVPR.2019.00949); ``"none"`` 1.

    Parameters
    ----------
    counts : (classes,) pixels of the **training** labels, see :func:`class_counts`
    how : one of ``none``, ``inverse``, ``sqrt``, ``median``, ``effective``
    beta : 0 to below 1, for ``effective``

    Returns
    -------
    (classes,) float32
    """
    counts = np.asarray(counts, float)
    if how not in WAYS:
        raise WeightError(f"no weights {how!r}; there are {', '.join(WAYS)}")
    if counts.ndim != 1 or (counts < 0).any() or not counts.any():
        raise WeightError(f"counts are pixels per class, one row of them, not all 0; got {counts}")
    if not 0 <= beta < 1:
        raise WeightError(f"beta lies in [0, 1); got {beta}")
    there = counts > 0
    n = counts[there]
    some = {
        "none": lambda: np.ones_like(n),
        "inverse": lambda: 1 / n,
        "sqrt": lambda: 1 / np.sqrt(n),
        "median": lambda: np.median(n) / n,
        "effective": lambda: (1 - beta) / -np.expm1(n * np.log(beta)) if beta else np.ones_like(n),
    }[how]()
    weights = np.zeros(len(counts), np.float32)
    weights[there] = some / some.mean()
    return weights
