"""Where the hostile table is graded: a real course folder, a cohort with one learner per case, and what is left of it."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil
from nbgrader.api import Gradebook

from autograder.notebooks import build

from .case import Case, Place, find

#: Only in the author's solution, only in the hidden tests, only in the environment of whoever grades.
SOLUTION, HIDDEN, ENVIRONMENT = "the-authors-own-line", "a-test-that-nobody-sees", "only-the-grader-may-know-this"
HEADER = """\
# ---
# jupyter:
#   dla:
#     title: {}
#     objectives: [Know one]
#     minutes: 5
#     prerequisites: []
# ---
"""
SCORES = HEADER.format("Scores") + f'''
# %%
import numpy as np

from dla_widgets import check, hint

# %% solution="nse"
def nse(observed, simulated):
    ### BEGIN SOLUTION
    both = np.isfinite(observed) & np.isfinite(simulated)  # {SOLUTION}
    o, s = observed[both], simulated[both]
    return 1 - ((o - s) ** 2).sum() / ((o - o.mean()) ** 2).sum()
    ### END SOLUTION

# %% tests="nse" points=2
check("nse", nse)

# %% solution="percent_bias"
def percent_bias(observed, simulated):
    ### BEGIN SOLUTION
    both = np.isfinite(observed) & np.isfinite(simulated)  # {SOLUTION}
    return 100 * (simulated[both] - observed[both]).sum() / observed[both].sum()
    ### END SOLUTION

# %% tests="percent_bias" points=2
check("percent_bias", percent_bias)

# %% solution="slope"
def slope(drop, length):
    ### BEGIN SOLUTION
    return drop / length
    ### END SOLUTION

# %% tests="slope" points=1
assert slope(1, 100) == 0.01

# %% [markdown] answer="in_words" points=1
r"""
**In your own words**: what does a score forgive?

### BEGIN SOLUTION
A constant factor, some of them.
### END SOLUTION
"""
'''
NETWORK = HEADER.format("A network") + '''
# %%
import keras
import numpy as np

from dla_widgets import check

# %% solution="build_lstm"
def build_lstm(features, units):
    ### BEGIN SOLUTION
    return keras.Sequential([keras.layers.Input((None, features)), keras.layers.LSTM(units, return_sequences=True),
                             keras.layers.Dense(1)])
    ### END SOLUTION

# %% tests="build_lstm" points=2
check("build_lstm", build_lstm)
'''
HIDDEN_TEST = f'\n### BEGIN HIDDEN TESTS\nassert slope(3, 60) == 0.05, "{HIDDEN}"\n### END HIDDEN TESTS'
LESSONS = {"01_scores": SCORES, "02_network": NETWORK}


def make_course(root: Path, run_nbgrader) -> tuple[Path, dict[str, dict]]:
    """The course folder, released, and each lesson's right notebook as a learner would hand it in."""
    folder = root / "course" / "streamflow"
    folder.mkdir(parents=True)
    for name, text in LESSONS.items():
        (folder / f"{name}.py").write_text(text)
    build(root / "course", root / "build")
    course = root / "build" / "nbgrader"
    source = course / "source" / "streamflow" / "01_scores.ipynb"
    notebook = json.loads(source.read_text())
    tests = find(notebook, "slope-tests")
    tests["source"] = "".join(tests["source"]) + HIDDEN_TEST  # an author's own hidden tests, as nbgrader's manual has them
    source.write_text(json.dumps(notebook))
    run_nbgrader(course, "generate_assignment", "streamflow")
    return course, {name: right(root / "build" / "solution" / "streamflow" / f"{name}.ipynb") for name in LESSONS}


def right(path: Path) -> dict:
    """A right notebook, its cells' texts in one piece, without what marks the author's own."""
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace(f"  # {SOLUTION}", "")
    return notebook


def hand_in(name: str, case: Case, solutions: dict[str, dict], place: Place) -> None:
    """Put the submission of `case` where nbgrader collects them."""
    folder = place.course / "submitted" / name / "streamflow"
    folder.mkdir(parents=True)
    (folder / "01_scores.ipynb").write_bytes(case.submission(solutions["01_scores"], place))
    if case.network is not None:
        (folder / "02_network.ipynb").write_bytes(case.second_submission(solutions["02_network"], place))
    if case.folder:
        case.folder(folder, place)


