"""The pages of the leaderboard, as teams, advisors and a room have them: a real service, a real browser, no reloading.

Set DLA_SCREENSHOTS to a folder to see what the browser saw.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from board_server import serving
from served_wells import forecast, wells

from autograder.competition.making import make, new
from autograder.competition.people import invite
from autograder.competition.store import Store
from autograder.competition.web.pages import HERE
from dla_widgets.panels.modules import HERE as PANELS

pytestmark = pytest.mark.timeout(180)

HOSTILE = "<img src=x onerror=hit()>"
SCRIPT = '"><script>hit()</script> javascript:hit()'
SPY = """window.hits = []; window.hit = () => hits.push("ran"); window.alert = window.hit; window.moves = 0;
document.addEventListener("securitypolicyviolation", event => hits.push(event.violatedDirective));
const animate = Element.prototype.animate;
Element.prototype.animate = function (...how) { window.moves += 1; return animate.apply(this, how); };"""


def picture(page, name):
    if folder := os.environ.get("DLA_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/board-{name}.png", full_page=True)


def serious(page, *rules):
    """What axe-core finds on a page that keeps people out; only by these of its rules, if any are named."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": rules} if rules else None).response["violations"]
    return [f"{v['id']}: {v['help']} ({v['nodes'][0]['html'][:120]})" for v in found if v["impact"] in ("serious", "critical")]


def many_wells(folder):
    """A competition whose files are sent in several pieces."""
    new(folder, "table", "many")
    rng = np.random.default_rng(0)
    rows = [(f"w{site:03d}", f"d{day:03d}") for site in range(52) for day in range(500)]
    pd.DataFrame(rows, columns=["site", "date"]).assign(value=rng.gamma(2, size=len(rows))).to_csv(
        folder / "secret" / "truth.csv", index=False)
    make(folder)
    return folder


class Learner:
    """Somebody with a token, by the API."""

    def __init__(self, board, contest, name, scope="submit"):
        self.token = invite(board.store, name, scope)
        self.board, self.contest, self.name = board, contest, name

    def call(self, method, path, **options):
        answer = self.board.call(method, f"/competitions/{self.contest}/{path}", self.token, **options)
        assert answer.ok, answer.text
        return answer.json()

    def team(self, name):
        self.made = self.call("POST", "teams", json={"name": name, "time_zone": "Europe/Berlin"})
        return self

    def begin(self, path, first):
        """Send the `first` bytes of a file."""
        content = path.read_bytes()
        said = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "name": path.name}
        upload = self.call("POST", "uploads", json=said)["id"]
        head = {"Upload-Offset": "0", "Content-Type": "application/octet-stream"}
        self.call("PATCH", f"uploads/{upload}", data=first, headers=head)
        return upload

    def hand_in(self, path, **card):
        upload = self.begin(path, path.read_bytes())
        entry = self.call("POST", "entries", json={"upload": upload, **card})
        until = time.monotonic() + 30
        while entry["state"] == "received" and time.monotonic() < until:
            time.sleep(0.05)
            entry = self.call("GET", f"entries/{entry['id']}")
        assert entry["state"] == "scored", entry
        return entry

    def sign_in(self, page, path=""):
        page.goto(f"{self.board.address}/sign-in?next=/{self.contest}{path}")
        page.get_by_label("Token").fill(self.token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.board.address}/{self.contest}{path}")
        return page


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Competitions that run at once."""
    base = tmp_path_factory.mktemp("boards")
    ridge = {"benchmarks": [{"name": "Ridge", "file": "ridge.csv"}]}
    opens = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    folders = [wells(base / "common", title="Wells", daily=20, **ridge), wells(base / "live", title="Live", **ridge),
               wells(base / "crowd", title="A crowd", team_size=2, **ridge), wells(base / "ending", title="An end"),
               wells(base / "soon", title="Soon", opens=opens), wells(base / "evil", title=HOSTILE, about=SCRIPT),
               many_wells(base / "many")]  # fmt: skip
    for folder in folders[:3]:
        forecast(folder, folder / "ridge.csv", 0.7)
    with serving(*folders) as running:
        running.base, running.store = base, Store(running.database)
        yield running
        running.store.engine.dispose()


@pytest.fixture(scope="module")
def crowd(board):
    """The address of a competition with more teams than fit on a screen."""
    for k in range(16):
        name = f"The team of the long name, number {k:02d}" if k % 2 else f"Team {k:02d}"
        made = board.call("POST", "/competitions/crowd/teams", invite(board.store, f"learner {k}"), json={"name": name})
        assert made.ok, made.text
    return f"{board.address}/crowd"


@pytest.fixture
def file(board, tmp_path):
    """``file("common", 0.5)`` a file of that competition whose score is about 1 - 0.5²."""
    return lambda contest, error, name="ours.csv": forecast(board.base / contest, tmp_path / name, error)


@pytest.fixture(autouse=True)
def spied(page):
    page.add_init_script(SPY)


def looked_at_again(page):
    """The tab was behind another one, and is shown again."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def row(page, team):
    return page.locator("#rows tr").filter(has=page.locator("th .name", has_text=re.compile(f"^{re.escape(team)}$")))


