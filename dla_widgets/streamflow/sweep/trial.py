"""One training of the sweep: a setting and a seed in, a learning curve and scores out.

The script that made the sweep and the button that trains a setting now call the same function, so that their curves
may stand beside each other.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xarray as xr

from ..basins import PERIODS
from ..simulated import simulated_basins
from ..skill import UndefinedSkill, nse

#: Two of the first sixteen simulated rivers: the one with most snow and the one with least; no score chose them.
RIVERS = {"sim-10": "snow", "sim-06": "rain"}

#: Fit on the training years of the course, choose on the nine that follow, and look at the test years at the end.
FIT = PERIODS["train"]
VALIDATION = slice("2008-10-01", "2017-09-30")
TEST = PERIODS["test"]
#: the water year of the validation whose hydrograph is kept
SHOWN = slice("2008-10-01", "2009-09-30")

#: looks at the validation years in each training, evenly spread over its updates
LOOKS = 10

#: name -> the values that were tried; a run has one of each
LEVELS = {
    "learning_rate": (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
    "hidden": (2, 4, 8, 16, 32, 64),
    "sequence": (30, 90, 180, 365, 730),
    "dropout": (0.0, 0.1, 0.2, 0.4, 0.6),
    "batch": (1, 2, 4, 8, 16),
    "updates": (15, 30, 60, 120, 240, 480),
    "forget_bias": (-3, -1, 0, 1, 3, 5),
}

#: What the course trains one river with (:func:`~dla_widgets.streamflow.training.usual`), with 32 memory cells.
USUAL = {
    "learning_rate": 0.03, "hidden": 32, "sequence": 730, "dropout": 0.0, "batch": 4, "updates": 120, "forget_bias": 3
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What one training came to. Scores are NaN where the network gave no numbers.

    curve : (look,) NSE of the validation years [-]; taught : (look,) 1 - mean loss of the updates since the last look,
        about the NSE of the pieces learnt from [-]; at : (look,) updates done; shown : (day,) discharge [mm/day] of the
        year SHOWN; validation, test : NSE at the end [-]; seconds : CPU time of the training without its looks
    """

    at: np.ndarray
    curve: np.ndarray
    taught: np.ndarray
    shown: np.ndarray
    validation: float
    test: float
    seconds: float


@lru_cache(maxsize=1)
def rivers() -> xr.Dataset:
    """The two simulated rivers, 28 water years from 1989-10-01."""
    return simulated_basins(16, years=28).sel(basin=list(RIVERS))


def look_at(updates: int) -> np.ndarray:
    """After which updates the validation years are looked at, (look,)."""
    return np.round(np.linspace(0, updates, LOOKS + 1)[1:]).astype(int)


def train_setting(
    river: str,
    setting: dict[str, float],
    seed: int = 0,
    *,
    look: Callable[[int, float, float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Train the course's LSTM on one river with this setting.

    Parameters
    ----------
    river : one of RIVERS
    setting : a value for each name of LEVELS, on or between the levels. ``sequence`` is the length of a piece [days]:
        its first half warms up, its second half is learnt from.
    seed : first weights, dropout, and which pieces are drawn
    look : called with (updates done, NSE of the validation years, 1 - loss) at each look
    stop : asked after each update; True ends the training, and then the scores are those of the last look, and no test
    """
    import keras

    from ..models import lstm, predict, train

    basin = rivers().sel(basin=[river])
    model = lstm(int(setting["hidden"]), dropout=setting["dropout"], forget_bias=setting["forget_bias"], seed=seed)
    updates, length = int(setting["updates"]), int(setting["sequence"])

    def score(period) -> tuple[float, np.ndarray]:
        simulated = predict(model, basin, period).values[0]
        return nse_or_nan(basin["discharge"].sel(time=period).values[0], simulated), simulated

    class Look(keras.callbacks.Callback):
        """Looks at the validation years now and then; the time that it takes is not the training's."""

        def on_train_begin(self, logs=None):
            self.at, self.curve, self.taught, self.losses = [], [], [], []
            self.spent, self.stopped = 0.0, False

        def on_epoch_end(self, epoch, logs=None):
            self.losses.append(float(logs["loss"]))
            if stop is not None and stop():
                self.model.stop_training = self.stopped = True
                return
            if epoch + 1 not in looks:
                return
            start = clock.process_time()
            self.at.append(epoch + 1)
            self.curve.append(score(VALIDATION)[0])
            self.taught.append(1 - float(np.mean(self.losses)))
            self.losses.clear()
            if look is not None:
                look(self.at[-1], self.curve[-1], self.taught[-1])
            self.spent += clock.process_time() - start

    looks = set(look_at(updates).tolist())
    watcher = Look()
    start = clock.process_time()
    train(model, basin, FIT, updates=updates, batch=int(setting["batch"]), learning_rate=setting["learning_rate"],
          scheme=(length // 2, length - length // 2), seed=seed, callbacks=[watcher], progress=False)  # fmt: skip
    seconds = clock.process_time() - start - watcher.spent
    validation = watcher.curve[-1] if watcher.curve else np.nan
    test = np.nan if watcher.stopped else score(TEST)[0]
    curves = (np.array(series) for series in (watcher.at, watcher.curve, watcher.taught))
    return Outcome(*curves, score(SHOWN)[1], validation, test, seconds)


def nse_or_nan(observed: np.ndarray, simulated: np.ndarray) -> float:
    """NSE, or NaN where the network gave something that is no number."""
    if not np.isfinite(simulated).all():
        return float("nan")
    try:
        return nse(observed, simulated)
    except UndefinedSkill:
        return float("nan")
