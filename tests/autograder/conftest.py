"""A real nbgrader course of two lessons, built and released once for all tests here."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.notebooks import build

#: A second lesson, checked by a plain assert.
SLOPE = """\
# ---
# jupyter:
#   dla:
#     title: How steep is a river?
#     objectives: [Say what a slope is]
#     minutes: 5
#     prerequisites: []
# ---

# %% solution="slope"
def slope(drop, length):
    ### BEGIN SOLUTION
    return drop / length
    ### END SOLUTION

# %% tests="slope" points=1
assert slope(1, 100) == 0.01
"""
TEMPLATE = Path(__file__).parents[2] / "course" / "template_lesson.py"


def nbgrader(course: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    """Run an nbgrader command in the course folder, as an advisor would; PATH lacks the environment on purpose."""
    environment = {**os.environ, "PATH": "/usr/bin:/bin", "JUPYTER_CONFIG_DIR": str(course / ".jupyter")}
    done = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=course, env=environment,
                          capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """A build folder: the template and a second lesson as the project streamflow, released by nbgrader."""
    root = tmp_path_factory.mktemp("academy")
    (root / "course" / "streamflow").mkdir(parents=True)
    shutil.copy(TEMPLATE, root / "course" / "streamflow" / "01_rain.py")
    (root / "course" / "streamflow" / "02_slope.py").write_text(SLOPE)
    build(root / "course", root / "build")
    nbgrader(root / "build" / "nbgrader", "generate_assignment", "streamflow")
    return root / "build"


@pytest.fixture(scope="session")
def run_nbgrader() -> Callable[..., subprocess.CompletedProcess]:
    return nbgrader


@pytest.fixture(scope="session")
def demo_cohort(tmp_path_factory) -> tuple[Path, str]:
    """What `autograder demo-cohort 8` left and said: nbgrader's course folder, and the words."""
    out = tmp_path_factory.mktemp("demo") / "cohort"
    said = CliRunner().invoke(app, ["demo-cohort", "8", "--out", str(out), "--course", str(TEMPLATE.parent)])
    assert said.exit_code == 0, said.output
    return out / "build" / "nbgrader", said.output