@contextmanager
def listener():
    """Ports that nobody should call: (their number, the list of who did)."""
    calls, servers = [], [socket.create_server(("127.0.0.1", 0))]
    port = servers[0].getsockname()[1]
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0dla-hostile-{port}")
    abstract.listen()
    servers.append(abstract)

    def serve(server):
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(2)
                try:
                    calls.append(caller.recv(200))
                    caller.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1")
                except OSError:
                    pass

    threads = [threading.Thread(target=serve, args=(server,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    yield port, calls
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


@contextmanager
def orphans():
    """The command lines of the processes that outlive what runs meanwhile; they are ended then.

    This process takes in whoever loses its parent, so that a daemon cannot hide.
    """
    left, me = [], psutil.Process()
    before = set(me.children(recursive=True))
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    try:
        yield left
        time.sleep(1)  # for those that are just ending
    finally:
        new = [process for process in me.children(recursive=True) if process not in before]
        left += [process.cmdline() for process in new if process.status() != psutil.STATUS_ZOMBIE]
        for process in new:
            process.kill()
        psutil.wait_procs(new, timeout=10)
        ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)


def digest(folder: Path) -> dict[str, str]:
    """Every plain file below `folder` and a hash of it; links are named and not followed."""
    found = {}
    for top, _, names in os.walk(folder):
        for path in (Path(top, name) for name in names):
            if path.is_symlink():
                found[str(path)] = "-> " + os.readlink(path)
            elif path.is_file():
                with path.open("rb") as file:
                    found[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def contents(course: Path) -> dict[str, str]:
    """What grading must leave as it is; what was handed in may also be put aside."""
    folders = [digest(course / name) for name in ("submitted", "source", "release")]
    files = {str(path): path.read_text() for path in (course / "grading_salt.txt", course / "nbgrader_config.py")}
    return {path: hashed for folder in folders for path, hashed in folder.items()} | files


@dataclass
class Aftermath:
    """What is left when the cohort has been graded."""

    place: Place
    said: str = ""
    calls: list = field(default_factory=list)
    orphans: list = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def grades(self, name: str, lesson: str = "01_scores") -> dict[str, tuple[float, bool]]:
        """Question -> (points, whether an advisor has to look), as the gradebook has them."""
        with Gradebook(f"sqlite:///{self.place.course}/gradebook.db") as gradebook:
            grades = gradebook.find_submission_notebook(lesson, "streamflow", name).grades
            return {grade.name.removesuffix("-tests"): (grade.score, bool(grade.needs_manual_grade)) for grade in grades}

    def notebook(self, name: str, lesson: str = "01_scores"):
        path = self.place.course / "autograded" / name / "streamflow" / f"{lesson}.ipynb"
        return nbformat.read(path, as_version=4)

    def judged(self, name: str, lesson: str = "01_scores") -> dict[str, dict]:
        """Question -> what the notebook says of its verdict."""
        return {cell.metadata.nbgrader.grade_id.removesuffix("-tests"): cell.metadata.dla.judged
                for cell in self.notebook(name, lesson).cells if "judged" in cell.metadata.get("dla", {})}

    def written(self, name: str) -> dict[Path, bytes]:
        """Every file that grading made for this learner."""
        folders = [self.place.course / kind / name for kind in ("autograded", "feedback")]
        return {path: path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}


def fight(root: Path, cases: dict[str, Case], run_nbgrader, grade) -> Aftermath:
    """Hand in `cases`, run ``grade(course)`` and the feedback, and look at what is left."""
    course, solutions = make_course(root, run_nbgrader)
    (root / "loot").mkdir()
    with listener() as (port, calls), orphans() as left:
        until = time.time() + 1800
        for name, case in cases.items():
            hand_in(name, case, solutions, Place(course, root / "loot" / name, port, until))
        before = contents(course)
        said = grade(course)
        after, aside = contents(course), digest(course / "put_aside")
    aftermath = Aftermath(Place(course, root / "loot", port, until), said, calls, left)
    aftermath.changed = [path for path, hashed in before.items() if after.get(path) != hashed
                         and aside.get(path.replace("/submitted/", "/put_aside/")) != hashed]
    run_nbgrader(course, "generate_feedback", "streamflow", check=False)
    return aftermath
