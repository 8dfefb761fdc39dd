"""A small competition about a partner's table, and files to hand in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from autograder.competition.making import make, new


def wells(folder: Path, sites: int = 6, days: int = 20, **rules) -> Path:
    """The folder of a competition; `rules` are what its file says otherwise."""
    new(folder, "table")
    rng = np.random.default_rng(0)
    rows = [(f"w{site}", f"2024-01-{day:02d}", rng.gamma(2)) for site in range(sites) for day in range(1, days + 1)]
    truth = pd.DataFrame(rows, columns=["site", "date", "value"])
    truth.to_csv(folder / "secret" / "truth.csv", index=False)
    truth.assign(value=0.5 * truth["value"] + 1).to_csv(folder / "benchmark.csv", index=False)
    path = folder / "competition.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {
        "title": "Six wells", "deadline": "2035-01-01T00:00:00+00:00",
        "benchmarks": [{"name": "Half right", "file": "benchmark.csv"}]} | rules))  # fmt: skip
    make(folder)
    return folder


def of_skill(truth: pd.DataFrame, score: float, seed: int = 1) -> bytes:
    """A table to hand in whose NSE is `score` at every site; another seed is another table of this score."""
    rows, rng = truth.copy(), np.random.default_rng(seed)
    for _, site in rows.groupby("site"):
        wrong = rng.normal(size=len(site))
        rows.loc[site.index, "value"] += np.sqrt(1 - score) * site["value"].std(ddof=0) * wrong / np.sqrt(np.mean(wrong**2))
    return rows.to_csv(index=False).encode()


def forecast(folder: Path, path: Path, error: float, seed: int = 1) -> Path:
    """A file to hand in: the truth of `folder`, wrong by `error` of the spread of each well. Its NSE is 1 - error²."""
    path.write_bytes(of_skill(pd.read_csv(folder / "secret" / "truth.csv"), 1 - error**2, seed))
    return path