def ranks(page):
    """The names on the board from top to bottom."""
    return page.locator("#rows .name").all_inner_texts()


def overflow(page):
    """How much the page is wider and higher than the window."""
    return page.evaluate("(e => [e.scrollWidth - innerWidth, e.scrollHeight - innerHeight])(document.documentElement)")


# The board


def test_the_board(board, file, page):
    page.goto(f"{board.address}/common")
    page.get_by_text("No team yet").wait_for()
    assert page.get_by_role("link", name="make a team").get_attribute("href") == "/common/team"
    Learner(board, "common", "Ada").team("Foehn").hand_in(file("common", 0.8))
    Learner(board, "common", "Emmy").team("Marmots").hand_in(file("common", 0.6))
    Learner(board, "common", "Kurt").team("Late")
    looked_at_again(page)
    row(page, "Late").wait_for()
    assert page.locator("#empty").is_hidden()
    assert ranks(page) == ["Marmots", "Ridge", "Foehn", "Late"]
    ridge = row(page, "Ridge")
    assert ridge.get_attribute("class") == "benchmark" and "benchmark to beat" in ridge.inner_text()
    assert ridge.locator(".score").inner_text() == "0.510"
    assert page.locator("#metric").inner_text() == "median NSE" and page.locator("#ends").inner_text() == "ends in"
    table = page.get_by_role("table", name=re.compile("^Teams of Wells, the best first"))
    heads = table.get_by_role("columnheader").all_inner_texts()
    assert heads == ["Rank", "Team and members", "Progress", "Score", "Entries", "Last"]
    last = row(page, "Foehn").locator("time")
    assert last.inner_text() == "just now" and re.search(r"\d\d:\d\d", last.get_attribute("title"))
    assert row(page, "Foehn").get_by_role("img").get_attribute("aria-label").endswith("since the first entry")
    page.set_viewport_size({"width": 400, "height": 800})
    assert overflow(page)[0] <= 0 and row(page, "Marmots").bounding_box()["height"] < 110
    assert table.get_by_role("columnheader").all_inner_texts() == heads  # a table still, for who hears it
    picture(page, "narrow")
    assert str(page.trouble) == "" and page.evaluate("hits") == []


