"""Remake the sweep, its table and its card, the same settings every time:

    python -m dla_widgets.streamflow.sweep.make --scratch DIR [--workers 1]

Optuna draws the settings (a scrambled Sobol sequence), Dask hands the trainings to worker processes of one thread each.
A finished training lies in DIR as one file, so the script goes on where it was broken off. About an hour on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from . import CARD, HYDROGRAPH_STEP, IMPORTANCE, RUNS, SERIES, steps_of
from .trial import LEVELS, LOOKS, RIVERS, SHOWN, USUAL, rivers, train_setting

SEED = 0
#: settings drawn over the whole space; a power of two, as Sobol sequences want
DRAWN = 128
#: seeds of each setting that differs from the usual one in one thing, and of the usual one itself
SEEDS_OF_A_STEP, SEEDS_OF_THE_USUAL = 3, 8
#: resamples of the runs, each with its own forest, for the spread of the importance
RESAMPLES = 50


# ------------------------------------------------------------------------------------------------------------ settings


def plan() -> pd.DataFrame:
    """Every run before it is run: number, design, river, seed, and a value for each hyperparameter."""
    steps = [{**USUAL, name: level} for name, levels in LEVELS.items() for level in levels if level != USUAL[name]]
    rows = [("usual", seed, USUAL) for seed in range(SEEDS_OF_THE_USUAL)]
    rows += [("one step", seed, step) for seed in range(SEEDS_OF_A_STEP) for step in steps]
    rows += [("drawn", 100 + i, setting) for i, setting in enumerate(drawn())]
    runs = [{"design": d, "river": river, "seed": seed, **setting} for d, seed, setting in rows for river in RIVERS]
    return pd.DataFrame(runs).rename_axis("run").astype({"hidden": int, "sequence": int, "batch": int, "updates": int})


def drawn() -> list[dict[str, float]]:
    """Settings from the whole space, spread more evenly than dice would: all levels alike, all pairs alike."""
    optuna = quiet_optuna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # the Sobol sampler is called one
        study = optuna.create_study(sampler=optuna.samplers.QMCSampler(qmc_type="sobol", scramble=True, seed=SEED))
    places = {name: optuna.distributions.IntDistribution(0, len(levels) - 1) for name, levels in LEVELS.items()}
    study.tell(study.ask(places), 0.0)  # the first trial of this sampler comes from dice; it only tells it the space
    trials = [study.ask(places) for _ in range(DRAWN)]
    return [{name: LEVELS[name][place] for name, place in trial.params.items()} for trial in trials]


def quiet_optuna():
    """Optuna without a line for each trial."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


# ---------------------------------------------------------------------------------------------------------------- runs


def run_one(number: int, row: dict, scratch: str) -> str:
    """Train one run in a worker and leave its file in `scratch`."""
    import keras

    start = time.perf_counter()
    setting = {name: row[name] for name in LEVELS}
    outcome = train_setting(row["river"], setting, int(row["seed"]))
    keras.utils.clear_session()
    unfinished = Path(scratch) / f".{number:03d}.npz"
    with open(unfinished, "wb") as file:
        np.savez(file, **asdict(outcome), row=json.dumps(row))
    os.replace(unfinished, file_of(scratch, number))
    return f"run {number}: {row['river']} validation {outcome.validation:.3f}, {time.perf_counter() - start:.0f} s"


def file_of(scratch: str | Path, number: int) -> Path:
    return Path(scratch) / f"{number:03d}.npz"


def run_all(runs: pd.DataFrame, scratch: Path, workers: int) -> None:
    """Every run that has no file yet, on `workers` processes of one thread."""
    from dask.distributed import Client, LocalCluster, as_completed

    todo = [(n, row) for n, row in zip(runs.index.tolist(), runs.to_dict("records"), strict=True)
            if not file_of(scratch, n).exists()]  # fmt: skip
    if not todo:
        return
    os.environ |= dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        numbers, rows = zip(*todo, strict=True)
        futures = client.map(run_one, numbers, rows, scratch=str(scratch), pure=False)
        for done, future in enumerate(as_completed(futures), 1):
            print(f"{done} of {len(todo)}  {future.result()}", flush=True)


# -------------------------------------------------------------------------------------------------------------- tables


