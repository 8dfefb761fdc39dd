"""Which training settings are the usual ones? Chosen on years that neither teach nor test.

    python benchmarks/training_settings.py FILE [--regional]

FILE is ``camels_us_daymet.nc`` or whatever ``load_camels`` reads. Training is 1999-10-01 to 2008-09-30 as everywhere; the
settings are compared on 1981-10-01 to 1989-09-30. The test decade in between is not looked at, nor is the basin that
``streamflow.py`` times. The winner, by the median over basins and seeds, is what ``dla_widgets.streamflow.training.usual``
says; with ``--regional`` (an hour) it is the recipe of the bundled model for real rivers.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from dla_widgets.streamflow.camels import load_camels
from dla_widgets.streamflow.models import lstm, predict, regional_lstm, train
from dla_widgets.streamflow.skill import nse

VALIDATION = slice("1981-10-01", "1989-09-30")
TIMED = "01022500"

#: updates, batch, learning rate
ONE_BASIN = [(60, 12, 2e-2), (80, 10, 3e-2), (120, 4, 3e-2), (100, 12, 1e-2), (150, 8, 1e-2), (200, 10, 1e-2)]
REGIONAL = [(1500, 64, 5e-3), (1500, 64, 1e-2), (1500, 64, 2e-2), (3000, 32, 1e-2), (2400, 48, 1e-2)]


def skill(model, basins) -> list[float]:
    """NSE of the validation years, per basin that was measured then."""
    observed = basins["discharge"].sel(time=VALIDATION)
    simulated = predict(model, basins, VALIDATION)
    pairs = zip(observed.values, simulated.values, strict=True)
    return [nse(o, s) for o, s in pairs if np.isfinite(o).sum() > 365]


def one_basin(basins, setting, seeds=(0, 1)) -> list[float]:
    updates, batch, rate = setting
    scores = []
    for name in basins["basin"].values:
        basin = basins.sel(basin=[name])
        for seed in seeds:
            model = lstm(64, seed=seed)
            train(model, basin, updates=updates, batch=batch, learning_rate=rate, seed=seed, progress=False)
            scores += skill(model, basin)
    return scores


def regional(basins, setting) -> list[float]:
    updates, batch, rate = setting
    model = regional_lstm(64, seed=0)
    train(model, basins, updates=updates, batch=batch, learning_rate=rate, seed=0, progress=False)
    return skill(model, basins)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--regional", action="store_true")
    options = parser.parse_args()
    basins = load_camels(options.file)
    settings, judge = (REGIONAL, regional) if options.regional else (ONE_BASIN, one_basin)
    if not options.regional:
        names = [name for name in basins["basin"].values[11::50] if name != TIMED]
        basins = basins.sel(basin=names)
    print(f"{'updates':>8}{'batch':>6}{'rate':>8}{'median NSE':>12}{'lower quarter':>15}{'CPU-s':>8}")
    for setting in settings:
        start = time.process_time()
        scores = judge(basins, setting)
        spent = time.process_time() - start
        print(f"{setting[0]:8d}{setting[1]:6d}{setting[2]:8.0e}{np.median(scores):12.3f}"
              f"{np.quantile(scores, 0.25):15.3f}{spent:8.0f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
