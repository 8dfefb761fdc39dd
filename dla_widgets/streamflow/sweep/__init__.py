"""A few hundred trainings that were really run, for whoever wants to know what a hyperparameter does: :func:`sweep`.

The table lies beside this file with the script that made it and a card, ``README.md``. Reading needs neither
TensorFlow nor Optuna.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

__all__ = ["Sweep", "sweep"]

HERE = Path(__file__).parent
RUNS, SERIES, IMPORTANCE, CARD = (HERE / name for name in ("runs.csv", "series.npz", "importance.csv", "README.md"))

#: hydrographs are stored in whole steps of this [mm/day]
HYDROGRAPH_STEP = 0.005
#: what stands for a day without a number
NO_NUMBER = 65535


class Sweep(NamedTuple):
    """What the sweep came to. Series have the order of the rows of `runs`."""

    runs: pd.DataFrame  #: one row per run: design, river, seed, setting, NSE of validation and test [-], seconds
    curve: np.ndarray  #: (run, look) NSE of the validation years [-]
    taught: np.ndarray  #: (run, look) 1 - mean loss since the last look, about the NSE of what was learnt from [-]
    shown: np.ndarray  #: (run, day) simulated discharge of water year 2009 [mm/day]
    observed: pd.DataFrame  #: day by river, observed discharge of that year [mm/day]
    importance: pd.DataFrame  #: share of the variance per river and hyperparameter, with its spread
    made: str  #: year and month


def sweep() -> Sweep:
    """The stored sweep.

    >>> sweep().runs.groupby(["river", "learning_rate"])["validation"].median()   # doctest: +SKIP
    """
    runs = pd.read_csv(RUNS, index_col="run")
    with np.load(SERIES) as series:
        curve, taught = series["curve"].astype("float32"), series["taught"].astype("float32")
        shown, observed = discharge_of(series["shown"]), discharge_of(series["observed"])
        made = str(series["made"])
    days = pd.date_range("2008-10-01", periods=observed.shape[1], name="time")
    rivers = list(dict.fromkeys(runs["river"]))
    return Sweep(runs, curve, taught, shown, pd.DataFrame(observed.T, days, rivers), pd.read_csv(IMPORTANCE), made)


def discharge_of(steps: np.ndarray) -> np.ndarray:
    """Stored steps as discharge [mm/day], float32, NaN where there is no number."""
    return np.where(steps == NO_NUMBER, np.nan, steps * HYDROGRAPH_STEP).astype("float32")


def steps_of(discharge: np.ndarray) -> np.ndarray:
    """Discharge [mm/day] in whole steps of HYDROGRAPH_STEP, uint16; NO_NUMBER where there is none."""
    there = np.isfinite(discharge)
    steps = np.round(np.where(there, discharge, 0) / HYDROGRAPH_STEP)
    return np.where(there, np.minimum(steps, NO_NUMBER - 1), NO_NUMBER).astype("uint16")
