"""A made-up cohort walks the whole way: what is in the gradebook, on the desk's pages and on the learners'."""

import csv
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import nbformat
import pytest
import requests
from bs4 import BeautifulSoup

from autograder.desk.records import read
from autograder.rescue import grade_id

STATUSES = {"right", "untouched", "late", "hostile", "damaged", "ordinary"}


@pytest.fixture(scope="module")
def cohort(demo_cohort):
    """Course folder, kind of each learner, records."""
    course = demo_cohort[0]
    kinds = {one["id"]: one["kind"] for one in json.loads((course.parents[1] / "cohort.json").read_text())}
    return course, kinds, {one.learner: one for one in read(course, f"sqlite:///{course}/gradebook.db", "streamflow")}


@contextmanager
def dashboard(course, role):
    """``autograder dashboard`` as that role: a session that is signed in, and the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen([sys.executable, "-m", "autograder", "dashboard", "--course", str(course), "--as", role,
                                "--no-browser", "--port", address.rsplit(":", 1)[1]], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**os.environ, "JUPYTER_TOKEN": "only-for-this-test"})
    session, end = requests.Session(), time.monotonic() + 60
    try:
        while True:
            try:
                session.get(f"{address}/dla/desk?token=only-for-this-test", timeout=30).raise_for_status()
                break
            except requests.ConnectionError:
                assert process.poll() is None and time.monotonic() < end
                time.sleep(0.2)
        yield session, f"{address}/dla/desk"
    finally:
        process.terminate()
        process.wait(30)


def test_it_says_where_to_look(demo_cohort):
    assert "8 learners handed in" in demo_cohort[1]
    assert "autograder dashboard --course" in demo_cohort[1] and "Traceback" not in demo_cohort[1]


def test_every_kind_of_learner_gets_what_is_theirs(cohort):
    _, kinds, records = cohort
    assert set(kinds.values()) == STATUSES and set(records) == set(kinds)
    for learner, kind in kinds.items():
        statuses = {answer.status for answer in records[learner].answers}
        if kind in ("right", "hostile"):
            assert statuses == {"right"}, learner
        if kind == "untouched":
            assert statuses == {"not attempted"} and records[learner].score == 0
        assert (records[learner].late_seconds > 0) == (kind == "late")
    made = [answer for one in records.values() for answer in one.answers if answer.status == "mistake"]
    assert made and all(answer.mistake and answer.message for answer in made)


def test_the_desks_pages(cohort):
    course, _, records = cohort
    with dashboard(course, "advisor") as (session, desk):
        outside = requests.get(f"{desk}/cohort/streamflow", timeout=30)
        assert "login" in outside.url or outside.status_code in (401, 403)
        page = session.get(f"{desk}/cohort/streamflow", timeout=60)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
        seen = BeautifulSoup(page.text, "html.parser").get_text(" ")
        for one in records.values():
            assert one.name in seen
        assert session.get(f"{desk}/cohort/streamflow/alike", timeout=60).status_code == 200
        assert session.get(f"{desk}/cohort/rivers", timeout=30).status_code == 404
        assert session.post(f"{desk}/cohort/streamflow/grade", timeout=30).status_code == 403  # no token of the form
        table = list(csv.DictReader(io.StringIO(session.get(f"{desk}/cohort/streamflow/generic.csv", timeout=60).text)))
        assert {row["learner"]: float(row["score"]) for row in table} == {
            name: pytest.approx(one.score, abs=1e-4) for name, one in records.items()}


def test_a_grader_marks_and_sees_no_similarities(cohort):
    with dashboard(cohort[0], "grader") as (session, desk):
        page = session.get(f"{desk}/cohort/streamflow", timeout=60)
        assert page.status_code == 200 and "Grade what is new" not in page.text and "/alike" not in page.text
        assert session.get(f"{desk}/cohort/streamflow/alike", timeout=60).status_code == 403
        token = {"_xsrf": session.cookies.get("_xsrf", "")}
        refused = session.post(f"{desk}/cohort/streamflow/grade", data=token, timeout=60)
        assert refused.status_code == 403


def test_a_feedback_page_is_small_says_what_to_do_and_gives_nothing_away(cohort):
    course, kinds, records = cohort
    solved = nbformat.read(course.parent / "solution" / "streamflow" / "02_skill.ipynb", as_version=4)
    answers = {grade_id(cell): cell.source.strip() for cell in solved.cells if grade_id(cell)}
    secrets = [(course / "grading_salt.txt").read_text().strip(), str(course)]
    for learner, one in records.items():
        path = course / "feedback" / learner / "streamflow" / "02_skill.html"
        page = BeautifulSoup(path.read_text(), "html.parser")
        text = page.get_text()
        assert path.stat().st_size < 40_000
        assert page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"].startswith("default-src 'none'")
        assert not page.find("script")
        assert "Traceback" not in text and not [secret for secret in secrets if secret in text]
        for answer in one.answers:
            question = answer.question.removesuffix("-tests")
            assert question in text
            if kinds[learner] == "untouched":
                assert answers[question] not in text
            if answer.status == "mistake":

                assert re.sub(r"[*`_]", "", answer.message)[:40] in re.sub(r"[*`_]", "", text)


def test_a_demo_cohort_is_never_made_over_something_else(tmp_path):
    from typer.testing import CliRunner

    from autograder.cli import app

    (tmp_path / "mine").mkdir()
    said = CliRunner().invoke(app, ["demo-cohort", "2", "--out", str(tmp_path / "mine")])
    assert said.exit_code == 1 and "is there already; name a folder that is not" in said.output
    assert list((tmp_path / "mine").iterdir()) == []
