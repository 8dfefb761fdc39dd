"""A learner's folder: lessons arrive, edits survive."""

import json

import pytest

from dla_widgets.lab import command, prepare
from dla_widgets.workspace import LEDGER, deliver


@pytest.fixture
def lessons(tmp_path):
    folder = tmp_path / "lessons" / "streamflow"
    folder.mkdir(parents=True)
    (folder / "01_basins.ipynb").write_text('{"cells": []}')
    return folder.parent


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "workspace"


def whats(lessons, workspace):
    return [d.what for d in deliver(lessons, workspace)]


def test_a_first_delivery_copies_and_a_second_leaves_alone(lessons, workspace):
    assert whats(lessons, workspace) == ["new"]
    assert whats(lessons, workspace) == ["same"]


def test_an_untouched_lesson_is_updated(lessons, workspace):
    deliver(lessons, workspace)
    (lessons / "streamflow/01_basins.ipynb").write_text('{"cells": [1]}')
    assert whats(lessons, workspace) == ["updated"]
    assert (workspace / "streamflow/01_basins.ipynb").read_text() == '{"cells": [1]}'


def test_an_edited_lesson_is_kept_and_the_new_version_put_beside_it(lessons, workspace):
    deliver(lessons, workspace)
    mine = workspace / "streamflow/01_basins.ipynb"
    mine.write_text("my work")
    assert whats(lessons, workspace) == ["kept"]
    (lessons / "streamflow/01_basins.ipynb").write_text('{"cells": [1]}')
    told = prepare(lessons, workspace)
    beside = list(mine.parent.glob("01_basins.update-*.ipynb"))
    assert mine.read_text() == "my work"
    assert [b.read_text() for b in beside] == ['{"cells": [1]}']
    assert any("as you left it" in line and beside[0].name in line for line in told)
    beside[0].write_text("work in the new one")
    deliver(lessons, workspace)
    assert beside[0].read_text() == "work in the new one"


def test_without_its_ledger_every_difference_counts_as_an_edit(lessons, workspace):
    deliver(lessons, workspace)
    (workspace / LEDGER).write_text('{"cut o')
    (lessons / "streamflow/01_basins.ipynb").write_text('{"cells": [1]}')
    assert whats(lessons, workspace) == ["beside"]
    assert json.loads((workspace / LEDGER).read_text())


def test_jupyterlab_listens_on_loopback_only(workspace):
    workspace.mkdir()
    (workspace / "Welcome.md").write_text("hello")
    line = command(workspace, browser=False)
    assert "--ServerApp.ip=127.0.0.1" in line and "--no-browser" in line
    assert not any("token" in part or "password" in part for part in line)  # Jupyter's own token stays on
    assert "--LabApp.default_url=/lab/tree/Welcome.md" in line


def notebook(source, **rest):
    return json.dumps({"cells": [{"cell_type": "code", "source": source, **rest}]})


def test_running_a_notebook_is_no_edit_but_writing_in_it_is(lessons, workspace):
    lesson, mine = lessons / "streamflow/01_basins.ipynb", workspace / "streamflow/01_basins.ipynb"
    lesson.write_text(notebook("1 + 1"))
    deliver(lessons, workspace)
    mine.write_text(notebook(["1 + ", "1"], outputs=["2"]))
    assert whats(lessons, workspace) == ["same"]
    lesson.write_text(notebook("1 + 2"))
    assert whats(lessons, workspace) == ["updated"]
    mine.write_text(notebook("1 + 3"))
    lesson.write_text(notebook("1 + 4"))
    assert whats(lessons, workspace) == ["beside"]
    assert "1 + 3" in mine.read_text()
