"""Entries: within the time and the limits, told as far as the Ladder lets out, finals, cards, and what is never told."""

import re

import numpy as np
import pytest
from a_contest import Arena
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from autograder.competition import board, entries, teams
from autograder.competition.scoring import Scored, pack
from autograder.competition.store import Refused
from autograder.competition.tables import Entry


@pytest.fixture
def make(table_competition, tmp_path, store):
    return lambda **rules: Arena(table_competition, tmp_path, store, **rules)


def page(arena, who):
    return board.team_page(arena.contest, who)


def spend(arena, who, count, start=0):
    for seed in range(start, start + count):
        arena.enter(who, b"file %d" % seed)


def of_unit_scores(arena, scores) -> Scored:
    """What a file would come to that scores so at the sites."""
    units = np.asarray(scores, float).reshape(-1, 1)
    public = arena.contest.public
    return Scored(arena.contest.metric.score(units[public]), arena.contest.metric.score(units[~public]), pack(units))


def test_an_entry_is_received_then_scored(arena):
    (ada, bob) = arena.team("Ada", "ada", "bob")
    entry = arena.enter(ada, arena.file(0.7), tried="an LSTM\r\nof 64 units", learned=" more rain ")
    assert (entry["state"], entry["score"], entry["improved"], entry["private"]) == ("received", None, None, None)
    assert (entry["team"], entry["by"], entry["name"], entry["at"]) == ("Ada", "ada", "mine.csv", "2026-03-20T11:00:00.000Z")
    assert (entry["tried"], entry["learned"], entry["final"]) == ("an LSTM\nof 64 units", "more rain", False)
    assert [(row[0], row[2:]) for row in entries.waiting(arena.contest)] == [
        (entry["id"], (str(arena.folder / "entries" / entry["sha256"]), "mine.csv"))]
    arena.score()
    assert entries.waiting(arena.contest) == []
    told = entries.one(arena.contest, bob, entry["id"])
    assert told == entry | {"state": "scored", "score": 0.7, "improved": True}
    entries.keep(arena.contest, entry["id"], of_unit_scores(arena, np.ones(12)))  # what was kept is not kept again
    entries.keep(arena.contest, 10**6, of_unit_scores(arena, np.ones(12)))
    assert entries.one(arena.contest, ada, entry["id"]) == told


def test_a_receipt_is_for_one_entry_and_the_same_whenever_it_is_told(arena):
    (ada,) = arena.team("Ada")
    one, other = arena.enter(ada, b"one"), arena.enter(ada, b"other")
    assert re.fullmatch("RCPT(-[0-9A-F]{6}){4}", one["receipt"]) and one["receipt"] != other["receipt"]
    arena.wait(100)
    assert arena.enter(ada, b"one")["receipt"] == one["receipt"]
    assert entries.one(arena.contest, ada, one["id"])["receipt"] == one["receipt"]


def test_the_identical_file_returns_its_score_and_costs_nothing(make):
    arena = make(daily=1)
    ada, bob = arena.team("Ada", "ada", "bob")
    told = arena.try_out(ada, 0.7)
    for who in (ada, bob):  # although the entries of today are spent
        upload = arena.send(who, arena.file(0.7), "other name.csv")
        assert entries.hand_in(arena.contest, who, upload, tried="again") == (told, False)
    arena.set(2026, 5, 1)  # and after the end
    assert arena.enter(bob, arena.file(0.7)) == told
    assert page(arena, ada)["left_total"] == 99 and len(page(arena, ada)["entries"]) == 1


def test_a_refused_entry_says_why_and_costs_nothing(make):
    arena = make(daily=1)
    (ada,) = arena.team("Ada")
    entry = arena.enter(ada, b"site,date,q\n", "our best.csv")
    assert page(arena, ada)["left_today"] == 0  # until it is known
    arena.score()
    told = entries.one(arena.contest, ada, entry["id"])
    assert (told["state"], told["score"], told["improved"]) == ("refused", None, None)
    assert told["message"].startswith("our best.csv: expected the columns site,date,value, found site,date,q")
    assert (page(arena, ada)["left_today"], page(arena, ada)["left_total"]) == (1, 100)
    assert page(arena, ada)["score"] is None and board.board(arena.contest)["rows"][0]["entries"] == 0
    assert arena.enter(ada, arena.file(0.6))["state"] == "received"


