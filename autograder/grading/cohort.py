"""Grade a cohort: many judge at once, one writes the gradebook, and whatever is interrupted goes on where it was.

A judged notebook is kept on disk before anything is written; a student whose grades are being written has a mark until
they are all there. After a kill the next run takes what is kept, and writes a marked student's grades again.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import nbformat

from ..judging.kept import FOLDER, Kept
from ..judging.preprocessor import companions
from .course import Course, CourseError
from .task import Task, limits_of
from .workers import done


class Busy(RuntimeError):
    """Somebody else is grading this course folder."""


@dataclass
class Report:
    """What a run of grading came to: `graded` and `kept` students, `failed` ones with the reason."""

    graded: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    judged: int = 0
    seconds: float = 0.0


def grade(course: Course, students: list[str] | None = None, *, workers: int = 0, scheduler: str = "", force: bool = False,
          regrade: bool = False, modules: tuple[str, ...] = (), tell: Callable[[dict], None] = lambda progress: None) -> Report:
    """Grade everybody who has handed in something since they were last graded.

    Parameters
    ----------
    students : only these
    force : grade everybody again, from the beginning
    regrade : look at everybody again; who is judged anew is whose lesson, exercises or submission have changed
    modules : what warm processes load beforehand
    tell : called with the progress, as it is in ``.grading/progress.json``

    Raises
    ------
    Busy : another run is grading this folder
    """
    with _alone(course.root):
        return _Run(course, force, regrade, modules, tell).over(students, workers, scheduler)


class _Run:
    def __init__(self, course: Course, force: bool, regrade: bool, modules: tuple[str, ...], tell):
        self.course, self.force, self.regrade, self.modules, self.tell = course, force, regrade, modules, tell
        self.kept, self.report = Kept(course.root), Report()
        self.salt, self.limits = course.settings.salt(), limits_of(course.settings)
        self.sanitised: dict[str, dict[str, tuple[str, dict]]] = {}
        self.open: dict[str, set[str]] = {}
        self.keys: dict[str, dict[str, str]] = {}
        self.total, self.began = 0, time.monotonic()

    def over(self, students: list[str] | None, workers: int, scheduler: str) -> Report:
        todo = self._todo(students)
        self.total = len(todo) + len(self.report.failed)
        self._progress()
        with self.course.inside():
            for task, result in done(self._tasks(todo), workers, scheduler):
                self._take(task, result)
        self.report.seconds = time.monotonic() - self.began
        self._progress()
        return self.report

    def _todo(self, students: list[str] | None) -> list[str]:
        todo, handed_in = [], self.course.submitted()
        if unknown := sorted(set(students or ()) - set(handed_in)):
            raise CourseError(f"nobody has handed in {self.course.assignment} as {', '.join(unknown)}; "
                              f"there are {', '.join(handed_in[:20])}{' and more' if len(handed_in) > 20 else ''}")
        for student in handed_in:
            if students is not None and student not in students:
                continue
            try:
                wanted = self.force or self.regrade or self._mark(student).exists() or not self.course.is_graded(student)
                (todo if wanted else self.report.skipped).append(student)
            except Exception as error:
                self._failed(student, error)
        return todo

    def _tasks(self, todo: list[str]) -> Iterator[Task]:
        """What there is to judge; a student for whom there is nothing is written at once."""
        for student in todo:
            try:
                tasks = self._prepare(student)
            except Exception as error:
                self._failed(student, error)
                continue
            self.open[student] = {task.lesson for task in tasks}
            if not tasks:
                self._finish(student)
            yield from tasks

    def _prepare(self, student: str) -> list[Task]:
        converter = self.course.converter(student)
        self.sanitised[student], self.keys[student], tasks = {}, {}, []
        files = companions(self.course.root / "submitted" / student / self.course.assignment)
        for lesson, path in self.course.notebooks(student).items():
            text, resources = converter.sanitise(path)
            self.sanitised[student][lesson] = (text, resources)
            release = self.course.release(lesson)
            key = self.kept.key(nbformat.reads(text, as_version=4), learner=student, salt=self.salt,
                                release=nbformat.reads(release, as_version=4), files=files, how=self.course.settings.how())
            self.keys[student][lesson] = key
            if self.force or key not in self.kept:
                tasks.append(Task(student, lesson, text, release, self.salt, key, files, self.course.settings.run, self.modules,
                                  self.limits, self.course.settings.unsafe))
        return tasks

    def _take(self, task: Task, result: str | Exception) -> None:
        if isinstance(result, Exception):
            self._failed(task.learner, result)
            return
        self.kept.put(task.key, nbformat.reads(result, as_version=4))
        self.report.judged += 1
        if task.learner in self.open:  # no other lesson of theirs has failed
            self.open[task.learner].discard(task.lesson)
            if not self.open[task.learner]:
                self._finish(task.learner)

    def _finish(self, student: str) -> None:
        """Write a student's grades, unless a regrade finds that nothing has changed."""
        record, mark = self._record(student), self._mark(student)
        if self.regrade and not mark.exists() and record.is_file() and json.loads(record.read_text()) == self.keys[student]:
            self.report.skipped.append(student)
        else:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
            try:
                self.course.converter(student).write(self.sanitised[student])
                _write(record, json.dumps(self.keys[student]))
                mark.unlink()
                self.report.graded.append(student)
            except (Exception, SystemExit) as error:
                self._failed(student, error)
        self._forget(student)

    def _failed(self, student: str, error: BaseException) -> None:
        self.report.failed[student] = f"{type(error).__name__}: {error}"[:2000]
        self._forget(student)

    def _forget(self, student: str) -> None:
        for of in (self.sanitised, self.open, self.keys):
            of.pop(student, None)
        self._progress()

    def _mark(self, student: str) -> Path:
        return self.course.root / FOLDER / "writing" / self.course.assignment / student

    def _record(self, student: str) -> Path:
        return self.course.root / FOLDER / "keys" / self.course.assignment / f"{student}.json"

    def _progress(self) -> None:
        finished = len(self.report.graded) + len(self.report.failed) + (len(self.report.skipped) if self.regrade else 0)
        elapsed = time.monotonic() - self.began
        left = elapsed / finished * (self.total - finished) if finished else None
        progress = {"assignment": self.course.assignment, "total": self.total, "done": finished, "failed": self.report.failed,
                    "seconds": round(elapsed, 1), "eta_seconds": left and round(left, 1), "now": sorted(self.open)[:20],
                    "running": finished < self.total}
        _write(self.course.root / FOLDER / "progress.json", json.dumps(progress))
        self.tell(progress)


def progress(root: Path) -> dict:
    """How far grading of the course folder `root` is, as in ``progress.json``; empty if it never ran.

    ``running`` is true only while somebody grades: a killed run says so no longer.
    """
    try:
        found = json.loads((root / FOLDER / "progress.json").read_text(encoding="utf-8"))
        return found | {"running": found["running"] and _is_locked(root / FOLDER / "lock")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _is_locked(path: Path) -> bool:
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One run at a time, and so one writer; the lock goes with the process, however that ends."""
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        if not _takes(lock):
            lock.seek(0)
            raise Busy(f"{root} is being graded by another run ({lock.read().strip() or 'unknown'}); wait for it, or stop it: "
                       "what it has done is not lost")
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def _takes(lock: IO, tries: int = 5) -> bool:
    """Whether the lock could be had; whoever only looks at it (`progress`) holds it for a moment."""
    for _ in range(tries):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.1)
    return False


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


