"""nbgrader's configuration of the course. `autograder build` puts a copy into build/nbgrader, the course folder.

Run nbgrader's commands and the advisor's JupyterLab *in that folder*: nbgrader reads this file from the current folder,
and Formgrader only works where the course folder is below the folder that JupyterLab was started in.
"""

import os
import sys
from pathlib import Path

import autograder

HERE = Path(__file__).resolve().parent
c = get_config()  # noqa: F821 - traitlets provides it

# nbgrader calls `alembic` when it makes a gradebook, and looks for it on PATH only.
programs = str(Path(sys.executable).parent)
if programs not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])

c.CourseDirectory.course_id = "dla"
c.CourseDirectory.root = str(HERE)
# Whatever lies in source/ is copied into release/. Lesson sources are kept elsewhere; should one get there, its
# solutions stay behind.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "[0-9][0-9]_*.py", "grading_salt.txt",
]

# Must exist and be writable, or Formgrader hides release and collect. A class that shares a machine sets DLA_EXCHANGE,
# the same for advisors and learners.
c.Exchange.root = os.environ.get("DLA_EXCHANGE") or str(HERE / "exchange")

# A training cell may take 90 s on a quiet machine; nbgrader's own limit is 30 s. A loop without an end costs this much
# for every cell that enters it.
c.Execute.timeout = 180
c.Execute.iopub_timeout = 30

# A submission is put right step by step before anything runs: the folder, the file, then the cells. nbgrader's own
# DeduplicateIds is not among the steps: it leaves metadata behind that the next step takes for an old file format, and then
# the *whole batch* stops.
c.Autograde.pre_convert_hook = "autograder.rescue.receive_before"
c.Autograde.exporter_class = "autograder.rescue.MendingExporter"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "autograder.rescue.LostMarks",
    "autograder.rescue.ForeignCells",
    "autograder.rescue.ChangedMetadata",
    "autograder.rescue.CopiedCells",
    "autograder.rescue.ChangedTypes",
    "autograder.rescue.MissingCells",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# Learners' code runs behind a wall and is judged outside it. DLA_GRADING=plain is nbgrader's own way, for a machine where no
# wall holds: as you, in the learner's own kernel, and only a canary says when that kernel lies.
plain = os.environ.get("DLA_GRADING") == "plain"
c.Autograde.autograde_preprocessors = [
    *(["autograder.partial.ExecuteAsLearner", "autograder.partial.PartialCredit"] if plain
      else ["autograder.judging.preprocessor.JudgedOutside"]),
    "autograder.rescue.HugeOutputs",
    "nbgrader.preprocessors.IgnorePattern",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "autograder.rescue.NeedsAdvisor",
    "nbgrader.preprocessors.AssignLatePenalties",
    "autograder.rescue.ActiveContent",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# The salt of the grading run: with it, the checks draw other numbers than the learner has practised on.
c.JudgedOutside.salt_file = c.ExecuteAsLearner.salt_file = str(HERE / "grading_salt.txt")

# A learner gets a small page about the questions, on which nothing runs, instead of the whole notebook again.
c.GenerateFeedback.exporter_class = "autograder.feedback.page.FeedbackPage"
c.GenerateFeedback.preprocessors = ["nbgrader.preprocessors.GetGrades"]

# Archives from a learning platform: each on its own, so that a bad one stops nobody.
c.ZipCollectApp.extractor_plugin = "autograder.archives.CarefulExtractor"

# Formgrader answers with a server error for a lesson that was not handed in: put a page there that says so.
c.Autograde.post_convert_hook = "autograder.rescue.fill_gaps"
# Formgrader's grading page breaks without internet: our template for MathJax stands in front of nbconvert's.
templates = str(Path(autograder.__file__).parent / "jupyter")
if templates not in (known := os.environ.get("JUPYTER_PATH", "")).split(os.pathsep):
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [templates, known]))
# Formgrader shows the loaded configuration on its first page; nobody needs that on a projector.
c.FormgradeExtension.debug = False
