"""The service that is asked: ``POST /would-pass/streamflow/02_skill`` with a notebook, and yes or no for each question."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import math
import tempfile
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import nbformat
from tornado import web

from ..grading.course import Course
from ..grading.task import Task, judge, limits_of
from ..grading.workers import pool
from ..judging.preprocessor import companions
from .store import Store

MOST_BYTES = 5_000_000
#: More than this wait for nobody: who comes then is told to come again.
MOST_WAITING = 20


class Examiner:
    """Judges what is asked, `workers` at once, each in a process of its own behind the wall."""

    def __init__(self, root: Path, workers: int = 2):
        self.root, self.workers = root, workers
        self.pool, self.waiting = pool(workers), 0
        self.courses: dict[str, Course] = {}

    def course(self, assignment: str) -> Course:
        if assignment not in self.courses:
            self.courses[assignment] = Course(self.root, assignment)
        return self.courses[assignment]

    async def would_pass(self, learner: str, assignment: str, lesson: str, notebook: bytes) -> dict[str, bool]:
        """Question -> whether the answer in `notebook` would pass."""
        self.waiting += 1
        try:
            task = await asyncio.to_thread(self._task, learner, assignment, lesson, notebook)
            judged = await asyncio.wrap_future(self.pool.submit(judge, task))
        except BrokenProcessPool:
            self.pool = pool(self.workers)
            raise
        finally:
            self.waiting -= 1
        return _questions(judged)

    def _task(self, learner: str, assignment: str, lesson: str, notebook: bytes) -> Task:
        course = self.course(assignment)
        salt = hmac.new(course.settings.salt().encode(), b"would this pass", hashlib.sha256).hexdigest()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "submitted", learner, assignment, f"{lesson}.ipynb")
            path.parent.mkdir(parents=True)
            path.write_bytes(notebook)
            text, _ = course.converter(learner, Path(folder)).sanitise(path)
            return Task(learner, lesson, text, course.release(lesson), salt, key="", files=companions(path.parent),
                        limits=limits_of(course.settings), unsafe=course.settings.unsafe)

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)


def _questions(judged: str) -> dict[str, bool]:
    found = {}
    for cell in nbformat.reads(judged, as_version=4).cells:
        if verdict := cell.metadata.get("dla", {}).get("judged"):
            found[verdict["question"].removesuffix("-tests")] = verdict["status"] == "right"
    return found


class WouldPass(web.RequestHandler):
    def initialize(self, store: Store, examiner: Examiner) -> None:
        self.store, self.examiner, self.come_again = store, examiner, 0.0

    def write_error(self, status_code: int, **kwargs) -> None:
        if self.come_again:
            self.set_header("Retry-After", str(math.ceil(self.come_again)))
        reason = getattr(kwargs.get("exc_info", (None, None))[1], "log_message", None)
        self.finish({"error": reason or "the service failed; nothing was counted, try again or tell your advisor"})

    async def post(self, assignment: str, lesson: str) -> None:
        learner = self._learner()
        notebook = self._notebook(assignment, lesson)
        left, wait = self.store.take(learner, f"{assignment}/{lesson}")
        if left < 0:
            self.come_again = wait
            raise web.HTTPError(429, f"you have asked {self.store.most} times about {lesson} within "
                                     f"{self.store.window / 60:.0f} minutes; the next time is free in {math.ceil(wait / 60)} "
                                     "minutes. `check` in your notebook says more, and as often as you like")
        try:
            questions = await self.examiner.would_pass(learner, assignment, lesson, notebook)
        except Exception:
            self.store.give_back(learner, f"{assignment}/{lesson}")
            raise
        self.finish({"lesson": f"{assignment}/{lesson}", "questions": questions, "left": left})

    def _learner(self) -> str:
        kind, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or (learner := self.store.learner(token.strip())) is None:
            raise web.HTTPError(401, "this token is not known here; ask your advisor for a new one")
        return learner

    def _notebook(self, assignment: str, lesson: str) -> bytes:
        if self.examiner.waiting >= MOST_WAITING:
            self.come_again = 60
            raise web.HTTPError(503, "many ask at this moment; come again in a minute, this time was not counted")
        try:
            known = self.examiner.course(assignment).lessons
        except ValueError:
            known = []
        if lesson not in known:
            raise web.HTTPError(404, f"no lesson {assignment}/{lesson} is handed out here")
        body = self.request.body
        if len(body) > MOST_BYTES:
            raise web.HTTPError(413, f"the notebook has {len(body) / 1e6:.1f} MB, at most {MOST_BYTES / 1e6:g} MB are read: "
                                     "clear its outputs and try again")
        try:
            if not isinstance(json.loads(body)["cells"], list):
                raise TypeError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise web.HTTPError(400, "this is no notebook; send the .ipynb file itself") from None
        return body


def application(store: Store, examiner: Examiner) -> web.Application:
    """The service as a tornado application."""
    return web.Application([(r"/would-pass/([\w-]+)/([\w-]+)", WouldPass, {"store": store, "examiner": examiner})])
