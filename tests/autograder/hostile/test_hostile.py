"""The hostile table: bad submissions, graded as one cohort by nbgrader with the shipped configuration.

Each case must get just what corpus.py says, whoever is graded before and after it, and leave nothing behind.
"""

import os
import re
from pathlib import Path

import pytest
import real_jupyter
from bs4 import BeautifulSoup
from hostile import active as active_content
from hostile.arena import ENVIRONMENT, HIDDEN, SOLUTION, fight
from hostile.case import POINTS
from hostile.corpus import CASES, TOPICS

pytestmark = [pytest.mark.timeout(3000), pytest.mark.skipif(not hasattr(os, "fork"), reason="the walls need Linux")]

MOST_BYTES = 3_000_000  # of all that grading writes about one learner
#: Every cell is run, also those that no question needs; and less patience than with a real cohort.
LIMITS = ("--JudgedOutside.run=all", "--JudgedOutside.cell_seconds=5", "--JudgedOutside.notebook_seconds=90",
          "--JudgedOutside.memory_mb=1500")


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory, run_nbgrader):
    """Every case graded, in alphabetical order, by one `nbgrader autograde`."""
    root = tmp_path_factory.mktemp("hostile")
    (root / "home").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(root / "home"))
        patch.setenv("DLA_TEST_TOKEN", ENVIRONMENT)
        yield fight(root, CASES, run_nbgrader,
                    lambda course: run_nbgrader(course, "autograde", "streamflow", *LIMITS, check=False).stderr)


def test_the_table_is_complete():
    assert len(CASES) == sum(len(topic.CASES) for topic in TOPICS.values()) >= 60


@pytest.mark.parametrize("name", CASES)
def test_points_and_status(aftermath, name):
    case, lesson = CASES[name], "02_network" if CASES[name].network else "01_scores"
    questions = ["build_lstm"] if CASES[name].network else list(POINTS)
    grades, judged = aftermath.grades(name, lesson), aftermath.judged(name, lesson)
    assert {question: grades[question][0] for question in questions} == {q: case.expected(q) for q in questions}
    assert {q for q in questions if grades[q][1]} == (set(questions) if case.by_hand else set())
    status = {question: judged[question]["status"] for question in questions if question in judged}
    assert {q: s for q, s in status.items() if q in case.status and s not in case.status[q]} == {}


@pytest.mark.parametrize("name", CASES)
def test_nothing_got_out_of_it(aftermath, name):
    assert not (aftermath.place.loot / name).exists()
    written = aftermath.written(name)
    secrets = {"salt": (aftermath.place.course / "grading_salt.txt").read_text().strip(), "solution": SOLUTION,
               "environment": ENVIRONMENT}
    assert [(what, path.name) for what, secret in secrets.items() for path, data in written.items()
            if secret.encode() in data] == []
    assert sum(len(data) for data in written.values()) < MOST_BYTES


@pytest.mark.parametrize("name", CASES)
def test_everybody_gets_a_feedback_page_without_anything_of_the_graders_in_it(aftermath, name):
    pages = [data.decode() for path, data in aftermath.written(name).items() if path.suffix == ".html"]
    assert pages
    for page in pages:
        assert HIDDEN not in page
        assert not re.search(r"autograder/(judging|sandbox|grading)/\w+\.py", page)


@pytest.mark.parametrize("name", CASES)
def test_nothing_active_is_left_on_a_page(aftermath, name):
    for path, data in aftermath.written(name).items():
        if path.suffix == ".html":
            assert active(data.decode(), aftermath.place.port) == []


def active(page: str, port: int) -> list[str]:
    """What on `page` would run, or call the listener, in a browser without any protection."""
    soup, found = BeautifulSoup(page, "html.parser"), []
    for element in soup.find_all(True):
        if element.name in ("script", "style", "iframe", "object", "embed", "link", "base", "meta", "form"):
            if "hostile" in str(element) or f":{port}" in str(element):
                found.append(str(element)[:200])
        for name, value in element.attrs.items():
            text = re.sub(r"[\s\x00-\x1f]", "", str(value)).lower()
            if name.startswith("on") and "hostile" in text:
                found.append(f"{element.name} {name}={value}"[:200])
            if text.startswith("javascript:") or (name in ("src", "srcset", "style", "xlink:href") and f":{port}" in text):
                found.append(f"{element.name} {name}={value}"[:200])
    return found


def test_the_finder_of_active_content_finds_it():
    assert len(active("<p onclick='hostile=1'>x</p><script>hostile=1</script><a href=' java\nscript:x'>x</a>"
                      "<img src='http://127.0.0.1:77/x'>", 77)) == 4
    assert active("<p title='onclick=hostile'>&lt;script&gt;hostile&lt;/script&gt;</p><script>mine()</script>", 77) == []


@pytest.fixture(scope="module")
def visited(aftermath):
    """Every feedback page opened in a real Chromium, links pressed: name -> what ran or was asked for."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: test)")
    if not Path(real_jupyter.CHROMIUM).exists():
        pytest.skip(f"no Chromium at {real_jupyter.CHROMIUM}: apt-get install chromium, or set DLA_CHROMIUM")
    seen = {}
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=real_jupyter.CHROMIUM, args=real_jupyter.FLAGS)
        for name in (*active_content.CASES, "absurd-names", "exception-that-lies", "frame-of-objects"):
            folder = aftermath.place.course / "feedback" / name
            seen[name] = [note for path in sorted(folder.rglob("*.html")) for note in visit(chromium, path)]
        chromium.close()
    return seen


def visit(chromium, path) -> list[str]:
    """Open a page, press what it offers to press, and note what it asked for and whether anything of the learner's ran."""
    context, notes = chromium.new_context(), []
    page = context.new_page()
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or notes.append(request.url))
    page.on("dialog", lambda dialog: (notes.append(dialog.message), dialog.dismiss()))
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto(path.as_uri(), wait_until="load")
    for link in page.get_by_text("go on").all()[:50]:
        link.dispatch_event("click")
    page.wait_for_timeout(200)
    notes += [f"ran in {frame.url}" for frame in page.frames if frame.evaluate("'hostile' in window")]
    if page.url != path.as_uri():
        notes.append(f"went to {page.url}")
    context.close()
    return notes


@pytest.mark.parametrize("name", active_content.CASES)
def test_nothing_runs_in_a_browser(visited, name):
    assert visited[name] == []


def test_a_page_that_runs_something_is_noticed(tmp_path, aftermath, visited):
    playwright = pytest.importorskip("playwright.sync_api")
    page = tmp_path / "page.html"
    page.write_text("<script>window.hostile=1</script><a href='javascript:alert(2)'>go on</a>"
                    f"<img src='http://127.0.0.1:{aftermath.place.port}/pixel'>")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=real_jupyter.CHROMIUM, args=real_jupyter.FLAGS)
        notes = visit(chromium, page)
        chromium.close()
    assert len(notes) == 3


def test_nobody_called_home(aftermath):
    assert aftermath.calls == []


def test_no_process_was_left_behind(aftermath):
    assert [" ".join(process) for process in aftermath.orphans] == []


def test_nothing_of_the_course_was_changed(aftermath):
    assert aftermath.changed == []


def test_nothing_was_left_where_others_would_find_it(aftermath):
    home = aftermath.place.loot.parent / "home"
    assert [path for path in home.rglob("*") if path.is_file() and b"I was here" in path.read_bytes()] == []
