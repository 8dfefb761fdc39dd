"""The borders of the house: who imports whom, what is public, what an import costs. Each rule is shown able to fail."""

import ast
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

import dla_widgets

HOUSE = Path(__file__).parents[1]
TOML = tomllib.loads((HOUSE / "pyproject.toml").read_text())

#: what nobody may import where
FORBIDDEN = {
    "dla_widgets": ("autograder", "course"),
    "autograder": ("course",),
    "course": ("autograder",),
}
#: heavy things that only some rooms may import when they are loaded
HEAVY = ("tensorflow", "keras", "matplotlib", "cartopy", "ipywidgets", "anywidget")
MAY_LOAD = {
    "losses.py": ("tensorflow", "keras"),
    "models.py": ("tensorflow", "keras"),
    "layers.py": ("tensorflow", "keras"),
    "training.py": ("tensorflow", "keras"),
    "augment.py": ("tensorflow", "keras"),
    "fused.py": ("tensorflow", "keras"),
    "figures.py": ("matplotlib",),
    "maps.py": ("matplotlib", "cartopy"),
    "picture.py": ("matplotlib",),
}


def imported(source: str, everywhere: bool = True) -> set[str]:
    """Top-level packages that `source` imports, or only those it imports when it is loaded."""
    tree = ast.parse(source)
    nodes = ast.walk(tree) if everywhere else tree.body
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def trespasses(room: str, source: str) -> set[str]:
    return imported(source) & set(FORBIDDEN[room])


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_run_one_way(room):
    wrong = {
        str(p.relative_to(HOUSE)): t for p in (HOUSE / room).rglob("*.py") if (t := trespasses(room, p.read_text()))
    }
    assert not wrong


def test_the_one_way_rule_can_fail():
    assert trespasses("dla_widgets", "def late():\n    from autograder.lessons import build") == {"autograder"}
    assert trespasses("course", "import autograder") == {"autograder"}


def test_heavy_packages_are_loaded_only_where_they_are_used():
    wrong = {}
    for path in (HOUSE / "dla_widgets").rglob("*.py"):
        allowed = ("ipywidgets", "anywidget") if path.parent.name in ("explorers", "panels", "stage") else ()
        if heavy := imported(path.read_text(), everywhere=False) & set(HEAVY) - set(allowed) - set(
            MAY_LOAD.get(path.name, ())
        ):
            wrong[str(path.relative_to(HOUSE))] = heavy
    assert not wrong


def test_nobody_uses_pyplot_or_pickle_or_output_widgets():
    """Pyplot's state is shared by all threads, pickles run what they hold, Output widgets swallow exceptions."""
    pattern = re.compile(
        r"^\s*(import|from)\s+(pickle|cloudpickle|joblib|matplotlib\.pyplot)|import pyplot|allow_pickle=True"
        r"|widgets\.Output\(|^\s*from ipywidgets import .*\bOutput\b", re.M)  # fmt: skip
    assert pattern.search("from matplotlib import pyplot as plt") and pattern.search("    import pickle")  # can fail
    assert pattern.search("out = widgets.Output()") and pattern.search("from ipywidgets import HBox, Output")
    assert not [
        str(p)
        for room in ("dla_widgets", "autograder")
        for p in (HOUSE / room).rglob("*.py")
        if pattern.search(p.read_text())
    ]


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(*{{m.split('.')[0] for m in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_is_light():
    for statement in ("import dla_widgets", "from dla_widgets import check, hint", "import dla_widgets.cli"):
        assert not loaded_by(statement) & {*HEAVY, "scipy", "sklearn", "dask", "numba", "IPython"}, statement
    every_check = loaded_by("from dla_widgets.exercise import exercises; exercises()")
    assert not every_check & set(HEAVY)  # the first check of a lesson answers at once
    assert len(loaded_by("import dla_widgets") - loaded_by("pass")) < 10
    assert "keras" in loaded_by("from dla_widgets import lstm")  # the test sees what is loaded


def test_every_public_name_is_there():
    for name in dla_widgets.__all__:
        assert getattr(dla_widgets, name) is not None
    assert dir(dla_widgets) == dla_widgets.__all__


def test_a_misspelt_name_gets_its_likely_meaning():
    with pytest.raises(AttributeError, match="dla_widgets has no 'chek'; did you mean 'check'"):
        dla_widgets.chek  # noqa: B018


def requirements(texts) -> set[str]:
    return {re.sub(r"\[.*?\]", "", text) for text in texts if not text.startswith("dla-course-kit")}


def everything_required() -> list[str]:
    project = TOML["project"]
    return [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]


def test_conda_and_pip_agree():
    conda = {d for d in yaml.safe_load((HOUSE / "environment.yml").read_text())["dependencies"] if isinstance(d, str)}
    pip = requirements(TOML["project"]["dependencies"]) | requirements(
        TOML["project"]["optional-dependencies"]["advisor"]
    )
    assert pip <= conda
    assert {d for d in conda - pip if not re.match(r"python>=3.11|pip$|setuptools", d)} == set()


def test_ranges_not_pins():
    assert not [text for text in everything_required() if "==" in text]


def test_the_lock_is_hashed_and_names_no_address():
    lock = (HOUSE / "requirements.lock").read_text()
    assert "://" not in lock and "--index" not in lock and "--find-links" not in lock
    locked = re.findall(r"^([a-z0-9._-]+)==", lock, re.M)
    for text in everything_required():
        name = re.split(r"[\[<>=!~]", text)[0].lower().replace("_", "-")
        assert name == "dla-course-kit" or name in locked, f"{name} is not locked; run `make lock`"
    assert lock.count("--hash=sha256:") > len(locked)


def test_no_notebook_and_no_large_file_is_in_git():
    if not (HOUSE / ".git").exists():
        pytest.skip("not a git checkout")
    files = subprocess.run(["git", "ls-files"], cwd=HOUSE, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    assert not [f for f in files if f.endswith((".ipynb", ".zip", ".nc", ".tif"))]
    assert not [f for f in files if f and (HOUSE / f).exists() and (HOUSE / f).stat().st_size > 3_000_000]
