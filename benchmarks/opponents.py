"""Who beats whom? Median NSE of baselines and LSTMs on simulated basins, and with --data of baselines on real ones.

    python benchmarks/opponents.py [--data DIR] [--networks] [--seed 0]

Training is 1999-10-01 to 2008-09-30 (the conceptual model fills its stores in the year before), test 1989-10-01 to
1999-09-30. Real basins come with the year before the test, simulated ones begin with it. Times are CPU seconds of fitting
and predicting all basins.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import xarray as xr

from dla_widgets.streamflow.baselines import Climatology, Conceptual, Persistence, RidgeLags
from dla_widgets.streamflow.basins import PERIODS, TARGET
from dla_widgets.streamflow.camels import load_camels
from dla_widgets.streamflow.simulated import simulated_basins
from dla_widgets.streamflow.skill import nse

#: Their discharge in the file disagrees with the attribute tables.
DOUBTFUL = ("06470800", "05057200", "05120500", "07142300")


def median_nse(basins: xr.Dataset, simulated: xr.DataArray) -> float:
    pairs = zip(*(d.sel(time=PERIODS["test"]).values for d in (basins[TARGET], simulated)), strict=True)
    return float(np.median([nse(o, s) for o, s in pairs]))


def row(name: str, basins: xr.Dataset, predict) -> None:
    start = time.process_time()
    simulated = predict()
    print(f"| {name} | {median_nse(basins, simulated):.3f} | {time.process_time() - start:.0f} |", flush=True)


def baselines(basins: xr.Dataset) -> None:
    train = basins.sel(time=slice("1998-10-01", PERIODS["train"].stop))
    for model in (Climatology(), Persistence(), RidgeLags(), Conceptual()):
        row(type(model).__name__, basins, lambda model=model: model.fit(train).predict(basins))


def networks(basins: xr.Dataset, seed: int) -> None:
    from dla_widgets.streamflow.models import lstm, predict, regional_lstm, train

    def trained(model, some: xr.Dataset) -> xr.DataArray:
        train(model, some, seed=seed, progress=False)
        return predict(model, some)

    each = [basins.sel(basin=[b]) for b in basins["basin"].values]
    row("LSTM, one per basin", basins, lambda: xr.concat([trained(lstm(seed=seed), one) for one in each], "basin"))
    row("regional LSTM without attributes", basins, lambda: trained(lstm(seed=seed), basins))
    row("regional LSTM with attributes", basins, lambda: trained(regional_lstm(seed=seed), basins))


def real_basins(data: Path) -> xr.Dataset:
    basins = load_camels(data / "camels_us_daymet.nc").sel(time=slice("1988-10-01", "2008-09-30"))
    measured = np.isfinite(basins[TARGET]).mean("time") > 0.9
    return basins.sel(basin=[b for b in basins["basin"].values[measured.values] if b not in DOUBTFUL]).load()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with camels_us_daymet.nc: the baselines on real basins too")
    parser.add_argument("--networks", action="store_true", help="train LSTMs on the simulated basins: some minutes")
    parser.add_argument("--seed", type=int, default=0, help="of the networks (0)")
    options = parser.parse_args()
    simulated = simulated_basins()
    print(f"{simulated.sizes['basin']} simulated basins\n\n| | median NSE | CPU s |\n|---|--:|--:|")
    baselines(simulated)
    if options.networks:
        networks(simulated, options.seed)
    if options.data:
        real = real_basins(options.data)
        print(f"\n{real.sizes['basin']} real basins\n\n| | median NSE | CPU s |\n|---|--:|--:|")
        baselines(real)


if __name__ == "__main__":
    main()
