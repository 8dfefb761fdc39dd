"""A small competition about a table of wells, made once: tests copy its folder, or serve it."""

import numpy as np
import pandas as pd
import pytest
import yaml

from autograder.competition.making import make, new

SITES, DAYS = 12, 30


@pytest.fixture(scope="session")
def table_competition(tmp_path_factory):
    """Folder of the competition ``wells``: 12 sites of 30 days, NSE, a benchmark that is half right; 5 entries a day."""
    folder = tmp_path_factory.mktemp("competition") / "wells"
    new(folder, "table")
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([[f"w{site:02d}" for site in range(SITES)],
                                        pd.date_range("2024-01-01", periods=DAYS).strftime("%Y-%m-%d")], names=["site", "date"])
    truth = pd.DataFrame({"value": rng.gamma(2, size=len(index))}, index=index)
    truth.to_csv(folder / "secret" / "truth.csv")
    (0.5 * truth + 1).to_csv(folder / "benchmark.csv")
    rules = yaml.safe_load((folder / "competition.yaml").read_text())
    rules["benchmarks"] = [{"name": "Half right", "file": "benchmark.csv"}]
    (folder / "competition.yaml").write_text(yaml.safe_dump(rules))
    make(folder)
    return folder


@pytest.fixture
def wells(table_competition, tmp_path):
    """A copy of the competition for one test."""
    from shutil import copytree

    return copytree(table_competition, tmp_path / "served" / "wells")


@pytest.fixture(scope="session")
def entry_of(table_competition):
    """``entry_of(skill, seed)``: bytes of a CSV file that is right but for noise, the less the more skill."""
    truth = pd.read_csv(table_competition / "secret" / "truth.csv")

    def made(skill: float = 0.8, seed: int = 0) -> bytes:
        noise = np.random.default_rng(seed).normal(0, np.sqrt(max(0.0, 1 - skill)), len(truth))
        return truth.assign(value=truth.value + noise * truth.value.std()).to_csv(index=False).encode()

    return made
