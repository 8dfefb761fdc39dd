"""An exercise: a reference, probes drawn from a seed, hints, and the mistakes that people really make.

A learner runs ``check("nse", nse)`` and grading runs the same line; only the salt of the seed differs. The check calls
the learner's function on the probes. If its answers equal those of a known mistake, it says which, in a sentence that
teaches; else it shows an input, what was expected and what came.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import numpy as np

from .attempt import Outcome, attempt, where
from .compare import describe, equal, plain, show
from .errors import CourseError
from .variants import current_seed
from .verdict import CheckFailed, Verdict
from .verdict import show as show_verdict

PROJECTS = ("dla_widgets.streamflow.exercises", "dla_widgets.landcover.exercises")


class ExerciseError(CourseError):
    """A check or a hint was asked for in a way that cannot be answered; the message says how to ask."""


@dataclass(frozen=True)
class Probe:
    """One question: the arguments of the call and the part of the exercise that it belongs to (for partial credit)."""

    args: tuple
    part: str = ""


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer and what to say to whoever gives it."""

    name: str
    function: Callable
    message: str


class Exercise:
    """One thing for a learner to write.

    Parameters
    ----------
    name : what ``check(name, ...)`` is called with
    answer : the reference; put away while a learner's function runs
    probes : ``probes(rng)`` gives argument tuples, or :class:`Probe` where an exercise has several parts. Each part that
        is wholly right earns an equal share of the points
    hints : one sentence or two each, from a nudge to nearly the answer
    observe : ``observe(result, *args)`` turns a result that cannot be compared as it is (a Keras model, a random
        draw) into numbers, text, lists and dicts that can
    rtol, atol : tolerances on numbers
    seconds : time limit of a call, on the clock; far more than it needs, since a machine may be busy with others
    away : further functions that would give the answer away
    """

    def __init__(
        self,
        name: str,
        answer: Callable,
        probes: Callable[[np.random.Generator], Iterable],
        hints: list[str],
        *,
        observe: Callable | None = None,
        rtol: float = 1e-6,
        atol: float = 1e-9,
        seconds: float = 5.0,
        away: Iterable[Callable] = (),
    ):
        self.name, self.answer, self.hints, self.mistakes = name, answer, hints, []
        self.probe_maker, self._observe = probes, observe
        self.rtol, self.atol, self.seconds = rtol, atol, seconds
        self._away = frozenset(f.__code__ for f in (answer, *away) if hasattr(f, "__code__"))

    def mistake(self, message: str) -> Callable:
        """Register the decorated function as a known mistake; `message` is what a learner who makes it reads."""

        def register(function: Callable) -> Callable:
            self.mistakes.append(Mistake(function.__name__, function, message))
            return function

        return register

    @cached_property
    def arguments(self) -> list[str]:
        return list(inspect.signature(self.answer).parameters)

    def probes(self, seed: int) -> list[Probe]:
        """The probes of `seed`."""
        drawn = self.probe_maker(np.random.default_rng(seed))
        return [probe if isinstance(probe, Probe) else Probe(tuple(probe)) for probe in drawn]

    def judge(self, function: Callable, seed: int, guard: bool = True) -> Verdict:
        """The verdict on `function` for the probes of `seed`.

        `guard` puts the reference away meanwhile and keeps time; not wanted for a function that does both where it runs.
        """
        if problem := self._unusable(function):
            return self._verdict("wrong", problem)
        probes = self.probes(seed)
        expected = [self._call(self.answer, probe) for probe in probes]
        outcomes = []
        for probe in probes:
            outcomes.append(self._call(function, probe, *((self.seconds, self._away) if guard else ())))
            if outcomes[-1].timed_out or outcomes[-1].used_answer:  # no use in waiting for more of these
                break
        return self._compare(function, probes, expected, outcomes)

    def _unusable(self, function) -> str:
        if not callable(function):
            return (
                f"Hand over the function itself, without calling it: check({self.name!r}, {self.name}). "
                f"You gave {show(function)}."
            )
        try:
            inspect.signature(function).bind(*self.arguments)
        except TypeError:
            theirs = ", ".join(inspect.signature(function).parameters)
            return f"{self.name} is called with ({', '.join(self.arguments)}); yours takes ({theirs})."
        except ValueError:  # a built-in without a signature
            pass
        return ""

    @cached_property
    def away(self) -> list[tuple[str, int]]:
        """Where the functions begin that would give the answer away: file, from the kit's folder on, and line."""
        kit = str(Path(__file__).parent)
        return sorted((code.co_filename.removeprefix(kit), code.co_firstlineno) for code in self._away)

    def _call(self, function: Callable, probe: Probe, seconds: float | None = None, away: frozenset = frozenset()) -> Outcome:
        changed = []

        def call(*args):
            result = function(*args)
            changed.extend(name for name, now, was in zip(self.arguments, args, probe.args) if _changed(now, was))
            return plain(self._observe(result, *args) if self._observe and result is not None else result), changed

        return attempt(call, probe.args, seconds, away)

    def _compare(self, function, probes, expected, outcomes) -> Verdict:
        last = outcomes[-1]
        if last.used_answer:
            return self._verdict(
                "course answer",
                f"The course's own {self.name} is put away while a check runs. "
                f"Write the calculation itself in your cell.",
            )
        if last.timed_out:
            return self._verdict("time-out", f"Still running after {self.seconds:g} s: a loop without an end?")
        if all(_is_untouched(outcome) and not _is_untouched(e) for outcome, e in zip(outcomes, expected)):
            return self._verdict(
                "not attempted",
                "Replace the placeholder with your own code, return a value, run the cell, then run this one again.",
            )
        right = [self._same(outcome, e) for outcome, e in zip(outcomes, expected)]
        if all(right):
            return self._changed_input(outcomes) or self._verdict("right", "Well done.", score=1.0)
        parts = {}
        for probe, is_right in zip(probes, right):
            parts[probe.part] = parts.get(probe.part, True) and is_right
        return self._explain(function, probes, expected, outcomes, right.index(False), parts)

    def _explain(self, function, probes, expected, outcomes, first: int, parts: dict[str, bool]) -> Verdict:
        score = sum(parts.values()) / len(parts)
        detail = self._numbers(probes[first], outcomes[first], expected[first])
        if mistake := self._recognise(probes, outcomes, probes[first].part):
            return self._verdict("mistake", mistake.message, detail, mistake.name, score)
        outcome, wanted = outcomes[first], expected[first]
        if outcome.error is not None:
            at = where(outcome.error, function)
            message = f"{type(outcome.error).__name__}: {outcome.error}" + (f" (your {at})" if at else "")
            return self._verdict("failed", message, f"It happened for {self._inputs(probes[first])}.", score=score)
        if wanted.error is not None:
            message = f"This input has no answer: raise a {_public_error(wanted.error)} that says why."
            return self._verdict("partial" if score else "wrong", message, detail, score=score)
        message = describe(outcome.value[0], wanted.value[0], self.rtol, self.atol)
        if score:
            missing = [part for part, ok in parts.items() if not ok]
            message = f"What is still missing: {', '.join(missing)}. {message}".strip()
        return self._verdict("partial" if score else "wrong", message or "The numbers differ.", detail, score=score)

    def _recognise(self, probes: list[Probe], outcomes: list[Outcome], part: str) -> Mistake | None:
        """The mistake that gives just these answers; else one that does in `part`, should there be two mistakes at once."""
        first_of_two = None
        for mistake in self.mistakes:
            same = [self._same(outcome, self._call(mistake.function, probe)) for probe, outcome in zip(probes, outcomes)]
            if all(same):
                return mistake
            if first_of_two is None and all(ok for ok, probe in zip(same, probes) if probe.part == part):
                first_of_two = mistake
        return first_of_two

    def _changed_input(self, outcomes: list[Outcome]) -> Verdict | None:
        changed = next((outcome.value[1] for outcome in outcomes if outcome.ok and outcome.value[1]), None)
        if not changed:
            return None
        return self._verdict(
            "wrong",
            f"The numbers are right, but your function changes {' and '.join(changed)} in place: "
            "whoever called it has lost the original. Work on a copy.",
        )

    def _same(self, outcome: Outcome, expected: Outcome) -> bool:
        if expected.error is not None:
            return outcome.error is not None and isinstance(outcome.error, _public_class(expected.error))
        return outcome.ok and expected.ok and equal(outcome.value[0], expected.value[0], self.rtol, self.atol)

    def _numbers(self, probe: Probe, outcome: Outcome, expected: Outcome) -> str:
        if outcome.error is not None:
            return ""
        wanted = f"a {_public_error(expected.error)}" if expected.error is not None else show(expected.value[0])
        return f"For {self._inputs(probe)} you gave {show(outcome.value[0])}, expected {wanted}."

    def _inputs(self, probe: Probe) -> str:
        return " and ".join(f"{name} = {show(value)}" for name, value in zip(self.arguments, probe.args))

    def _verdict(
        self, status: str, message: str, detail: str = "", mistake: str | None = None, score: float = 0.0
    ) -> Verdict:
        hint = "" if status == "right" or not self.hints else f'hint("{self.name}") has a next step.'
        return Verdict(self.name, score, status, message, detail, mistake, hint)


