"""The board: ranks, ties, benchmarks, who moved, the private ranking after the end, and what an advisor sees."""

import time

import numpy as np
import pytest
from a_contest import Arena, Clocked
from sqlalchemy import event, insert

from autograder.competition import board, entries, messages, teams
from autograder.competition.contest import Contest
from autograder.competition.scoring import Scored, pack
from autograder.competition.store import Refused
from autograder.competition.tables import Entry, Member, Person, Team

DAY = 86400


@pytest.fixture
def arena(table_competition, tmp_path, store):
    return Arena(table_competition, tmp_path, store, daily=100)


def rows(arena):
    return [(row["rank"], row["team"], row["score"]) for row in board.board(arena.contest)["rows"]]


def keep(arena, who, name, public, private):
    """An entry that scores so in public and in private, as no file would tell so exactly."""
    entry = arena.enter(who, name.encode())["id"]
    units = np.where(arena.contest.public, public, private).reshape(-1, 1).astype(float)
    entries.keep(arena.contest, entry, Scored(public, private, pack(units)))
    return entry


def test_teams_are_ranked_by_what_was_let_out_and_ties_by_time(arena):
    (ada,), (bob,), (cleo,), (_,) = (arena.team(name) for name in ("Ada", "Bob", "Cleo", "Dan"))
    arena.try_out(bob, 0.701)
    arena.wait(60)
    arena.try_out(ada, 0.699)  # shown as the same
    arena.wait(60)
    arena.try_out(cleo, 0.8)
    assert rows(arena) == [(1, "Cleo", 0.8), (2, "Bob", 0.7), (3, "Ada", 0.7), (None, "Dan", None)]
    arena.wait(60)
    arena.try_out(bob, 0.7, seed=2)  # no gain: the earlier entry still counts
    assert rows(arena)[1] == (2, "Bob", 0.7)
    mine = board.team_page(arena.contest, ada)
    assert (mine["rank"], mine["score"], mine["gap"]) == (3, 0.7, 0)
    assert (board.team_page(arena.contest, bob)["gap"], board.team_page(arena.contest, cleo)["gap"]) == (0.1, None)


def test_a_row_says_who_what_and_when(arena):
    ada, _ = arena.team("Ada", "ada", "mate")
    arena.try_out(ada, 0.5)
    arena.wait(3600)
    arena.try_out(ada, 0.7)
    arena.wait(3600)
    arena.try_out(ada, 0.6)
    arena.enter(ada, b"faulty")
    arena.score()
    said = board.board(arena.contest)
    assert said["rows"] == [{
        "rank": 1, "team": "Ada", "members": ["ada", "mate"], "score": 0.7, "entries": 3, "last": "2026-03-20T13:00:00.000Z",
        "history": [["2026-03-20T11:00:00.000Z", 0.5], ["2026-03-20T12:00:00.000Z", 0.7]], "kind": "team", "moved": 0,
        "note": ""}]
    assert (said["phase"], said["final"], said["metric"], said["deadline"]) == (
        "open", False, "median NSE", "2026-04-10T16:00:00.000Z")
    assert said["seconds_left"] == 21 * DAY + 4 * 3600 - 3600  # summer time begins in between
    version = said["version"]
    teams.write_notes(arena.contest, ada, "x")
    assert board.board(arena.contest)["version"] == version + 1


def test_a_team_is_above_a_benchmark_only_if_it_beat_it(arena):
    (arena.folder / "benchmark.csv").write_bytes(arena.file(0.7, seed=99))
    arena.contest.score_benchmarks()
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    arena.try_out(ada, 0.7)
    assert rows(arena) == [(None, "Half right", 0.7), (1, "Ada", 0.7), (None, "Bob", None)]
    arena.try_out(bob, 0.75)
    assert rows(arena) == [(1, "Bob", 0.75), (None, "Half right", 0.7), (2, "Ada", 0.7)]
    row = board.board(arena.contest)["rows"][1]
    first = board.team_page(arena.contest, ada)["entries"][0]["at"]
    assert row == {"rank": None, "team": "Half right", "members": [], "score": row["score"], "entries": 0, "last": None,
                   "history": [[first, row["score"]]], "kind": "benchmark", "moved": 0, "note": ""}
    (arena.folder / "benchmark.csv").write_text("nothing")
    with pytest.raises(Refused, match="the benchmark 'Half right' cannot be used: benchmark.csv: expected the columns"):
        Contest(arena.folder, arena.store).score_benchmarks()


