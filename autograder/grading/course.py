"""nbgrader's course folder as grading needs it: its configuration, who handed in, and its own converter in two steps."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from nbgrader.apps import NbGrader
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning

from ..judging.preprocessor import JudgedOutside
from ..rescue import receive


class CourseError(ValueError):
    """A course folder that cannot be graded; the message says what it lacks."""


class Course:
    """nbgrader's course folder at `root`.

    Raises
    ------
    CourseError : there is no configuration, or `assignment` was not released
    """

    def __init__(self, root: Path, assignment: str):
        self.root, self.assignment = Path(root).resolve(), assignment
        if not (self.root / "nbgrader_config.py").is_file():
            raise CourseError(f"{self.root} is no course folder: it has no nbgrader_config.py; `autograder build` makes one")
        release = self.root / "release" / assignment
        self.lessons = sorted(path.stem for path in release.glob("*.ipynb"))
        if not self.lessons:
            known = sorted(path.name for path in (self.root / "release").glob("*") if path.is_dir())
            raise CourseError(f"nothing is released as {assignment!r}; released are {', '.join(known) or 'no assignments'}. "
                              f"Run `nbgrader generate_assignment {assignment}` in {self.root}")
        with self.inside():
            NbGrader.clear_instance()
            self.app = NbGrader()
            self.app.initialize([])
            self.app.log.setLevel(logging.ERROR)
        self.directory = CourseDirectory(parent=self.app, root=str(self.root), assignment_id=assignment)
        self.settings = JudgedOutside(config=self.app.config)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """In the course folder, as nbgrader expects."""
        before = os.getcwd()
        os.chdir(self.root)
        try:
            yield
        finally:
            os.chdir(before)

    def converter(self, student: str, elsewhere: Path | None = None) -> Converter:
        """nbgrader's Autograde for one student; for what lies below `elsewhere` if that is given."""
        directory = self.directory
        if elsewhere:
            directory = CourseDirectory(parent=self.app, root=str(elsewhere), db_url=self.directory.db_url,
                                        assignment_id=self.assignment)
        directory.student_id = student
        return Converter(coursedir=directory, parent=self.app)

    def submitted(self) -> list[str]:
        """Everybody who has handed in something; what they handed in is put right on the way."""
        folder = self.root / "submitted"
        names = sorted(path.name for path in folder.glob("*") if (path / self.assignment).is_dir() and not path.is_symlink())
        for name in names:
            with contextlib.suppress(OSError):  # it is said when this one's turn comes
                receive(self.root, name, self.assignment)
        return names

    def notebooks(self, student: str) -> dict[str, Path]:
        """The lessons that `student` has handed in."""
        folder = self.root / "submitted" / student / self.assignment
        return {lesson: path for lesson in self.lessons
                if (path := folder / f"{lesson}.ipynb").is_file() and not path.is_symlink()}

    def is_graded(self, student: str) -> bool:
        """Whether nbgrader would skip `student`: graded, and nothing handed in since."""
        graded = self.root / "autograded" / student / self.assignment
        if not graded.is_dir():
            return False
        new = self.directory.get_existing_timestamp(str(self.root / "submitted" / student / self.assignment))
        old = self.directory.get_existing_timestamp(str(graded))
        return not (new and old and new > old)

    def release(self, lesson: str) -> str:
        return (self.root / "release" / self.assignment / f"{lesson}.ipynb").read_text(encoding="utf-8")


class Converter(Autograde):
    """nbgrader's own, with its two steps apart: sanitising before the judging, and the gradebook after it."""

    def sanitise(self, path: Path) -> tuple[str, dict]:
        """The notebook at `path` after the sanitising steps, and nbconvert's resources of it."""
        self.exporter = self.exporter_class(parent=self, config=self.config)
        self._sanitizing = True
        self._init_preprocessors()
        name = str(path)
        return self.exporter.from_filename(name, resources=self.init_single_notebook_resources(name))

    def write(self, sanitised: dict[str, tuple[str, dict]]) -> None:
        """Everything else that ``nbgrader autograde`` does for one student, with these notebooks in place of its first step."""
        self.sanitised = sanitised
        self.force = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # nbgrader's own, of no use to an advisor
            self.start()

    def convert_single_notebook(self, notebook_filename: str) -> None:
        lesson = Path(notebook_filename).stem
        output, resources = self.sanitised[lesson]
        self.write_single_notebook(output, resources)
        self._sanitizing = False
        self._init_preprocessors()
        try:
            super(Autograde, self).convert_single_notebook(os.path.join(self.writer.build_directory, f"{lesson}.ipynb"))
        finally:
            self._sanitizing = True