def test_faulty_files_without_end_are_not_read(make, monkeypatch):
    arena = make(daily=3)
    monkeypatch.setattr(entries, "FAULTY", 4)
    ada, bob = arena.team("Ada", "ada", "bob")
    for n in range(4):
        arena.enter(ada, b"faulty %d" % n)
        arena.score()
    with pytest.raises(Refused, match="4 files of yours could not be used today; nothing was counted. The next is taken in 12 h; "
                       "`dla submit` says what is wrong with a file before it is sent") as refused:  # fmt: skip
        arena.enter(ada, arena.file(0.6))
    assert (refused.value.status, refused.value.come_again) == (429, 43200)
    assert arena.enter(bob, arena.file(0.6))["state"] == "received"
    arena.set(2026, 3, 21)
    assert arena.enter(ada, arena.file(0.7))["state"] == "received"


def test_a_day_is_the_teams(make):
    arena = make(daily=2)
    (ada,), (bob,) = arena.team("Berlin", "ada"), arena.team("Tokyo", "bob", zone="Asia/Tokyo")
    arena.set(2026, 3, 20, 15, 30)  # half past eleven in Tokyo
    spend(arena, ada, 2)
    spend(arena, bob, 2)
    for who, wait, zone in ((ada, "8 h 30 min", "Europe/Berlin"), (bob, "30 min", "Asia/Tokyo")):
        with pytest.raises(Refused, match=f"^the 2 entries of today are spent; nothing was counted. The next is free in {wait}, "
                           rf"at midnight in {zone}; wells-\d+ ends in 21 days 1 h$") as refused:  # fmt: skip
            arena.enter(who, b"more")
        assert refused.value.status == 429 and refused.value.come_again == page(arena, who)["resets_in"]
    arena.set(2026, 3, 20, 16)
    assert (page(arena, ada)["left_today"], page(arena, bob)["left_today"]) == (0, 2)
    arena.enter(bob, b"more")
    assert page(arena, bob)["left_today"] == 1


@pytest.mark.parametrize("day, hours", [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 10, 24), 24)])
def test_a_day_on_which_the_clocks_change(make, day, hours):
    arena = make(daily=1, deadline="2026-12-31T00:00:00Z")
    (ada,) = arena.team("Ada")
    arena.set(*day)
    midnight = arena.store.at
    spend(arena, ada, 1)
    assert page(arena, ada)["resets_in"] == hours * 3600
    arena.store.at = midnight + hours * 3600 - 1
    with pytest.raises(Refused, match="The next is free in 1 s, at midnight in Europe/Berlin"):
        spend(arena, ada, 1, start=1)
    arena.store.at += 1
    spend(arena, ada, 1, start=1)


@pytest.mark.parametrize("day, hours, zone", [((2026, 4, 24), 23, "Africa/Cairo"), ((2026, 9, 6), 23, "America/Santiago"),
                                              ((2026, 4, 4), 25, "America/Santiago")])  # fmt: skip
def test_a_day_whose_midnight_is_not_or_is_twice(make, day, hours, zone):
    arena = make(daily=1, deadline="2026-12-31T00:00:00Z")
    (ada,) = arena.team("Ada", zone=zone)
    arena.set(*day, 12, zone=zone)
    spend(arena, ada, 1)
    arena.wait(page(arena, ada)["resets_in"] - 1)
    with pytest.raises(Refused, match=f"The next is free in 1 s, at midnight in {zone}"):
        spend(arena, ada, 1, start=1)
    arena.wait(1)
    spend(arena, ada, 1, start=1)
    begins = arena.store.at
    arena.set(*day, zone=zone)
    assert begins - arena.store.at == hours * 3600


def test_all_entries_are_spent(make):
    arena = make(daily=2, total=3)
    (ada,) = arena.team("Ada")
    spend(arena, ada, 2)
    arena.set(2026, 3, 21)
    spend(arena, ada, 1, start=2)
    assert (page(arena, ada)["left_today"], page(arena, ada)["left_total"]) == (1, 0)
    with pytest.raises(Refused, match="^all 3 entries are spent, Ada's or yours; nothing was counted. "
                       r"wells-\d+ ends in 20 days 17 h: choose your finals among them$"):  # fmt: skip
        arena.enter(ada, b"more")


