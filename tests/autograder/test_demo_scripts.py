"""The live demos: every session has a script, every preset in it exists, and the advisor's guide has them as they are."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder import demo_scripts
from autograder.demo_scripts import session, with_scripts
from autograder.lessons import LessonError, find_lessons, read_lesson
from dla_widgets.cli import app
from dla_widgets.demos import EXPLORERS, SCRIPTS, DemoError, explorer_class
from dla_widgets.stage.order import Step, running_order, title

COURSE = Path(__file__).parents[2] / "course"
LESSONS = [read_lesson(path) for path in find_lessons(COURSE)]


def test_every_session_has_a_script_and_every_script_a_session():
    assert set(SCRIPTS) == {session(lesson) for lesson in LESSONS}


@pytest.mark.parametrize(("name", "explorer", "preset"), [(n, *step) for n, steps in SCRIPTS.items() for step in steps])
def test_a_script_shows_what_there_is_and_says_what_to_expect(name, explorer, preset):
    found = {known.name: known for known in explorer_class(explorer).presets}[preset]
    assert found.caption and found.expect


def test_every_explorer_is_shown_in_some_session():
    assert {explorer for steps in SCRIPTS.values() for explorer, _ in steps} == set(EXPLORERS)


def test_the_advisors_guide_is_up_to_date():
    guide = (COURSE / "advisor_guide.md").read_text(encoding="utf-8")
    assert with_scripts(guide, LESSONS) == guide, "run `autograder build`"
    assert all(f"`dla demo {name}`" in guide for name in SCRIPTS)


def test_a_guide_without_a_place_for_them_is_told_so():
    with pytest.raises(LessonError, match=r"advisor_guide\.md has no place for the live-demo scripts; add the lines <!-- demos"):
        with_scripts("# Guide\n", LESSONS)


def test_a_preset_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(demo_scripts, "SCRIPTS", {"streamflow-02": (("skill", "brave"),)})
    with pytest.raises(LessonError, match="streamflow-02 shows 'brave' of 'skill', which has only perfect, late"):
        with_scripts(f"{demo_scripts.BEGIN}{demo_scripts.END}", LESSONS)


def test_running_orders():
    assert running_order("streamflow-02")[0] == Step(*SCRIPTS["streamflow-02"][0])
    assert [step.preset for step in running_order("skill")] == [preset.name for preset in explorer_class("skill").presets]
    assert title("landcover-03") == "Land cover, session 3"
    assert title("skill") == explorer_class("skill").title


@pytest.mark.parametrize(("name", "meant"), [("skil", "skill"), ("streamflow-2", "streamflow-02"), ("speckel", "speckle")])
def test_a_misspelt_name_is_guessed(name, meant):
    with pytest.raises(DemoError, match=f"no explorer and no session's script is called {name!r}; did you mean {meant!r}"):
        running_order(name)


def test_the_command_lists_everything_and_refuses_what_is_not_there():
    listed = CliRunner().invoke(app, ["demo", "--list"], env={"COLUMNS": "200"})
    assert listed.exit_code == 0, listed.output
    for name in [*EXPLORERS, *SCRIPTS]:
        assert f" {name} " in listed.output
    assert explorer_class("skill").title in listed.output
    wrong = CliRunner().invoke(app, ["demo", "skil"])
    assert wrong.exit_code == 2 and "did you mean 'skill'?" in wrong.output
    none = CliRunner().invoke(app, ["demo"])
    assert none.exit_code == 2 and "dla demo --list" in none.output