def test_a_rise_is_seen_and_said(board, file, page, new_page):
    foehn, marmots = Learner(board, "live", "Ada").team("Foehn"), Learner(board, "live", "Emmy").team("Marmots")
    foehn.hand_in(file("live", 0.8))
    marmots.hand_in(file("live", 0.6))
    calm = new_page()
    calm.add_init_script(SPY)
    calm.emulate_media(reduced_motion="reduce")
    for seen in (page, calm):
        seen.goto(f"{board.address}/live")
        row(seen, "Foehn").wait_for()
    marmots.hand_in(file("live", 0.601, "again.csv"))
    looked_at_again(page)
    row(page, "Marmots").locator(".entries", has_text="2 entries").wait_for(state="attached")
    assert page.locator("#news").inner_text() == "" and page.evaluate("moves") == 0  # nobody rose

    foehn.hand_in(file("live", 0.3, "better.csv"))
    page.get_by_text("Foehn takes the lead with 0.9").wait_for(timeout=10_000)  # by itself, within 5 s and a bit
    assert "Foehn beats the benchmark Ridge." in page.locator("#news").inner_text()
    assert ranks(page) == ["Foehn", "Marmots", "Ridge"]
    assert page.evaluate("moves") >= 2 and "risen" in row(page, "Foehn").get_attribute("class")
    picture(page, "live")
    looked_at_again(calm)
    calm.get_by_text("Foehn takes the lead").wait_for()
    assert ranks(calm) == ranks(page) and calm.evaluate("moves") == 0
    assert " in 2 steps" in row(calm, "Foehn").get_by_role("img").get_attribute("aria-label")

    page.context.set_offline(True)
    looked_at_again(page)
    page.get_by_text(re.compile(r"No connection since \d\d:\d\d")).wait_for()
    assert ranks(page) == ["Foehn", "Marmots", "Ridge"]  # the last one stays
    assert "ERR_INTERNET_DISCONNECTED" in str(page.trouble)
    page.trouble.clear()
    page.context.set_offline(False)
    looked_at_again(page)
    page.get_by_text("Up to date.").wait_for()
    for seen in (page, calm):
        assert str(seen.trouble) == "" and seen.evaluate("hits") == []


def test_before_it_opens_the_board_counts_down(board, page):
    page.goto(f"{board.address}/soon")
    page.locator("#countdown", has_text="opens in").wait_for()
    assert re.search(r"^1 d 23:5\d:\d\d$", page.locator("#countdown time").inner_text())
    page.goto(board.address)
    assert page.get_by_role("listitem").filter(has_text="Soon").inner_text().count("opens in 1 day 23 h") == 1
    assert str(page.trouble) == ""


def test_a_room(crowd, page):
    page.goto(f"{crowd}?room=1")
    row(page, "Team 00").wait_for()
    for width, height in ((1920, 1080), (1280, 720), (1024, 768), (400, 800)):
        page.set_viewport_size({"width": width, "height": height})
        assert overflow(page) == [0, 0], width
        seen = page.locator("#rows tr:visible")
        boxes = [one.bounding_box() for one in seen.all()]
        assert len(boxes) == 9 and all(below["y"] >= above["y"] + above["height"] - 1 for above, below in pairwise(boxes))
        foot = page.locator(".foot").bounding_box()
        assert boxes[-1]["y"] + boxes[-1]["height"] <= foot["y"] + 1 and foot["y"] + foot["height"] <= height
        assert page.locator("#rows .score:visible").evaluate_all("all => all.every(e => e.scrollWidth <= e.clientWidth)"), width
        letters = float(row(page, "Team 00").locator(".name").evaluate("e => getComputedStyle(e).fontSize").removesuffix("px"))
        assert letters >= (height / 32 if width > 700 else 16)
        picture(page, f"room-{width}")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Go on").count() == 1
    assert page.locator("#page").inner_text() == "1 to 9 of 17"
    page.keyboard.press("ArrowRight")
    assert page.locator("#page").inner_text() == "10 to 17 of 17"
    assert page.locator("#rows tr:visible").count() == 8
    page.clock.install()
    page.clock.run_for(30_000)  # it is paused
    assert page.locator("#page").inner_text() == "10 to 17 of 17"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Projector").wait_for()
    assert page.locator("#rows tr:visible").count() == 17 and "room" not in page.url
    assert str(page.trouble) == "" and page.evaluate("hits") == []


def test_pages_of_a_room_turn_by_themselves(crowd, page):
    page.clock.install()
    page.goto(f"{crowd}?room=1")
    row(page, "Team 00").wait_for()
    assert page.locator("#page").inner_text() == "1 to 9 of 17"
    page.clock.run_for(13_000)
    assert page.locator("#page").inner_text() == "10 to 17 of 17"
    page.clock.run_for(13_000)
    assert page.locator("#page").inner_text() == "1 to 9 of 17"
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(40_000)
    assert page.locator("#page").inner_text() == "1 to 9 of 17"
    assert str(page.trouble) == ""


