"""Grading a cohort: `autograder grade` against nbgrader's own `autograde`, and the cost as the cohort grows.

    python benchmarks/grading.py                      # 40 of a lesson in NumPy and 40 of one with TensorFlow, both ways
    python benchmarks/grading.py --growth 10 40 160 640 --lesson streamflow/02_skill

Both grade the same honest notebooks: each learner's answers are the author's or a named mistake, drawn from a seed. nbgrader
runs them its own way (``DLA_GRADING=plain``: a kernel for each notebook, every cell, one after the other); ours runs behind the
wall, the cells that questions need, as many at once as there are cores, start-up and the preflight included. Scores must be
identical.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from nbgrader.api import Gradebook

from autograder import cohort

ROOT = Path(__file__).parents[1]
LESSONS = ("streamflow/02_skill", "streamflow/04_lstm")


@dataclass
class Cost:
    """What a command took: on the clock, of processors, and of memory at its peak, with all processes that it started."""

    wall: float
    cpu: float
    peak_mb: float


def measured(command: list[str], folder: Path, **environment: str) -> Cost:
    """Run `command` and add up what it and everything below it take.

    CPU seconds come from a control group where one can be made (nothing is missed there), else from the processes that were
    waited for.
    """
    group, began = _group(), time.monotonic()
    before = os.times()
    grouped = ["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh", *command] if group else command
    process = subprocess.Popen(grouped, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    peak = [0.0]
    threading.Thread(target=_watch, args=(process.pid, peak), daemon=True).start()
    said = process.communicate()[0].decode(errors="replace")
    wall = time.monotonic() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said[-2000:]}")
    after = os.times()
    cpu = int((group / "cpuacct.usage").read_text()) / 1e9 if group else (
        after.children_user + after.children_system - before.children_user - before.children_system)
    return Cost(wall, cpu, peak[0])


def _group() -> Path | None:
    """A control group of its own for counting (cgroup v1's cpuacct); None where none can be made."""
    try:
        return Path(tempfile.mkdtemp(prefix="bench-", dir="/sys/fs/cgroup/cpuacct"))
    except OSError:
        return None


def _watch(pid: int, peak: list[float]) -> None:
    """Add up the memory of a tree of processes while it lives; shared pages count once."""
    while psutil.pid_exists(pid):
        total = 0
        try:
            root = psutil.Process(pid)
            for process in (root, *root.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    pass
        except psutil.Error:
            return
        peak[0] = max(peak[0], total / 1e6)
        time.sleep(0.5)


def course(folder: Path, lesson: str, number: int) -> Path:
    """A course folder in which `number` honest learners have handed in `lesson`."""
    project, name = lesson.split("/")
    cohort.KINDS = {"right": 0.3}  # and the rest ordinary: no loops without an end, no broken files
    return cohort.make(ROOT / "course", folder / "cohort", project, [name], number)


def scores(root: Path, project: str) -> dict[str, float]:
    """learner -> points of the questions that a machine marks."""
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        return {one.student.id: float(one.score) for one in gradebook.assignment_submissions(project)}


def compare(lesson: str, number: int) -> None:
    """Grade the same cohort both ways and print the ratio."""
    project = lesson.split("/", maxsplit=1)[0]
    with tempfile.TemporaryDirectory() as folder:
        ours = course(Path(folder), lesson, number)
        plain = Path(folder) / "plain"
        shutil.copytree(ours, plain)
        print(f"\n{lesson}, {number} notebooks\n{'':24} {'wall [s]':>9} {'CPU [s]':>9} {'CPU each':>9} {'peak [MB]':>10}",
              flush=True)
        mine = measured([sys.executable, "-m", "autograder", "grade", project, "--course", str(ours)], ROOT)
        row("autograder grade", mine, number)
        theirs = measured([sys.executable, "-m", "nbgrader", "autograde", project], plain, DLA_GRADING="plain")
        row("nbgrader autograde", theirs, number)
        same = scores(ours, project) == scores(plain, project)
        print(f"{'ratio':24} {theirs.wall / mine.wall:9.1f} {theirs.cpu / mine.cpu:9.1f} {'':9} "
              f"{mine.peak_mb / theirs.peak_mb:10.2f}   scores {'identical' if same else 'DIFFER'}", flush=True)


def grow(lesson: str, numbers: list[int]) -> None:
    """Ours alone, for larger and larger cohorts."""
    project = lesson.split("/", maxsplit=1)[0]
    print(f"\n{lesson}, ours\n{'learners':>9} {'wall [s]':>9} {'each [s]':>9} {'CPU each':>9} {'peak [MB]':>10}", flush=True)
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            root = course(Path(folder), lesson, number)
            cost = measured([sys.executable, "-m", "autograder", "grade", project, "--course", str(root)], ROOT)
            print(f"{number:9} {cost.wall:9.1f} {cost.wall / number:9.2f} {cost.cpu / number:9.2f} {cost.peak_mb:10.0f}",
                  flush=True)


def row(name: str, cost: Cost, number: int) -> None:
    print(f"{name:24} {cost.wall:9.1f} {cost.cpu:9.1f} {cost.cpu / number:9.2f} {cost.peak_mb:10.0f}", flush=True)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--lesson", action="append", help="project/lesson; may be given several times")
    asked.add_argument("-n", type=int, default=40, help="notebooks of each lesson")
    asked.add_argument("--growth", type=int, nargs="+", help="sizes of cohorts for which ours is run alone")
    given = asked.parse_args()
    for one in given.lesson or LESSONS:
        grow(one, given.growth) if given.growth else compare(one, given.n)
