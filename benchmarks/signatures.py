"""Are the simulated rivers like real ones? Signatures and climates of both, side by side, as Markdown tables.

    python benchmarks/signatures.py --data DIR [--json]

DIR holds ``camels_us_daymet.nc`` and the attribute tables of CAMELS-US. Both sides are water years 1990 to 2009. The
table in ``course/streamflow/simulated_basins.md`` is this script's output.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from dla_widgets.streamflow.basins import TARGET
from dla_widgets.streamflow.camels import load_camels
from dla_widgets.streamflow.signatures import UNITS, signatures
from dla_widgets.streamflow.simulated import ATTRIBUTES, simulated_basins

YEARS = slice("1989-10-01", "2009-09-30")
#: Their discharge in the file disagrees with the attribute tables.
DOUBTFUL = ("06470800", "05057200", "05120500", "07142300")
CLIMATE = ("p_mean", "pet_mean", "aridity", "frac_snow", "p_seasonality", "high_prec_freq", "high_prec_dur",
           "low_prec_freq", "low_prec_dur")  # fmt: skip
SHARES = (5, 25, 50, 75, 95)
LAGS = (1, 5, 30)


def character(basins: xr.Dataset) -> pd.DataFrame:
    """Signatures, memory of discharge and climate of each basin."""
    table = signatures(basins)
    for lag in LAGS:
        table[f"autocorrelation, {lag} d"] = [memory(q, lag) for q in basins[TARGET].values]
    for name in CLIMATE:
        table[name] = basins[name].values
    return table


def memory(q: np.ndarray, lag: int) -> float:
    """Correlation of discharge with itself `lag` days before [-]."""
    both = np.isfinite(q[lag:]) & np.isfinite(q[:-lag])
    return float(np.corrcoef(q[lag:][both], q[:-lag][both])[0, 1])


def real_basins(data: Path) -> xr.Dataset:
    basins = load_camels(data / "camels_us_daymet.nc").sel(time=YEARS)
    measured = np.isfinite(basins[TARGET]).mean("time") > 0.9
    return basins.sel(basin=[b for b in basins["basin"].values[measured.values] if b not in DOUBTFUL])


def side_by_side(real: pd.DataFrame, simulated: pd.DataFrame) -> str:
    """A Markdown table of percentiles over basins, real / simulated in each cell."""
    units = UNITS | {name: unit for name, (unit, _) in ATTRIBUTES.items()}
    lines = ["| | unit | " + " | ".join(f"{s} %" for s in SHARES) + " |", "|---|---|" + "---|" * len(SHARES)]
    for name in real:
        pairs = zip(*(np.nanpercentile(t[name], SHARES) for t in (real, simulated)), strict=True)
        unit = "-" if (u := units.get(name, "-")) == "1" else u
        lines.append(f"| {name} | {unit} | " + " | ".join(f"{r:.3g} / **{s:.3g}**" for r, s in pairs) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with camels_us_daymet.nc")
    parser.add_argument("--basins", type=int, default=32, help="simulated basins (32)")
    parser.add_argument("--json", action="store_true", help="all percentiles as JSON")
    options = parser.parse_args()
    real, simulated = character(real_basins(options.data)), character(simulated_basins(options.basins))
    if options.json:
        print(json.dumps({k: t.quantile(np.array(SHARES) / 100).to_dict() for k, t in
                          (("real", real), ("simulated", simulated))}))  # fmt: skip
    else:
        print(f"{len(real)} real basins / **{len(simulated)} simulated basins**, percentiles over basins\n")
        print(side_by_side(real, simulated))


if __name__ == "__main__":
    main()
