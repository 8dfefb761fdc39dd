"""Teams: made, joined, left, merged, disqualified, marked. None of it gains an entry, a day, or somebody else's name."""

from contextlib import suppress

import pytest
from a_contest import Arena
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from autograder.competition import board, entries, teams
from autograder.competition.rules import RulesError
from autograder.competition.store import Refused
from autograder.competition.tables import Team


@pytest.fixture
def small(table_competition, tmp_path, store):
    """Two entries a day, six in all, two in a team."""
    return Arena(table_competition, tmp_path, store, daily=2, total=6, team_size=2)


def page(arena, who):
    return board.team_page(arena.contest, who)


def test_a_team_is_made_and_joined_by_its_code(arena):
    ada, bob = arena.person("ada"), arena.person("bob")
    with pytest.raises(Refused, match="you are in no team yet: make one, or join one with the code") as refused:
        page(arena, ada)
    assert refused.value.status == 404
    made = teams.create(arena.contest, ada, "  Deep   Water ", "Europe/Berlin")
    assert (made["name"], made["members"], made["time_zone"], made["left_today"]) == ("Deep Water", ["ada"], "Europe/Berlin", 5)
    assert len(made["code"]) == 12 and set(made["code"]) <= set(teams.LETTERS)
    said = f" {made['code'][:6].lower()}-{made['code'][6:]} "
    assert teams.join(arena.contest, bob, said)["members"] == ["ada", "bob"]
    assert teams.join(arena.contest, bob, said)["members"] == ["ada", "bob"]  # asked twice


def test_a_person_is_in_one_team(arena):
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    with pytest.raises(Refused, match="you are in the team 'Ada' already; leave it first, or merge the two teams"):
        teams.create(arena.contest, ada, "Ada again", "UTC")
    with pytest.raises(Refused, match="you are in the team 'Ada' already"):
        teams.join(arena.contest, ada, page(arena, bob)["code"])


def test_a_team_is_full(small):
    (ada, _) = small.team("Ada", "ada", "bob")
    with pytest.raises(Refused, match="Ada is full: a team has at most 2 members"):
        teams.join(small.contest, small.person("cleo"), page(small, ada)["code"])


@pytest.mark.parametrize("name", ["DEEP WATER", "deepwater", "Ｄeep Ｗater", "Dееp Wаter", "DΕEP WATΕR", "Deep\u00a0Water",
                                  "HAlF RlGHT"])  # fmt: skip
def test_names_that_look_alike(arena, name):
    """The last is that of a benchmark, `Half right`, with letters l for the letters i."""
    arena.team("Deep Water", "ada")
    with pytest.raises(Refused, match="or one that looks like it; choose another name"):
        teams.create(arena.contest, arena.person("mallory"), name, "UTC")


def test_a_benchmark_may_have_a_name_that_no_team_can_have(table_competition, tmp_path, store):
    said = [{"name": name, "file": "benchmark.csv"} for name in ("!", "x" * 60, "Climatology")]
    arena = Arena(table_competition, tmp_path, store, benchmarks=said)
    with pytest.raises(Refused, match="there is a team 'climatology' already, or one that looks like it"):
        arena.team("climatology")
    arena.team("Ada")


def test_a_name_and_a_zone_that_are_none(arena):
    ada = arena.person("ada")
    for name, zone, words in (("x", "UTC", "2 to 40 characters; this has 1"), ("a\u202eb", "UTC", r"this has U\+202E"),
                              ("\ufdfa" * 40, "UTC", "written in plain letters"), ("Ada", "../etc", "no time zone '../etc'"),
                              ("Ada\x00", "UTC", r"this has U\+0000")):  # fmt: skip
        with pytest.raises(Refused, match=words) as refused:
            teams.create(arena.contest, ada, name, zone)
        assert refused.value.status == 422


