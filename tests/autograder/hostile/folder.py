"""What lies beside the notebook, or in its place: links, pipes, absurd names, modules that stand in front of real ones."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from .case import POINTS, RIGHT, Case, Place, honest

NOTEBOOK = "01_scores.ipynb"
NOTHING = dict.fromkeys(POINTS, 0.0)


def linked_file(folder: Path, place: Place):
    (folder / "data.csv").symlink_to(place.course / "grading_salt.txt")
    (folder / "relative.csv").symlink_to("../../../grading_salt.txt")


def linked_folder(folder: Path, place: Place):
    (folder / "data").symlink_to(place.course)
    (folder / "itself").symlink_to(folder)
    (folder / "round").symlink_to("round")
    (folder / "nowhere").symlink_to("no/such/file")


def linked_solution(folder: Path, place: Place):
    (folder / NOTEBOOK).unlink()
    (folder / NOTEBOOK).symlink_to(place.course / "source" / "streamflow" / NOTEBOOK)


def linked_neighbour(folder: Path, place: Place):
    (folder / NOTEBOOK).unlink()
    (folder / NOTEBOOK).symlink_to(f"../../a-right-one/streamflow/{NOTEBOOK}")


def pipes(folder: Path, place: Place):
    os.mkfifo(folder / "data.csv")
    os.mkfifo(folder / "03_more.ipynb")


def absurd_names(folder: Path, place: Place):
    for name in ("x" * 255, "<img src=x onerror=window.hostile=1>.txt", "a\nb.txt", "\x1b[2J.txt", "-rf", " ", "..\\..\\x.txt",
                 "nbgrader_config.py", "grading_salt.txt", "timestamp.txt ", "*", "$(touch x)", "a" * 200 + ".ipynb"):
        (folder / name).write_text("{}")
    (folder / os.fsdecode(b"\xff\xfe.txt")).write_text("no text in this name")
    nested = folder
    for _ in range(12):
        nested = nested / ("n" * 100)
    nested.mkdir(parents=True)


def shadowing(folder: Path, place: Place):
    for name in ("pandas", "numpy", "random", "json", "IPython", "keras", "sitecustomize", "usercustomize",
                 "autograder", "nbgrader"):
        (folder / f"{name}.py").write_text("raise RuntimeError('a file of the learner')\n")
    kit = folder / "dla_widgets"
    kit.mkdir()
    (kit / "__init__.py").write_text("def check(*arguments): pass\n")


def settings(folder: Path, place: Place):
    startup = folder / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    for path in (folder / "ipython_config.py", folder / "nbgrader_config.py", folder / "jupyter_config.py", startup / "00.py"):
        path.write_text(f"from pathlib import Path\nPath({str(place.loot)!r}).write_text('I was here')\n")
    (folder / "timestamp.txt").write_text("not a time")


def large_file(folder: Path, place: Place):
    with open(folder / "holes.bin", "wb") as file:
        file.truncate(300_000_000)


def archive(folder: Path, place: Place):
    with zipfile.ZipFile(folder / "work.zip", "w") as packed:
        packed.writestr("../../../../grading_salt.txt", "known")
        packed.writestr(f"../../a-right-one/streamflow/{NOTEBOOK}", "{}")
        packed.writestr("/" + str(place.loot), "out")


def folder_for_a_notebook(folder: Path, place: Place):
    (folder / NOTEBOOK).unlink()
    (folder / NOTEBOOK).mkdir()


def unreadable(folder: Path, place: Place):
    (folder / "notes.txt").write_text("mine alone")
    (folder / "notes.txt").chmod(0)
    (folder / NOTEBOOK).chmod(0o400)


def learners_module(folder: Path, place: Place):
    (folder / "my_scores.py").write_text("import numpy as np\n\n\n" + RIGHT)


CASES = {
    "link-to-a-secret": honest("has links to the grading salt beside the notebook", folder=linked_file),
    "link-to-folders": honest("has links to folders, to itself and to nothing", folder=linked_folder),
    "link-to-the-solution": Case("is a link to the author's solution", folder=linked_solution, points=NOTHING, by_hand=True),
    "link-to-a-neighbour": Case("is a link to the notebook of another learner", folder=linked_neighbour, points=NOTHING,
                                by_hand=True),
    "folder-for-a-notebook": Case("has a folder where the notebook should be", folder=folder_for_a_notebook, points=NOTHING,
                                  by_hand=True),
    "pipes": honest("has pipes beside the notebook that never say anything", folder=pipes),
    "absurd-names": honest("has files beside it whose names are long, markup or commands", folder=absurd_names),
    "shadowing-modules": honest("has files named like the packages that grading needs", folder=shadowing),
    "own-module": honest("keeps its answer in a module of its own", "from my_scores import nse\n", folder=learners_module),
    "own-settings": honest("has settings for Python, Jupyter and nbgrader beside it", folder=settings),
    "large-file": honest("has 300 MB beside it", folder=large_file),
    "archive-that-climbs": honest("has an archive beside it with names that lead outside", folder=archive),
    "permissions": honest("has files that nobody may read", folder=unreadable),
}