# A team


def test_a_team_is_made_and_joined(board, page, new_page):
    Learner(board, "common", "Mary").sign_in(page, "/team")
    zone = page.get_by_label("Time zone")
    assert zone.input_value() == page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    page.get_by_label("Its name").fill("Deep Water ")
    zone.fill("Mars/Phobos")
    page.get_by_role("button", name="Make the team").click()
    page.get_by_role("alert").filter(has_text="there is no time zone 'Mars/Phobos'").wait_for()
    assert page.get_by_label("Its name").input_value() == "Deep Water "
    assert "422" in str(page.trouble)
    page.trouble.clear()
    zone.fill("Europe/Berlin")
    page.get_by_role("button", name="Make the team").click()
    page.get_by_role("heading", name="Deep Water").wait_for()
    code = page.locator("#code").inner_text()
    assert re.fullmatch(r"(\w{4}-){2}\w{4}", code)

    other = new_page()
    Learner(board, "common", "Sophie").sign_in(other, "/team")
    other.get_by_label("Its code").fill("nobody has this")
    other.get_by_label("Its code").press("Enter")
    other.get_by_role("alert").filter(has_text="no team has this code").wait_for()
    assert "404" in str(other.trouble)
    other.trouble.clear()
    other.get_by_label("Its code").fill(code.lower())
    other.get_by_label("Its code").press("Enter")
    other.get_by_role("heading", name="Deep Water").wait_for()
    assert other.locator("#members").inner_text() == "Mary, Sophie"
    other.get_by_role("button", name="Renew the code").click()
    other.get_by_text("The old one lets nobody in any more.").wait_for()
    assert other.locator("#code").inner_text() != code
    for seen in (page, other):
        assert str(seen.trouble) == ""


def test_a_file_is_handed_in_on_the_page(board, file, page, new_page):
    mary, sophie = Learner(board, "common", "Mary M."), Learner(board, "common", "Sophie S.")
    sophie.call("POST", "team/join", json={"code": mary.team("Snowmelt").made["code"]})
    mary.sign_in(page, "/team")
    entries = page.locator("#entries > li")
    hand_in(page, file("common", 0.5), "An LSTM\nwith 64 units")
    entries.get_by_text("Better than all before it.").wait_for()
    assert abs(float(entries.locator(".value").inner_text()) - 0.75) < 0.01
    assert page.locator("#today").inner_text().split() == ["19", "of", "20"] and page.locator("#rank").inner_text() != "–"
    assert page.get_by_label("What did you try?").input_value() == ""
    hand_in(page, file("common", 0.5))
    page.get_by_text("sent this very file before").wait_for()
    bad = file("common", 0.5, "bad.csv")
    bad.write_text("site,day,value\nw0,1,2\n")
    hand_in(page, bad)
    page.get_by_text("Not used: bad.csv: expected the columns site,date,value").wait_for()
    assert page.locator("#today").inner_text().split()[0] == "19"
    hand_in(page, bad.rename(bad.with_name("notes.txt")), "It stays.")
    page.get_by_text("notes.txt is not of a known kind: expected .csv, .parquet").wait_for()
    assert page.get_by_label("What did you try?").input_value() == "It stays."
    hand_in(page, file("common", 0.501, "hardly.csv"))
    entries.filter(has_text="hardly.csv").get_by_text("Not better than your best by more than chance").wait_for()
    assert entries.count() == 3
    picture(page, "team")

    other = new_page()
    sophie.sign_in(other, "/team")
    card = other.locator("#entries > li").filter(has_text="ours.csv")
    card.locator("summary", has_text="Card").click()
    assert card.get_by_label("What was tried").input_value() == "An LSTM\nwith 64 units"
    card.get_by_label("What was learned").fill("Scale by basin.")
    card.get_by_role("button", name="Save the card").click()
    card.get_by_text("Saved. Your teammates see it now").wait_for()
    assert mary.call("GET", "team")["entries"][0]["learned"] == "Scale by basin."
    other.get_by_label(re.compile("^Final: entry")).first.check()
    other.get_by_text("Your choice is saved.").wait_for()
    looked_at_again(page)
    page.get_by_text("1 of 2 chosen").wait_for()
    mine = entries.filter(has_text="ours.csv")
    for summary in mine.locator("summary").all():
        summary.click()
    assert mine.get_by_label("What was learned").input_value() == "Scale by basin."
    assert re.search(r"RCPT(-[0-9A-F]{6}){4}", mine.inner_text())
    for seen in (page, other):
        assert str(seen.trouble) == ""