def test_nobody_acts_without_a_token_for_it(arena):
    arena.team("Ada")
    looks, learner = arena.person("looks", "read"), arena.person("learner")
    for act in (lambda: teams.create(arena.contest, looks, "Looks", "UTC"), lambda: teams.join(arena.contest, looks, "A"),
                lambda: teams.leave(arena.contest, looks), lambda: teams.merge(arena.contest, looks, "A"),
                lambda: teams.renew_code(arena.contest, looks), lambda: teams.write_notes(arena.contest, looks, ""),
                lambda: teams.merge_by_advisor(arena.contest, learner, "Ada", "Ada"),
                lambda: teams.disqualify(arena.contest, learner, "Ada", "because"),
                lambda: teams.mark(arena.contest, learner, "Ada", 1, ""),
                lambda: arena.contest.close(learner), lambda: arena.contest.publish(learner)):  # fmt: skip
        with pytest.raises(Refused, match="this needs a token for") as refused:
            act()
        assert refused.value.status == 403


def test_a_renewed_code_lets_nobody_in_by_the_old_one(arena):
    (ada,) = arena.team("Ada")
    old = page(arena, ada)["code"]
    new = teams.renew_code(arena.contest, ada)["code"]
    assert new != old and page(arena, ada)["code"] == new
    for wrong in (old, "", "\ud800\x00", new[:-1]):
        with pytest.raises(Refused, match="no team has this code; ask its members for the one") as refused:
            teams.join(arena.contest, arena.person("bob"), wrong)
        assert refused.value.status == 404
    assert teams.join(arena.contest, arena.person("bob"), new)["members"] == ["ada", "bob"]


def test_who_has_left_sees_nothing_any_more(arena):
    ada, bob = arena.team("Deep Water", "ada", "bob")
    teams.write_notes(arena.contest, ada, "Our secret:\nmore rain")
    assert page(arena, bob)["notes"] == "Our secret:\nmore rain"
    entry = arena.try_out(bob, 0.7)
    teams.leave(arena.contest, bob)
    for look in (lambda: page(arena, bob), lambda: teams.write_notes(arena.contest, bob, "spoilt"),
                 lambda: entries.one(arena.contest, bob, entry["id"]), lambda: teams.renew_code(arena.contest, bob),
                 lambda: entries.choose_finals(arena.contest, bob, []),
                 lambda: entries.write_card(arena.contest, bob, entry["id"], "", "")):  # fmt: skip
        with pytest.raises(Refused) as refused:
            look()
        assert refused.value.status == 404
    assert [one["id"] for one in page(arena, ada)["entries"]] == [entry["id"]]
    arena.team("Bob", "bob")
    with pytest.raises(Refused, match=f"your team has no entry {entry['id']}"):
        entries.one(arena.contest, bob, entry["id"])


def test_a_team_that_sent_nothing_vanishes_with_its_last_member(arena):
    """Else one person could take every name, and fill the board with empty rows."""
    ada = arena.person("ada")
    for name in ("One", "Two", "One"):
        teams.create(arena.contest, ada, name, "UTC")
        teams.leave(arena.contest, ada)
    assert [row["team"] for row in board.board(arena.contest)["rows"] if row["kind"] == "team"] == []
    teams.create(arena.contest, ada, "One", "UTC")
    arena.try_out(ada, 0.7)
    teams.leave(arena.contest, ada)
    assert [row["team"] for row in board.board(arena.contest)["rows"] if row["kind"] == "team"] == ["One"]
    teams.create(arena.contest, ada, "Two", "UTC")
    arena.enter(ada, b"hello")
    arena.score()
    teams.leave(arena.contest, ada)
    assert [row["team"] for row in board.board(arena.contest)["rows"] if row["kind"] == "team"] == ["One"]


