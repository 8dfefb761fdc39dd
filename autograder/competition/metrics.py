"""The scores that a competition may be ranked by.

A score is computed in two steps, so that it can be computed again for any choice of basins or blocks: statistics of each
unit (a basin, a block of pixels), and one number from the statistics of some units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum

import numpy as np

from dla_widgets.landcover.skill import Confusion
from dla_widgets.streamflow import curve_bias, peaks, skill


@dataclass(frozen=True)
class Metric:
    """`unit` gives one number for a unit's truth and prediction; of classes, the units' tables are added and scored."""

    label: str
    unit: Callable[[np.ndarray, np.ndarray], float] | None = None
    table: Callable[[Confusion], float] | None = None

    @property
    def of_classes(self) -> bool:
        return self.table is not None

    def score(self, units: np.ndarray) -> float:
        """One number: the median of (unit, 1) scores, or the score of the sum of (unit, class, class) tables."""
        if self.table is not None:
            return float(self.table(Confusion(units.sum(axis=0))))
        return float(np.median(units[:, 0]))


def nse(observed: np.ndarray, simulated: np.ndarray) -> float:
    """Nash-Sutcliffe efficiency, the same to the last bit on every machine: sums are exact before they are rounded.

    Equation 3 of Nash and Sutcliffe (1970), doi:10.1016/0022-1694(70)90255-6. Days without discharge are left out.
    """
    known = ~np.isnan(observed)
    o, s = observed[known].astype(float), simulated[known].astype(float)
    mean = fsum(o) / o.size
    return 1.0 - fsum((s - o) ** 2) / fsum((o - mean) ** 2)


def _errors(score: Callable[..., float]) -> Callable[[np.ndarray, np.ndarray], float]:
    """A score of which less is better, turned round: everything is ranked from high to low."""
    return lambda observed, simulated: -score(observed, simulated)


def _biases(score: Callable[..., float]) -> Callable[[np.ndarray, np.ndarray], float]:
    """A score that is best at 0, as one of which more is better."""
    return lambda observed, simulated: -abs(score(observed, simulated))


METRICS = {
    "nse": Metric("median NSE", nse),
    "kge": Metric("median KGE", skill.kge),
    "kge2012": Metric("median KGE'", skill.kge2012),
    "log_nse": Metric("median NSE of logs", skill.log_nse),
    "correlation": Metric("median correlation", skill.correlation),
    "rmse": Metric("median RMSE, negative", _errors(skill.rmse)),
    "percent_bias": Metric("median bias [%], negative", _biases(skill.percent_bias)),
    "fhv": Metric("median bias of high flows [%], negative", _biases(curve_bias.fhv)),
    "fms": Metric("median bias of the mid-slope [%], negative", _biases(curve_bias.fms)),
    "flv": Metric("median bias of low flows [%], negative", _biases(curve_bias.flv)),
    "peak_timing": Metric("median error of peak timing [days], negative", _errors(peaks.peak_timing)),
    "macro_f1": Metric("macro F1", table=lambda confusion: confusion.macro_f1),
    "weighted_f1": Metric("weighted F1", table=lambda confusion: confusion.weighted_f1),
    "balanced_accuracy": Metric("balanced accuracy", table=lambda confusion: confusion.balanced_accuracy),
    "kappa": Metric("kappa", table=lambda confusion: confusion.kappa),
    "accuracy": Metric("accuracy", table=lambda confusion: confusion.accuracy),
}
