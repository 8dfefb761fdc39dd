"""The service as programs meet it: a real one on loopback, asked over HTTP."""

import hashlib
import io
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from urllib.parse import urlencode

import pytest
import requests
import uvicorn
import yaml
from board_server import asked, free_port, serving
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from autograder.cli import app as cli
from autograder.competition.people import invite
from autograder.competition.service import Service, ServiceError
from autograder.competition.web import guard
from autograder.competition.web.app import application
from autograder.competition.web.guard import HEADERS
from autograder.competition.web.identity import COOKIE

C = "/competitions/wells"


@pytest.fixture(scope="module")
def board(table_competition, tmp_path_factory):
    folder = shutil.copytree(table_competition, tmp_path_factory.mktemp("served") / "wells")
    with serving(folder) as running:
        yield running


@pytest.fixture
def app(wells, tmp_path):
    """The application in this process, for what need not cross a wire."""
    service = Service([wells], f"sqlite:///{tmp_path}/board.sqlite")
    return application(service, rates={"change": "3/minute", "try a code": "2/minute"})


def test_a_team_from_the_inputs_to_the_score(board, entry_of):
    ada, bob = board.token("ada"), board.token("bob")
    rules = board.call("GET", C).json()
    assert (rules["phase"], rules["unit"], rules["daily"], rules["formats"]) == ("open", "site", 5, [".csv", ".parquet"])
    whole = board.call("GET", f"{C}/inputs.zip", ada)
    assert hashlib.sha256(whole.content).hexdigest() == rules["inputs_sha256"] == whole.headers["etag"].strip('"')
    rest = board.call("GET", f"{C}/inputs.zip", ada, headers={"Range": "bytes=100-", "If-Range": whole.headers["etag"]})
    assert rest.status_code == 206 and rest.content == whole.content[100:]
    with zipfile.ZipFile(io.BytesIO(whole.content)) as inputs:
        assert sorted(inputs.namelist()) == ["inputs/expected.csv", "inputs/expected.json"]

    assert board.call("GET", f"{C}/team", ada).json()["error"].startswith("you are in no team yet: make one, or join one")
    made = board.call("POST", f"{C}/teams", ada, json={"name": "Deep Water", "time_zone": "Europe/Berlin"})
    assert made.status_code == 201 and made.json()["left_today"] == 5
    joined = board.call("POST", f"{C}/team/join", bob, json={"code": made.json()["code"]})
    assert joined.json()["members"] == ["ada", "bob"]

    entry = board.hand_in(ada, entry_of(0.9), tried="less noise", learned="noise costs")
    assert entry.status_code == 201 and re.fullmatch(r"RCPT(-[0-9A-F]{6}){4}", entry.json()["receipt"])
    told = board.scored(bob, entry.json()["id"])  # a teammate sees it too
    assert told["state"] == "scored" and told["improved"] and 0.8 < told["score"] < 0.99 and told["private"] is None
    assert (told["tried"], told["by"], told["sha256"]) == ("less noise", "ada", hashlib.sha256(entry_of(0.9)).hexdigest())
    again = board.hand_in(bob, entry_of(0.9))
    assert again.status_code == 200 and again.json() == told
    page = board.call("GET", f"{C}/team", bob).json()
    assert (page["left_today"], page["rank"], page["score"], len(page["entries"])) == (4, 1, told["score"], 1)

    shown = board.call("GET", f"{C}/board").json()
    assert [(row["team"], row["kind"], row["rank"]) for row in shown["rows"]] == [
        ("Deep Water", "team", 1), ("Half right", "benchmark", None)]
    assert board.call("GET", "/me", bob).json() == {"name": "bob", "scope": "submit", "teams": {"wells": "Deep Water"}}


