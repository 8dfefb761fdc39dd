"""What a learner's machine asks of the leaderboard, and whom it never gives the token."""

import copy
import json
import socket
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from dla_widgets import Leaderboard, LeaderboardError, accounts
from dla_widgets.leaderboard import client, unpacking
from dla_widgets.submission_any import TableExpected

pytestmark = pytest.mark.usefixtures("at_home")


# Where the board is, and who asks


def test_a_machine_is_set_up_in_one_of_four_ways(board, monkeypatch, token):
    with pytest.raises(LeaderboardError, match="which leaderboard\\? Say once the address .* dla board --service https://"):
        Leaderboard.remembered()
    ada, bob, eve = token("ada"), token("bob"), token("eve")
    Leaderboard(board.address + "/", ada).remember()
    assert Leaderboard.remembered().me()["name"] == "ada"
    monkeypatch.setenv("DLA_BOARD", board.address)
    assert Leaderboard.remembered().me()["name"] == "ada"
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", bob)
    assert Leaderboard.remembered().me()["name"] == "bob"
    monkeypatch.setenv("DLA_BOARD_TOKEN", eve)
    assert Leaderboard.remembered().me() == {"name": "eve", "scope": "submit", "teams": {}}


def test_the_kept_token_goes_to_its_own_service_only(board, network, monkeypatch, token):
    Leaderboard(board.address, token("ada")).remember()
    monkeypatch.setenv("DLA_BOARD", network.address)
    with pytest.raises(LeaderboardError, match="does not know you: say who you are"):
        Leaderboard.remembered().me()
    assert "Authorization" not in network.headers[-1]


def test_the_token_is_kept_for_its_owner_alone(board):
    Leaderboard(board.address, "a-token").remember()
    file = accounts.kept_in("leaderboard")
    assert file.stat().st_mode & 0o077 == 0 and json.loads(file.read_text()) == {"service": board.address, "token": "a-token"}
    assert [path.name for path in file.parent.iterdir()] == ["leaderboard.json"]


def test_the_token_is_in_no_text(board):
    secret = "secret-" + "x" * 30
    known = Leaderboard(board.address, secret)
    with pytest.raises(LeaderboardError, match="does not know you: this token is not known here.* dla board --service") as fault:
        known.me()
    assert fault.value.status == 401
    contest = known.competition("wells")
    for thing in (known, contest, vars(known), vars(contest), fault.value):
        assert secret not in repr(thing) + str(thing)
    with pytest.raises(TypeError, match="a Leaderboard holds a token and is not written to files"):
        copy.deepcopy(known)
    with pytest.raises(LeaderboardError, match="this is no token: it has letters that none has") as fault:
        Leaderboard(board.address, f"{secret}\n{secret}")
    assert secret not in str(fault.value)


@pytest.mark.parametrize("service", ["", "board.example.org", "ftp://board.example.org", "https://", "https://ada:pw@example.org",
                                     "https://[", "https://board.example.org:x"])
def test_an_address_is_an_address(service):
    with pytest.raises(LeaderboardError, match="is not the address of a leaderboard; one begins with https://"):
        Leaderboard(service)


def test_the_token_does_not_travel_in_clear_text(monkeypatch):
    with pytest.raises(LeaderboardError, match="http://board.example.org is not encrypted.* Use https://.* DLA_BOARD_INSECURE=1"):
        Leaderboard("http://board.example.org", "token")
    with pytest.raises(LeaderboardError, match="http://127.example.org is not encrypted"):
        Leaderboard("http://127.example.org", "token")
    Leaderboard("http://board.example.org")  # without a token nothing is lost
    for safe in ("https://board.example.org", "http://localhost:8990", "http://127.0.0.2", "http://[::1]:8990/services/board"):
        assert Leaderboard(safe + "/", "token").service == safe
    monkeypatch.setenv("DLA_BOARD_INSECURE", "1")
    Leaderboard("http://board.example.org", "token")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_follows_no_redirect(board, network, status, token):
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.05)
        where = f"http://127.0.0.1:{trap.getsockname()[1]}/api/me"
        network.next("GET", network.saying(status, b"", Location=where))
        with pytest.raises(LeaderboardError, match="sends you on to 127.0.0.1:.*, and a token is never sent along. Is this the"):
            Leaderboard(network.address, token("ada")).me()
        with pytest.raises(TimeoutError):
            trap.accept()