def test_who_moved_since_a_day_ago(arena):
    (ada,), (bob,), (cleo,) = (arena.team(name) for name in ("Ada", "Bob", "Cleo"))
    arena.try_out(ada, 0.6)
    arena.try_out(bob, 0.5)
    arena.wait(DAY + 1)
    arena.try_out(bob, 0.7)
    arena.try_out(cleo, 0.65)
    moved = {row["team"]: row["moved"] for row in board.board(arena.contest)["rows"]}
    assert moved == {"Bob": 1, "Cleo": 0, "Ada": -2}
    arena.wait(DAY + 1)
    assert {row["moved"] for row in board.board(arena.contest)["rows"]} == {0}


def test_finals_decide_after_the_end(arena):
    (ada,), (bob,), (cleo,), (_,) = (arena.team(name) for name in ("Ada", "Bob", "Cleo", "Dan"))
    keep(arena, ada, "overfitted", 0.9, 0.3)
    chosen = keep(arena, ada, "sober", 0.5, 0.62)
    entries.choose_finals(arena.contest, ada, [chosen])
    keep(arena, bob, "first", 0.5, 0.7)  # chooses none: the last two that climbed count, the first does not
    keep(arena, bob, "second", 0.6, 0.4)
    keep(arena, bob, "third", 0.7, 0.6)
    keep(arena, bob, "fourth", 0.2, 0.9)  # did not climb
    one, two = keep(arena, cleo, "one", 0.8, 0.1), keep(arena, cleo, "two", 0.4, 0.61)
    entries.choose_finals(arena.contest, cleo, [one, two])
    assert rows(arena) == [(1, "Ada", 0.9), (2, "Cleo", 0.8), (3, "Bob", 0.7), (None, "Dan", None)]
    arena.contest.close(arena.advisor)
    assert rows(arena)[0] == (1, "Ada", 0.9) and board.board(arena.contest)["phase"] == "closed"
    arena.contest.publish(arena.advisor)
    assert rows(arena) == [(1, "Ada", 0.62), (2, "Cleo", 0.61), (3, "Bob", 0.6), (None, "Dan", None)]
    said = board.board(arena.contest)
    assert (said["phase"], said["final"]) == ("final", True)
    assert board.team_page(arena.contest, cleo)["gap"] == pytest.approx(0.01)


def test_ties_after_the_end_are_the_earlier_finals(arena):
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    keep(arena, bob, "bob's", 0.6, 0.7)
    arena.wait(1)
    keep(arena, ada, "ada's", 0.8, 0.7)
    assert rows(arena) == [(1, "Ada", 0.8), (2, "Bob", 0.6)]
    arena.contest.close(arena.advisor)
    arena.contest.publish(arena.advisor)
    assert rows(arena) == [(1, "Bob", 0.7), (2, "Ada", 0.7)]
    assert [row["moved"] for row in board.board(arena.contest)["rows"]] == [0, 0]


def test_a_benchmark_after_the_end_shows_its_private_score(arena):
    arena.contest.benchmarks = {"Half right": (0.61, 0.4321)}
    assert rows(arena) == [(None, "Half right", 0.61)]
    arena.contest.close(arena.advisor)
    arena.contest.publish(arena.advisor)
    assert rows(arena) == [(None, "Half right", 0.4321)]


def test_who_was_told_nothing_has_a_final_score(arena):
    """A new team whose only entry is not better than what its sender sent for an earlier one."""
    (ada,) = arena.team("Old", "ada")
    keep(arena, ada, "old", 0.8, 0.7)
    teams.leave(arena.contest, ada)
    arena.team("New", "ada")
    keep(arena, ada, "new", 0.6, 0.5)
    assert rows(arena) == [(1, "Old", 0.8), (None, "New", None)]
    arena.contest.close(arena.advisor)
    arena.contest.publish(arena.advisor)
    assert rows(arena) == [(1, "Old", 0.7), (2, "New", 0.5)]


