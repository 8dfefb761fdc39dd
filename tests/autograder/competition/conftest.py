"""A small competition about a table of wells, made once: tests copy its folder, or serve it."""

import shutil

import numpy as np
import pandas as pd
import pytest
from served_wells import wells as make_wells


@pytest.fixture(scope="session")
def table_competition(tmp_path_factory):
    """Folder of the competition ``wells``: 12 sites of 30 days, NSE, a benchmark that is half right; 5 entries a day."""
    return make_wells(tmp_path_factory.mktemp("competition") / "wells", sites=12, days=30)


@pytest.fixture
def wells(table_competition, tmp_path):
    """A copy of the competition for one test."""
    return shutil.copytree(table_competition, tmp_path / "served" / "wells")


@pytest.fixture(scope="session")
def entry_of(table_competition):
    """``entry_of(skill, seed)``: bytes of a CSV file that is right but for noise, the less the more skill."""
    truth = pd.read_csv(table_competition / "secret" / "truth.csv")

    def made(skill: float = 0.8, seed: int = 0) -> bytes:
        noise = np.random.default_rng(seed).normal(0, np.sqrt(max(0.0, 1 - skill)), len(truth))
        return truth.assign(value=truth.value + noise * truth.value.std()).to_csv(index=False).encode()

    return made
