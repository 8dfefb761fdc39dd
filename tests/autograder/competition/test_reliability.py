"""What has a receipt is not lost, whatever happens to the service, and nothing counts twice. Its API takes whatever is sent."""

import hashlib
import json
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import yaml
from board_server import Served, asked, free_port, serving

TEAMS, EACH = 50, 4
C = "/competitions/wells"


def changed(folder, **rules):
    path = folder / "competition.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | rules))


def insist(board, token: str, content: bytes, done: threading.Event) -> dict | None:
    """Hand in as a client does that does not give up: from the beginning, until there is a receipt."""
    while not done.is_set():
        try:
            answer = board.hand_in(token, content)
            if answer.status_code in (200, 201):
                return answer.json()
            assert answer.status_code in (409, 429, 503), answer.text
            time.sleep(min(1.0, float(answer.headers.get("retry-after", 0.1))))
        except (requests.RequestException, KeyError, ValueError):
            time.sleep(0.1)
    return None


def test_a_service_killed_during_200_submissions_loses_none_and_counts_none_twice(wells, entry_of):
    with serving(wells) as board:
        tokens = board.tokens([f"learner {k}" for k in range(TEAMS * EACH)])
        for k in range(TEAMS):
            code = board.call("POST", f"{C}/teams", tokens[k], json={"name": f"Team {k}"}).json()["code"]
            for mate in range(k + TEAMS, TEAMS * EACH, TEAMS):
                assert board.call("POST", f"{C}/team/join", tokens[mate], json={"code": code}).ok
        files = [entry_of(0.8) + b"\n" * k for k in range(TEAMS * EACH)]
        done = threading.Event()
        with ThreadPoolExecutor(TEAMS * EACH) as crowd:
            sent = [crowd.submit(insist, board, *each, done) for each in zip(tokens, files, strict=True)]
            try:
                for share in (0.2, 0.4, 0.6):
                    until = time.monotonic() + 60
                    while sum(one.done() for one in sent) < share * len(sent):
                        assert time.monotonic() < until, board.said()
                        time.sleep(0.01)
                    board.kill()
                    board.start()
                receipts = [one.result(60) for one in sent]
            finally:
                done.set()
        assert len({told["id"] for told in receipts}) == TEAMS * EACH
        for content, told in zip(files, receipts, strict=True):
            assert told["sha256"] == hashlib.sha256(content).hexdigest()
        for k in range(TEAMS):
            page = board.call("GET", f"{C}/team", tokens[k]).json()
            assert {entry["receipt"] for entry in page["entries"]} == {told["receipt"] for told in receipts[k::TEAMS]}
            assert (len(page["entries"]), page["left_today"]) == (EACH, 5 - EACH)
        boss, until = board.token("boss", "advisor"), time.monotonic() + 90
        while board.call("GET", f"{C}/advisor", boss).json()["queue"] and time.monotonic() < until:
            time.sleep(0.2)
        view = board.call("GET", f"{C}/advisor", boss).json()
        assert view["queue"] == 0 and sum(team["entries"] for team in view["teams"]) == TEAMS * EACH
        lines = board.call("GET", f"{C}/audit", boss).json()
        assert sorted(line["details"]["entry"] for line in lines if line["what"] == "handed in") == sorted(
            told["id"] for told in receipts)
    whole = subprocess.run([sys.executable, "-m", "autograder", "board", "check", str(wells)], capture_output=True, text=True,
                           check=False)
    assert whole.stdout == "The audit log of wells is whole\n", whole.stderr