def gather(runs: pd.DataFrame, scratch: Path) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The table of runs with their scores, and the series of all runs, quantised."""
    found = []
    for number, row in zip(runs.index, runs.to_dict("records"), strict=True):
        with np.load(file_of(scratch, number)) as file:
            if json.loads(str(file["row"])) != row:
                raise SystemExit(f"{file_of(scratch, number)} is of another plan; begin in an empty folder")
            found.append({name: file[name] for name in file.files})
    scores = {name: [round(float(f[name]), digits) for f in found]
              for name, digits in (("validation", 4), ("test", 4), ("seconds", 2))}  # fmt: skip
    observed = rivers()["discharge"].sel(time=SHOWN).values
    series = {
        "curve": np.stack([f["curve"] for f in found]).astype("float16"),
        "taught": np.stack([f["taught"] for f in found]).astype("float16"),
        "shown": steps_of(np.stack([f["shown"] for f in found])),
        "observed": steps_of(observed),
        "made": np.array(f"{pd.Timestamp.fromtimestamp(file_of(scratch, runs.index[-1]).stat().st_mtime):%Y-%m}"),
    }
    return runs.assign(**scores), series


def importance(table: pd.DataFrame) -> pd.DataFrame:
    """Share of the variance of the validation score that each hyperparameter explains by itself, per river.

    Functional ANOVA on a random forest (Hutter et al. 2014, proceedings.mlr.press/v32/hutter14), over the drawn runs
    alone, for only they cover the space evenly. The score is 1 / (2 - NSE), so that a few diverged runs do not decide
    alone (Nossent and Bauwens 2012); no number counts as 0. ``luck`` is the seed, put into a random order: no
    hyperparameter, and so the height that a bar reaches without meaning anything. ``low`` and ``high`` enclose four of
    five resamples of the runs.
    """
    optuna = quiet_optuna()
    from optuna.distributions import FloatDistribution, IntDistribution
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances
    from optuna.study import create_study
    from optuna.trial import create_trial

    rows = []
    space = {name: IntDistribution(0, len(levels) - 1) for name, levels in LEVELS.items()}
    space["luck"] = FloatDistribution(0, 1)
    for river in RIVERS:
        runs = table[(table["river"] == river) & (table["design"] == "drawn")]
        rng = np.random.default_rng(SEED)
        found = []
        for resample in range(RESAMPLES):
            chosen = runs.iloc[rng.integers(0, len(runs), len(runs))]
            luck = rng.permutation(len(runs)) / len(runs)
            study = create_study()
            for row, dice in zip(chosen.to_dict("records"), luck, strict=True):
                params = {name: levels.index(row[name]) for name, levels in LEVELS.items()} | {"luck": float(dice)}
                study.add_trial(create_trial(params=params, distributions=space, value=bounded(row["validation"])))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of normalize=False
                shares = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=resample), normalize=False)
            found.append(shares)
        for name in space:
            share = np.array([shares[name] for shares in found])
            low, middle, high = np.quantile(share, [0.1, 0.5, 0.9]).round(4)
            rows.append({"river": river, "hyperparameter": name, "share": middle, "low": low, "high": high})
    return pd.DataFrame(rows)


def predictable(table: pd.DataFrame) -> dict[str, float]:
    """R2 of a random forest on drawn runs that it has not seen, in eight folds, per river."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import cross_val_score

    found = {}
    for river in RIVERS:
        runs = table[(table["river"] == river) & (table["design"] == "drawn")]
        places = np.stack([runs[name].map(levels.index) for name, levels in LEVELS.items()], -1)
        forest = RandomForestRegressor(300, random_state=SEED)
        found[river] = float(cross_val_score(forest, places, runs["validation"].map(bounded), cv=8).mean())
    return found


def bounded(score: float) -> float:
    """NSE as 1 / (2 - NSE): 1 stays 1, 0 becomes 0.5, and minus infinity (or no number) 0."""
    return 1 / (2 - score) if np.isfinite(score) else 0.0


# ---------------------------------------------------------------------------------------------------------------- card

