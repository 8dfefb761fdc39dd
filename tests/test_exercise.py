"""The check itself: what it says to a right answer, to a known mistake, and to everything else that people hand in."""

import json
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.testing.globalipapp import start_ipython

from dla_widgets import exercise as module
from dla_widgets.exercise import Exercise, ExerciseError, Probe, check, find, hint
from dla_widgets.variants import current_seed, seed
from dla_widgets.verdict import MIME, CheckFailed


def depth(volume, area):
    """The reference of these tests: a volume of water [m3] spread over an area [km2], as a depth [mm]."""
    if np.any(np.asarray(area) <= 0):
        raise ValueError(f"an area is positive; got {area}")
    return volume / (area * 1e6) * 1e3


def probes(rng):
    yield Probe((rng.uniform(1e5, 1e6, 4), rng.uniform(10, 90)), "depths")
    gaps = rng.uniform(1e5, 1e6, 30)
    gaps[rng.integers(30, size=3)] = np.nan
    yield Probe((gaps, rng.uniform(10, 90)), "gaps in the record")


@pytest.fixture
def exercise():
    e = Exercise("depth", depth, probes, ["Volume over area is a length.", "Mind m2 against km2."], seconds=0.2)

    @e.mistake("A depth is volume over area; you multiplied.")
    def multiplied(volume, area):
        return volume * area * 1e6

    @e.mistake("That is in metres; rain is counted in millimetres.")
    def in_metres(volume, area):
        return volume / (area * 1e6)

    return e


def right(volume, area):
    return volume / area / 1e3


def test_a_right_answer_is_right(exercise):
    verdict = exercise.judge(right, seed=1)
    assert (verdict.status, verdict.score, verdict.right) == ("right", 1.0, True)


@pytest.mark.parametrize("number", range(50))
def test_a_known_mistake_is_named(exercise, number):
    for mistake in exercise.mistakes:
        verdict = exercise.judge(mistake.function, seed=number)
        assert (verdict.status, verdict.mistake, verdict.message) == ("mistake", mistake.name, mistake.message)
        assert verdict.score < 1


def test_the_verdict_shows_input_answer_and_expectation(exercise):
    text = str(exercise.judge(lambda volume, area: volume / area, seed=1))
    assert text.startswith("✗ depth   Every value is 1000 times what was expected: a unit (metres against millimetres")
    assert "For volume = [" in text and "you gave [" in text and "expected [" in text
    assert 'hint("depth") has a next step.' in text


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (3.2, "wrong", "Hand over the function itself, without calling it: check('depth', depth). You gave 3.2."),
        (lambda volume: 1, "wrong", "depth is called with (volume, area); yours takes (volume)."),
        (lambda volume, area: None, "not attempted", "Replace the placeholder"),
        (lambda volume, area: ..., "not attempted", "Replace the placeholder"),
        (lambda volume, area: volume.men(), "failed", "AttributeError: 'numpy.ndarray' object has no attribute 'men'"),
        (lambda volume, area: "deep", "wrong", "Expected numbers of shape (4,); you returned the text 'deep'."),
        (lambda volume, area: right(volume, area)[:2], "wrong", "expected (4,), you returned (2,)"),
        (lambda volume, area: -right(volume, area), "wrong", "Right size, wrong sign."),
        (lambda volume, area: right(volume, area) / 0, "wrong", "The result is infinite: a division by zero?"),
        (lambda volume, area: right(volume, area) + 1, "wrong", "The numbers differ."),
        (lambda volume, area: depth(volume, area), "course answer", "The course's own depth is put away"),
    ],
)
def test_everything_else_gets_its_own_message(exercise, answer, status, says):
    verdict = exercise.judge(answer, seed=1)
    assert verdict.status == status
    assert says in verdict.message
    assert verdict.score == 0


def test_an_unwritten_cell_counts_as_not_attempted(exercise):
    def stub(volume, area):
        raise NotImplementedError

    assert exercise.judge(stub, seed=1).status == "not attempted"


def test_an_exception_names_the_learners_own_line(exercise):
    def slip(volume, area):
        area = area * 1e6
        return volume.divide(area)

    assert "return volume.divide(area)" in exercise.judge(slip, seed=1).message


def test_the_reference_is_put_away_under_any_name_and_cannot_be_swallowed(exercise):
    borrowed = depth

    def sly(volume, area):
        try:
            return borrowed(volume, area)
        except BaseException:
            return right(volume, area)

    assert exercise.judge(sly, seed=1).status == "course answer"


