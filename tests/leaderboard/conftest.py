"""A real service on this machine with three small competitions, and learners who ask it, over a network good or bad."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime, timedelta

import pytest
from bad_network import BadNetwork
from board_server import serving
from served_wells import forecast, wells

from autograder.competition.people import invite
from autograder.competition.store import Store
from dla_widgets.leaderboard import client
from dla_widgets.leaderboard.client import Leaderboard

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def board(tmp_path_factory):
    """Serves ``wells``, ``tight`` (one entry a day) and ``late`` (ended an hour ago)."""
    top = tmp_path_factory.mktemp("board")
    (top / "wells" / "data").mkdir(parents=True)
    (top / "wells" / "data" / "rain.bin").write_bytes(os.urandom(200_000))
    ended = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    with serving(
        wells(top / "wells", name="wells", daily=1000, total=1000),
        wells(top / "tight", name="tight", daily=1, total=3),
        wells(top / "late", name="late", deadline=ended),
    ) as running:
        yield running


@pytest.fixture(scope="session")
def best(board, tmp_path_factory):
    """``best(error, seed)``: a file to hand in, whose NSE is 1 - error²."""
    folder = tmp_path_factory.mktemp("files")
    return lambda error=0.5, seed=1: forecast(board.folders[0], folder / f"e{error}-{seed}.csv", error, seed)


@pytest.fixture
def network(board):
    with BadNetwork(board.address) as running:
        yield running


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    """A learner's own folder and settings, and no patience."""
    for name in ("DLA_BOARD", "DLA_BOARD_TOKEN", "DLA_BOARD_INSECURE", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(client, "PAUSES", (0.01, 0.02, 0.05))


@pytest.fixture(scope="session")
def token(board):
    """``token(name)``: of somebody who may hand in."""
    store = Store(board.database)
    yield lambda name: invite(store, name)
    store.engine.dispose()


@pytest.fixture
def enter(board, token, at_home):
    """``enter(competition)``: how a new learner sees it, in a team of one unless told otherwise, through an address."""

    def entered(competition="wells", team=True, through=None):
        number = next(NUMBERS)
        contest = Leaderboard(through or board.address, token(f"learner {number}")).competition(competition)
        if team:
            contest.make_team(f"Team {number}")
        return contest

    return entered
