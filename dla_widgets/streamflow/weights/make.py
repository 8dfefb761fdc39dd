"""Remake the bundled models, their cards and their scores, the same ones every time:

    python -m dla_widgets.streamflow.weights.make simulated
    python -m dla_widgets.streamflow.weights.make camels DIR

DIR holds ``camels_us_daymet.nc`` (or is any source that :func:`~dla_widgets.streamflow.camels.load_camels` reads) and
``published_scores/``. Both models are regional LSTMs with the 27 static attributes, trained on PERIODS["train"] and
scored on PERIODS["test"].
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from ..basins import PERIODS
from ..models import WEIGHTS, predict, regional_lstm, save, train
from ..skill import kge, nse

#: Basins of the file of 400 whose mean discharge disagrees with the attribute tables: trained on, not graded.
DOUBTFUL = ("06470800", "05057200", "05120500", "07142300")

#: What each model is made with, chosen on the years 1981 to 1989 (``benchmarks/training_settings.py``); `train` goes to
#: :func:`~dla_widgets.streamflow.training.train`.
RECIPES = {
    "simulated": {"hidden": 64, "seed": 0, "train": {"updates": 600, "batch": 32, "learning_rate": 1e-2}},
    "camels": {"hidden": 64, "seed": 0, "train": {"updates": 1500, "batch": 64, "learning_rate": 1e-2}},
}

CARD = """# Reference model `{name}`

{what}

| | |
|---|---|
| network | regional LSTM, {hidden} memory cells, 5 forcings and 27 static attributes in, linear head |
| training | {days}; {updates} updates of {batch} random 730-day pieces, {cpu:.0f} CPU seconds |
| test | 1989-10-01 to 1999-09-30, {graded} basins |
{scores}
| made by | `python -m dla_widgets.streamflow.weights.make {command}`, seed {seed} |

Settings were chosen on real basins in 1981 to 1989, years that neither teach nor test
(`benchmarks/training_settings.py`). Scores are of one seed; another seed differs by about 0.01 over hundreds of basins and
by up to 0.03 over 32. Discharge below zero is cut off by `predict`.

**Limits.** {limits}

**Source.** {source}
"""

WORDS = {
    "simulated": {
        "command": "simulated",
        "what": "For the basins of `simulated_basins()`: what a lesson compares a learner's own network with, and what "
        "an explorer runs without TensorFlow.",
        "limits": "The basins are invented. A good score here says that the network has learnt the rules of "
        "`simulated.py`, and nothing about a real river.",
        "source": "`simulated_basins()` with its defaults (32 basins, 20 years, seed 0); no data file.",
    },
    "camels": {
        "command": "camels DIR",
        "what": "For real basins of the United States (CAMELS-US with Daymet forcings), and a starting point for one's "
        "own training.",
        "limits": "Trained on 400 basins without much human influence, most of them in the east; a small network and a "
        "short training, so the published models are better. Reservoirs, irrigation, karst, and floods larger than any "
        "of 1999 to 2008 are beyond it. Not for warnings or for design.",
        "source": "Newman et al. (2015), doi:10.5194/hess-19-209-2015; Addor et al. (2017), "
        "doi:10.5194/hess-21-5293-2017; discharge of most basins by way of Caravan, Kratzert et al. (2023), "
        "doi:10.1038/s41597-023-01975-w. The weights contain no record of any basin.",
    },
}


def make(
    name: str, basins: xr.Dataset, folder: Path = WEIGHTS, published: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Train the model `name` on `basins`, write it and its card to `folder`, and return its scores.

    Parameters
    ----------
    published : gauge id -> NSE of the published LSTM; only these basins are graded then
    """
    recipe = RECIPES[name]
    model = regional_lstm(recipe["hidden"], seed=recipe["seed"])
    start = time.process_time()
    train(model, basins, seed=recipe["seed"], **recipe["train"])
    cpu = time.process_time() - start
    graded = [b for b in basins["basin"].values if b not in DOUBTFUL and (published is None or b in published)]
    scores = grade(model, basins, graded)
    if published is not None:
        scores["median NSE of the published LSTM (256 cells, 531 basins) on them"] = float(
            np.median([published[b] for b in graded])
        )
    save(model, folder / f"{name}.keras")
    days = f"{PERIODS['train'].start} to {PERIODS['train'].stop}, {basins.sizes['basin']} basins"
    rows = "\n".join(f"| {label} | {value:.3f} |" for label, value in scores.items())
    text = CARD.format(name=name, hidden=recipe["hidden"], seed=recipe["seed"], days=days, cpu=cpu, graded=len(graded),
                       scores=rows, **recipe["train"], **WORDS[name])  # fmt: skip
    unfinished = folder / f".{name}.md"
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, folder / f"{name}.md")
    return scores


def grade(model, basins: xr.Dataset, graded: list[str]) -> dict[str, float]:
    """Scores of the test period over the basins `graded`, as they stand on the card."""
    observed = basins["discharge"].sel(basin=graded, time=PERIODS["test"])
    simulated = predict(model, basins.sel(basin=graded), "test")
    pairs = [p for p in zip(observed.values, simulated.values, strict=True) if np.isfinite(p[0]).sum() > 365]
    each = np.array([(nse(o, s), kge(o, s)) for o, s in pairs])
    return {
        "median NSE": float(np.median(each[:, 0])),
        "median KGE": float(np.median(each[:, 1])),
        "share of basins with NSE below 0.5": float((each[:, 0] < 0.5).mean()),
    }


def recorded(name: str, score: str = "median NSE", folder: Path = WEIGHTS) -> float:
    """The score that stands on the card of a bundled model."""
    for line in (folder / f"{name}.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == score:
            return float(cells[1])
    raise KeyError(f"the card of {name!r} has no {score!r}")


def main(arguments: list[str]) -> None:
    """``simulated``, or ``camels DIR``."""
    if arguments == ["simulated"]:
        from ..simulated import simulated_basins

        scores = make("simulated", simulated_basins())
    elif len(arguments) == 2 and arguments[0] == "camels":
        from ..camels import load_camels
        from ..published import published_scores

        folder = Path(arguments[1]).expanduser()
        file = folder / "camels_us_daymet.nc"
        scores = make(
            "camels",
            load_camels(file if file.is_file() else folder),
            published=published_scores(folder)["LSTM"].dropna(),
        )
    else:
        sys.exit(__doc__)
    print(*[f"{label}: {value:.3f}" for label, value in scores.items()], sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
