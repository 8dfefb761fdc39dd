"""A small competition about a table of wells, made once: tests copy its folder, or serve it."""

import shutil

import pandas as pd
import pytest
from a_contest import Arena, Clocked
from served_wells import of_skill
from served_wells import wells as make_wells


@pytest.fixture(scope="session")
def table_competition(tmp_path_factory):
    """Folder of the competition ``wells``: 12 sites of 30 days, NSE, a benchmark that is half right; 5 entries a day."""
    return make_wells(tmp_path_factory.mktemp("competition") / "wells", sites=12, days=30)


@pytest.fixture
def wells(table_competition, tmp_path):
    """A copy of the competition for one test."""
    return shutil.copytree(table_competition, tmp_path / "served" / "wells")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    opened = Clocked(f"sqlite:///{tmp_path_factory.mktemp('board')}/board.sqlite")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def arena(table_competition, tmp_path, store):
    """A competition of its own in the store that the tests of a file share."""
    return Arena(table_competition, tmp_path, store)


@pytest.fixture(scope="session")
def entry_of(table_competition):
    """``entry_of(score, seed)``: bytes of a CSV file whose NSE is `score`."""
    truth = pd.read_csv(table_competition / "secret" / "truth.csv")
    return lambda score, seed=1: of_skill(truth, score, seed)
