"""A lesson as a page, opened as a file: nothing is fetched, the explorers work, links lead on, anyone can read it."""

from pathlib import Path

import pytest
import real_jupyter
from typer.testing import CliRunner

from autograder.cli import app
from dla_widgets.demos import explorer_class

pytestmark = pytest.mark.timeout(200)

TEMPLATE = Path(__file__).parents[2] / "course" / "template_lesson.py"
EXPLORERS = '''
# %% [markdown]
r"""
## A score

Compare $q_o$ with $q_s$, as [the other lesson](02_other.ipynb#two-gauges-one-question) does.
"""

# %% demo="skill"
from dla_widgets.streamflow.explorers.skill import SkillExplorer

SkillExplorer(state="late")

# %%
display(SkillExplorer(state="volume=2"))
basins.to_dataframe().head(3)
'''


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two small lessons, built as an advisor does; the first has two explorers of one kind."""
    folder = tmp_path_factory.mktemp("site")
    for name, more in (("01_rain", EXPLORERS), ("02_other", "")):
        path = folder / "course" / "streamflow" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEMPLATE.read_text(encoding="utf-8") + more, encoding="utf-8")
    arguments = ["build", str(folder / "course"), "--out", str(folder / "out"), "--static"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return folder / "out" / "static"


@pytest.fixture
def lesson(site, page):
    """The first lesson in the browser, all requests noted in ``page.asked``."""
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto((site / "streamflow" / "01_rain.html").as_uri())
    page.locator(".dla-words").nth(1).wait_for()
    page.wait_for_function("[...document.querySelectorAll('.dla-words')].every(el => el.textContent)")
    return page


def words(page, at=0):
    return page.locator(".dla-words").nth(at).inner_text()


def test_the_page_asks_for_nothing(lesson):
    lesson.wait_for_timeout(500)
    assert [url for url in lesson.asked if not url.startswith(("data:", "blob:"))] == [lesson.url]
    assert str(lesson.trouble) == ""
    lesson.evaluate("document.body.append(Object.assign(new Image(), { src: 'https://example.org/a.png' }))")
    lesson.wait_for_timeout(200)
    assert lesson.asked[-1] == "https://example.org/a.png" and lesson.trouble.outside  # this is how it would be noticed


def test_explorers_stand_in_the_state_of_the_lesson_and_move_by_keyboard(lesson):
    skill = explorer_class("skill")
    assert words(lesson, 0) == skill(state="late").describe()
    assert words(lesson, 1) == skill(state="volume=2").describe()
    before = words(lesson)
    lesson.locator("input[type=range]").first.press("ArrowRight")
    lesson.wait_for_function("words => document.querySelector('.dla-words').textContent !== words", arg=before)
    assert words(lesson, 0) == skill(lag=2).describe()
    assert words(lesson, 1) == skill(state="volume=2").describe()  # each has a state of its own
    assert str(lesson.trouble) == ""


def test_one_copy_of_each_module(site):
    page = (site / "streamflow" / "01_rain.html").read_text(encoding="utf-8")
    assert page.count("function skillScores") == 1
    assert page.count('class="dla-slot"') == 2


def test_links_lead_to_the_other_lesson_and_the_index(lesson):
    lesson.get_by_role("link", name="the other lesson").click()
    assert lesson.url.endswith("02_other.html#two-gauges-one-question")
    lesson.get_by_role("link", name="‹ Where does the rain go?").click()
    assert lesson.url.endswith("01_rain.html")
    lesson.get_by_role("link", name="Deep Learning Academy").click()
    lesson.get_by_role("link", name="Where does the rain go?").first.click()
    assert lesson.url.endswith("01_rain.html")
    assert lesson.trouble.requests == []


def test_formulas_are_drawn(lesson):
    box = lesson.locator("math").first.bounding_box()
    assert box["width"] > 10 and box["height"] > 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(site, browser, scheme):
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    trouble = real_jupyter.watch(page)
    backgrounds = set()
    for name in ("index", "streamflow/01_rain"):
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_load_state()
        if "rain" in name:
            page.locator(".dla-words").nth(1).wait_for()
        found = Axe().run(page).response["violations"]
        assert [f"{v['id']}: {v['nodes'][0]['target']}" for v in found if v["impact"] in ("serious", "critical")] == []
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert backgrounds == {"rgb(255, 255, 255)" if scheme == "light" else "rgb(17, 17, 17)"}
    assert str(trouble) == ""
    context.close()