def test_before_the_beginning_after_the_end_and_closed(arena):
    arena.set(2026, 2, 27, 21)
    (ada,) = arena.team("Ada")
    with pytest.raises(Refused, match=r"^wells-\d+ opens in 1 day 3 h; nothing was counted$"):
        arena.enter(ada, b"early")
    arena.set(2026, 3, 1)
    arena.enter(ada, b"early")
    arena.set(2026, 4, 10, 17, 59)
    arena.enter(ada, b"just so")
    arena.set(2026, 4, 10, 18, 5)
    with pytest.raises(Refused, match=r"^the deadline of wells-\d+ passed 5 min ago; nothing was counted$"):
        arena.enter(ada, b"late")
    assert page(arena, ada)["left_total"] == 98


def test_an_advisor_ends_it_early(arena):
    (ada,) = arena.team("Ada")
    with pytest.raises(Refused, match="still runs: close it first, or wait for the deadline"):
        arena.contest.publish(arena.advisor)
    arena.contest.close(arena.advisor)
    with pytest.raises(Refused, match=r"^wells-\d+ was closed by an advisor; nothing was counted$"):
        arena.enter(ada, b"late")
    with pytest.raises(Refused, match="has ended already"):
        arena.contest.close(arena.advisor)
    arena.contest.publish(arena.advisor)
    assert arena.contest.phase() == "final"
    with pytest.raises(Refused, match="is published already"):
        arena.contest.publish(arena.advisor)


def test_in_no_team(arena):
    ada = arena.person("ada")
    with pytest.raises(Refused, match="you are in no team yet"):
        entries.hand_in(arena.contest, ada, arena.send(ada, b"mine"))
    with pytest.raises(Refused, match="this needs a token for 'submit'"):
        entries.hand_in(arena.contest, arena.person("looks", "read"), "0" * 32)


def test_another_teams_file_is_flagged_to_advisors_only(arena):
    (ada,), (eve,) = arena.team("Ada"), arena.team("Eve")
    first = arena.try_out(ada, 0.7)
    arena.wait(60)
    second = arena.try_out(eve, 0.7)
    assert second["score"] == 0.7 and {k for k in first if first[k] != second[k]} == {"id", "team", "by", "at", "receipt"}
    assert [flag["text"] for flag in board.advisor(arena.contest)["flags"]] == [
        f"entry {second['id']} of Eve is the same file as one of Ada"]
    assert "same" not in str(page(arena, eve)) + str(page(arena, ada)) + str(board.board(arena.contest))


def told_of(arena, who):
    """All that a team can see of its entries, in one bag of texts, without what differs for other reasons."""
    mine = page(arena, who)
    return [mine["score"], mine["rank"], mine["gap"],
            *({k: v for k, v in one.items() if k not in ("id", "sha256", "size", "receipt")} for one in mine["entries"])]


def test_a_probe_learns_nothing_from_a_slightly_different_file(make, tmp_path):
    """Two competitions with the same truth, two probes that truly score differently: every word that is told is the same."""
    said = []
    for better in (0.700, 0.704):
        arena = make(name=f"probed-{better * 1000:.0f}", daily=9)
        (ada,) = arena.team("Ada")
        arena.try_out(ada, 0.7, seed=1)
        arena.try_out(ada, better, seed=2)
        with arena.store.reading() as session:
            true = session.scalars(select(Entry.public).where(Entry.competition == arena.contest.name).order_by(Entry.id)).all()
        assert true == pytest.approx([0.7, better])
        shown = board.board(arena.contest)
        said.append((told_of(arena, ada), [row | {"members": 0} for row in shown["rows"]]))
        (tmp_path / "wells").rename(tmp_path / f"wells-{better}")
    assert said[0] == said[1]
    assert [one["improved"] for one in said[0][0][3:]] == [True, False]


def never_told(told) -> bool:
    """Whether a number of the truth stands anywhere in what is told: no score but those that were let out."""
    if isinstance(told, dict):
        return ("public" not in told and told.get("private") is None and not {"units", "shown"} & set(told)
                and all(map(never_told, told.values())))  # fmt: skip
    return all(map(never_told, told)) if isinstance(told, list | tuple) else True


