"""`dla lab` as a learner starts it: a welcome page, and a click from there into the first lesson."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from dla_widgets.lab import prepare

pytestmark = pytest.mark.timeout(200)


@pytest.fixture
def address(tmp_path, built_course):
    """What `dla lab` prints for the learner to open, token included."""
    workspace, log = tmp_path / "workspace", tmp_path / "log"
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
    }
    command = [
        sys.executable,
        "-m",
        "dla_widgets.cli",
        "lab",
        str(workspace),
        "--lessons",
        str(built_course),
        "--no-browser",
    ]
    with log.open("w") as out:
        server = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=tmp_path, start_new_session=True
        )
    try:
        yield wait_for_address(log, server)
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # with its kernels
        server.wait()


@pytest.fixture(scope="module")
def built_course(tmp_path_factory):
    out = tmp_path_factory.mktemp("build")
    course = os.path.join(os.path.dirname(__file__), "../../course")
    subprocess.run(
        [sys.executable, "-m", "autograder", "build", course, "--out", str(out)], check=True, capture_output=True
    )
    return out / "learner"


def wait_for_address(log, server, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+/lab\S*token=\w+", log.read_text()):
            return found.group()
        time.sleep(0.2)
    raise AssertionError(f"dla lab did not say where it is:\n{log.read_text()}")


def test_the_welcome_page_leads_to_the_first_lesson(address, page):
    page.goto(address)
    link = page.locator(".jp-MarkdownViewer a", has_text="01 Basins")
    link.wait_for(timeout=60_000)
    link.click()
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    assert page.locator(".jp-NotebookPanel h1").first.inner_text().startswith("Basins")
    assert page.get_by_text("Create Assignment", exact=True).count() == 0  # the advisor's panel
    assert page.trouble.console == [] and page.trouble.page == [] and page.trouble.outside == []


def test_preparing_twice_changes_nothing(tmp_path, built_course):
    prepare(built_course, tmp_path)
    assert prepare(built_course, tmp_path)[0].endswith(" same")