def test_the_board_says_nothing_while_nothing_happens(board):
    first = board.call("GET", f"{C}/board")
    known = board.call("GET", f"{C}/board", headers={"If-None-Match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    cleo = board.token("cleo")
    board.call("POST", f"{C}/teams", cleo, json={"name": "Cleo alone"})
    time.sleep(0.3)
    news = board.call("GET", f"{C}/board", headers={"If-None-Match": first.headers["etag"]})
    assert news.status_code == 200 and "Cleo alone" in [row["team"] for row in news.json()["rows"]]


def test_a_piece_that_is_not_next_is_told_where_to_go_on(board):
    dan, content = board.token("dan"), b"site,date,value\n" * 100
    asked = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "name": "../../etc/passwd"}
    upload = board.call("POST", f"{C}/uploads", dan, json=asked).json()
    path, kind = f"{C}/uploads/{upload['id']}", {"Content-Type": "application/octet-stream"}
    assert board.call("PATCH", path, dan, data=content[:50], headers={"Upload-Offset": "0", **kind}).json()["offset"] == 50
    again = board.call("PATCH", path, dan, data=content[:50], headers={"Upload-Offset": "0", **kind})
    assert (again.status_code, again.json()["offset"]) == (409, 50)
    assert board.call("POST", f"{C}/uploads", dan, json=asked).json() == {"id": upload["id"], "offset": 50, "size": 1600}
    eve = board.token("eve")
    for call in (("GET", path), ("PATCH", path)):
        stolen = board.call(*call, eve, data=content[50:], headers={"Upload-Offset": "50", **kind})
        assert stolen.status_code == 404 and "there is no such upload of yours" in stolen.json()["error"]
    unfinished = board.call("POST", f"{C}/entries", dan, json={"upload": upload["id"]})
    assert unfinished.status_code == 404  # in no team
    board.call("POST", f"{C}/teams", dan, json={"name": "Dan"})
    unfinished = board.call("POST", f"{C}/entries", dan, json={"upload": upload["id"]})
    assert unfinished.status_code == 409 and "not whole yet: 50 of 1600 bytes are here" in unfinished.json()["error"]


def test_a_faulty_file_costs_nothing_and_says_why(board):
    fay = board.token("fay")
    board.call("POST", f"{C}/teams", fay, json={"name": "Fay"})
    told = board.scored(fay, board.hand_in(fay, b"site,date,q\n1,2,3\n", "fay's.csv").json()["id"])
    assert told["state"] == "refused" and told["message"].startswith("fay's.csv: ")
    assert board.call("GET", f"{C}/team", fay).json()["left_today"] == 5
    assert "/" not in told["message"].split(":")[0] and str(board.folders[0]) not in told["message"]


ADVISORS = [("GET", f"{C}/advisor", None), ("GET", f"{C}/audit", None), ("GET", f"{C}/grades.csv", None),
            ("POST", f"{C}/close", {}), ("POST", f"{C}/publish", {}),
            ("PUT", f"{C}/disqualified", {"team": "Fay", "reason": "xxx"}),
            ("PUT", f"{C}/mark", {"team": "Fay", "points": 1}), ("POST", f"{C}/merge", {"first": "Fay", "second": "Dan"}),
            ("POST", f"{C}/messages", {"kind": "announcement", "text": "the end"})]  # fmt: skip
CODE = {"code": "A" * 12}
MEMBERS = [("POST", f"{C}/teams", {"name": "Reader"}), ("POST", f"{C}/team/join", CODE), ("POST", f"{C}/team/merge", CODE),
           ("POST", f"{C}/team/leave", {}), ("POST", f"{C}/team/code", {}), ("PUT", f"{C}/team/notes", {"text": ""}),
           ("PUT", f"{C}/team/finals", {"entries": []}), ("POST", f"{C}/entries", {"upload": "x"}),
           ("POST", f"{C}/uploads", {"sha256": "0" * 64, "size": 1, "name": "a"}),
           ("PUT", f"{C}/entries/1/card", {"tried": "x"}),
           ("POST", f"{C}/messages", {"kind": "question", "text": "?"})]  # fmt: skip
READERS = [("GET", f"{C}/inputs.zip", None), ("GET", f"{C}/team", None), ("GET", f"{C}/entries/1", None),
           ("GET", f"{C}/cards", None), ("GET", f"{C}/messages", None), ("GET", "/me", None)]  # fmt: skip


def test_nobody_does_what_is_not_theirs(board):
    tokens = {scope: board.token(f"{scope} only", scope) for scope in ("read", "submit")}
    for method, path, body in ADVISORS + MEMBERS + READERS:
        for token in ("", "0" * 43):
            assert board.call(method, path, token, json=body).status_code == 401, path
        lesser = [] if (method, path, body) in READERS else ["read", "submit"] if (method, path, body) in ADVISORS else ["read"]
        for token in map(tokens.get, lesser):
            refused = board.call(method, path, token, json=body)
            assert refused.status_code == 403 and "this needs a token for" in refused.json()["error"], (path, refused.text)
    documented = board.call("GET", "/openapi.json").json()["paths"]
    open_to_all = {"/api/competitions", "/api/competitions/{name}", "/api/competitions/{name}/board", "/hooks/{name}/{secret}"}
    asked = {re.sub(r"/(wells|Fay|\d+)(?=/|$)", "/{}", f"/api{path}") for _, path, _ in ADVISORS + MEMBERS + READERS}
    missing = {path for path in documented if re.sub(r"{\w+}", "{}", path) not in asked} - open_to_all
    assert missing == {"/api/competitions/{name}/uploads/{upload}"}  # tried above


def test_an_advisor_sees_judges_and_ends_it(table_competition, tmp_path, entry_of):
    folder = shutil.copytree(table_competition, tmp_path / "x" / "wells")
    with serving(folder) as board:
        boss = board.token("boss", "advisor")
        for who, skill in (("ada", 0.9), ("bob", 0.7)):
            token = board.token(who)
            board.call("POST", f"{C}/teams", token, json={"name": f"Team {who}"})
            board.scored(token, board.hand_in(token, entry_of(skill)).json()["id"])
        board.token("cleo")
        view = board.call("GET", f"{C}/advisor", boss).json()
        assert view["without_team"] == ["cleo"] and view["teams"][0]["public"] > 0.8
        assert board.call("PUT", f"{C}/disqualified", boss, json={"team": "Team ada", "reason": "two accounts"}).json() == {}
        time.sleep(0.3)
        ranks = {row["team"]: (row["rank"], row["note"]) for row in board.call("GET", f"{C}/board").json()["rows"]}
        assert ranks["Team ada"] == (None, "disqualified: two accounts") and ranks["Team bob"] == (1, "")
        said = board.call("PUT", f"{C}/mark", boss, json={"team": "Team bob", "points": 51})
        assert "an explanation has 0 to 50 points; 51 was given" in said.json()["error"]
        board.call("PUT", f"{C}/mark", boss, json={"team": "Team bob", "points": 40, "comment": "clear"})
        assert board.call("POST", f"{C}/publish", boss, json={}).json()["error"].startswith("wells still runs: close it first")
        assert board.call("POST", f"{C}/close", boss, json={}).json()["phase"] == "closed"
        late = board.hand_in(board.token("bob"), entry_of(0.95))
        assert late.status_code == 409 and "wells was closed by an advisor; nothing was counted" in late.json()["error"]
        assert board.call("POST", f"{C}/publish", boss, json={}).json()["phase"] == "final"
        time.sleep(0.3)  # the board may be a moment old
        final = board.call("GET", f"{C}/board").json()
        scores = {row["team"]: row["score"] for row in final["rows"]}
        assert final["final"] and scores["Team bob"] == pytest.approx(view["teams"][1]["private"])
        csv = board.call("GET", f"{C}/grades.csv", boss).text
        assert ("bob" in csv and "Team bob" in csv) or "bob" in csv
        lines = board.call("GET", f"{C}/audit", boss).json()
        assert [line["what"] for line in lines][-3:] == ["marked", "closed", "published"]


def test_a_browser_signs_in_with_its_token_and_out_again(board):
    gus, browser = board.token("gus"), requests.Session()
    away = browser.get(f"{board.address}/wells/team")
    assert away.url.endswith("/sign-in?next=/wells/team")
    wrong = browser.post(f"{board.address}/sign-in", data={"token": "x" * 43})
    assert wrong.status_code == 401 and "this token is not known here" in wrong.text and "x" * 43 not in wrong.text
    there = browser.post(f"{board.address}/sign-in", data={"token": gus, "next": "/wells/team"})
    assert there.url == f"{board.address}/wells/team"
    cookie = browser.cookies[COOKIE]
    csrf = re.search(r'name="csrf" content="([0-9a-f]{64})"', there.text)[1]
    make = f"{board.address}/api{C}/teams"
    for headers in ({}, {"X-CSRF": "0" * 64}):
        assert browser.post(make, json={"name": "Gus"}, headers=headers).status_code == 403
    assert browser.post(make, json={"name": "Gus"}, headers={"X-CSRF": csrf}).status_code == 201
    assert board.call("GET", "/me", cookie).status_code == 401  # a cookie is no token
    browser.post(f"{board.address}/sign-out", data={"csrf": csrf})
    assert requests.get(f"{board.address}/api/me", cookies={COOKIE: cookie}).status_code == 401
    evil = ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "//[", "/\r\nSet-Cookie: a=b")
    for bad in evil:
        sent = requests.post(f"{board.address}/sign-in", data={"token": gus, "next": bad}, allow_redirects=False)
        assert sent.headers["location"] == "/" and COOKIE in sent.cookies
    for origin in ("https://evil.example", "null", "http://[", f"http://127.0.0.1.evil.example:{board.port}"):
        sent = requests.post(f"{board.address}/sign-in", data={"token": gus}, headers={"Origin": origin})
        assert sent.status_code == 403 and "another site has sent this form" in sent.text and not sent.cookies, origin
    paths = board.call("GET", "/openapi.json").json()["paths"]
    operations = [each["operationId"] for path in paths.values() for each in path.values()]
    assert len(operations) == len(set(operations))
    out = requests.post(f"{board.address}/sign-out", data={"csrf": csrf}, headers={"Origin": "https://evil.example"})
    assert out.status_code == 403 and "set-cookie" not in out.headers
    kept = requests.post(f"{board.address}/sign-in", data={"token": gus}, headers={"Origin": board.address},
                         allow_redirects=False).headers["set-cookie"]
    assert "HttpOnly" in kept and "SameSite=lax" in kept