def test_neither_netrc_nor_a_proxy_gets_between(board, network, monkeypatch, tmp_path, token):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password x\nmachine example.org login eve password x\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Leaderboard(network.address, token("ada")).me()["name"] == "ada"
    assert network.headers[-1]["Authorization"].startswith("Bearer ")
    asked = Leaderboard("https://example.org", "mine")._session().prepare_request(requests.Request("GET", "https://example.org/"))
    assert asked.headers["Authorization"] == "Bearer mine"


# What goes wrong


def test_nobody_listens(monkeypatch):
    monkeypatch.setattr(client, "PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with pytest.raises(LeaderboardError, match=f"http://127.0.0.1:{port} does not answer: nothing listens there. Is the address "
                                               "right, and has your advisor started the service") as fault:  # fmt: skip
        Leaderboard(f"http://127.0.0.1:{port}").competitions()
    assert fault.value.status is None and fault.value.passing


def test_a_name_that_no_machine_has():
    with pytest.raises(LeaderboardError, match="board.invalid does not answer: no machine has this name|the connection broke"):
        Leaderboard("https://board.invalid", "token").request("GET", "me", patience=0)


@pytest.mark.parametrize("answer, said", [
    ((200, b"<html>Please sign in</html>"), "answers 200 OK, and not as a leaderboard does. Is the address right, or does"),
    ((200, {"message": "hello"}), "answers, and not as a leaderboard does"),
    ((200, [{"name": "wells"}]), "answers, and not as a leaderboard does"),
    ((404, b"nothing here"), "answers 404 Not Found, and not as a leaderboard does"),
    ((403, {"error": "ask your advisor"}), "^ask your advisor$"),
    ((418, {"error": ["x"]}), "x"),
    ((400, ["x"]), "answers 400 Bad Request"),
])  # fmt: skip
def test_what_is_no_leaderboard(network, answer, said):
    network.next("GET", network.saying(*answer))
    with pytest.raises(LeaderboardError, match=said):
        Leaderboard(network.address).competitions()


def test_a_busy_service_is_waited_for_but_not_for_long(network):
    board = Leaderboard(network.address)
    network.next("GET", network.saying(503), times=3)
    assert len(board.competitions()) == 3 and len(network.asked) == 4
    network.next("GET", network.saying(429, {"error": "come again in 3600 s"}, Retry_After="3600"))
    with pytest.raises(LeaderboardError, match="come again in 3600 s") as fault:
        board.competitions()
    assert fault.value.wait == 3600 and fault.value.status == 429


# Competitions, boards, teams


def test_a_competition_by_its_name_or_project(board):
    known = Leaderboard(board.address)
    assert known.competition("late").rules["phase"] == "closed"
    with pytest.raises(LeaderboardError, match=r"which competition\? .* has wells \(Six wells\), tight \(Six wells\)"):
        known.competition()
    with pytest.raises(LeaderboardError, match="has no competition 'wels'; did you mean 'wells'?"):
        known.competition("wels")
    with pytest.raises(LeaderboardError, match="has no competition 'streamflow'; there are: wells"):
        known.competition("streamflow")


def test_of_several_the_open_one_is_meant(network):
    rules = [{"name": name, "title": name, "project": "table", "phase": phase, "formats": [], "inputs_sha256": ""}
             for name, phase in (("old", "final"), ("new", "open"), ("next", "before"))]  # fmt: skip
    network.next("GET", network.saying(200, rules), times=3)
    board = Leaderboard(network.address)
    assert board.competition().name == "new" == board.competition("table").name and board.competition("old").name == "old"
    network.next("GET", network.saying(200, []))
    with pytest.raises(LeaderboardError, match="has no competition yet"):
        board.competition()