def test_what_an_advisor_sees(table_competition, tmp_path):
    store = Clocked(f"sqlite:///{tmp_path}/board.sqlite")
    arena = Arena(table_competition, tmp_path, store, daily=100)
    (ada,), (bob,), (_,) = arena.team("Ada"), arena.team("Bob"), arena.team("Idle")
    arena.person("nobody's friend")
    arena.try_out(ada, 0.6123)
    arena.wait(60)
    keep(arena, bob, "bob's", 0.7012, 0.5)
    arena.try_out(bob, 0.6123)  # the same file as Ada's
    arena.wait(60)
    keep(arena, ada, "ada's", 0.65, 0.55)
    arena.enter(ada, b"faulty")
    arena.score()
    arena.enter(ada, b"waits")
    seen = board.advisor(arena.contest)
    assert (seen["without_team"], seen["not_submitted"], seen["queue"]) == (["nobody's friend"], ["Idle"], 1)
    assert seen["over_time"] == [["2026-03-20T11:00:00.000Z", 0.61], ["2026-03-20T11:01:00.000Z", 0.7]]
    one = seen["teams"][0]
    assert (one["team"], one["members"], one["entries"], one["refused"], one["duplicates"]) == ("Ada", ["ada"], 4, 1, ["Bob"])
    assert (one["score"], one["public"]) == (0.65, 0.65) and one["private"] == pytest.approx(0.6123)
    assert len(seen["flags"]) == 1 and seen["flags"][0]["at"] == "2026-03-20T11:01:00.000Z"
    assert [line["what"] for line in board.audit(arena.contest)][:3] == ["team made"] * 3
    assert {line["who"] for line in board.audit(arena.contest)} == {"ada", "bob", "idle", "the service"}
    store.engine.dispose()


def test_announcements_stand_on_the_board(arena):
    for n in range(6):
        messages.post(arena.contest, arena.advisor, "announcement", f"news {n}")
    messages.post(arena.contest, arena.advisor, "question", "any?")
    said = board.board(arena.contest)["announcements"]
    assert [one["text"] for one in said] == [f"news {n}" for n in (5, 4, 3, 2, 1)]
    assert said[0] == {"at": "2026-03-20T11:00:00.000Z", "author": "Prof. Ohm", "text": "news 5"}


def test_a_board_of_sixty_teams_is_quick(arena):
    """A hundred entries each, with the statistics that both scores come from: these are not read."""
    name, now = arena.contest.name, arena.store.now()
    with arena.store.writing(name) as session:
        people = session.scalars(insert(Person).returning(Person.id), [{"name": f"{name} {n}", "is_advisor": False}
                                                                       for n in range(60)]).all()  # fmt: skip
        made = session.scalars(insert(Team).returning(Team.id), [
            {"competition": name, "name": f"T{n}", "key": f"t{n}", "code": f"{name}-{n}", "time_zone": "UTC", "made": now}
            for n in range(60)]).all()
        session.execute(insert(Member), [{"competition": name, "person_id": person, "team_id": team, "joined": now}
                                         for person, team in zip(people, made)])  # fmt: skip
        session.execute(insert(Entry), [
            {"competition": name, "team_id": team, "person_id": person, "name": "x", "sha256": f"{team}-{n}", "size": 1,
             "at": now - DAY - 1 + n, "state": "scored", "public": 0.5, "private": 0.4, "shown": 0.3 + n / 200,
             "improved": n % 10 == 0, "units": bytes(400), "tried": "x" * 500}
            for person, team in zip(people, made) for n in range(100)])
    asked, took = [], []
    event.listen(arena.store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    for _ in range(5):
        asked.clear()
        began = time.process_time()
        said = board.board(arena.contest)
        took.append(time.process_time() - began)
    assert len(said["rows"]) == 60 and said["rows"][0]["entries"] == 100
    assert len(asked) < 10 and not [statement for statement in asked if "units" in statement or "tried" in statement]
    assert min(took) < 0.1  # a third of it on a machine that does nothing else
    asked.clear()
    caller = arena.person(f"{name} 0")
    asked.clear()
    assert len(board.team_page(arena.contest, caller)["entries"]) == 100
    assert len(asked) < 15 and not [statement for statement in asked if "units" in statement]
