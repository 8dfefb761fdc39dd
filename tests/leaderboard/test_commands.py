"""`dla submit`, `dla board`, `dla team` and `dla inputs` as a learner types them: what they say, within 80 columns."""

import hashlib
import itertools
import os
import re
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from dla_widgets import accounts
from dla_widgets.cli import app
from dla_widgets.leaderboard import client, commands
from dla_widgets.leaderboard.client import Leaderboard
from dla_widgets.leaderboard.tables import board_table, entry_says

NUMBERS = itertools.count(1)


@pytest.fixture
def learner(board, token, at_home, monkeypatch):
    """``learner(*words)``: somebody new types `dla` and words; what was said, and how it ended."""
    monkeypatch.setenv("DLA_BOARD", board.address)
    tokens = {}

    def typed(*words, as_="me", stdin=None):
        if as_ not in tokens:
            tokens[as_] = token(f"{as_} {next(NUMBERS)}")
        monkeypatch.setenv("DLA_BOARD_TOKEN", tokens[as_])
        result = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output and not any(value in result.output for value in tokens.values())
        return result

    return typed


@pytest.fixture
def member(learner):
    """A learner in a team of one, called ``team.name``, of the competition wells."""
    name = f"Deep Water {next(NUMBERS)}"
    made = learner("team", "make", name, "--competition", "wells")
    assert made.exit_code == 0 and made.output.startswith(f"{name} is made. Whoever you give its code can join: dla team join ")
    learner.name, learner.code = name, made.output.split("\n")[0].split()[-1]
    return learner


def wells(learner, *words, **options):
    return learner(*words, "--competition", "wells", **options)


# dla submit


def test_a_file_is_handed_in_and_scored(member, best):
    result = wells(member, "submit", best(0.6), "--tried", "noise")
    assert result.exit_code == 0, result.output
    said = result.output
    assert re.search(rf"^Received as entry \d+ of {member.name}. Receipt RCPT(-[0-9A-F]{{6}}){{4}}$", said, re.M)
    assert re.search("^SHA-256 [0-9a-f]{64}$", said, re.M)
    assert "▲ 0.640: the best of your team so far." in said
    assert "Left: 999 of 1000 entries today, 999 of 1000 in all; a new day begins in" in said and "(Europe/Berlin)." in said
    again = wells(member, "submit", best(0.6)).output
    assert "Your team has handed in this very file before: it costs nothing and counts once.\nIt scored 0.640 then." in again
    worse = wells(member, "submit", best(0.9)).output
    assert "No climb: it is not clearly better than your best, and the board stays at 0.640." in worse


def test_what_is_said_of_a_file_that_was_sent_before_is_kept(member, best):
    wells(member, "submit", best(0.6), "--tried", "noise")
    said = wells(member, "submit", best(0.6), "--learned", "it helps").output
    assert "costs nothing and counts once.\nWhat you say of it now stands on its card.\nIt scored 0.640 then." in said
    (entry,) = Leaderboard.remembered().competition("wells").entries()
    assert (entry["tried"], entry["learned"]) == ("noise", "it helps")
    assert "stands on its card" not in wells(member, "submit", best(0.6)).output


def test_nobody_is_asked_what_was_tried_for_the_sake_of_no_file(member, best, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True), stderr=sys.stderr))
    (tmp_path / "mine.txt").write_text("")
    for name, fault in (("nofile.csv", "no such file"), (".", "is a folder"), ("mine.txt", "expected .csv or .parquet")):
        result = wells(member, "submit", name, stdin="an answer\n")
        assert result.exit_code == 2 and fault in result.output and "What did you try?" not in result.output
    assert "What did you try?" in wells(member, "submit", best(0.6), stdin="an answer\n").output
    assert Leaderboard.remembered().competition("wells").entries()[0]["tried"] == "an answer"


