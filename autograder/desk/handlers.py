"""The desk's pages. Nothing of a learner's is shown but as text: templates escape, and no script but ours may run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.extension.handler import ExtensionHandlerJinjaMixin, ExtensionHandlerMixin
from markupsafe import Markup
from tornado import web

from dla_widgets.verdict import emphasised

from ..grading import cohort
from ..judging.kept import FOLDER
from . import formgrader, lms, records, similar, statistics


class _Page(ExtensionHandlerMixin, ExtensionHandlerJinjaMixin, JupyterHandler):
    """What every page has: the course folder, the role of whoever asks, and a policy that lets only our own scripts run."""

    @property
    def content_security_policy(self) -> str:
        return (f"{super().content_security_policy}; default-src 'none'; script-src 'self'; style-src 'self'; "
                "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'")

    @property
    def root(self) -> Path:
        return self.settings["dla_desk_root"]

    @property
    def db_url(self) -> str:
        from nbgrader.coursedir import CourseDirectory

        if formgrader := self.settings.get("nbgrader_formgrader"):  # it has read nbgrader's configuration
            return formgrader.coursedir.db_url
        return self.settings.get("dla_desk_db_url") or CourseDirectory(root=str(self.root)).db_url

    @property
    def is_advisor(self) -> bool:
        """Graders mark; similarities between learners and the button that grades are the advisor's."""
        name = getattr(self.current_user, "username", "")
        return self.settings["dla_desk_role"] == "advisor" and name not in self.settings["dla_desk_graders"]

    def progress(self) -> dict:
        """How far grading is; what was started here and has not begun yet is running too."""
        found, started = cohort.progress(self.root), self.settings.get("dla_desk_grading")
        if not found.get("running") and started is not None and started.poll() is None:
            return {"running": True, "done": 0, "total": 0}
        return found

    def problem(self) -> str:
        """What the grading that was last started here said, if it failed."""
        started = self.settings.get("dla_desk_grading")
        if started is None or started.poll() in (None, 0):
            return ""
        return (self.root / FOLDER / "desk.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def submissions(self, assignment: str) -> list[records.Submission]:
        try:
            return records.read(self.root, self.db_url, assignment)
        except KeyError:
            raise web.HTTPError(404, f"there is no assignment {assignment!r} in the gradebook") from None

    def show(self, template: str, **names) -> None:
        self.finish(self.render_template(template, desk=self.base_url + "dla/desk", base=self.base_url, advisor=self.is_advisor,
                                         xsrf=self.xsrf_form_html(), emphasised=lambda text: Markup(emphasised(text)), **names))


class Assignments(_Page):
    @web.authenticated
    def get(self):
        known = records.assignments(self.db_url)
        if len(known) == 1:
            return self.redirect(f"{self.base_url}dla/desk/cohort/{known[0]}")
        counts = {name: len(list((self.root / "submitted").glob(f"*/{name}"))) for name in known}
        self.show("assignments.html", assignments=counts)


class Cohort(_Page):
    @web.authenticated
    def get(self, assignment: str):
        submissions = self.submissions(assignment)
        self.show("cohort.html", assignment=assignment, submissions=submissions, mistakes=statistics.mistakes(submissions),
                  items=statistics.items(submissions), systems=list(lms.SYSTEMS), fewest=statistics.FEWEST,
                  broken=[(one, answer) for one in submissions for answer in one.broken()],
                  slow=_slowest(submissions), progress=self.progress(), problem=self.problem())


class Alike(_Page):
    """Pairs of answers that somebody should look at; the advisor's alone."""

    @web.authenticated
    def get(self, assignment: str):
        if not self.is_advisor:
            raise web.HTTPError(403, "similarities are shown to advisors; you are signed in as a grader")
        names = {one.learner: one.name for one in self.submissions(assignment)}
        answers, released = records.answers(self.root, assignment)
        found = similar.pairs(answers, released)
        shown = [(pair, *similar.side_by_side(answers[pair.question][pair.first], answers[pair.question][pair.second]))
                 for pair in found[:30]]
        self.show("alike.html", assignment=assignment, pairs=shown, more=len(found) - len(shown), fewest=similar.FEWEST,
                  names={learner: names.get(learner, learner) for pair in found for learner in (pair.first, pair.second)})


class Grade(_Page):
    """Starts ``autograder grade`` in a process of its own: it outlives the page, and the page stays quick."""

    @web.authenticated
    def post(self, assignment: str):
        if not self.is_advisor:
            raise web.HTTPError(403, "grading is started by an advisor; you are signed in as a grader")
        if assignment not in records.assignments(self.db_url):
            raise web.HTTPError(404, f"there is no assignment {assignment!r} in the gradebook")
        (self.root / FOLDER).mkdir(mode=0o700, exist_ok=True)
        with (self.root / FOLDER / "desk.log").open("wb") as log:
            self.settings["dla_desk_grading"] = subprocess.Popen(
                [sys.executable, "-m", "autograder", "grade", assignment, "--course", str(self.root)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.redirect(f"{self.base_url}dla/desk/cohort/{assignment}")


class Progress(_Page):
    @web.authenticated
    def get(self):
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(self.progress()))


class Export(_Page):
    @web.authenticated
    def get(self, assignment: str, system: str):
        if system not in lms.SYSTEMS:
            raise web.HTTPError(404, f"no export for {system!r}; there are {', '.join(lms.SYSTEMS)}")
        text = lms.export(self.submissions(assignment), assignment, system)
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{system}.csv"')
        self.finish(text)


def _slowest(submissions: list[records.Submission], most: int = 10) -> list[tuple[records.Submission, str, float]]:
    """The notebooks that took far longer than their lesson usually does."""
    found = []
    for lesson in sorted({lesson for one in submissions for lesson in one.seconds}):
        usual = float(np.median([one.seconds[lesson] for one in submissions if lesson in one.seconds]))
        found += [(one, lesson, one.seconds[lesson]) for one in submissions if one.seconds.get(lesson, 0) > max(5.0, 4 * usual)]
    return sorted(found, key=lambda row: -row[2])[:most]


NAME = r"([^/]+)"
HANDLERS = [
    (r"/dla/desk/?", Assignments),
    (rf"/dla/desk/cohort/{NAME}", Cohort),
    (rf"/dla/desk/cohort/{NAME}/grade", Grade),
    (rf"/dla/desk/cohort/{NAME}/alike", Alike),
    (rf"/dla/desk/cohort/{NAME}/{NAME}\.csv", Export),
    (r"/dla/desk/progress", Progress),
    (formgrader.ADDRESS, formgrader.Autograde),
]