FORMS = st.lists(st.tuples(st.sampled_from(["token", "next", "csrf", "code"]), st.text())).map(urlencode)
PAGES = st.sampled_from(["", "sign-in", "sign-out", "oauth_callback", "wells/team", "wells/advisor"])


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(["GET", "POST"]), PAGES, FORMS, st.one_of(FORMS.map(str.encode), st.binary()),
       st.text(st.characters(min_codepoint=33, max_codepoint=255)), st.sampled_from(["http://127.0.0.1", "http://[", "null"]))
@example("POST", "sign-in", "", b"next=//[&token=x", "", "http://127.0.0.1")
@example("POST", "sign-in", "", b"&".join([b"token=x"] * 20), "", "http://127.0.0.1")
def test_the_pages_answer_whatever_is_sent_to_them_without_a_fault_of_their_own(board, method, page, query, form, cookie, origin):
    headers = {"Cookie": f"{COOKIE}={cookie}".encode("latin-1"), "Origin": origin}
    answer = requests.request(method, f"{board.address}/{page}?{query}", data=form, allow_redirects=False,
                              headers=headers | {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code < 500, answer.text


def test_every_answer_says_what_a_browser_may_do_with_it(board):
    hal = board.token("hal")
    answers = [requests.get(f"{board.address}{path}", headers={"Accept": "text/html"})
               for path in ("/", "/wells", "/sign-in", "/nothing", "/api/nothing")]
    answers += [board.call("GET", C), board.call("GET", f"{C}/inputs.zip", hal), board.call("POST", f"{C}/teams", hal, data="{")]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, answer.url
    shown = requests.get(f"{board.address}/<script>alert(1)</script>", headers={"Accept": "text/html"})
    assert shown.status_code == 404 and "<script>alert" not in shown.text
    assert requests.get(f"{board.address}/wells", headers={"Host": "evil.example"}).status_code == 400


def test_bodies_are_bounded_and_what_is_not_understood_is_a_sentence(board):
    ida = board.token("ida")
    long = board.call("PUT", f"{C}/team/notes", ida, data=b"x" * 300_000)
    assert long.status_code == 413 and "a request has at most 262144 bytes" in long.json()["error"]
    chunked = board.call("PUT", f"{C}/team/notes", ida, data=iter([b"x" * 100_000] * 4))
    assert chunked.status_code == 413
    for body, words in (("{", "the request is not understood: body"),
                        ('{"name": 5}', "body.name: Input should be a valid string"),
                        ('{"name": "a", "admin": true}', "body.admin: Extra inputs are not permitted")):  # fmt: skip
        said = board.call("POST", f"{C}/teams", ida, data=body, headers={"Content-Type": "application/json"})
        assert said.status_code == 422 and words in said.json()["error"]
    with socket.create_connection(("127.0.0.1", board.port), timeout=10) as raw:
        raw.sendall(b"POST /api/competitions/wells/teams HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 4")
    assert board.call("GET", "/competitions/rivers").json()["error"] == "there is no competition 'rivers' here; there are wells"


def test_too_often_is_told_when_to_come_again(app):
    *tried, often, team = asked(app, invite(app.state.service.store, "ada"), ("POST", "/teams", {"name": "Ada"}),
                                *[("POST", "/team/join", CODE)] * 3, ("GET", "/team", None))  # fmt: skip
    assert [answer.status_code for answer in tried] == [201, 404, 404] and team.status_code == 200
    assert often.status_code == 429 and 1 <= int(often.headers["retry-after"]) <= 60
    assert "too often: 2 times in 60 s is the most to try a code; come again in" in often.json()["error"]


def test_a_fault_of_the_service_is_no_traceback_on_the_page(app, monkeypatch):
    from autograder.competition.web import learners

    monkeypatch.setattr(learners.board, "team_page", lambda *_: 1 / 0)
    [failed] = asked(app, invite(app.state.service.store, "ada"), ("GET", "/team", None))
    assert failed.status_code == 500 and failed.json()["error"].startswith("the service failed; nothing was counted")


def test_it_is_not_served_in_clear_text_to_others_nor_with_a_faulty_benchmark(wells):
    def said(*options):
        done = subprocess.run([sys.executable, "-m", "autograder", "board", "serve", str(wells), *options], capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        return " ".join(done.stderr.split())

    assert "tokens would travel to 0.0.0.0 in clear text. Give --tls-cert and --tls-key" in said("--host", "0.0.0.0")
    (wells / "benchmark.csv").write_text("site,date\n")
    assert "the benchmark 'Half right' cannot be used: benchmark.csv" in said("--port", "0")


def test_two_of_one_name_are_not_served(wells, tmp_path):
    other = shutil.copytree(wells, tmp_path / "other")
    with pytest.raises(ServiceError, match="two competitions are called 'wells': .* change `name` in one of them"):
        Service([wells, other], f"sqlite:///{tmp_path}/board.sqlite")


def test_whoever_connects_and_asks_nothing_is_hung_up_on(app, monkeypatch):
    monkeypatch.setattr(guard, "IDLE", 0.3)
    server = uvicorn.Server(uvicorn.Config(app, port=(port := free_port()), http=guard.Impatient, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        for said in (b"", b"GET / HTTP/1.1\r\nHost: 127"):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as silent:
                silent.sendall(said)
                assert silent.recv(1) == b""
        with requests.Session() as patient:  # the same connection, now and then
            for _ in range(3):
                assert patient.get(f"http://127.0.0.1:{port}/wells").ok
                time.sleep(0.2)
    finally:
        server.should_exit = True
        thread.join(10)


def test_people_are_invited_where_a_competition_is(tmp_path, wells):
    for folder in (tmp_path, tmp_path / "nowhere"):
        result = CliRunner().invoke(cli, ["board", "invite", "Zed", "--folder", str(folder)])
        assert result.exit_code == 1 and "holds no competition; say by --folder where one is" in result.output
        assert not (folder / "board.sqlite").exists()
    for folder in (wells, wells.parent):
        assert CliRunner().invoke(cli, ["board", "invite", "Zed", "--folder", str(folder)]).exit_code == 0
    assert (wells.parent / "board.sqlite").exists()
    for more, words in ((["--advisor", "--read"], "exclude each other"), (["--days", "nan"], "for up to 3650 days, not for nan"),
                        (["--days", "-1"], "not for -1"), (["--database", "board.sqlite"], "this is no address of a database")):
        result = CliRunner().invoke(cli, ["board", "invite", "Zed", "--folder", str(wells), *more])
        assert result.exit_code == 1 and words in result.output


def test_what_cannot_be_served_is_a_sentence(tmp_path, wells):
    cert = tmp_path / "c.pem"
    cert.touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for options, words in ((f"--port {taken.getsockname()[1]}", "--port takes another"), ("--port 99999", "equal to 65535"),
                               (f"--tls-cert {cert}", "belong together"), ("--tls-cert gone.pem", "gone.pem"),
                               ("--host 0.0.0.0", "in clear text")):  # fmt: skip
            result = CliRunner().invoke(cli, ["board", "serve", str(wells), *options.split()], env={"COLUMNS": "200"})
            assert result.exit_code in (1, 2) and words in result.output, result.output
            assert isinstance(result.exception, SystemExit)


def test_the_advisor_hears_at_the_start_what_will_not_work(tmp_path, wells):
    path = wells / "competition.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"deadline": "2026-01-01T00:00:00Z", "channels": {
        "room": {"kind": "slack", "url_file": "secret/room"}}}))  # fmt: skip
    with serving(wells) as running:
        assert "channel room: its url_file cannot be read" in running.said() and "it has ended" in running.said()