def test_a_faulty_file_is_said_in_one_sentence(member, best, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(best(0.6).read_text().replace("w0,2024-01-02", "w0,2024-01-03"))
    result = wells(member, "submit", path)
    assert result.exit_code == 2
    assert "mine.csv, line 4: the row w0, 2024-01-03 is there twice. Keep one row of each. No entry was used." in result.output


def test_out_of_entries(learner, best):
    learner("team", "make", f"Dry {next(NUMBERS)}", "--competition", "tight")
    assert learner("submit", best(0.6), "--competition", "tight", "--no-wait").exit_code == 0
    result = learner("submit", best(0.5), "--competition", "tight")
    assert result.exit_code == 2 and "the 1 entries of today are spent; nothing was counted. The next is free in" in result.output


def test_an_entry_that_the_service_refuses(member, best):
    """The service looks again: here at a file that was sent around the checks."""
    contest = Leaderboard.remembered().competition("wells")
    path = best(0.4)
    bad = path.read_bytes()[:-20]
    told = {"sha256": hashlib.sha256(bad).hexdigest(), "size": len(bad), "name": "bad.csv"}
    upload = contest.request("POST", "uploads", json=told).json()["id"]
    headers = {"Upload-Offset": "0", "Content-Type": "application/octet-stream"}
    contest.request("PATCH", f"uploads/{upload}", data=bad, headers=headers)
    entry = contest.wait(contest.request("POST", "entries", json={"upload": upload, "tried": "", "learned": ""}).json())
    assert entry_says(entry).startswith("Refused, and it cost nothing: bad.csv")
    shown = wells(member, "team", "show").output
    assert "refused" in shown and f"Entry {entry['id']}: bad.csv" in " ".join(shown.split())


@pytest.mark.parametrize("words", [["submit", "x.csv"], ["team", "show"], ["team", "leave", "--yes"], ["team", "code"],
                                   ["team", "notes"], ["team", "finals"], ["team", "merge", "ABCD", "--yes"]])  # fmt: skip
def test_in_no_team_one_learns_what_to_do(learner, words):
    result = wells(learner, *words)
    assert result.exit_code == 2
    assert "you are in no team of wells yet. Make one: dla team make NAME; or join one with the code that" in result.output


# dla board


def test_the_board_fits_80_columns(member, best):
    wells(member, "submit", best(0.6))
    wells(member, "submit", best(0.55))
    said = member("board", "wells").output
    lines = said.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("Six wells · median NSE · open for another ")
    assert re.search(r"^ +#  +Team +Score +Gap +Sent +Last +Climbs", said, re.M)
    assert re.search(rf"^ +\d+ +→ {member.name} +0\.\d{{3}} +(–|-?\d\.\d+) +2  just now +▁█", said, re.M)
    assert re.search(r"^ +– +Half right \(to beat\) +-?\d\.\d{3}", said, re.M)
    assert re.search(rf"^You are {member.name}, \d+ of \d+, \d.\d+ behind |^You are {member.name}, the first of", said, re.M)


def some_board():
    row = {"rank": 1, "members": [], "score": 0.5, "entries": 120, "last": datetime.now(UTC).isoformat(), "moved": -11,
           "history": [["", 0.1 * k] for k in range(8)], "note": "", "kind": "team"}  # fmt: skip
    rows = [row | {"team": "Deep \N{WATER WAVE} Water of the North"}, row | {"team": "x" * 40, "score": 0.42, "rank": 2},
            row | {"team": "Mud", "score": -10.05, "rank": 3}]  # fmt: skip
    return {"title": "T", "metric": "F1", "phase": "final", "seconds_left": 0, "rows": rows, "announcements": []}


@pytest.mark.parametrize("width, columns", [
    (100, "# Team Score Gap Sent Last Climbs"), (80, "# Team Score Gap Sent Last Climbs"), (60, "# Team Score Gap Sent Last"),
    (50, "# Team Score Gap Sent"), (40, "# Team Score Gap"), (30, "# Team Score"), (20, "# Team Score"),
])  # fmt: skip
def test_a_narrow_board_has_fewer_columns_and_whole_numbers(width, columns):
    console = Console(width=width)
    with console.capture() as caught:
        console.print(board_table(some_board(), None, width))
    lines = caught.get().splitlines()
    (head,) = [k for k, line in enumerate(lines) if "Team" in line]
    assert max(map(cell_len, lines)) <= width and lines[head].split() == columns.split()
    rows = lines[head + 2 : head + 5]
    numbers = [("0.500", "–"), ("0.420", "-0.080"), ("-10.050", "-10.470")]
    assert [re.findall(r"-?\d+\.\d+|–", row) for row in rows] == [list(n[: 1 + ("Gap" in columns)]) for n in numbers]
    for name, cell in (("Sent", "120"), ("Last", "just now"), ("Climbs", "▁▂▃▄▅▆▇█")):
        assert all((cell in row) == (name in columns) for row in rows)


def test_the_board_knows_how_wide_the_window_is(member, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    said = member("board", "wells").output
    assert re.search("^ +#  +Team +Score +Gap *$", said, re.M) and "…" not in said.split("Score")[0]


def test_the_board_of_who_is_in_no_team_or_has_no_token(learner, monkeypatch):
    assert "You are in no team: dla team make NAME, or dla team join CODE." in learner("board", "wells").output
    monkeypatch.delenv("DLA_BOARD_TOKEN")
    result = CliRunner().invoke(app, ["board", "late"])
    assert result.exit_code == 0 and "ended; the private scores are not published yet" in result.output
    result = CliRunner().invoke(app, ["team", "show", "--competition", "wells"])
    assert result.exit_code == 2 and "does not know you: say who you are" in result.output


def test_the_board_of_which_competition(learner):
    result = learner("board")
    assert result.exit_code == 2 and "which competition?" in result.output and "late (Six wells). Say its name;" in result.output


def test_a_token_that_was_taken_back_is_said(learner, monkeypatch):
    learner("board", "wells")
    monkeypatch.setenv("DLA_BOARD_TOKEN", "x" * 43)
    result = CliRunner().invoke(app, ["board", "wells"])
    assert result.exit_code == 2 and "this token is not known here" in result.output and "no team" not in result.output


def test_what_people_wrote_is_no_markup(capsys):
    row = {"rank": 1, "members": [], "score": 0.5, "entries": 1, "last": None, "history": [], "moved": 2, "note": "",
           "kind": "team"}  # fmt: skip
    said = {"at": "2026-03-01T00:00:00.000Z", "author": "[b]ada[/b]", "text": "[link=x]Hello[/link]"}
    rows = [row | {"team": "[red]Öl & <b>Co</b>"}, row | {"team": "x" * 40, "score": 0.4, "rank": 2, "moved": -11},
            row | {"team": "Late", "rank": None, "score": None, "note": "disqualified: [i]why[/i]"}]  # fmt: skip
    board = {"title": "[bold]T", "metric": "F1", "phase": "final", "seconds_left": 0, "rows": rows, "announcements": [said]}
    with Console(width=80).capture() as caught:
        Console(width=80).print(board_table(board, "Late"))
    print(caught.get() or "")
    text = capsys.readouterr().out
    for written in ("[bold]T · F1 · ended; the final board", "[red]Öl & <b>Co</b>", "▲2", "▼11", "xxxxxx…", "[b]ada[/b], ",
                    "[link=x]Hello[/link]", "You are Late, disqualified: [i]why[/i]."):  # fmt: skip
        assert written in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_board_that_is_watched(member, board, token, network, monkeypatch):
    monkeypatch.setattr(client, "PATIENCE", 0.05)
    monkeypatch.setenv("DLA_BOARD", network.address)
    other, looks = f"Comes later {next(NUMBERS)}", itertools.count(1)

    def meanwhile(_seconds):
        match next(looks):
            case 1:
                Leaderboard(board.address, token(other)).competition("wells").make_team(other)
            case 3:
                network.next("GET", network.lose, times=6)  # for a moment the service is away
            case 7:
                time.sleep(0.3)  # a board is so old at most
            case 8:
                raise KeyboardInterrupt

    monkeypatch.setattr(commands, "time", SimpleNamespace(sleep=meanwhile))
    result = member("board", "wells", "--watch")
    assert result.exit_code == 0 and other[:15] in result.output and network.count("/board") > 5


def test_the_address_and_the_token_are_kept(learner, board, monkeypatch):
    learner("board", "wells")
    mine = os.environ["DLA_BOARD_TOKEN"]
    monkeypatch.delenv("DLA_BOARD")
    monkeypatch.delenv("DLA_BOARD_TOKEN")
    result = CliRunner().invoke(app, ["board", "wells"])
    assert result.exit_code == 2 and "which leaderboard? Say once the address" in result.output
    result = CliRunner().invoke(app, ["board", "wells", "--service", board.address], input="wrong\n")
    assert result.exit_code == 2 and "does not know you" in result.output and not accounts.remembered("leaderboard")[0]
    result = CliRunner().invoke(app, ["board", "wells", "--service", board.address + "/"], input=f"{mine}\n")
    assert result.exit_code == 0 and f"{board.address} knows you as me " in result.output
    assert accounts.remembered("leaderboard") == (board.address, mine)
    assert CliRunner().invoke(app, ["team", "show", "--competition", "late"]).exit_code == 2
    result = learner("board", "--service", board.address)
    assert result.exit_code == 0 and "It has " in result.output and "late" in result.output and "dla board NAME" in result.output
    result = learner("board", "--service", board.address + "/wells")
    assert result.exit_code == 2 and f"Is it {board.address}, without /wells?" in " ".join(result.output.split())
    result = learner("board", "--service", board.address.replace("http:", "https:"))
    assert result.exit_code == 2 and "it speaks http there, not https" in " ".join(result.output.split())
    result = learner("board", "--service", "http://board.example.org")
    assert result.exit_code == 2 and "is not encrypted" in result.output


def test_nobody_is_asked_for_a_token_where_no_board_is(at_home, monkeypatch):
    monkeypatch.setattr(client, "PATIENCE", 0)
    result = CliRunner().invoke(app, ["board", "--service", "http://127.0.0.1:9"], input="t\n")
    assert result.exit_code == 2 and "nothing listens there" in result.output and "token" not in result.output


@pytest.mark.parametrize("words", [["board", "wells"], ["team", "show", "--competition", "wells"]])
def test_a_service_that_hangs_is_waited_for_aloud(member, network, monkeypatch, words):
    monkeypatch.setattr(commands, "LATE", 0.2)
    monkeypatch.setenv("DLA_BOARD", network.address)
    network.next("GET", network.after(lambda: time.sleep(0.5)), times=2)
    result = member(*words)
    assert result.exit_code == 0 and result.stderr == "waiting for the leaderboard ...\n" and member.name in result.stdout
    monkeypatch.setattr(commands, "LATE", 10)
    assert member(*words).stderr == "" and client.asking is nullcontext


def test_no_answer_is_waited_for_while_a_learner_writes(member, network, monkeypatch):
    monkeypatch.setattr(commands, "LATE", 0.1)
    monkeypatch.setattr(commands.typer, "confirm", lambda _question: time.sleep(0.4))
    assert wells(member, "team", "leave").stderr == ""


# dla team


def test_a_team_in_the_terminal(member, best, monkeypatch, tmp_path):
    other = f"Mud {next(NUMBERS)}"
    assert "You are in" in wells(member, "team", "join", member.code.lower(), as_="bob").output
    assert wells(member, "team", "make", other, "--time-zone", "Asia/Kathmandu", as_="eve").output.endswith("Asia/Kathmandu.\n")
    assert "No notes yet" in wells(member, "team", "notes").output
    (editor := tmp_path / "editor").write_text("#!/bin/sh\necho by an editor > $1\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    assert "written" in wells(member, "team", "notes", "--edit").output
    assert wells(member, "team", "notes").output == "by an editor\n"
    assert "written" in wells(member, "team", "notes", "-", stdin="line 1\nline 2 [b]").output
    assert wells(member, "team", "notes", as_="bob").output == "line 1\nline 2 [b]\n"
    assert "No finals are chosen: your best 2 on the board count." in wells(member, "team", "finals").output
    wells(member, "submit", best(0.35), "--tried", "a long story " * 20)
    entry = re.search(r"^ +(\d+)  e0.35", wells(member, "team", "show").output, re.M)[1]
    assert f"Finals: {entry} (e0.35-1.csv)." in wells(member, "team", "finals", entry, as_="bob").output
    shown = wells(member, "team", "show").output
    assert max(map(len, shown.splitlines())) <= 80 and member.code in shown and "★ final  a long story" in shown and "…" in shown
    assert "No finals are chosen" in wells(member, "team", "finals", "--none").output
    wells(member, "team", "finals", entry)
    result = wells(member, "team", "finals", entry, "--none")
    assert result.exit_code == 2 and "and not both. Nothing was changed" in result.output
    assert f"Finals: {entry} " in wells(member, "team", "finals").output
    result = wells(member, "team", "finals", "99999")
    assert result.exit_code == 2 and "your team has no scored entry 99999" in result.output

    new = wells(member, "team", "code").output.split()[-1]
    assert new != member.code and wells(member, "team", "join", member.code, as_="kim").exit_code == 2
    assert wells(member, "team", "merge", new, as_="eve", stdin="n\n").exit_code == 1
    assert f"{other} is now " in wells(member, "team", "merge", new, as_="eve", stdin="y\n").output
    assert f"You have left {other}." in wells(member, "team", "leave", "--yes", as_="bob").output
    assert wells(member, "team", "show", as_="bob").exit_code == 2


# dla inputs


def test_inputs_are_listed(learner, tmp_path):
    result = learner("inputs", "--competition", "wells")
    assert result.exit_code == 0 and f"The inputs are in {tmp_path}/competition/wells/inputs:\n" in result.output
    assert "\n  expected.csv  1.7 kB\n" in result.output and "\n  data/rain.bin  200.0 kB\n" in result.output
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    result = learner("inputs", "full", "--competition", "wells")
    assert result.exit_code == 2 and "Move it away, or name another folder" in result.output


def test_nobody_answers(learner, monkeypatch):
    monkeypatch.setattr(client, "PATIENCE", 0)
    monkeypatch.setenv("DLA_BOARD", "http://127.0.0.1:9")
    for words in (["board"], ["submit", "x.csv"], ["team", "show"], ["inputs"]):
        result = learner(*words)
        assert result.exit_code == 2
        assert result.output == ("http://127.0.0.1:9 does not answer: nothing listens there. Is the address right, and has your "
                                 "advisor started the service?\n")  # fmt: skip
