"""The leaderboard in a real JupyterLab, against a real service: sign in, make a team, hand in, and see the board move.

Set DLA_SCREENSHOTS to a folder to see what the browser saw.
"""

import json
import os

import nbformat
import pytest
from board_server import serving
from looks import TWO_FRAMES, look
from notebook_page import KERNEL_IS_IDLE, cell_at, open_notebook, run_cell, select
from served_wells import forecast, wells

from dla_widgets import accounts
from dla_widgets.leaderboard.client import Leaderboard
from dla_widgets.leaderboard.explorers.board import BoardExplorer
from dla_widgets.leaderboard.explorers.make_example import example
from dla_widgets.leaderboard.explorers.submit import SubmitPanel
from dla_widgets.leaderboard.sending import submit

pytestmark = pytest.mark.timeout(300)

PANEL, BOARD = 0, 1
CELLS = ('from dla_widgets import SubmitPanel\npanel = SubmitPanel(file="first.csv")\npanel',
         "from dla_widgets import BoardExplorer\nboard = BoardExplorer(refresh=1)\nboard")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served") / "wells"
    with serving(wells(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the learner's machine keeps address and token."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def lab(tmp_path_factory, jupyterlab, service, kept):
    """A JupyterLab whose learner is signed in nowhere; with files to hand in."""
    folder = tmp_path_factory.mktemp("lesson")
    truth = service.folders[0]
    for seed, (name, error) in enumerate({"first.csv": 0.9, "better.csv": 0.3, "same.csv": 0.3001, "theirs.csv": 0.6}.items(), 1):
        forecast(truth, folder / name, error, seed)
    (folder / "broken.csv").write_text((folder / "first.csv").read_text().replace("w3,2024-01-05", "w9,2024-01-05"))
    code = nbformat.v4.new_code_cell
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    for name in ("story", "lost"):
        nbformat.write(nbformat.v4.new_notebook(cells=[code(text) for text in CELLS], metadata=kernel), folder / f"{name}.ipynb")
    with jupyterlab(folder, "--LabApp.expose_app_in_browser=True", XDG_CONFIG_HOME=str(kept)) as running:
        yield running


@pytest.fixture
def page(new_page):
    return new_page(height=1100)


def root_of(page, cell):
    select(page, cell)
    root = cell_at(page, cell).locator(".dla")
    root.wait_for()
    return root


def said(root, text):
    root.locator(".dla-submit-said").filter(has_text=text).wait_for()


def serious(page):
    """What axe-core finds in the widgets that keeps people out."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=".dla").response["violations"]
    return [f"{v['id']}: {v['help']} ({v['nodes'][0]['html'][:120]})" for v in found if v["impact"] in ("serious", "critical")]


def picture(page, name):
    if folder := os.environ.get("DLA_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/leaderboard-{name}.png")


def sign_in(page, panel, address, token):
    panel.get_by_label("Address of the leaderboard").fill("http://127.0.0.1:9")
    panel.get_by_label("Your token").fill("wrong")
    page.keyboard.press("Enter")
    said(panel, "does not answer")
    assert panel.get_by_label("Your token").input_value() == "wrong"  # only the address has to be mended
    panel.get_by_label("Address of the leaderboard").fill(address)
    panel.get_by_label("Address of the leaderboard").press("Enter")
    said(panel, "does not know you")
    panel.get_by_label("Your token").fill(token)
    assert panel.get_by_label("Your token").get_attribute("type") == "password"
    page.keyboard.press("Enter")
    panel.get_by_label("Name of the new team").wait_for()
    assert panel.get_by_label("Your token").input_value() == ""


def make_team(panel):
    """By key; returns the code that lets others in."""
    panel.get_by_label("Name of the new team").fill("Deep Wells")
    panel.get_by_role("button", name="Make the team").press("Enter")
    said(panel, "You have made the team Deep Wells.")
    panel.get_by_role("button", name="Show the team's code").press("Enter")
    return panel.locator("code").first.inner_text()


def hand_in(panel, file, comes):
    panel.get_by_label("File to hand in").fill(file)
    panel.get_by_role("button", name="Hand in").press("Enter")
    said(panel, comes)


def test_from_signing_in_to_the_board_that_moves(page, lab, service, kept):
    page.add_init_script("window.setInterval = ((real) => (act, ms, ...rest) => real(act, ms === 30000 ? 1000 : ms, ...rest))"
                         "(window.setInterval)")  # the panel looks again each half minute, which is long for a test
    open_notebook(page, lab, "story")
    run_cell(page, PANEL)
    panel, token = root_of(page, PANEL), service.token("Ada")
    picture(page, "sign-in")
    assert serious(page) == []
    sign_in(page, panel, service.address, token)
    picture(page, "no-team")
    assert serious(page) == []
    code = make_team(panel)
    assert code == Leaderboard(service.address, token).competition().team()["code"]

    panel.get_by_label("File to hand in").fill("broken.csv")
    panel.get_by_role("button", name="Check only").press("Enter")
    said(panel, "w9")  # the row is named
    panel.get_by_role("button", name="Browse").press("Enter")
    files = panel.get_by_label("Files of the right kind")
    files.locator("option").nth(4).wait_for(state="attached")
    files.select_option("first.csv")
    panel.get_by_role("button", name="Check only").press("Enter")
    said(panel, "first.csv can be handed in; nothing was sent.")
    panel.get_by_label("What was tried").fill("the mean")
    hand_in(panel, "first.csv", "Entry 1: your first score is 0.190.")
    assert "RCPT-" in panel.inner_text() and "4 of 5 entries are left today" in panel.inner_text()
    assert serious(page) == []
    picture(page, "scored")
    move_the_board(page, lab, service, panel)

    page.keyboard.press("Control+s")
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    everything = (lab.workdir / "story.ipynb").read_text()
    assert token not in everything and code not in everything and "Nobody is signed in" in everything
    file = next(kept.rglob("leaderboard.json"))
    assert json.loads(file.read_text())["token"] == token and file.stat().st_mode & 0o077 == 0
    choose_finals(root_of(page, PANEL), Leaderboard(service.address, token).competition())
    assert str(page.trouble) == ""
    page.evaluate("() => jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    page.wait_for_function(KERNEL_IS_IDLE)
    panel = root_of(page, PANEL)
    panel.get_by_role("button", name="Check only").press("Enter")
    panel.locator(".dla-notice").filter(has_text="The kernel was restarted: run the cell again.").wait_for()


def choose_finals(panel, teammate):
    """A box shows what the service has, whoever chose it."""
    teammate.choose_finals([])
    panel.locator("input:checked").wait_for(state="hidden")  # by itself, as it looks again and again
    said(panel, "The private score of entry 3 counts.")
    teammate.choose_finals([1, 4])
    box = panel.get_by_label("Entry 3 is a final")
    box.press("Space")
    said(panel, "a team chooses at most 2 finals")
    assert not box.is_checked() and panel.locator("input:checked").count() == 2


def move_the_board(page, lab, service, panel):
    """The board of the same notebook follows what others hand in, and what this panel does."""
    run_cell(page, BOARD)
    board = root_of(page, BOARD)
    ids = page.locator(".dla [id]").evaluate_all("found => found.map((one) => one.id)")
    assert page.locator(".dla").count() == 2 and len(set(ids)) == len(ids)
    row = board.locator("tr", has_text="Deep Wells")
    assert "you are here" in row.inner_text() and "0.190" in row.inner_text()
    theirs = Leaderboard(service.address, service.token("Ben")).competition()
    theirs.make_team("Shallow Wells", "UTC")
    theirs.inputs(lab.workdir / "theirs", progress=False)
    submit(theirs, lab.workdir / "theirs.csv", progress=lambda *_: None)
    board.locator("tr", has_text="Shallow Wells").filter(has_text="0.640").wait_for()  # by itself, in the same page
    assert board.locator("[data-number='you.rank']").inner_text() == "2 of 2"

    panel = root_of(page, PANEL)
    hand_in(panel, "better.csv", "climbed from 0.190 to 0.910.")
    hand_in(panel, "same.csv", "is not better than your 0.910 by more than chance")
    box = panel.get_by_label("Entry 3 is a final")
    box.press("Space")
    said(panel, "The private score of entry 3 counts.")
    assert box.is_checked()
    board = root_of(page, BOARD)
    board.locator("[data-number='you.rank']").filter(has_text="1 of 2").wait_for()
    assert "Your team: 0.910, rank 1." in board.locator("[role=status].dla-hidden").inner_text()  # said to those who cannot see
    assert board.locator("tr.dla-rose", has_text="Deep Wells").count() == 1  # and shown for a moment
    picture(page, "board")
    page.wait_for_function("() => !document.querySelector('.dla-rose')")
    assert board.locator(".dla-words").get_attribute("aria-live") == "off"  # time goes on without being spoken of
    assert serious(page) == []


def test_a_service_that_goes_away_and_comes_back(page, lab, service, kept, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(kept))
    accounts.remember("leaderboard", service.address, service.token("Cleo"))
    open_notebook(page, lab, "lost")
    run_cell(page, PANEL)
    run_cell(page, BOARD)
    board = root_of(page, BOARD)
    board.locator("tr", has_text="Half right").wait_for()
    service.kill()
    board.locator(".dla-notice").filter(has_text="The leaderboard has not answered since").wait_for()
    assert board.locator("tr", has_text="Half right").is_visible()  # the last board stays
    panel = root_of(page, PANEL)
    panel.get_by_label("Name of the new team").fill("Still Wells")
    panel.get_by_role("button", name="Make the team").click()
    again = panel.get_by_role("button", name="Try again")
    again.wait_for()
    assert "does not answer" in panel.locator(".dla-submit-said").inner_text()
    assert serious(page) == []
    picture(page, "lost")
    run_cell(page, PANEL)  # opened while it is away
    panel = root_of(page, PANEL)
    again = panel.get_by_role("button", name="Try again")
    again.wait_for()
    seen = panel.locator("h3").evaluate_all("all => all.filter((one) => one.checkVisibility()).map((one) => one.innerText)")
    assert seen == ["Sign in"] and not panel.get_by_label("Competition").is_visible()
    service.start()
    again.press("Enter")
    said(panel, "It answers again.")
    panel.get_by_label("Name of the new team").fill("Still Wells")
    panel.get_by_role("button", name="Make the team").click()
    said(panel, "You have made the team Still Wells.")
    board = root_of(page, BOARD)
    board.locator("tr", has_text="Still Wells").filter(has_text="you are here").wait_for()
    assert board.locator(".dla-notice").inner_text() == ""
    assert page.trouble.kernel == page.trouble.page == page.trouble.console == []


# ---- as pages without a kernel


@pytest.fixture
def static(tmp_path, page):
    def open_one(widget):
        page.goto(widget.save_html(tmp_path / "widget.html").as_uri())
        root = page.locator(".dla")
        root.wait_for()
        return root

    return open_one


def many() -> dict:
    """A board that runs: 14 teams, ties, one without a score, one disqualified, a benchmark in their midst, hostile names."""
    board, rows = example(), []
    (*teams, benchmark) = board["rows"]
    for k in range(14):
        name = ["<b>bold</b>", "Ends. {with} dots", "ÜBER \N{SNOWMAN}"][k] if k < 3 else f"Team {k}"
        score = 0.9 - (k - (k == 5)) * 0.01  # the fifth and the sixth are level
        rows.append(teams[k % 6] | {"team": name, "rank": k + 1, "score": score, "moved": (k % 5) - 2})
    rows.insert(8, benchmark | {"score": rows[8]["score"]})
    rows.append(teams[0] | {"team": "Late", "rank": None, "score": None, "history": [], "entries": 0, "last": None})
    rows.append(teams[1] | {"team": "Twice", "rank": None, "score": None, "note": "disqualified: two accounts"})
    said = [{"at": rows[0]["last"], "author": "Prof. Ohm", "text": "Choose your finals.\nThe deadline stays."}]
    return board | {"phase": "open", "final": False, "seconds_left": 4000, "rows": rows, "announcements": said}


def test_the_page_says_what_python_says_on_every_day(static, page):
    explorer = BoardExplorer(many())
    explorer._tell(explorer._board | {"you": "Team 6"}, explorer.result["now"])
    root = static(explorer)
    rows = {"all": "All", "top": "Top ten", "around": "Around my team"}
    for day in (0, -1, -20, -41):
        explorer.day = day
        root.locator("[data-control=day]").evaluate(f"e => {{ e.value = {day}; e.dispatchEvent(new Event('input')) }}")
        for name, label in rows.items():
            explorer.rows = name
            root.get_by_label(label, exact=True).check()
            seen, numbers = look(root), explorer.numbers()
            assert seen.words == explorer.describe()
            assert {key: text for key, text in seen.numbers if text != numbers[key]} == {}
            assert {key for key, _ in seen.numbers} == set(numbers) - {"said"}
    root.get_by_role("button", name="Reset").click()
    assert look(root).state == ""
    assert root.locator("tbody b").count() == 0  # a name is a name, not a tag
    assert "Prof. Ohm, 11 Jul: Choose your finals." in root.inner_text()
    assert str(page.trouble) == ""


def test_the_own_team_has_a_colour_wherever_it_stands(static):
    explorer = BoardExplorer(many())
    explorer._tell(explorer._board | {"you": "Team 11"}, explorer.result["now"])
    root = static(explorer)
    stroke = "one => one.querySelector('polyline').style.stroke"
    own, eighth, first = (root.locator("tbody tr").filter(has_text=name).first.evaluate(stroke)
                          for name in ("Team 11", "Team 7", "<b>bold</b>"))
    assert len({own, eighth, first}) == 3  # the eighth is as pale as all that follow


def test_columns_are_sorted_by_key_and_say_so(static):
    root = static(BoardExplorer(many()))

    def pressed(head, key):
        """Press the head of a column; how it is sorted then, and the teams from the top."""
        if key:
            root.get_by_role("button", name=head, exact=True).press(key)
        root.page.evaluate(TWO_FRAMES)
        (sort,) = root.locator("[aria-sort]").evaluate_all("ths => ths.map(th => [th.innerText.trim().slice(1), th.ariaSort])")
        return sort, root.locator("tbody tr").evaluate_all("trs => trs.map(tr => tr.querySelector('th span').textContent)")

    sort, by_rank = pressed("Rank", "")
    assert sort == ["Rank", "ascending"] and by_rank[0] == "<b>bold</b>"
    sort, by_name = pressed("Team", "Enter")
    assert sort[1] == "ascending" and by_name == sorted(by_rank, key=str.lower)
    sort, by_score = pressed("Score", "Space")
    assert sort == ["Score", "descending"] and by_score[:3] == by_rank[:3]
    sort, worst_first = pressed("Score", "Space")
    assert sort == ["Score", "ascending"] and worst_first[-1] in ("Late", "Twice")  # who has none stays below
    assert pressed("Rank", "Enter") == (["Rank", "ascending"], by_rank)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_and_on_a_projector(static, page, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    explorer = BoardExplorer(many())
    explorer._tell(explorer._board | {"you": "Team 6"}, explorer.result["now"])
    page.set_viewport_size({"width": 400, "height": 900})
    root = static(explorer)
    assert page.evaluate("() => document.documentElement.scrollWidth <= 400")
    table = root.locator(".dla-board-scroll")
    assert table.evaluate("e => e.scrollWidth <= e.clientWidth")  # nothing is cut off, and nothing has to be pushed aside
    assert root.locator("tr[data-you]").inner_text().startswith("7")
    assert serious(page) == []
    picture(page, f"telephone-{scheme}")
    page.set_viewport_size({"width": 1920, "height": 1080})
    root.get_by_role("button", name="Present", exact=True).click()
    assert root.locator("tbody tr").count() == 12 and "and 5 more" in root.inner_text()
    assert root.evaluate("e => parseFloat(getComputedStyle(e.querySelector('tbody td')).fontSize)") >= 24
    assert serious(page) == []
    row = root.locator("tbody tr").first
    row.evaluate("e => e.classList.add('dla-rose')")
    assert row.locator("td").first.evaluate("e => getComputedStyle(e).animationName") == "none"  # no motion for who wants none
    picture(page, f"projector-{scheme}")


def test_without_a_kernel_the_panel_says_that_it_needs_one(static, page, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    root = static(SubmitPanel())
    assert "This panel needs a running notebook" in root.inner_text() and not root.locator("input").count()
    assert serious(page) == [] and str(page.trouble) == ""
