"""Every exercise of the course: each known mistake is rejected under its own name, whatever the seed."""

import inspect

import pytest

from dla_widgets.exercise import exercises

EXERCISES = exercises()
MISTAKES = [(name, mistake.name) for name, exercise in EXERCISES.items() for mistake in exercise.mistakes]
SEEDS = range(200)
#: Networks are slow to build, and a seed changes only their sizes.
FEW_SEEDS = {"build_lstm": range(20), "build_unet": range(20)}


@pytest.mark.parametrize(("name", "mistake_name"), MISTAKES, ids=[f"{name}-{mistake}" for name, mistake in MISTAKES])
def test_every_mistake_is_rejected_by_its_own_name(name, mistake_name):
    exercise = EXERCISES[name]
    mistake = next(m for m in exercise.mistakes if m.name == mistake_name)
    for seed in FEW_SEEDS.get(name, SEEDS):
        verdict = exercise.judge(mistake.function, seed, guard=False)
        assert (verdict.mistake, verdict.right) == (mistake_name, False), f"seed {seed}: {verdict}"
        assert verdict.score < 1


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_passes_but_handing_it_in_does_not(name):
    exercise = EXERCISES[name]
    for seed in SEEDS[:20]:
        assert exercise.judge(exercise.answer, seed, guard=False).right
        outcomes = [exercise._call(exercise.answer, probe) for probe in exercise.probes(seed)]
        assert outcomes[0].ok and all(o.ok or isinstance(o.error, ValueError) for o in outcomes)
    if hasattr(exercise.answer, "__code__"):
        assert exercise.judge(exercise.answer, 0).status == "course answer"


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_has_enough_to_say(name):
    exercise = EXERCISES[name]
    assert len(exercise.mistakes) >= 6
    assert 2 <= len(exercise.hints) <= 4
    assert len({m.message for m in exercise.mistakes}) == len(exercise.mistakes)
    for text in [*exercise.hints, *(m.message for m in exercise.mistakes)]:
        assert text.strip()[-1] in ".?!`)" and len(text) > 20, text
    for mistake in exercise.mistakes:
        assert len(inspect.signature(mistake.function).parameters) == len(exercise.arguments)