def test_true_scores_are_told_to_nobody_before_the_end(arena):
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    mine = [arena.try_out(ada, score, seed) for seed, score in enumerate((0.612, 0.611, 0.7))]
    arena.try_out(bob, 0.65)
    finals = entries.choose_finals(arena.contest, ada, [mine[1]["id"]])
    card = entries.write_card(arena.contest, ada, mine[1]["id"], "a", "b")
    arena.contest.close(arena.advisor)
    for told in (*mine, *finals, card, page(arena, ada), board.board(arena.contest), arena.contest.told(),
                 entries.cards(arena.contest)):  # fmt: skip
        assert never_told(told)
        assert not re.search(r"0\.61[12]\d*|0\.6499|0\.6999", str(told))
    assert not never_told({"rows": [{"private": 0.3}]}) and not never_told([{"public": None}])  # it can fail
    arena.contest.publish(arena.advisor)
    over = page(arena, ada)["entries"]
    assert [one["private"] for one in over] == pytest.approx([0.612, 0.611, 0.7]) and "public" not in over[0]
    assert [one["score"] for one in over] == [0.61, 0.61, 0.7]


def test_a_new_team_is_no_new_ladder(make):
    """Else each new team's first entry would tell what a file scores."""
    arena = make(daily=100)
    ada, bob = arena.team("Team 0", "ada", "bob")
    assert arena.try_out(ada, 0.7)["score"] == 0.7
    for n, probe in enumerate((0.61, 0.64, 0.69), 1):
        teams.leave(arena.contest, ada)
        arena.team(f"Team {n}", "ada")
        told = arena.try_out(ada, probe, seed=n)
        assert (told["state"], told["score"], told["improved"]) == ("scored", None, False)
        assert told["message"].startswith("it is not better than what its sender sent for an earlier team")
        assert page(arena, ada)["score"] is page(arena, ada)["rank"] is None
        assert board.board(arena.contest)["rows"][n]["history"] == []
    again = arena.try_out(ada, 0.7, seed=1)  # what is known of a file already is told in the new team too
    assert (again["score"], again["improved"], again["message"]) == (0.7, True, "")
    assert arena.try_out(ada, 0.8)["score"] == 0.8
    assert arena.try_out(bob, 0.75)["score"] == 0.75  # the old team's Ladder knows nothing of the new one's


def test_an_earlier_teams_best_is_no_credit_for_the_new_team(make):
    arena = make(daily=100)
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    arena.try_out(ada, 0.8)
    arena.try_out(bob, 0.6)
    teams.leave(arena.contest, ada)
    teams.join(arena.contest, ada, page(arena, bob)["code"])
    told = arena.try_out(ada, 0.7, seed=2)
    assert (told["score"], told["improved"]) == (0.6, False) and page(arena, bob)["score"] == 0.6
    assert entries.choose_finals(arena.contest, bob, [told["id"]])[0]["final"]
    assert arena.try_out(bob, 0.65, seed=3)["score"] == 0.65


def test_a_merged_team_climbs_from_the_better_of_its_two_ladders(make):
    arena = make(daily=100)
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    arena.try_out(ada, 0.8)
    arena.wait(60)
    arena.try_out(bob, 0.6)
    teams.merge(arena.contest, ada, page(arena, bob)["code"])
    assert arena.try_out(bob, 0.7, seed=2)["score"] == 0.8
    row = board.board(arena.contest)["rows"][0]
    assert row["score"] == 0.8 and [score for _, score in row["history"]] == [0.8]


def test_finals_are_at_most_two_of_the_teams_own_while_it_is_open(arena):
    (ada, mate), (bob,) = arena.team("Ada", "ada", "mate"), arena.team("Bob")
    mine = [arena.try_out(ada, 0.6, seed)["id"] for seed in range(3)]
    theirs = arena.try_out(bob, 0.6, 7)["id"]
    received, refused = arena.enter(ada, arena.file(0.65))["id"], None
    with pytest.raises(Refused, match="a team chooses at most 2 finals; these are 3") as no:
        entries.choose_finals(arena.contest, ada, mine)
    assert no.value.status == 422
    for wrong in (theirs, received, 0, -1, 2**70):
        with pytest.raises(Refused, match=f"your team has no scored entry {wrong}") as no:
            entries.choose_finals(arena.contest, ada, [mine[0], wrong])
        assert no.value.status == 404
    arena.score()
    refused = arena.enter(ada, b"faulty")["id"]
    arena.score()
    with pytest.raises(Refused, match=f"your team has no scored entry {refused}"):
        entries.choose_finals(arena.contest, ada, [refused])
    assert [one["id"] for one in entries.choose_finals(arena.contest, ada, [mine[1], mine[1], mine[2]])] == mine[1:]
    assert [one["id"] for one in entries.choose_finals(arena.contest, mate, [mine[0]])] == mine[:1]
    assert [one["final"] for one in page(arena, ada)["entries"]] == [True, False, False, False, False]
    assert entries.choose_finals(arena.contest, ada, []) == []
    arena.set(2026, 4, 10, 18)
    with pytest.raises(Refused, match="finals are chosen while the competition is open"):
        entries.choose_finals(arena.contest, ada, [mine[0]])