def test_teams_stay_as_they_are_after_the_end(arena):
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    code = page(arena, bob)["code"]
    arena.set(2026, 4, 10, 18)
    for act in (lambda: teams.leave(arena.contest, ada), lambda: teams.join(arena.contest, arena.person("cleo"), code),
                lambda: teams.create(arena.contest, arena.person("cleo"), "Cleo", "UTC"),
                lambda: teams.merge(arena.contest, ada, code)):  # fmt: skip
        with pytest.raises(Refused, match=r"wells-\d+ has ended; teams stay as they are"):
            act()
    assert teams.write_notes(arena.contest, ada, "What we learned")["notes"] == "What we learned"


def test_two_teams_become_one(arena):
    (ada, bob), (cleo,) = arena.team("Ada", "ada", "bob"), arena.team("Cleo")
    teams.write_notes(arena.contest, ada, "rain")
    teams.write_notes(arena.contest, cleo, "snow")
    arena.enter(ada, arena.file(0.6, seed=1))
    same = arena.enter(cleo, arena.file(0.6, seed=1))
    arena.enter(cleo, arena.file(0.7, seed=2))
    arena.score()
    merged = teams.merge(arena.contest, ada, page(arena, cleo)["code"])
    assert (merged["name"], merged["members"], merged["notes"]) == ("Ada", ["ada", "bob", "cleo"], "rain\n\nsnow")
    assert [(one["by"], one["score"]) for one in merged["entries"]] == [("ada", 0.6), ("cleo", 0.7)]
    assert (merged["left_today"], merged["left_total"], merged["score"]) == (3, 98, 0.7)
    assert page(arena, cleo) == page(arena, bob) == page(arena, ada)
    assert [row["team"] for row in board.board(arena.contest)["rows"]] == ["Ada"]
    with pytest.raises(Refused, match="no team has this code"):  # the team that is no more
        teams.join(arena.contest, arena.person("dan"), _code_of(arena, "Cleo"))
    with pytest.raises(Refused, match="this is your own team's code"):
        teams.merge(arena.contest, ada, page(arena, ada)["code"])
    seen = board.advisor(arena.contest)
    assert [(one["team"], one["duplicates"]) for one in seen["teams"]] == [("Ada", [])]
    assert seen["flags"][0]["text"] == f"entry {same['id']} of Cleo is the same file as one of Ada"


def _code_of(arena, name):
    with arena.store.reading() as session:
        return session.scalar(select(Team.code).where(Team.name == name, Team.competition == arena.contest.name))


def test_a_merged_team_is_within_the_limits(small):
    (ada, bob), (cleo,) = small.team("Ada", "ada", "bob"), small.team("Cleo")
    with pytest.raises(Refused, match="together you would be 3; a team has at most 2 members"):
        teams.merge(small.contest, cleo, page(small, ada)["code"])
    teams.leave(small.contest, bob)
    for day in (20, 21):
        small.set(2026, 3, day, 12)
        for seed in (1, 2):
            small.enter(ada, small.file(0.6, seed + 10 * day))
            small.enter(cleo, small.file(0.7, seed + 10 * day))
    small.score()
    with pytest.raises(Refused, match="together you would have 8 entries; a team has at most 6"):
        teams.merge(small.contest, cleo, page(small, ada)["code"])
    with pytest.raises(Refused, match="together you would have 8 entries"):
        teams.merge_by_advisor(small.contest, small.advisor, "Ada", "Cleo")


def test_files_that_both_teams_sent_and_that_were_refused_count_once_or_not(small):
    (ada,), (cleo,) = small.team("Ada"), small.team("Cleo")
    for day in (20, 21):
        small.set(2026, 3, day, 12)
        for seed in (1, 2):
            small.enter(ada, small.file(0.6, seed + 10 * day))
            small.enter(cleo, small.file(0.6, seed + 10 * day))
        small.score()
        for who in (ada, cleo):
            small.set(2026, 3, day, 13)
            with pytest.raises(Refused, match="the 2 entries of today are spent"):
                small.enter(who, b"faulty")
    small.set(2026, 3, 22, 12)
    small.enter(ada, b"faulty")
    small.score()
    assert teams.merge(small.contest, ada, page(small, cleo)["code"])["left_total"] == 2