def hand_in(page, path, tried=""):
    page.locator("#file").set_input_files(path)
    page.get_by_label("What did you try?").fill(tried)
    page.get_by_role("button", name="Hand in").click()


def test_a_file_is_dropped_on_the_page(board, file, page):
    Learner(board, "common", "Inge").team("Inner Core").sign_in(page, "/team")
    page.get_by_role("heading", name="Inner Core").wait_for()
    content = file("common", 0.6).read_text()

    def drop(where):
        return page.locator(where).evaluate("""(box, text) => {
            const data = new DataTransfer(), said = {bubbles: true, cancelable: true, dataTransfer: data};
            data.items.add(new File([text], "dropped.csv"));
            box.dispatchEvent(new DragEvent("dragenter", said));
            const lit = box.classList.contains("over");
            return [lit, box.dispatchEvent(new DragEvent("drop", said)), document.querySelector("#file").files.length];
        }""", content)

    assert drop("#title") == [False, False, 0]  # the browser does not open it in place of the page
    assert drop("#drop") == [True, False, 1] and "over" not in page.locator("#drop").get_attribute("class").split()
    page.get_by_role("button", name="Hand in").click()
    page.locator("#entries > li").filter(has_text="dropped.csv").get_by_text("Better than all before it.").wait_for()
    assert str(page.trouble) == ""


def test_notes_and_questions_survive_a_bad_connection(board, page, new_page):
    learner = Learner(board, "common", "Rosalind").team("Nuée Bleue")
    learner.sign_in(page, "/team")
    notes = page.get_by_label("Only your team reads them")
    page.get_by_role("heading", name="Nuée Bleue").wait_for()
    notes.fill("Try the snow.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Save the notes").click()
    page.get_by_text("The service does not answer.").first.wait_for()
    page.context.set_offline(False)
    learner.call("PUT", "team/notes", json={"text": "From a teammate."})
    looked_at_again(page)
    page.get_by_text("A teammate saved other notes meanwhile").click()
    assert "From a teammate." in page.locator("#others").inner_text() and notes.input_value() == "Try the snow."
    page.trouble.clear()
    learner.sign_in(page.context.new_page())  # again, in another tab: this page's proof is another one now
    page.get_by_role("button", name="Save the notes").click()
    page.get_by_text(re.compile(r"^Saved, \d\d:\d\d\.$")).wait_for()
    assert learner.call("GET", "team")["notes"] == "Try the snow."
    assert str(page.trouble).count(" 403 ") == 2  # asked once with the old proof: the console and the request say so
    page.trouble.clear()
    page.get_by_label("Ask all teams and advisors").fill("May we?\nReally?")
    page.get_by_role("button", name="Ask").click()
    question = page.locator(".messages > li").filter(has_text="May we?")
    question.wait_for()
    assert page.get_by_label("Ask all teams and advisors").input_value() == ""
    advisor = new_page()
    Learner(board, "common", "Prof. Penman", "advisor").sign_in(advisor, "/advisor")
    asked = advisor.locator(".messages > li").filter(has_text="May we?")
    asked.locator("summary").click()
    asked.get_by_label("Your answer").fill("You may.")
    asked.get_by_role("button", name="Answer").click()
    asked.get_by_text("You may.").wait_for()
    looked_at_again(page)
    question.get_by_text("You may.").wait_for()
    for seen in (page, advisor):
        assert str(seen.trouble) == ""


