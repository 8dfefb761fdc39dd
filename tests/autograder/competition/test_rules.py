"""A competition's file says everything, is read strictly, and every fault of it is a sentence."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from autograder.competition.rules import RulesError, read_rules, team_name, time_zone
from dla_widgets.leaderboard.times import span

GOOD = {"name": "rivers-2026", "title": "Rivers", "project": "streamflow", "metric": "nse",
        "deadline": "2026-03-28T18:00:00+01:00", "truth": {"seed": "secret/seed", "count": 40}}  # fmt: skip


def said(tmp_path, **changes) -> str:
    rules = {name: value for name, value in (GOOD | changes).items() if value is not None}
    (tmp_path / "competition.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        read_rules(tmp_path)
    return str(caught.value)


def test_what_is_not_said_has_a_usual_value(tmp_path):
    (tmp_path / "competition.yaml").write_text(yaml.safe_dump(GOOD), encoding="utf-8")
    rules = read_rules(tmp_path)
    assert (rules.daily, rules.total, rules.team_size, rules.finals, rules.publish) == (5, 100, 4, 2, "advisor")
    assert rules.formats == (".csv", ".parquet", ".nc") and rules.deadline.utcoffset().total_seconds() == 3600


@pytest.mark.parametrize("changes, words", [
    ({"dayly": 5}, "dayly is not known; did you mean daily"),
    ({"title": None}, "title is missing"),
    ({"deadline": "2026-03-28T18:00:00"}, "deadline: the time needs a zone, such as 2026-03-28T18:00:00+01:00"),
    ({"opens": "2026-04-01T00:00:00Z"}, "is not before the deadline"),
    ({"metric": "r2"}, "there is no metric 'r2'; there are nse, kge,"),
    ({"metric": "macro_f1"}, "macro_f1 is no metric for streamflow"),
    ({"truth": {"seed": "a", "file": "b"}}, "truth: say either file or seed"),
    ({"truth": {}}, "truth: say either file or seed"),
    ({"split": {"public": 0.95}}, "split.public: Input should be less than or equal to 0.9"),
    ({"split": {"rows": True}}, "split.rows is not known"),
    ({"project": "table"}, "a table needs keys, value, and a unit that is one of the keys"),
    ({"name": "../up"}, "name: '../up' cannot stand in an address; use 2 to 49 of a-z, 0-9 and -, such as rivers-2026"),
    ({"daily": 200, "total": 100}, "daily (200) is more than total (100)"),
    ({"project": "table", "keys": ["site"], "value": "v", "unit": "site"}, "a table's truth is a file, not a seed"),
    ({"daily": 0}, "daily: Input should be greater than or equal to 1"),
])  # fmt: skip
def test_a_fault_is_a_sentence_with_its_place(tmp_path, changes, words):
    text = said(tmp_path, **changes)
    assert words in text and str(tmp_path / "competition.yaml") in text


def test_a_folder_without_rules_and_a_file_that_is_no_yaml(tmp_path):
    with pytest.raises(RulesError, match=r"is no competition: it has no competition.yaml; `autograder competition new`"):
        read_rules(tmp_path)
    for text, words in (("name: [", "is no YAML"), ("rivers", "expected lines such as `name: streamflow-2026`, found str"),
                        ("!!python/object/apply:os.system ['true']", "is no YAML")):  # fmt: skip
        (tmp_path / "competition.yaml").write_text(text)
        with pytest.raises(RulesError, match=words):
            read_rules(tmp_path)


def test_names_that_look_alike_are_one_name():
    assert team_name("  Deep   Water ") == ("Deep Water", "deepwater")
    assert team_name("DEEP WATER")[1] == team_name("Ｄeep Ｗater")[1] == "deepwater"
    assert team_name("Clouds \u2601\ufe0f") == team_name("Clouds \u2601") and team_name("RİVERS")[1] == "rivers"
    for name, words in (("x", "has 2 to 40 characters; this has 1"), ("y" * 41, "this has 41"), ("ab\u202ecd", r"U\+202E"),
                        ("a\u200bb", r"U\+200B"), ("Rivers\u3164", r"U\+3164"), ("\u2800\u2800", r"U\+2800"),
                        ("!!", "a letter or a digit"), ("te" + "\u0301" * 9, "at most two accents")):  # fmt: skip
        with pytest.raises(RulesError, match=words):
            team_name(name)


@given(st.text(max_size=60))
def test_any_name_is_taken_or_refused_and_taken_names_stay(text):
    try:
        name, key = team_name(text)
    except RulesError:
        return
    assert team_name(name) == (name, key)


def test_time_zones_and_spans():
    assert str(time_zone("Europe/Berlin")) == "Europe/Berlin" and str(time_zone("UTC")) == "UTC"
    for name in ("Mars/Olympus", "../../etc/passwd", "", "/etc/localtime", "Europe"):
        with pytest.raises(RulesError, match="there is no time zone .*; write it as Europe/Berlin or UTC"):
            time_zone(name)
    spans = {90_000: "1 day 1 h", 86_400: "1 day", 172_800: "2 days", 3_660: "1 h 1 min", 61: "1 min", 59: "59 s", -4: "0 s"}
    assert {seconds: span(seconds) for seconds in spans} == spans
