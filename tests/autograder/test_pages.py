"""Lessons as pages: what a visitor may read, and what must not be on the page."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from typer.testing import CliRunner

from autograder.cli import app
from autograder.lessons import LessonError, _solution_lines, find_lessons, read_lesson
from autograder.notebooks import advisor, solution
from autograder.pages.cells import STATE, VIEW, Outputs
from autograder.pages.export import Site, index_page, lesson_page
from autograder.pages.markdown import PageRenderer, relative, to_html

COURSE = Path(__file__).parents[2] / "course"
TEMPLATE = COURSE / "template_lesson.py"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def lesson(tmp_path):
    path = tmp_path / "streamflow" / "01_rain.py"
    path.parent.mkdir()
    path.write_text(TEMPLATE.read_text(), encoding="utf-8")
    return read_lesson(path)


@pytest.fixture
def site(lesson, tmp_path):
    return Site(tmp_path, tmp_path / "out", (lesson,), ready=frozenset({"streamflow/01_rain"}))


def with_outputs(lesson, html="<b>below {name}</b>"):
    """The lesson as if it had been run: each code cell says its own id."""
    notebook = solution(lesson)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [new_output("display_data", {"text/html": html.format(name=cell.id)})]
    return notebook


def test_formulas_become_mathml():
    html = to_html(r"Runoff $\frac{q}{p}$ and $$\sum_t q_t$$", PageRenderer(COURSE))
    assert html.count("<math") == 2 and "<mfrac>" in html and "$" not in html


@pytest.mark.parametrize("path", sorted(COURSE.glob("*/[0-9]*.py")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_formula_of_the_course_can_be_drawn(path):
    for cell in read_lesson(path).cells:
        if cell.kind == "markdown":
            html = to_html(cell.source, PageRenderer(path.parent))
            assert not [formula for formula in re.findall(r"<math.*?</math>", html, re.S) if "\\" in formula]


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("02_skill.ipynb", "02_skill.html"),
        ("02_skill.py#nse", "02_skill.html#nse"),
        ("../landcover/01_backscatter.ipynb", "../landcover/01_backscatter.html"),
        ("../glossary.md", "../glossary.html"),
        ("https://example.org/a", "https://example.org/a"),
        ("#here", "#here"),
    ],
)
def test_links_between_lessons_lead_to_their_pages(link, leads):
    pages = {"streamflow/02_skill", "landcover/01_backscatter", "glossary"}
    assert f'href="{leads}"' in to_html(f"[see]({link})", PageRenderer(COURSE, pages, "streamflow/01_basins"))


def test_a_link_to_what_has_no_page_is_only_said():
    assert "<a" not in to_html("[the notes](notes.md)", PageRenderer(COURSE, {"glossary"}, "streamflow/01_basins"))


def test_relative_links():
    assert relative("streamflow/01_basins", "index") == "../index.html"
    assert relative("index", "streamflow/01_basins") == "streamflow/01_basins.html"


def test_pictures_of_the_text_are_in_the_page():
    html = to_html("![a check](check.png)", PageRenderer(COURSE / "pictures"))
    assert 'src="data:image/png;base64,' in html and 'alt="a check"' in html


def test_headings_can_be_linked_to_and_never_share_a_name():
    renderer = PageRenderer(COURSE)
    assert '<h2 id="what-next">' in to_html("## What *next*?", renderer)
    assert '<h2 id="what-next-2">' in to_html("## What next", renderer)


def test_the_page_has_the_learners_code_and_none_of_the_solution(site, lesson):
    page = lesson_page(site, lesson, with_outputs(lesson))
    assert "YOUR CODE HERE" in page and "YOUR ANSWER HERE" in page
    assert "isfinite" not in page and "BEGIN SOLUTION" not in page  # of the solution
    assert "Nearly everybody sums" not in page  # of the advisor's note
    assert "below runoff_ratio" not in page and "below runoff_ratio-tests" not in page
    assert "<b>below " in page  # but other cells have their outputs


@pytest.mark.parametrize("path", find_lessons(COURSE), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_lesson_gives_its_solutions_or_notes_away(path, tmp_path):
    lesson = read_lesson(path)
    page = lesson_page(Site(COURSE, tmp_path, (lesson,)), lesson, with_outputs(lesson))
    text = unescape(re.sub(r"<[^>]+>", "", page))
    public = "\n".join(cell.source for cell in lesson.cells if cell.role not in ("solution", "answer", "advisor"))
    secret = [line for cell in lesson.cells if cell.role in ("solution", "answer") for line in _solution_lines(cell)]
    secret += [line for cell in lesson.cells if cell.role == "advisor" for line in cell.source.split("\n") if len(line) > 40]
    assert len(secret) > 10
    assert [line for line in secret if line in text and line not in public] == []


def test_the_advisors_page_has_both(site, lesson):
    page = lesson_page(replace(site, solutions=True), lesson, advisor(lesson))
    assert "isfinite" in page and "Nearly everybody sums" in page and "for advisors only" in page


def test_a_page_says_its_language_title_and_parts(site, lesson):
    page = lesson_page(site, lesson, with_outputs(lesson))
    assert '<html lang="en">' in page
    assert f"<title>{lesson.title} · Streamflow · Deep Learning Academy</title>" in page
    assert page.count("<main") == 1 and page.count("<h1") == 1 and "<header>" in page and "<footer>" in page
    assert '<a class="skip" href="#main">' in page


@pytest.mark.parametrize("tag", ['<script src="https://cdn.example.org/x.js">', "<img src='//example.org/a.png'>"])
def test_a_page_that_would_fetch_something_is_refused(site, lesson, tag):
    with pytest.raises(LessonError, match=r"would fetch .*example\.org.* put it into the course"):
        lesson_page(site, lesson, with_outputs(lesson, tag))


def test_the_index_links_what_is_there(site):
    assert 'href="streamflow/01_rain.html"' in index_page(site)
    bare = index_page(replace(site, ready=frozenset()))
    assert "no page yet" in bare and "01_rain.html" not in bare


def executed(*outputs, widgets=None):
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.widgets = {STATE: {"state": widgets or {}}}
    made = Outputs(notebook)
    return made, [made.html(nbformat.from_dict(output)) for output in outputs]


def test_what_is_printed_in_a_row_stands_in_one_box():
    lines = [new_output("stream", name="stdout", text=f"line {k}\n") for k in range(3)]
    made, _ = executed()
    assert made.all([*lines, new_output("display_data", {"text/html": "<b>x</b>"}), lines[0]]).count("<pre") == 2


def test_an_explorer_becomes_a_slot_and_any_other_widget_its_picture():
    view = {VIEW: {"model_id": "m1"}, "image/png": PNG, "text/plain": "A forest & a lake."}
    state = {"m1": {"state": {"_esm": "export default {}", "_frame": {}}}, "m2": {"state": {"_esm": "x"}}}
    made, (explorer,) = executed(new_output("display_data", view), widgets=state)
    assert "dla-slot" in explorer and made.explorers == [state["m1"]]
    other = new_output("display_data", view | {VIEW: {"model_id": "m2"}})
    made, (picture,) = executed(other, widgets=state)
    assert 'alt="A forest &amp; a lake."' in picture and "data:image/png" in picture and made.explorers == []


def test_terminal_output_is_shown_as_a_terminal_would():
    said = new_output("stream", name="stdout", text="  1 %\r 50 %\r100 %\n\x1b[31mdone <ok>\x1b[0m\n")
    quiet = new_output("stream", name="stderr", text="a warning")
    _, (shown, hidden) = executed(said, quiet)
    assert "100 %\ndone &lt;ok&gt;" in shown and "50 %" not in shown and hidden == ""


def test_build_static_says_which_lesson_stopped(tmp_path):
    broken = TEMPLATE.read_text().replace('print(f"{basin}', 'raise OSError("no rain"); print(f"{basin}')
    for name, text in (("01_rain", TEMPLATE.read_text()), ("02_broken", broken)):
        path = tmp_path / "course" / "streamflow" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["build", str(tmp_path / "course"), "--out", str(tmp_path / "out"), "--static"])
    assert result.exit_code == 1
    assert "02_broken.py: stopped with OSError: no rain" in result.output
    made = {path.name for path in (tmp_path / "out" / "static").rglob("*.html")}
    assert made == {"index.html", "01_rain.html"}  # one lesson that stops does not stop the others
