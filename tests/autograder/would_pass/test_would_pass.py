"""Would this pass? A real service on loopback, real judging behind the wall, and the learner's own command."""

import asyncio
import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
import requests
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from typer.testing import CliRunner

from autograder.rescue import grade_id
from autograder.would_pass.service import MOST_BYTES, Examiner, application
from autograder.would_pass.store import Store
from dla_widgets import would_pass
from dla_widgets.cli import app
from dla_widgets.would_pass import WouldPassError, ask

STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
RIGHT = "    both = np.isfinite(prcp) & np.isfinite(discharge)\n    return discharge[both].sum() / prcp[both].sum()"
LESSON = "streamflow/01_rain"


class Service:
    """The service in a thread of its own, as `autograder would-pass serve` runs it."""

    def __init__(self, course, store):
        self.store, self.ready = store, threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve(course)))
        self.thread.start()
        assert self.ready.wait(60)

    async def _serve(self, course):
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        self.examiner = Examiner(course)
        server = HTTPServer(application(self.store, self.examiner), max_body_size=50_000_000)
        socket, port = bind_unused_port(address="127.0.0.1")
        server.add_socket(socket)
        self.url = f"http://127.0.0.1:{port}"
        self.ready.set()
        await self.stop.wait()
        server.stop()
        self.examiner.close()

    def close(self):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(60)

    def post(self, token, body, lesson=LESSON):
        return requests.post(f"{self.url}/would-pass/{lesson}", data=body, timeout=120,
                             headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
def service(built, tmp_path_factory):
    running = Service(built / "nbgrader", Store(tmp_path_factory.mktemp("asked") / "would_pass.sqlite", most=3))
    yield running
    running.close()


@pytest.fixture
def notebook(built, tmp_path):
    """``notebook(answer)``: the file of a learner who wrote that."""
    def write(answer):
        nb = nbformat.read(built / "learner" / "streamflow" / "01_rain.ipynb", as_version=4)
        cell = next(cell for cell in nb.cells if grade_id(cell) == "runoff_ratio")
        cell.source = cell.source.replace(STUB, answer)
        nbformat.write(nb, tmp_path / "01_rain.ipynb")
        return tmp_path / "01_rain.ipynb"

    return write


def test_yes_and_no_and_nothing_else(service, notebook):
    token = service.store.invite("ada")
    answer = ask(notebook(RIGHT), service.url, token)
    assert (answer.lesson, answer.questions, answer.left) == (LESSON, {"runoff_ratio": True}, 2)
    said = service.post(token, notebook("    return np.nansum(discharge) / np.nansum(prcp)").read_bytes())
    assert said.json() == {"lesson": LESSON, "questions": {"runoff_ratio": False}, "left": 1}


def test_hostile_code_ends_for_itself_and_learns_nothing(service, notebook, built):
    token = service.store.invite("mallory")
    salt = (built / "nbgrader" / "grading_salt.txt").read_text().strip()
    for answer in ("    import os\n    os._exit(0)", "    return open('grading_salt.txt').read()",
                   "    import dla_widgets.exercise as e\n    return e.exercises()['runoff_ratio'].answer(discharge, prcp)"):
        said = service.post(token, notebook(answer).read_bytes())
        assert said.json()["questions"] == {"runoff_ratio": False} and salt not in said.text
    assert ask(notebook(RIGHT), service.url, service.store.invite("bao")).questions == {"runoff_ratio": True}


def test_more_than_so_many_times_an_hour_is_refused_with_the_time(service, notebook):
    token, body = service.store.invite("carla"), notebook(RIGHT).read_bytes()
    with ThreadPoolExecutor(5) as pool:
        said = list(pool.map(lambda _: service.post(token, body), range(5)))
    assert sorted(one.status_code for one in said) == [200, 200, 200, 429, 429]
    refused = next(one for one in said if one.status_code == 429)
    assert "you have asked 3 times about 01_rain within 60 minutes; the next time is free in" in refused.json()["error"]
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    with pytest.raises(WouldPassError, match="`check` in your notebook says more"):
        ask(notebook(RIGHT), service.url, token)


@pytest.mark.parametrize("body, status, says", [
    (b"no notebook", 400, "this is no notebook"),
    (b'{"cells": 1}', 400, "this is no notebook"),
    (b"[" * 100_000, 400, "this is no notebook"),
    (b" " * (MOST_BYTES + 1), 413, "clear its outputs"),
])
def test_what_cannot_be_judged_is_said_and_costs_nothing(service, body, status, says):
    token = service.store.invite("dora")
    said = service.post(token, body)
    assert said.status_code == status and says in said.json()["error"]
    assert service.store.take("dora", LESSON)[0] == 2
    service.store.give_back("dora", LESSON)


def test_nobody_without_a_token_of_theirs(service, notebook):
    old = service.store.invite("elif")
    service.store.invite("elif")
    for token in ("", "guess", old):
        said = service.post(token, notebook(RIGHT).read_bytes())
        assert said.status_code == 401 and "ask your advisor for a new one" in said.json()["error"]
    assert requests.get(f"{service.url}/would-pass/{LESSON}", timeout=10).status_code == 405
    said = service.post(service.store.invite("elif"), b"{}", "streamflow/09_none")
    assert said.status_code == 404 and said.json()["error"] == "no lesson streamflow/09_none is handed out here"


def test_tokens_are_kept_as_hashes_in_a_file_of_the_advisors_own(service):
    token = service.store.invite("farid")
    with sqlite3.connect(service.store.path) as db:
        rows = db.execute("select * from tokens").fetchall()
    assert token not in str(rows) and service.store.path.stat().st_mode & 0o077 == 0


def test_the_numbers_are_neither_the_practices_nor_those_of_grading(service, notebook, built):
    salt = (built / "nbgrader" / "grading_salt.txt").read_text().strip()
    task = service.examiner._task("ada", "streamflow", "01_rain", notebook(RIGHT).read_bytes())
    assert task.salt and task.salt != salt


def test_the_learners_command(service, notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    token, run = service.store.invite("grace"), CliRunner()
    said = run.invoke(app, ["would-pass", str(notebook(RIGHT))])
    assert said.exit_code != 0 and "Say the address that your advisor gave you" in said.output
    said = run.invoke(app, ["would-pass", str(notebook(RIGHT)), "--service", service.url], input=f"{token}\n")
    assert said.exit_code == 0 and "✓ would pass  runoff_ratio" in said.output and token not in said.output
    assert would_pass.settings().stat().st_mode & 0o077 == 0
    said = run.invoke(app, ["would-pass", str(notebook("    return 1.0"))])
    assert "✗ not yet     runoff_ratio" in said.output and "You can ask 1 more times" in said.output


def test_the_client_says_what_is_wrong(service, tmp_path):
    with pytest.raises(WouldPassError, match="there is no file"):
        ask(tmp_path / "none.ipynb", service.url, "x")
    (tmp_path / "other.ipynb").write_text(json.dumps({"cells": [], "metadata": {}}))
    with pytest.raises(WouldPassError, match="is not the notebook of a lesson"):
        ask(tmp_path / "other.ipynb", service.url, "x")
    (tmp_path / "lesson.ipynb").write_text(json.dumps({"cells": [], "metadata": {"dla": {"lesson": LESSON}}}))
    with pytest.raises(WouldPassError, match="does not answer .*is the address right"):
        ask(tmp_path / "lesson.ipynb", "http://127.0.0.1:9", "x")