def check(name: str, answer: Callable) -> None:
    """Check an answer to the exercise `name` and show the verdict.

    Parameters
    ----------
    name : the exercise's name, as in the lesson
    answer : your function, not called

    Raises
    ------
    CheckFailed : the answer is not right; the verdict that was shown says why
    ExerciseError : there is no such exercise
    """
    verdict = find(name).judge(answer, current_seed(name))
    show_verdict(verdict)
    if not verdict.right:
        raise CheckFailed(verdict) from None


def hint(name: str, level: int = 1) -> None:
    """Print hint number `level` of the exercise `name`: each goes a step further than the one before."""
    hints = find(name).hints
    if not 1 <= level <= len(hints):
        raise ExerciseError(
            f"{name} has {len(hints)} hints; ask for hint({name!r}, 1) to hint({name!r}, {len(hints)}), not {level}"
        )
    more = f'\n(hint("{name}", {level + 1}) goes further)' if level < len(hints) else ""
    print(f"Hint {level} of {len(hints)}: {hints[level - 1]}{more}")


def find(name: str) -> Exercise:
    """The exercise called `name`; a misspelt name gets its likely meaning."""
    known = exercises()
    if name not in known:
        close = get_close_matches(str(name), known, n=1)
        raise ExerciseError(
            f"no exercise {name!r}"
            + (f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(known))}")
        )
    return known[name]


def exercises() -> dict[str, Exercise]:
    """All exercises of all projects, by name."""
    return {
        thing.name: thing
        for project in PROJECTS
        for lesson in iter_modules(import_module(project).__path__)
        for thing in vars(import_module(f"{project}.{lesson.name}")).values()
        if isinstance(thing, Exercise)
    }


def _is_untouched(outcome: Outcome) -> bool:
    if outcome.error is not None:
        return isinstance(outcome.error, NotImplementedError)
    return outcome.ok and (outcome.value[0] is None or _is_ellipsis(outcome.value[0]))


def _is_ellipsis(value) -> bool:
    return isinstance(value, np.ndarray) and value.shape == () and value.item() is Ellipsis


def _changed(now, was) -> bool:
    if isinstance(was, np.ndarray):
        return now.shape != was.shape or not np.array_equal(now, was, equal_nan=was.dtype.kind == "f")
    return hasattr(was, "identical") and not now.equals(was)


def _public_class(error: BaseException) -> type[BaseException]:
    """The nearest built-in class: a learner need not know the kit's own exceptions to raise the right kind."""
    return next(c for c in type(error).__mro__ if c.__module__ == "builtins")


def _public_error(error: BaseException) -> str:
    return _public_class(error).__name__
