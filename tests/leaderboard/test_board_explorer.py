"""The board in a notebook: wound back to any day as it stood then, live while a page shows it, honest when nothing answers."""

import re
import threading
import time
from itertools import pairwise

import pytest
from a_contest import Arena, Clocked
from board_server import serving
from served_wells import forecast, wells

from autograder.competition.board import board
from autograder.competition.ladder import let_out
from autograder.competition.teams import disqualify
from dla_widgets.leaderboard.client import Leaderboard
from dla_widgets.leaderboard.explorers import make_example
from dla_widgets.leaderboard.explorers.board import BoardExplorer
from dla_widgets.leaderboard.explorers.standing import seconds
from dla_widgets.leaderboard.sending import submit

DAY, NOBODY = 86400, "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def nobody_is_signed_in(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "kept"))
    monkeypatch.delenv("DLA_BOARD", raising=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return wells(tmp_path_factory.mktemp("made") / "wells")


@pytest.fixture
def arena(made, tmp_path):
    arena = Arena(made, tmp_path, Clocked(f"sqlite:///{tmp_path}/board.sqlite"))
    arena.contest.score_benchmarks()
    return arena


def standing(shown):
    return [(row["rank"], row["team"], row["score"]) for row in shown["rows"] if row["rank"]]


def wound(explorer):
    ranked = explorer.table().dropna(subset="rank")
    return list(ranked[["rank", "team", "score"]].itertuples(index=False, name=None))


def test_the_example_is_what_its_script_makes_and_says_that_it_is_one():
    assert (make_example.HERE / "example.json").read_text(encoding="utf-8") == make_example.text()
    explorer = BoardExplorer()
    teams = explorer.table().query("rank.notna()")
    assert (teams["score"].max(), teams["score"].min()) == (0.778, 0.735) and teams["entries"].between(22, 25).all()
    assert explorer.table().query("team == 'Benchmark'")["score"].item() == 0.64
    assert explorer.describe().startswith("This is an example with invented teams.")
    for row in explorer._board["rows"]:
        assert all(before[1] < after[1] for before, after in pairwise(row["history"]))


def test_wound_back_it_is_the_board_that_the_service_showed_that_day(arena):
    teams = {name: arena.team(name)[0] for name in ("Deep", "Shallow", "Dry")}
    scores = ({"Deep": 0.3, "Shallow": 0.5}, {"Deep": 0.6}, {"Dry": 0.7, "Shallow": 0.6}, {}, {"Deep": 0.8, "Dry": 0.72})
    seen = []
    for number, day in enumerate(scores):
        for name, score in day.items():
            arena.wait(60)
            arena.try_out(teams[name], score, seed=number)
        arena.wait(DAY - 60 * len(day))
        seen.append(board(arena.contest))
    explorer = BoardExplorer(seen[-1])
    assert explorer.problem == ""
    for back, then in enumerate(reversed(seen)):
        explorer.day = -back
        assert wound(explorer) == standing(then), back
    assert [len(standing(then)) for then in seen] == [2, 2, 3, 3, 3]
    assert explorer.numbers()["moved.Deep"] == "new" and explorer.numbers()["gap.Deep"] == "0.200"
    explorer.day = -400
    assert explorer.numbers()["when"] == "21 Mar 2026"  # not before the first day with a score
    explorer.day = -2
    assert explorer.numbers()["moved.Dry"] == "new"
    assert "Since the day before: Dry is new, Deep down 1, Shallow down 1." in explorer.describe()


def test_who_moved_and_who_is_next(arena):
    deep, shallow = arena.team("Deep")[0], arena.team("Shallow")[0]
    arena.try_out(deep, 0.5)
    arena.try_out(shallow, 0.4)
    arena.wait(2 * DAY)
    arena.try_out(shallow, 0.9, seed=2)
    explorer = BoardExplorer(board(arena.contest))
    numbers = explorer.numbers()
    assert (numbers["moved.Shallow"], numbers["moved.Deep"], numbers["gap.Deep"]) == ("up 1", "down 1", "0.400")
    assert numbers["last.Shallow"] == "just now" and numbers["last.Deep"] == "2 days ago"
    assert numbers["climbs.Shallow"] == "climbed 2 times, from 0.400 to 0.900" and numbers["climbs.Deep"] == "0.500"
    assert "Shallow leads 2 teams with 0.900, 0.400 ahead of Deep. 1 of 2 beat Half right" in explorer.describe()
    disqualify(arena.contest, arena.advisor, "Shallow", "two accounts")
    explorer = BoardExplorer(board(arena.contest))
    assert explorer.numbers()["rank.Shallow"] == "–" and "Deep alone has a score: 0.500." in explorer.describe()
    assert explorer.table().query("team == 'Shallow'")["note"].item() == "disqualified: two accounts"
    explorer.day = -1
    assert wound(explorer) == [(1, "Deep", 0.5)]


def test_the_private_scores_tell_nothing_of_earlier_days(arena):
    arena.try_out(arena.team("Deep")[0], 0.5)
    arena.wait(3 * DAY)
    arena.contest.close(arena.advisor)
    assert BoardExplorer(board(arena.contest)).numbers()["when"] == "closed"
    arena.contest.publish(arena.advisor)
    explorer = BoardExplorer(board(arena.contest))
    public, private = arena.contest.benchmarks["Half right"]
    assert explorer.numbers()["when"] == "final board"
    assert explorer.numbers()["score.Half right"] == f"{private:.3f}" != f"{let_out(public):.3f}"
    explorer.day = -1
    assert explorer.numbers()["score.Half right"] == f"{let_out(public):.3f}" and explorer.numbers()["score.Deep"] == "0.500"


def test_only_the_first_ten_or_those_around_you():
    shown = make_example.example()
    many = [shown["rows"][0] | {"team": f"T{k:02d}", "rank": k, "score": 0.9 - k / 100} for k in range(1, 15)]
    explorer = BoardExplorer(shown | {"rows": [*many, shown["rows"][-1]]}, rows="top")
    assert explorer.table()["team"].tolist() == [f"T{k:02d}" for k in range(1, 11)]
    explorer._board |= {"you": "T07"}
    explorer.rows = "around"
    assert explorer.table()["team"].tolist() == [f"T{k:02d}" for k in range(4, 11)]
    assert "You are here: T07, rank 7 of 14 with 0.830, 0.010 behind T06." in explorer.describe()
    for you in ("T07", "T12"):  # there are seven colours
        explorer._board |= {"you": you}
        labels = explorer.figure().axes[0].get_legend_handles_labels()[1]
        assert f"{you} (you)" in labels and len(labels) == 8  # and the benchmark


@pytest.fixture
def at_once(monkeypatch):
    """Who does not answer is not asked a second time."""
    monkeypatch.setattr("dla_widgets.leaderboard.client.PAUSES", (60.0,))


@pytest.mark.parametrize(("given", "said"), [
    (({"rows": []},), "a board is a dictionary with title, metric, phase, deadline, rows and announcements"),
    (("wells",), "received str"),
    ((None, 0.1), "refresh is a number of seconds, 1 or more; received 0.1"),
    ((None, "often"), "received 'often'"),
])  # fmt: skip
def test_what_cannot_be_shown_is_said(given, said):
    assert said in BoardExplorer(*given).problem


def test_who_is_signed_in_gets_their_competition_as_soon_as_it_answers(monkeypatch, service, at_once):
    monkeypatch.setenv("DLA_BOARD", "ftp://nowhere")
    assert "is not the address of a leaderboard" in BoardExplorer().problem
    monkeypatch.setenv("DLA_BOARD", NOBODY)
    explorer = BoardExplorer()
    assert explorer.problem == "" and "There is no board to show yet." in explorer.notice
    assert explorer.describe() == "There is no board to show yet." and explorer.table().empty
    assert len(explorer.figure().png()) > 1000
    monkeypatch.setenv("DLA_BOARD", service.address)
    explorer._watch.once()
    assert explorer.notice == "" and "Six wells, median NSE." in explorer.describe()


# ---- live, against a service


@pytest.fixture(scope="module")
def service(made, tmp_path_factory):
    with serving(made, database=f"sqlite:///{tmp_path_factory.mktemp('served')}/board.sqlite") as running:
        yield running


def until(happens, seconds=20):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_it_follows_the_service_while_a_page_shows_it(service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    contest = Leaderboard(service.address, service.token("Ada")).competition()
    explorer = BoardExplorer(contest, refresh=1)
    sent = []
    explorer.observe(lambda change: sent.append(change["new"]), "data")
    assert not explorer._watch.running and "Nobody has a score yet." in explorer.describe()
    contest.make_team("Deep Wells", "UTC")
    entry = contest.wait(submit(contest, forecast(service.folders[0], tmp_path / "a.csv", 0.5), progress=lambda *_: None))
    assert entry["state"] == "scored"
    explorer._heard(explorer, {"shown": True}, [])  # as a page says it
    until(lambda: "You are here: Deep Wells" in explorer.describe())
    assert explorer.numbers()["you.rank"] == "1 of 1"
    once = len(sent)
    now = explorer.result["now"]
    until(lambda: explorer.result["now"] > now)
    assert len(sent) == once  # nothing has changed, and no board was sent to the page again
    assert abs(now - time.time()) < 30 and explorer.result["now"] < seconds(contest.board()["deadline"])
    explorer.close()
    until(lambda: not any(thread.name == "board" for thread in threading.enumerate()))
    explorer._heard(explorer, {"shown": True}, [])
    assert not explorer._watch.running  # closed is closed


def test_without_a_page_nobody_asks(service):
    explorer = BoardExplorer(Leaderboard(service.address).competition(), refresh=1)  # without a token: anybody may look
    assert explorer.notice == "" and explorer._board["you"] is None
    explorer._watch.shown(0.0)
    until(lambda: not explorer._watch.running)


def test_a_lost_connection_keeps_the_board_and_says_since_when(service, at_once):
    contest = Leaderboard(service.address).competition()
    explorer = BoardExplorer(contest, refresh=1)
    before = explorer.describe()
    contest.leaderboard.service = NOBODY
    explorer._watch.once()
    first = explorer.notice
    assert re.match(r"The leaderboard has not answered since \d\d:\d\d\. The board below is as it was then\.", first)
    explorer._watch.once()
    assert explorer.notice == first and explorer.describe() == before
    contest.leaderboard.service = service.address
    explorer._watch.once()
    assert explorer.notice == ""