def test_finals_are_chosen_anew_after_a_merge(arena):
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    best, other = (arena.try_out(who, score)["id"] for who, score in ((ada, 0.9), (bob, 0.3)))
    entries.choose_finals(arena.contest, bob, [other])
    merged = teams.merge(arena.contest, ada, page(arena, bob)["code"])
    assert [one["id"] for one in merged["entries"] if one["final"]] == []  # else Ada's, who trusted in the best, would not count
    entries.choose_finals(arena.contest, bob, [best])
    assert [one["id"] for one in page(arena, ada)["entries"] if one["final"]] == [best]


def test_an_advisor_merges_by_name(arena):
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    with pytest.raises(Refused, match="there is no team 'Nobody' in wells") as refused:
        teams.merge_by_advisor(arena.contest, arena.advisor, "Ada", "Nobody")
    assert refused.value.status == 404
    arena.set(2026, 4, 11)
    teams.merge_by_advisor(arena.contest, arena.advisor, "Ada", "Bob")
    assert page(arena, bob)["members"] == ["ada", "bob"] and page(arena, ada)["name"] == "Ada"
    for name in ("Bob", "", "\ud800", "\x00", "x" * 500):
        with pytest.raises(Refused, match="there is no team"):
            teams.disqualify(arena.contest, arena.advisor, name, "is no more")


def test_a_disqualified_team_has_no_rank_and_hands_in_nothing_until_it_is_put_back(arena):
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    arena.try_out(ada, 0.8)
    arena.try_out(bob, 0.7)
    teams.disqualify(arena.contest, arena.advisor, "Ada", "  two accounts of one person ")
    rows = {row["team"]: row for row in board.board(arena.contest)["rows"]}
    assert (rows["Ada"]["rank"], rows["Ada"]["score"], rows["Ada"]["note"]) == (
        None, None, "disqualified: two accounts of one person")
    assert rows["Bob"]["rank"] == 1
    mine = page(arena, ada)
    assert (mine["rank"], mine["score"], mine["gap"], mine["disqualified"]) == (None, None, None, "two accounts of one person")
    with pytest.raises(Refused, match=r"Ada is disqualified \(two accounts of one person\); ask your advisor") as refused:
        arena.enter(ada, arena.file(0.85))
    assert refused.value.status == 403
    with pytest.raises(Refused, match="and stays as it is; ask your advisor"):  # a new team would be a way out
        teams.leave(arena.contest, ada)
    for act in (lambda: teams.merge(arena.contest, ada, page(arena, bob)["code"]),
                lambda: teams.merge(arena.contest, bob, mine["code"])):  # fmt: skip
        with pytest.raises(Refused, match=r"a disqualified team cannot be merged \(two accounts"):
            act()
    with pytest.raises(Refused, match="a reason has 3 to 1000 letters; this has 1"):
        teams.disqualify(arena.contest, arena.advisor, "Ada", "x")
    teams.disqualify(arena.contest, arena.advisor, "ada", None)
    assert page(arena, ada)["rank"] == 1 and arena.enter(ada, arena.file(0.85))["state"] == "received"
    said = [(line["what"], line["details"].get("reason")) for line in board.audit(arena.contest) if "qualified" in line["what"]]
    assert said == [("disqualified", "two accounts of one person"), ("qualified again", None)]


def test_marks_are_half_of_the_grade_at_most(arena):
    arena.team("Ada")
    teams.mark(arena.contest, arena.advisor, "Ada", 42.5, "well said")
    seen = board.advisor(arena.contest)["teams"][0]
    assert (seen["points"], seen["comment"]) == (42.5, "well said")
    for points in (-1, 50.5, float("nan"), float("inf")):
        with pytest.raises(Refused, match="an explanation has 0 to 50 points"):
            teams.mark(arena.contest, arena.advisor, "Ada", points, "")