def test_a_full_disk_is_said_and_nothing_is_counted(wells, entry_of, tmp_path):
    """The service has 2 MB of room, on a file system of its own."""
    if not shutil.which("bwrap"):
        pytest.skip("no bubblewrap: apt-get install bubblewrap")
    names, room = [f"learner {k}" for k in range(10)], 2 << 20
    wall = ["bwrap", "--die-with-parent", "--bind", "/", "/", "--dev", "/dev", "--size", str(room), "--tmpfs", "/mnt"]
    database = ["--database", "sqlite:////mnt/board.sqlite"]
    invite = shlex.join([sys.executable, "-m", "autograder", "board", "invite", *names, *database])
    board = Served([wells], "", free_port())
    serve = shlex.join([sys.executable, "-m", "autograder", "board", "serve", "/mnt/wells", "--port", str(board.port), *database])
    with board.log.open("ab") as log:
        inside = f"{invite} > {tmp_path}/tokens && cp -r {wells} /mnt && exec {serve}"
        board.process = subprocess.Popen([*wall, "sh", "-c", inside], stdout=log, stderr=log)
    try:
        board.wait_for_it(60)
        tokens = [line.split()[-1] for line in (tmp_path / "tokens").read_text().splitlines()]
        largest, answers = board.call("GET", C).json()["max_bytes"], []
        for k, token in enumerate(tokens):
            assert board.call("POST", f"{C}/teams", token, json={"name": f"Team {k}"}).status_code == 201
        for k in range(5 * len(tokens)):
            answers.append(board.hand_in(tokens[k % 10], entry_of(0.8, seed=k).ljust(largest, b"\n")))
            if not answers[-1].ok:
                break
        *taken, refused = answers
        assert refused.status_code == 507 and taken
        assert "nothing was counted. Tell your advisor, and send it again later" in refused.json()["error"]
        pages = [board.call("GET", f"{C}/team", token) for token in tokens]
        assert sum(len(page.json()["entries"]) for page in pages) == len(taken)
        assert board.call("GET", f"{C}/board").status_code == 200
    finally:
        board.stop()


def test_a_locked_database_is_said_and_the_board_is_shown_all_the_same(wells, monkeypatch, tmp_path):
    from sqlalchemy import event

    from autograder.competition.people import invite
    from autograder.competition.service import Service
    from autograder.competition.web.app import application

    service = Service([wells], f"sqlite:///{tmp_path}/board.sqlite")
    ada = invite(service.store, "ada")

    @event.listens_for(service.store.engine, "checkout")
    def impatient(connection, _record, _proxy):
        connection.execute("pragma busy_timeout=200")

    with sqlite3.connect(tmp_path / "board.sqlite") as other:
        other.execute("begin immediate")
        refused, board = asked(application(service), ada, ("POST", "/teams", {"name": "Ada"}), ("GET", "/board", None))
        other.rollback()
    assert refused.status_code == 503 and refused.headers["retry-after"] == "30"
    assert "the database does not answer (OperationalError); nothing was counted" in refused.json()["error"]
    assert board.status_code == 200 and board.json()["rows"][0]["team"] == "Half right"


def test_the_api_answers_whatever_is_sent_to_it_without_a_fault_of_its_own(wells, entry_of):
    """schemathesis makes requests from the service's own OpenAPI document: no 5xx, and answers as documented."""
    import schemathesis

    with serving(wells) as board:
        ada, boss = board.token("ada"), board.token("boss", "advisor")
        board.call("POST", f"{C}/teams", ada, json={"name": "Ada"})
        board.hand_in(ada, entry_of(0.8))
        schema = schemathesis.openapi.from_url(f"{board.address}/api/openapi.json")
        assert len(list(schema.get_all_operations())) > 25
        for token in (ada, boss):
            fuzz(board, schema, token)
        assert board.call("GET", f"{C}/board").status_code == 200 and board.process.poll() is None
        assert "Traceback" not in board.said()


def fuzz(board, schema, token: str, examples: int = 8) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith(("/close", "/publish")):
            continue  # nothing could be tried after it

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate],
                  database=None, derandomize=True)
        @given(case=operation.as_strategy())
        def answers(case):
            if "name" in case.path_parameters and zlib.crc32(json.dumps(case.path_parameters, default=str).encode()) % 4:
                case.path_parameters["name"] = "wells"
            case.headers["Authorization"] = f"Bearer {token}"
            case.call_and_validate(checks=[not_a_server_error, content_type_conformance, response_schema_conformance])

        answers()