def test_a_large_file_goes_on_where_it_stopped(board, page, tmp_path):
    path, rng = tmp_path / "large.csv", np.random.default_rng(1)
    rows = pd.read_csv(board.base / "many" / "secret" / "truth.csv")
    values = rows["value"] + 0.3 * rng.normal(size=len(rows))
    rows.assign(value=[f"{value:.330f}" for value in values]).to_csv(path, index=False)
    content = path.read_bytes()
    assert 8.9e6 < len(content) < 9.2e6
    learner = Learner(board, "many", "Henry").team("Slow Line")
    learner.begin(path, content[:1000])
    offsets = []

    def once_broken(route):
        offsets.append(int(route.request.headers["upload-offset"]))
        route.abort("connectionreset") if len(offsets) == 2 else route.continue_()

    learner.sign_in(page, "/team")
    page.route("**/uploads/*", once_broken)
    hand_in(page, path)
    page.get_by_text(re.compile(r"The service does not answer. It goes on in \d+ s, where it stopped \(4\d %\)")).wait_for()
    page.locator("#entries > li").get_by_text("Better than all before it.").wait_for()
    assert offsets == [1000, 1000 + (4 << 20), 1000 + (4 << 20), 1000 + (8 << 20)]
    page.trouble.clear()  # the piece that was lost
    page.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined })")
    page.reload()
    page.get_by_text("Hand in from a terminal instead: dla submit FILE").wait_for()
    assert page.locator("#hand-in").is_hidden() and str(page.trouble) == ""


def test_by_keyboard_alone(board, page):
    page.goto(f"{board.address}/common")
    press_until(page, "Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/sign-in"))
    page.locator("#token:focus").wait_for()
    page.keyboard.type(Learner(board, "common", "Grace").token)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{board.address}/common")
    press_until(page, "Projector")
    page.keyboard.press("Enter")
    page.locator("#leave:focus").wait_for()
    page.keyboard.press("Escape")
    page.locator("#project:focus").wait_for()
    page.reload()
    press_until(page, "Your team")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Make a team").wait_for()
    press_until(page, "Its name")
    page.keyboard.type("Only Keys")
    page.keyboard.press("Enter")
    page.locator("h1:focus", has_text="Only Keys").wait_for()
    press_until(page, "Only your team reads them")
    page.keyboard.type("We have no mouse.")
    press_until(page, "Save the notes")
    page.keyboard.press("Space")
    page.get_by_text(re.compile("^Saved, ")).wait_for()
    press_until(page, "Leave the team …")
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Leave Only Keys?").wait_for()
    page.keyboard.press("Escape")
    page.locator("#leave:focus").wait_for()
    page.keyboard.press("Enter")
    press_until(page, "Leave the team")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Make a team").wait_for()
    assert str(page.trouble) == ""