def test_a_new_team_is_no_new_allowance(small):
    """Not on the same day, nor over all days: what a person sent for an earlier team counts."""
    (ada,) = small.team("Team 1", "ada")
    for seed in (1, 2):
        small.enter(ada, small.file(0.6, seed))
    teams.leave(small.contest, ada)
    small.team("Team 2", "ada")
    assert page(small, ada)["left_today"] == 0
    with pytest.raises(Refused, match="the 2 entries of today are spent"):
        small.enter(ada, small.file(0.6, 3))
    for n in (2, 3):
        small.set(2026, 3, 20 + n, 12)
        for seed in (1, 2):
            small.enter(ada, small.file(0.6, seed + 10 * n))
        teams.leave(small.contest, ada)
        small.team(f"Team {n + 1}", "ada")
    small.set(2026, 3, 25, 12)
    assert page(small, ada)["left_total"] == 0
    with pytest.raises(Refused, match="all 6 entries are spent, Team 4's or yours; nothing was counted"):
        small.enter(ada, small.file(0.6, 99))


def test_a_team_is_not_refilled_by_changing_its_members(small):
    ada, bob = small.team("Ada", "ada", "bob")
    for seed in (1, 2):
        small.enter(ada, small.file(0.6, seed))
    code = page(small, ada)["code"]
    teams.leave(small.contest, ada)
    with pytest.raises(Refused, match="the 2 entries of today are spent"):
        small.enter(bob, small.file(0.6, 3))
    cleo = small.person("cleo")
    teams.join(small.contest, cleo, code)
    with pytest.raises(Refused, match="the 2 entries of today are spent"):
        small.enter(cleo, small.file(0.6, 3))


def test_a_team_where_it_is_past_midnight_is_no_new_day(small):
    """A person hops from zone to zone, an hour ahead of the sun: each has just begun a new day."""
    (ada,) = small.team("Berlin", "ada", zone="Etc/GMT-1")
    small.set(2026, 3, 20, 22, 30, zone="UTC")  # half past eleven
    for seed in (1, 2):
        small.enter(ada, small.file(0.6, seed))
    teams.leave(small.contest, ada)
    small.team("Kyiv", "ada", zone="Etc/GMT-2")  # half past midnight
    assert page(small, ada)["left_today"] == 0 and page(small, ada)["resets_in"] == 1800
    with pytest.raises(Refused, match="The next is free in 30 min, at midnight in Etc/GMT-1"):
        small.enter(ada, small.file(0.6, 3))
    small.set(2026, 3, 20, 23, 0, zone="UTC")
    small.enter(ada, small.file(0.6, 3))


def test_a_merged_team_keeps_the_day_of_who_sent_first(small):
    """Else somebody who never sent anything makes team after team, each in a zone with a new day, and merges the others in."""
    (ada,) = small.team("Sends", "ada", zone="Etc/GMT-1")
    small.set(2026, 3, 20, 22, 30, zone="UTC")
    for seed in (1, 2):
        small.enter(ada, small.file(0.6, seed))
    (helper,) = small.team("Hops", "helper", zone="Etc/GMT-2")
    merged = teams.merge(small.contest, helper, page(small, ada)["code"])
    assert (merged["name"], merged["time_zone"], merged["left_today"]) == ("Hops", "Etc/GMT-1", 0)
    for who in (ada, helper):
        with pytest.raises(Refused, match="the 2 entries of today are spent"):
            small.enter(who, small.file(0.6, 3))


@settings(deadline=None)
@given(st.text(min_size=2, max_size=40))
def test_a_name_is_compared_by_what_it_looks_like(name):
    with suppress(RulesError):
        key = teams._key(name)
        assert teams._key(f"  {name} ") == key == key.translate(teams.LOOKS)