def test_a_board_that_has_not_changed_is_not_sent_again(enter, network):
    contest = enter(through=network.address)
    first, second = contest.board(), contest.board()
    assert network.headers[-1]["If-None-Match"]
    assert second | {"seconds_left": 0} == first | {"seconds_left": 0} and second["seconds_left"] <= first["seconds_left"]
    contest.renew_code()
    third = contest.board()
    assert third["version"] > first["version"] or third == first  # the service may take a moment


def test_a_team_from_its_making_to_its_end(enter, best):
    ada, bob, eve = enter(team=False), enter(team=False), enter(team=False)
    assert ada.team() is None
    for what in (ada.leave, ada.renew_code, ada.entries, lambda: ada.write_notes("x"), lambda: ada.choose_finals([1]),
                 lambda: ada.entry(1), lambda: ada.merge("ABCD")):  # fmt: skip
        with pytest.raises(LeaderboardError, match="you are in no team of wells yet. Make one: dla team make NAME; or join one"):
            what()
    made = ada.make_team("Deep Water")
    assert made["time_zone"] == "Europe/Berlin" and ada.make_team("Deep Water") == made  # asked twice
    with pytest.raises(LeaderboardError, match="you are in the team 'Deep Water' already; leave it first"):
        ada.make_team("Shallow Water")
    with pytest.raises(LeaderboardError, match="there is no time zone 'Mars'"):
        bob.make_team("Red Water", "Mars")
    with pytest.raises(LeaderboardError, match="no team has this code"):
        bob.join("ABCD-EFGH-JKLM")
    old = made["code"]
    assert ada.renew_code() != old
    assert len(bob.join(ada.team()["code"])["members"]) == 2
    assert eve.make_team("Mud")["members"] and len(eve.merge(ada.team()["code"])["members"]) == 3
    assert ada.write_notes("a *note*")["notes"] == "a *note*"
    bob.leave()
    assert bob.team() is None and len(ada.team()["members"]) == 2

    entry = ada.wait(ada.submit(best(0.7), "tried", "", progress=lambda *_: None))
    assert [one["final"] for one in eve.choose_finals([entry])] == [True]
    assert eve.write_card(entry, "tried much", "learned more")["learned"] == "learned more"
    assert ada.entry(entry["id"])["final"] and [one["id"] for one in ada.entries()] == [entry["id"]]
    with pytest.raises(LeaderboardError, match="your team has no entry 99999"):
        ada.entry(99_999)
    with pytest.raises(LeaderboardError, match="shown when the competition has ended"):
        ada.cards()


def test_questions_are_asked_once(enter, network):
    contest = enter(through=network.address)
    network.next("POST .*/messages", network.lose_answer)
    with pytest.raises(LeaderboardError, match="the connection broke off"):
        contest.ask("Is NaN allowed?")
    assert [one["text"] for one in contest.messages()].count("Is NaN allowed?") == 1
    assert contest.ask("And infinity?")["kind"] == "question"


def test_waiting_ends(enter, best):
    contest = enter()
    entry = contest.submit(best(0.8), progress=lambda *_: None)
    assert contest.wait(entry, timeout=0)["state"] in ("received", "scored")


def test_the_time_zone_of_this_machine(monkeypatch):
    monkeypatch.setenv("TZ", ":Asia/Kathmandu")
    assert client.own_time_zone() == "Asia/Kathmandu"
    monkeypatch.setenv("TZ", "nowhere")
    assert client.own_time_zone() in ("UTC", "Etc/UTC") or "/" in client.own_time_zone()


# Inputs


def test_inputs_are_fetched_once(enter, network, tmp_path):
    contest = enter(through=network.address)
    folder = contest.inputs(progress=False)
    assert folder == tmp_path / "competition" / "wells" / "inputs"
    assert sorted(p.name for p in folder.iterdir()) == [".inputs.json", "data", "expected.csv", "expected.json"]
    assert [p.name for p in folder.parent.iterdir()] == ["inputs"]  # nothing is left over
    assert isinstance(contest.expected(), TableExpected) and contest.expected() is contest.expected()
    assert enter(through=network.address).inputs(progress=False) == folder
    assert network.count("inputs.zip") == 1
    assert contest.inputs("elsewhere", progress=False) == tmp_path / "elsewhere" == contest.inputs()