def test_cards_are_the_teams_until_the_end_and_then_everybodys(arena):
    (ada, mate), (bob,) = arena.team("Ada", "ada", "mate"), arena.team("Bob")
    entry = arena.try_out(ada, 0.7)["id"]
    arena.try_out(bob, 0.6)
    told = entries.write_card(arena.contest, mate, entry, "an LSTM", "more\nrain\x00\u202e")
    assert (told["tried"], told["learned"]) == ("an LSTM", "more\nrain")
    for who, wrong in ((bob, entry), (ada, 10**9), (ada, 0), (ada, -5), (ada, 2**65)):
        for look in (lambda *a: entries.write_card(*a, "x", "y"), entries.one):
            with pytest.raises(Refused, match=f"your team has no entry {wrong}") as refused:
                look(arena.contest, who, wrong)
            assert refused.value.status == 404
    with pytest.raises(Refused, match="a model card's text has 0 to 4000 letters; this has 4001"):
        entries.write_card(arena.contest, ada, entry, "x" * 4001, "")
    with pytest.raises(Refused, match="the cards of all teams are shown when the competition has ended") as refused:
        entries.cards(arena.contest)
    assert refused.value.status == 403
    arena.set(2026, 4, 10, 18)
    assert entries.cards(arena.contest) == [
        {"team": "Ada", "at": "2026-03-20T11:00:00.000Z", "score": 0.7, "tried": "an LSTM", "learned": "more\nrain"}]
    entries.write_card(arena.contest, ada, entry, "late thoughts", "")  # what was learned may be written after the end
    assert entries.cards(arena.contest)[0]["tried"] == "late thoughts"


def test_the_private_board_by_itself_at_the_deadline(make):
    arena = make(publish="deadline")
    (ada,) = arena.team("Ada")
    arena.try_out(ada, 0.6543)
    assert page(arena, ada)["entries"][0]["private"] is None
    arena.set(2026, 4, 10, 18)
    assert arena.contest.phase() == "final" and page(arena, ada)["entries"][0]["private"] == pytest.approx(0.6543)


SCORES = st.lists(st.floats(-1, 1), min_size=12, max_size=12)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.one_of(st.none(), SCORES)), min_size=1, max_size=8))
def test_what_is_told_only_climbs_and_ranks_are_ranks(table_competition, tmp_path_factory, store, sent):
    """`sent`: who of two teams sends a file, and what it scores at the sites; None for a faulty file."""
    arena = Arena(table_competition, tmp_path_factory.mktemp("random"), store, daily=100)
    members = [arena.team(name)[0] for name in ("Ada", "Bob")]
    heard, true = [None, None], [[], []]
    for n, (who, scores) in enumerate(sent):
        entry = arena.enter(members[who], b"file %d" % n)["id"]
        scored = Scored(fault="faulty") if scores is None else of_unit_scores(arena, scores)
        entries.keep(arena.contest, entry, scored)
        told = entries.one(arena.contest, members[who], entry)
        if scores is None:
            assert (told["state"], told["score"]) == ("refused", None)
            continue
        true[who].append(scored.public)
        before, heard[who] = heard[who], told["score"]
        assert before is None or heard[who] >= before  # never decreases
        assert told["improved"] == (before is None or heard[who] > before)
        assert heard[who] <= max(true[who]) + 0.0026  # never above the best of all, but for rounding
        assert round(heard[who] / 0.005) * 0.005 == pytest.approx(heard[who], abs=1e-9)
        assert page(arena, members[who])["score"] == heard[who]
        assert never_told(page(arena, members[who]))
    for phase in ("open", "final"):
        rows = [row for row in board.board(arena.contest)["rows"] if row["rank"] is not None]
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1)) and len(rows) == sum(map(bool, true))
        assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
        if phase == "open":
            arena.contest.close(arena.advisor)
            arena.contest.publish(arena.advisor)
    assert arena.store.broken_line(arena.contest.name) is None