def press_until(page, name):
    """Press Tab until what has that name has the focus; all on the way can be seen to have it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        now, outline = page.evaluate("""() => { const e = document.activeElement, at = e !== document.body;
            return [at ? e.labels?.[0]?.innerText ?? e.innerText.trim() : "", getComputedStyle(e).outlineStyle]; }""")
        if now:
            assert outline != "none", now
        if now == name:
            return
    raise AssertionError(f"{name} is not reached by Tab")


# Advisors


def test_an_advisor_judges(board, file, page):
    for name, team, error in (("Otto", "North", 0.5), ("Lise", "South", 0.4), ("Max", "East", 0.9)):
        Learner(board, "common", name).team(team).hand_in(file("common", error, f"{team}.csv"))
    Learner(board, "common", "Prof. Darcy", "advisor").sign_in(page, "/advisor")
    line = page.locator("#teams tbody tr")
    south, north = line.filter(has_text="Lise"), line.filter(has_text="Otto")
    assert re.search(r"\t1\t0\t0\.8\d\d\t0\.8\d{3}\t0\.8\d{3}\t–", south.inner_text())
    assert "The best score rose from" in page.locator("#rise").inner_text()

    page.get_by_role("button", name="Disqualify: East").click()
    page.get_by_role("button", name="Disqualify", exact=True).click()
    assert page.get_by_role("dialog").is_visible()  # a reason is needed
    page.get_by_label("Reason").fill("the truth of last year")
    page.get_by_role("button", name="Disqualify", exact=True).click()
    page.get_by_text("disqualified: the truth of last year").first.wait_for()
    page.get_by_role("button", name="Put back: East").click()
    page.get_by_role("button", name="Put it back").click()
    page.get_by_role("button", name="Disqualify: East").wait_for()

    page.get_by_role("button", name="Mark: South").click()
    page.get_by_label("Points").fill("1000")
    page.get_by_label("Comment").fill("Clear.")
    page.get_by_role("button", name="Save the mark").click()
    page.get_by_role("dialog").get_by_text("an explanation has 0 to 50 points").wait_for()
    assert "422" in str(page.trouble)
    page.trouble.clear()
    page.get_by_label("Points").fill("41.5")
    page.get_by_role("button", name="Save the mark").click()
    south.filter(has_text="41.5").wait_for()

    page.get_by_role("button", name="Merge: North").click()
    page.get_by_label("The other team").select_option("East")
    page.get_by_role("button", name="Merge the two").click()
    north.filter(has_text="Otto, Max").wait_for()
    page.get_by_label("Only lines with").fill("merged")
    assert re.search(r"Prof\. Darcy\s+merged", page.locator("#log tbody").inner_text())
    assert str(page.trouble) == ""


def test_an_advisor_ends_it(board, file, page, new_page):
    Learner(board, "ending", "Lise").team("South").hand_in(file("ending", 0.4), tried="South tried snow.", learned="")
    public = new_page()
    public.goto(f"{board.address}/ending")
    row(public, "South").wait_for()
    Learner(board, "ending", "Prof. Ohm", "advisor").sign_in(page, "/advisor")
    page.get_by_label("To all, on the board").fill("Half an hour left.")
    page.get_by_role("button", name="Announce").click()
    page.get_by_text("Announced:").wait_for()
    looked_at_again(public)
    public.get_by_text("Half an hour left.").wait_for()

    box = page.get_by_role("dialog")
    page.get_by_role("button", name="Close the competition").click()
    box.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Close the competition").click()
    box.get_by_role("button", name="Close the competition").click()
    page.get_by_role("button", name="Publish the final board").wait_for()
    looked_at_again(public)
    public.get_by_text("The competition has ended. These are the public scores").wait_for()
    page.get_by_role("button", name="Publish the final board").click()
    box.get_by_role("button", name="Publish it").click()
    page.locator("#phase", has_text="final board published").wait_for()
    looked_at_again(public)
    public.get_by_text("This is the final board. It ranks by the private scores").wait_for()
    assert re.fullmatch(r"0\.\d{4}", row(public, "South").locator(".score").inner_text())
    with page.expect_download() as grades:
        page.get_by_role("link", name="grades.csv").click()
    assert "Lise" in grades.value.path().read_text()
    page.get_by_role("link", name="Your team").click()
    page.locator("#all-cards", has_text="South tried snow.").wait_for()
    for seen in (page, public):
        assert str(seen.trouble) == ""


# For everybody


def test_what_people_write_is_only_text(board, file, page, new_page):
    learner = Learner(board, "evil", SCRIPT).team(HOSTILE)
    name = "<img src=x onerror=hit()>.csv"
    learner.hand_in(file("evil", 0.5, name), tried=HOSTILE, learned=SCRIPT)
    learner.call("PUT", "team/notes", json={"text": HOSTILE})
    asked = learner.call("POST", "messages", json={"kind": "question", "text": HOSTILE, "about": None})
    learner.call("POST", "messages", json={"kind": "answer", "text": SCRIPT, "about": asked["id"]})
    advisor = Learner(board, "evil", HOSTILE * 2, "advisor")
    advisor.call("POST", "messages", json={"kind": "announcement", "text": SCRIPT, "about": None})
    learner.sign_in(page, "/team")
    page.locator("#entries .value", has_text="0.").wait_for()
    for seen in (page.locator("#title"), page.locator("#entries h3"), page.locator(".messages .said").nth(1)):
        assert HOSTILE in seen.inner_text()
    page.locator("summary", has_text="Card").click()
    assert page.get_by_label("What was learned").input_value() == SCRIPT
    assert page.get_by_label("Only your team reads them").input_value() == HOSTILE
    page.goto(f"{board.address}/evil")
    row(page, HOSTILE).wait_for()
    assert SCRIPT in row(page, HOSTILE).inner_text() and SCRIPT in page.locator("#announcements").inner_text()
    assert page.locator("h1").inner_text() == HOSTILE
    page.locator("summary").click()
    assert SCRIPT in page.locator(".rules").inner_text()
    watched = new_page()
    watched.add_init_script(SPY)
    advisor.sign_in(watched, "/advisor")
    watched.locator("#teams tbody tr").wait_for()
    watched.get_by_role("button", name="Disqualify").click()
    assert watched.get_by_role("heading", name=f"Disqualify {HOSTILE}?").count() == 1
    watched.get_by_label("Reason").fill(SCRIPT)
    watched.get_by_role("dialog").get_by_role("button", name="Disqualify").click()
    watched.get_by_text(f"disqualified: {SCRIPT}").first.wait_for()
    advisor.call("POST", "close", json={})
    for path in ("/evil", "/evil/team", "", "/no%3Cimg src=x onerror=hit()%3E"):
        page.goto(f"{board.address}{path}")
        page.get_by_text("onerror=hit()").locator("visible=true").first.wait_for()
    page.goto(f"{board.address}/evil/team")
    page.locator("#all-cards", has_text=SCRIPT).wait_for()
    for seen in (page, watched):
        assert seen.evaluate("hits") == []
        assert seen.locator("img, a[href^='javascript']").count() == 0
    assert str(watched.trouble) == ""


def test_the_watch_over_hostile_text_can_fail(board, page):
    page.goto(board.address)
    page.evaluate('''text => new Promise(done => {
        addEventListener("securitypolicyviolation", done, { once: true });
        document.querySelector("main").innerHTML = text;
    })''', HOSTILE)
    assert "script-src" in page.evaluate("hits.join()")  # the policy forbids it, and says so
    assert page.locator("img").count() == 1 and "script-src" in str(page.trouble)


def test_nobody_is_kept_out(board, crowd, page):
    """axe-core, light and dark, on every page."""
    advisor = Learner(board, "crowd", "Prof. Noether", "advisor")
    faults = {}

    def look(name):
        for scheme, rules in (("light", ()), ("dark", ("color-contrast",))):  # the rest is the same in the dark
            page.emulate_media(color_scheme=scheme)
            if found := serious(page, *rules):
                faults[f"{name}, {scheme}"] = found
            picture(page, f"{name}-{scheme}")

    page.goto(f"{board.address}/sign-in")
    look("sign-in")
    advisor.sign_in(page, "/team")
    page.get_by_role("heading", name="Make a team").wait_for()
    look("no-team")
    page.goto(f"{crowd}/advisor")
    page.locator("#teams tbody tr").first.wait_for()
    page.get_by_role("button", name="Mark: Team 00").click()
    look("advisor")
    for path, seen in (("/ending", "#rows tr"), ("/crowd?room=1", "#rows tr"), ("", ".tiles li")):
        page.goto(f"{board.address}{path}")
        page.locator(seen).first.wait_for()
        look(path.strip("/").replace("?", "-") or "home")
    advisor.team("With a team")
    page.goto(f"{crowd}/team")
    page.get_by_role("heading", name="With a team").wait_for()
    for summary in page.locator("summary:visible").all():
        summary.click()
    look("with-a-team")
    assert str(page.trouble) == ""
    page.goto(f"{board.address}/nothing")
    look("fault")
    assert faults == {}


def test_colours_are_those_of_the_explorers():
    css = (HERE / "static" / "site.css").read_text()
    panels = (PANELS / "panels.js").read_text()
    parts = re.findall(r"(?:light|dark): {(.*?)}", panels, re.S)[:2]
    light, dark = (dict(re.findall(r"(\w+): \"(#\w+)\"", part)) for part in parts)
    ours = re.findall(r"--(\w+): light-dark\((#\w+), (#\w+)\)", css)
    shared = {name: pair for name, *pair in ours if name in light}
    assert shared == {name: [light[name], dark[name]] for name in ("text", "muted", "grid", "surface", "raised", "accent")}