def test_inputs_go_on_where_they_were_broken_off(enter, network):
    contest = enter(through=network.address)
    network.next("GET .*/inputs.zip", network.half_an_answer)
    network.next("GET .*/inputs.zip", network.lose)
    contest.inputs(progress=False)
    ranges = [headers.get("Range") for line, headers in zip(network.asked, network.headers) if "inputs.zip" in line]
    assert ranges[0] is None and ranges[-1].startswith("bytes=") and all("Authorization" in one for one in network.headers)


def test_inputs_that_are_gone_or_spoilt_are_fetched_anew(enter):
    contest = enter()
    folder = contest.inputs(progress=False)
    (folder / "notes.txt").write_text("mine")
    (folder / "expected.csv").write_text("site\n")
    assert contest.inputs(progress=False) == folder and contest.expected().value == "value"
    assert (folder.with_name("inputs-before-1") / "notes.txt").read_text() == "mine"


def test_a_folder_that_holds_something_else_is_left_alone(enter, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("...")
    (tmp_path / "file").write_text("...")
    for name in ("thesis", "file"):
        with pytest.raises(LeaderboardError, match=f"{name} is there already, and does not hold the inputs .* name another"):
            enter().inputs(name, progress=False)
    (tmp_path / "empty").mkdir()
    assert (enter().inputs("empty", progress=False) / "expected.csv").is_file()


def test_inputs_that_are_not_what_was_announced(enter, network, tmp_path):
    contest = enter(through=network.address)
    network.next("GET .*/inputs.zip", network.saying(200, b"PK something else"), times=2)
    with pytest.raises(LeaderboardError, match="the inputs arrived damaged twice. Try again later"):
        contest.inputs(progress=False)
    assert not (tmp_path / "competition" / "wells" / "inputs").exists()


def test_without_a_token_there_are_no_inputs(board):
    with pytest.raises(LeaderboardError, match="does not know you"):
        Leaderboard(board.address).competition("wells").inputs(progress=False)


def test_a_disk_that_cannot_be_written(enter, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LeaderboardError, match="the inputs cannot be written into .*: File exists. Make room, or name"):
        enter().inputs(tmp_path / "file" / "inputs", progress=False)


def entry(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize("bad", [
    entry("inputs/../../evil"), entry("/inputs/evil"), entry("inputs/./../../evil"), entry("evil"), entry("inputs\\..\\evil"),
    entry("inputs/C:evil"), entry("inputs/link", 0o120777), entry("inputs/pipe", 0o010644), entry("inputs"),
], ids=lambda info: f"{info.filename} {info.external_attr >> 16:o}")  # fmt: skip
def test_an_archive_that_reaches_out_is_not_unpacked(tmp_path, bad):
    path = tmp_path / "in" / "inputs.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputs/good", "x")
        archive.writestr(bad, "/etc/passwd")
    with pytest.raises(unpacking.UnpackingError, match="which is no plain file below inputs/. Nothing was unpacked; tell your"):
        unpacking._unpack(path, tmp_path / "in" / "inputs", "sha")
    assert [p.name for p in tmp_path.rglob("*")] == ["in", "inputs.zip"]


def test_an_archive_is_bounded(tmp_path, monkeypatch):
    path = tmp_path / "inputs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inputs/zeros", bytes(2_000_000))
    monkeypatch.setattr(unpacking, "BYTES", 1_000_000)
    with pytest.raises(unpacking.UnpackingError, match="the inputs would take 1 files and 2.0 MB. Nothing was unpacked"):
        unpacking._unpack(path, tmp_path / "inputs", "sha")
    content = path.read_bytes()
    path.write_bytes(content[:60] + b"\xff\xff\xff" + content[63:])
    monkeypatch.undo()
    with pytest.raises(unpacking.UnpackingError, match="the inputs cannot be unpacked"):
        unpacking._unpack(path, tmp_path / "inputs", "sha")
    assert [p.name for p in tmp_path.iterdir()] == ["inputs.zip"]


def test_threads_may_ask_at_once(board, token):
    known = Leaderboard(board.address, token("ada"))
    with ThreadPoolExecutor(4) as pool:
        assert {told["name"] for told in pool.map(lambda _: known.me(), range(12))} == {"ada"}
