"""nbgrader's door to the judge: takes the place of its Execute in ``c.Autograde.autograde_preprocessors``."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Enum, Float, Integer, Unicode

from ..sandbox.limits import MB, Limits
from ..sandbox.walls import choose
from .kept import Kept
from .notebook import judge_notebook
from .warmth import Warmth

_MOST_FILES, _MOST_BYTES = 200, 50 * MB


class JudgedOutside(NbGraderPreprocessor):
    """Run a submission behind a wall and judge it here; what ``autograder grade`` has judged already is taken from there."""

    salt_file = Unicode("", help="file with the salt of the grading run; DLA_SALT comes first").tag(config=True)
    run = Enum(["needed", "all"], "needed", help="the cells that are run: those that questions need, or all").tag(config=True)
    unsafe = Bool(False, help="run learners' code as yourself where nothing better works").tag(config=True)
    cell_seconds = Float(Limits.cell_seconds, help="most of one cell").tag(config=True)
    notebook_seconds = Float(Limits.notebook_seconds, help="most of one notebook").tag(config=True)
    memory_mb = Integer(Limits.memory_mb, help="most of one notebook").tag(config=True)

    def preprocess(self, nb, resources):
        about = resources["nbgrader"]
        root = Path(self.parent.parent.coursedir.root) if self.parent is not None and self.parent.parent else Path.cwd()
        release = released(root, about["assignment"], about["notebook"])
        submitted = root / "submitted" / about["student"] / about["assignment"]
        salt, files = self.salt(), companions(submitted)
        kept = Kept(root)
        key = kept.key(nb, learner=about["student"], salt=salt, release=release, files=files, how=self.how())
        if (done := kept.take(key)) is not None:
            return done, resources
        judge_notebook(nb, learner=about["student"], salt=salt, release=release, run=self.run, files=files, warmth=self._warmth())
        return nb, resources

    def how(self) -> str:
        """The settings that a verdict depends on."""
        return f"{self.run} {self.cell_seconds:g} s {self.notebook_seconds:g} s {self.memory_mb} MB"

    def salt(self) -> str:
        """The salt of the grading run.

        Raises
        ------
        FileNotFoundError : there is none
        """
        if "DLA_SALT" in os.environ:
            return os.environ["DLA_SALT"]
        if not Path(self.salt_file).is_file():
            raise FileNotFoundError(f"no grading salt: {self.salt_file or 'JudgedOutside.salt_file'} does not exist; "
                                    "run `autograder build`, or set DLA_SALT")
        return Path(self.salt_file).read_text(encoding="utf-8").strip()

    def _warmth(self) -> Warmth:
        limits = Limits(cell_seconds=self.cell_seconds, notebook_seconds=self.notebook_seconds, memory_mb=self.memory_mb)
        return Warmth.shared(wall=choose(self.unsafe), limits=limits)


def released(root: Path, assignment: str, lesson: str) -> nbformat.NotebookNode | None:
    """The notebook as it was handed out; None if it is not there."""
    path = root / "release" / assignment / f"{lesson}.ipynb"
    return nbformat.read(path, as_version=4) if path.is_file() else None


def companions(folder: Path) -> dict[str, bytes]:
    """The files that were handed in beside the notebooks, up to a number and a size; links are not followed."""
    files, left = {}, _MOST_BYTES
    for here, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in sorted(names):
            path = Path(here) / name
            if path.suffix == ".ipynb" or name == "timestamp.txt" or path.is_symlink() or not path.is_file():
                continue
            if (left := left - path.stat().st_size) < 0 or len(files) >= _MOST_FILES:
                return files
            files[str(path.relative_to(folder))] = path.read_bytes()
    return files