def test_the_reference_works_again_after_a_check(exercise):
    exercise.judge(depth, seed=1)
    assert depth(1e6, 1.0) == 1e3


def test_an_endless_loop_ends_on_any_thread(exercise):
    def endless(volume, area):
        while True:
            try:
                volume = volume + 1
            except Exception:
                pass

    verdicts = [exercise.judge(endless, seed=1)]
    thread = threading.Thread(target=lambda: verdicts.append(exercise.judge(endless, seed=1)))
    thread.start()
    thread.join()
    assert [v.status for v in verdicts] == ["time-out", "time-out"]
    assert verdicts[0].message == "Still running after 0.2 s: a loop without an end?"


def test_changing_the_input_in_place_is_told(exercise):
    def careless(volume, area):
        volume /= area * 1e3
        return volume

    assert "your function changes volume in place" in exercise.judge(careless, seed=1).message


def test_parts_earn_a_share(exercise):
    def trips_over_gaps(volume, area):
        return right(volume, area) if not np.isnan(volume).any() else volume * np.nan

    verdict = exercise.judge(trips_over_gaps, seed=1)
    assert (verdict.status, verdict.score) == ("partial", 0.5)
    assert verdict.message.startswith("What is still missing: gaps in the record.")


def test_of_two_mistakes_at_once_the_known_one_is_named(exercise):
    def multiplies_and_trips(volume, area):
        return volume * area * 1e6 if not np.isnan(volume).any() else volume * np.nan

    verdict = exercise.judge(multiplies_and_trips, seed=1)
    assert (verdict.mistake, verdict.score) == ("multiplied", 0)


def test_an_input_without_an_answer_asks_for_an_error():
    e = Exercise("depth", depth, lambda rng: [(1.0, 2.0), (1.0, -2.0)], [])
    verdict = e.judge(lambda volume, area: volume / area / 1e3, seed=1)
    assert "raise a ValueError that says why" in verdict.message

    def refuses(volume, area):
        if area <= 0:
            raise ValueError("no area")
        return volume / area / 1e3

    assert e.judge(refuses, seed=1).right


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_seeds_depend_on_learner_exercise_and_salt(learner, name, salt):
    assert seed(learner, name, salt) == seed(learner, name, salt)
    assert seed(learner, name, salt) != seed(learner + "x", name, salt)
    assert seed(learner, name, salt) != seed(learner, name, salt + "x")


def test_the_salt_changes_the_probes(exercise, monkeypatch):
    monkeypatch.setenv("DLA_LEARNER", "ada")
    practice = exercise.probes(current_seed("depth"))
    monkeypatch.setenv("DLA_SALT", "secret")
    graded = exercise.probes(current_seed("depth"))
    assert not np.array_equal(practice[0].args[0], graded[0].args[0])


@pytest.fixture
def course_of_one(exercise, monkeypatch):
    monkeypatch.setattr(module, "exercises", lambda: {"depth": exercise})


def test_check_prints_in_a_terminal_and_raises(course_of_one, capsys):
    check("depth", right)
    assert capsys.readouterr().out == "✓ depth   Well done.\n"
    with pytest.raises(CheckFailed, match="you multiplied"):
        check("depth", lambda volume, area: volume * area * 1e6)


def test_hints_go_further_and_end(course_of_one, capsys):
    hint("depth")
    assert capsys.readouterr().out.startswith("Hint 1 of 2: Volume over area is a length.")
    with pytest.raises(ExerciseError, match="depth has 2 hints"):
        hint("depth", 3)


def test_a_misspelt_exercise_gets_its_likely_meaning(course_of_one):
    with pytest.raises(ExerciseError, match="no exercise 'dept'; did you mean 'depth'?"):
        find("dept")


def test_in_a_notebook_the_verdict_is_rich_and_the_error_is_one_line(exercise):
    shell = start_ipython() or __import__("IPython").get_ipython()
    verdict = exercise.judge(lambda volume, area: volume * area * 1e6, seed=1)
    bundle = verdict._repr_mimebundle_()
    assert "Not yet" in bundle["text/html"] and "you multiplied" in bundle["text/html"]
    assert json.loads(json.dumps(bundle[MIME]))["mistake"] == "multiplied"
    shell.user_ns["failure"] = CheckFailed(verdict)
    lines = CheckFailed(verdict)._render_traceback_()
    assert len(lines) == 1 and "Traceback" not in lines[0]


def test_html_of_a_verdict_is_escaped(exercise):
    verdict = exercise.judge(lambda volume, area: "<script>alert(1)</script>", seed=1)
    assert "<script>" not in verdict._repr_mimebundle_()["text/html"]
