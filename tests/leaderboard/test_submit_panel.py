"""Handing in from a lesson, asked as its page asks it, against a real service: stages, sentences, and where a token never is."""

import hashlib
import json
import os

import pytest
from board_server import serving
from served_wells import forecast, wells

from autograder.competition.contest import Contest
from autograder.competition.people import Caller
from autograder.competition.store import Store
from dla_widgets import accounts
from dla_widgets.leaderboard.client import Leaderboard
from dla_widgets.leaderboard.explorers.entry_words import offered, standing, verdict
from dla_widgets.leaderboard.explorers.submit import SubmitPanel

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    ending = wells(folder / "ending", name="ending", title="It ends")
    with serving(wells(folder / "wells", name="wells", daily=4), ending) as running:
        yield running


@pytest.fixture(autouse=True)
def lesson(tmp_path, monkeypatch):
    """The folder of the notebook; nobody is signed in."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "kept"))
    monkeypatch.delenv("DLA_BOARD", raising=False)
    monkeypatch.setattr("dla_widgets.leaderboard.client.PAUSES", (0.2,))
    (tmp_path / "lesson").mkdir()
    monkeypatch.chdir(tmp_path / "lesson")
    return tmp_path / "lesson"


@pytest.fixture
def contest(service, request):
    """The competition of a learner who is in no team yet."""
    return Leaderboard(service.address, service.token(request.node.name)).competition("wells")


def ask(panel, what, *values):
    """As the page asks; what the panel says when it is done."""
    panel._message(panel, {"ask": what, "with": list(values)}, [])
    panel._worker.join(60)
    return panel.result["said"]


def stages(panel):
    """The stages that it goes through from now on."""
    seen = []

    def note(change):
        if change["new"]["stage"] not in seen[-1:]:
            seen.append(change["new"]["stage"])

    panel.observe(note, "result")
    return seen


def test_signing_in_keeps_the_token_in_the_private_file_alone(service):
    token = service.token("Ada")
    panel = SubmitPanel()
    assert panel.result["stage"] == "not-signed-in" and panel.describe().startswith("Nobody is signed in")
    assert "is not the address of a leaderboard" in ask(panel, "sign in", "board", token)
    assert "does not know you" in ask(panel, "sign in", service.address, "wrong")
    assert not accounts.kept_in("leaderboard").exists()
    assert ask(panel, "sign in", service.address + "/", token) == ""
    assert panel.result["stage"] == "which" and ["wells", "Six wells"] in panel.result["choices"]
    ask(panel, "which", "wells")
    assert panel.result["stage"] == "in-no-team"
    assert panel.describe().startswith("Ada is signed in to Six wells, in no team yet. Make one, or join one with the code of")
    assert accounts.remembered("leaderboard") == (service.address, token)
    state = [panel.get_state(), panel._repr_mimebundle_(), panel._get_embed_state()]
    everywhere = json.dumps(state, default=repr) + repr(vars(panel))
    assert token not in everywhere and service.address in everywhere
    again = SubmitPanel()  # as after the kernel was started anew
    ask(again, "which", "wells")
    assert again.result["stage"] == "in-no-team"


def test_a_team_is_made_and_joined_by_its_code(service, contest):
    panel = SubmitPanel(contest)
    assert ask(panel, "make", "X", "UTC") == "a team's name has 2 to 40 characters; this has 1"
    assert "there is no time zone 'Mars'" in ask(panel, "make", "Deep Wells", "Mars")
    assert panel.result["stage"] == "in-no-team"
    assert ask(panel, "make", "Deep Wells", "Europe/Berlin").startswith("You have made the team Deep Wells. With its code")
    assert panel.describe().startswith("Deep Wells in Six wells. 4 of 4 entries are left today, 100 in all; the next day begins")
    told = []
    panel.send = lambda content, buffers=None: told.append(content)  # what would go to the page
    ask(panel, "code")
    code = contest.team()["code"]
    assert told == [{"code": code}] and code not in json.dumps(panel.get_state(), default=repr)
    friend = SubmitPanel(Leaderboard(service.address, service.token("Friend")).competition("wells"))
    assert "no team has this code" in ask(friend, "join", "AAAABBBBCCCC")
    assert ask(friend, "join", code.lower()) == "You are in the team Deep Wells now."
    assert friend.result["members"] == [contest.leaderboard.me()["name"], "Friend"]


def test_from_the_first_score_to_the_finals(service, contest, lesson):
    contest.make_team("Shallow Wells", "UTC")
    for name, error in {"first.csv": 0.9, "better.csv": 0.3, "same.csv": 0.3001}.items():
        forecast(service.folders[0], lesson / name, error, seed=len(name))
    panel = SubmitPanel(contest, file="first.csv")
    seen = stages(panel)
    assert "which file?" in ask(panel, "submit", " ", "", "")
    assert "first.cvs" in ask(panel, "check", "first.cvs") and panel.result["stage"] == "ready"
    wrong = (lesson / "first.csv").read_text().replace("w3,2024-01-05", "w9,2024-01-05")
    (lesson / "wrong.csv").write_text(wrong)
    for what in (("check", "wrong.csv"), ("submit", "wrong.csv", "", "")):
        assert "w9" in ask(panel, *what) and panel.result["tone"] == "bad" and panel.result["entries"] == []
    assert ask(panel, "check", "first.csv") == "first.csv can be handed in; nothing was sent."
    assert seen == ["ready", "checking", "ready", "checking", "ready", "checking", "ready", "checking", "ready"]

    seen.clear()
    assert ask(panel, "submit", "first.csv", "the mean", "not much").endswith(": your first score is 0.190.")
    assert [stage for stage in seen if stage != "ready"] == ["checking", "sending", "waiting", "scored"]
    assert panel.result["receipt"]["code"].startswith("RCPT-") and "3 of 4 entries are left today" in panel.describe()
    assert ask(panel, "submit", "first.csv", "", "").endswith("this very file before, so it was not counted again. It has 0.190.")
    assert ask(panel, "submit", "better.csv", "", "").endswith("climbed from 0.190 to 0.910.")
    assert "is not better than your 0.910 by more than chance" in ask(panel, "submit", "same.csv", "", "")
    assert panel.result["tone"] == "same"
    assert ask(panel, "submit", "same.csv", "", "").endswith("so it was not counted again. It did not climb then.")
    same, better, first = panel.result["entries"]
    assert first["card"] == ["Tried: the mean", "Learned: not much"] and better["came"] == "climbed to 0.910"
    assert same["came"] == "not better than 0.910 by more than chance"

    def finals():
        return [one["final"] for one in panel.result["entries"]]

    contest.choose_finals([better["id"]])  # a teammate, unseen by this panel
    assert ask(panel, "finals", same["id"], True) == (
        f"The better private score of entry {better['id']} and entry {same['id']} counts.")
    assert "at most 2 finals" in ask(panel, "finals", first["id"], True) and finals() == [True, True, False]
    assert ask(panel, "finals", same["id"], False) == f"The private score of entry {better['id']} counts."
    assert "No final is chosen" in ask(panel, "finals", better["id"], False) and finals() == [False, False, False]
    assert panel.table()["score"].tolist() == [0.19, 0.91, 0.91] and len(panel.figure().png()) > 3000
    after = SubmitPanel(contest)  # a kernel that was started anew has lost nothing
    assert after.result["entries"] == panel.result["entries"]


def test_what_is_written_of_a_file_that_was_sent_before_is_kept(service, contest, lesson):
    contest.make_team("Second Thoughts", "UTC")
    forecast(service.folders[0], lesson / "a.csv", 0.5)
    panel = SubmitPanel(contest, file="a.csv")
    panel.tried, panel.learned = "the mean", "not much"
    ask(panel, "submit", "a.csv", "the mean", "not much")
    assert (panel.tried, panel.learned) == ("", "")
    panel.learned = "more than I thought"
    said = ask(panel, "submit", "a.csv", " ", "more than I thought")
    assert said.endswith("It has 0.750. What you wrote is its model card now.")
    assert panel.result["entries"][0]["card"] == ["Tried: the mean", "Learned: more than I thought"]
    assert panel.learned == "more than I thought"


def test_a_look_keeps_what_was_said_and_takes_the_place_of_nothing(contest, monkeypatch):
    contest.make_team("Quiet Wells", "UTC")
    panel = SubmitPanel(contest)
    monkeypatch.setattr("dla_widgets.leaderboard.explorers.submit.FRESH", 0.0)
    before = ask(panel, "check", "none.csv")
    monkeypatch.setattr(contest, "refresh", lambda: contest.rules | {"title": "Seen"})
    contest.rules |= {"seconds_left": 57}
    assert ask(panel, "look") == before and "The deadline is in 57 s." in panel.result["numbers"]["left"]
    panel._stage = "waiting"
    asked = []
    monkeypatch.setattr(panel, "newest", lambda *work: asked.append(work))
    panel.asked("look", {})
    assert asked == []  # it would have ended the waiting for the score


def test_an_entry_that_the_service_refuses_is_listed_with_the_reason(service, contest):
    contest.make_team("Bold Wells", "UTC")
    bad = b"site,date,value\n"
    told = {"sha256": hashlib.sha256(bad).hexdigest(), "size": len(bad), "name": "a.csv"}
    where = contest.request("POST", "uploads", json=told).json()["id"]
    headers = {"Upload-Offset": "0", "Content-Type": "application/octet-stream"}
    contest.request("PATCH", f"uploads/{where}", data=bad, headers=headers)
    entry = contest.wait(contest.request("POST", "entries", json={"upload": where, "tried": "", "learned": ""}).json())
    (listed,) = SubmitPanel(contest).result["entries"]
    assert listed["state"] == "refused" and listed["came"].startswith("refused, costs nothing: a.csv")
    text, tone = verdict(entry, None)
    assert text.startswith(f"Entry {entry['id']} was refused and costs nothing: a.csv") and tone == "bad"
    told = entry | {"state": "scored", "score": None, "improved": False, "message": "it is not better than before", "new": True}
    assert verdict(told, None) == (f"Entry {entry['id']}: it is not better than before.", "same")


def test_a_service_that_is_away_is_tried_again(service, contest, lesson, monkeypatch):
    contest.make_team("Patient Wells", "UTC")
    panel = SubmitPanel(contest)
    forecast(service.folders[0], lesson / "a.csv", 0.5)
    monkeypatch.setattr("dla_widgets.leaderboard.client.PAUSES", (60.0,))  # no second try within this test
    contest.leaderboard.service = NOBODY
    assert "does not answer: nothing listens there" in ask(panel, "submit", "a.csv", "", "")
    assert panel.result["stage"] == "unreachable" and "Nothing is lost" in panel.describe()
    assert "does not answer" in ask(panel, "retry")
    contest.leaderboard.service = service.address
    assert ask(panel, "retry") == "It answers again. Nothing was handed in yet: press Hand in."
    assert panel.result["stage"] == "ready" and panel.result["entries"] == []
    assert "your first score" in ask(panel, "submit", "a.csv", "", "")
    contest.leaderboard.service = NOBODY
    ask(panel, "retry")
    contest.leaderboard.service = service.address
    assert ask(panel, "retry") == "It answers again."  # nothing was on its way


def test_a_mistyped_address_keeps_the_form(service, monkeypatch):
    monkeypatch.setattr("dla_widgets.leaderboard.client.PAUSES", (60.0,))
    panel, token = SubmitPanel(), service.token("Typo")
    assert "does not answer" in ask(panel, "sign in", NOBODY, token) and panel.result["stage"] == "not-signed-in"
    assert ask(panel, "sign in", service.address, token) == "" and panel.result["stage"] == "which"


def test_the_panel_has_a_form_and_names_no_command(service, contest):
    contest.make_team("Lost Wells", "UTC")
    panel = SubmitPanel(contest)
    signed = contest.leaderboard._Leaderboard__signed
    token, signed.token = signed.token, "revoked"
    said = ask(panel, "retry")
    assert "does not know you" in said and "dla board" not in said and panel.result["stage"] == "not-signed-in"
    signed.token = token
    assert ask(panel, "retry") == "" and panel.result["stage"] == "ready"


def test_level_with_the_next_is_said_as_the_board_says_it():
    rules, team = {"phase": "open"}, {"disqualified": "", "rank": 2, "score": 0.5}
    assert standing(rules, team | {"gap": 0.0001}) == "Rank 2 with 0.500, level with the next."
    assert standing(rules, team | {"gap": 0.1}) == "Rank 2 with 0.500, 0.100 behind the next."


def test_after_the_end_there_is_nothing_to_hand_in(service, lesson):
    contest = Leaderboard(service.address, service.token("Late")).competition("ending")
    contest.make_team("Late Wells", "UTC")
    panel = SubmitPanel(contest)
    store = Store(service.database)
    ended = Contest(service.folders[1], store)
    forecast(service.folders[1], lesson / "late.csv", 0.5)
    ended.close(Caller(1, "Prof. Ohm", "advisor"))
    assert "late.csv" not in ask(panel, "submit", "late.csv", "", "")  # the file is good, and the service says that it is over
    assert panel.result["stage"] == "ended" and panel.describe() == "It ends has ended. It has no score yet."
    ended.publish(Caller(1, "Prof. Ohm", "advisor"))
    store.engine.dispose()
    assert SubmitPanel(contest).result["rules"]["phase"] == "final"


def test_without_a_kernel_the_notebook_has_words(contest):
    data, _ = SubmitPanel(contest)._repr_mimebundle_()
    assert "in no team yet" in data["text/plain"] and "image/png" not in data
    assert "received str" in SubmitPanel("wells").problem and "received str" in SubmitPanel("wells").describe()


def test_files_of_the_right_kind_are_offered_the_newest_first(tmp_path):
    names = ("old.csv", "new.csv", "deep/er/x.CSV", "a.txt", ".hidden/b.csv", "competition/wells/inputs/i.csv")
    for number, name in enumerate(names):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x" * 10)
        os.utime(file, (1e9 + number, 1e9 + number))
    (tmp_path / "competition/wells/inputs/.inputs.json").write_text("{}")
    found = offered(tmp_path, (".csv", ".parquet"))
    assert [str(path.relative_to(tmp_path)) for path, _, _ in found] == ["deep/er/x.CSV", "new.csv", "old.csv"]
    assert found[0][1] == 10