CARD_TEXT = """# The sweep: {n} trainings of one small LSTM

Made by `python -m dla_widgets.streamflow.sweep.make` in {month}, {hours:.1f} CPU hours of training. Nothing was left out or
run again: whatever came out is in the table. `from dla_widgets.streamflow.sweep import sweep; sweep()` reads it.

| | |
|---|---|
| rivers | {rivers}: of the first sixteen simulated rivers the one with most and the one with least snow |
| network | `lstm(hidden)` of the course, trained by `train` on one river, 5 forcings |
| fit | 1999-10-01 to 2008-09-30 |
| validation | 2008-10-01 to 2017-09-30, looked at {looks} times in each training; settings are compared on it |
| test | 1989-10-01 to 1999-09-30, computed once at the end of each run; no setting was chosen by it |
| sequence length | pieces of so many days: the first half warms up, the second is learnt from |
| scoring | one pass through the record with a year to warm up, whatever the sequence length was |
| best on validation | {best} |
| versions | {versions} |

**Which settings.** `usual`: the recipe of the course with 32 cells, {usual} seeds. `one step`: one hyperparameter moved away
from the usual, {steps} seeds each. `drawn`: {drawn} settings of the whole space of levels from a scrambled Sobol sequence
(Optuna's `QMCSampler`, seed {seed}), each with a seed of its own. Every setting was trained on both rivers.

**Luck.** The {usual} seeds of the usual recipe have a standard deviation of validation NSE of {luck}.
A difference of two runs that is not much larger says nothing. The best of {n} runs is the best and the luckiest.

**Files.** `runs.csv`: one row per run; `seconds` is CPU time on one thread of a shared machine, without the looks.
`series.npz`: `curve` (run, look) NSE of the validation, `taught` (run, look) 1 - mean loss since the last look, `shown`
(run, day) simulated discharge of water year 2009 in steps of {step} mm/day, `observed` (river, day). `importance.csv`: share of
the variance of the validation score that a hyperparameter explains by itself (functional ANOVA on a random forest,
Hutter et al. 2014), over the drawn runs; 10 %, 50 % and 90 % of {resamples} resamples. `luck` is a column of dice.
The shares do not add up to 1: the rest belongs to several hyperparameters together, and to luck. A forest of the same kind
predicts runs that it has not seen with an R2 of {r2}, so read the bars as rough. And they speak of this space: a
hyperparameter that decides near a good recipe may explain little where most settings learn too little.

**Limits.** Two invented rivers, one small network, one budget: what matters here need not matter for your data. The learning
rate falls along a cosine over the updates of each run, so a look halfway is not what a training of half the updates gives.
"""


def card(table: pd.DataFrame, month: str) -> str:
    """The card, from the table."""
    from importlib.metadata import version

    names = ("tensorflow", "keras", "optuna", "distributed", "numpy", "scikit-learn")
    best = [table.loc[runs["validation"].idxmax()] for _, runs in table.groupby("river", sort=False)]
    usual = table[table["design"] == "usual"].groupby("river", sort=False)["validation"].std()
    return CARD_TEXT.format(
        n=len(table), month=month, hours=table["seconds"].sum() / 3600, looks=LOOKS,
        rivers=" and ".join(f"`{name}` ({kind})" for name, kind in RIVERS.items()),
        best="; ".join(f"{b['river']}: run {b.name}, {b['validation']:.3f}, test {b['test']:.3f}" for b in best),
        versions=", ".join(f"{name} {version(name)}" for name in names), usual=SEEDS_OF_THE_USUAL,
        steps=SEEDS_OF_A_STEP, drawn=DRAWN, seed=SEED, step=HYDROGRAPH_STEP, resamples=RESAMPLES,
        r2=" and ".join(f"{value:.2f} ({RIVERS[name]})" for name, value in predictable(table).items()),
        luck=" and ".join(f"{value:.3f} ({RIVERS[name]})" for name, value in usual.items()),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scratch", type=Path, required=True, help="where finished runs lie")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    runs = plan()
    run_all(runs, options.scratch, options.workers)
    table, series = gather(runs, options.scratch)
    table.to_csv(RUNS)
    np.savez_compressed(SERIES, **series)
    importance(table).to_csv(IMPORTANCE, index=False)
    CARD.write_text(card(table, str(series["made"])), encoding="utf-8")
    kilobytes = sum(f.stat().st_size for f in (RUNS, SERIES, IMPORTANCE)) / 1000
    print(f"{len(table)} runs, {kilobytes:.0f} kB")


if __name__ == "__main__":
    main()
