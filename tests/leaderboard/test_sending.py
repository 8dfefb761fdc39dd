"""Whatever breaks between a learner and the service, a file is handed in once or not at all, and the learner knows which."""

import hashlib
import re
import sys
import time

import pandas as pd
import pytest

from dla_widgets import LeaderboardError
from dla_widgets.competition import SubmissionError
from dla_widgets.leaderboard import sending

MISPLACED = {"error": "the upload stands at 0; go on from there", "offset": 0}


@pytest.fixture
def contest(enter, network, monkeypatch):
    """The competition over a bad network, with pieces so small that a file takes several."""
    monkeypatch.setattr(sending, "PIECE", 1000)
    monkeypatch.setattr(sending, "PATIENCE", 3.0)
    entered = enter(through=network.address)
    entered.inputs(progress=False)
    network.mend()
    return entered


def send(contest, path, **options) -> dict:
    return contest.submit(path, **{"progress": lambda *_: None} | options)


def pieces(path) -> int:
    return -(-path.stat().st_size // 1000)


def test_a_file_arrives_in_pieces_and_is_scored(contest, network, best):
    told, path = [], best()
    entry = send(contest, path, tried="half of it", learned="half", progress=lambda *step: told.append(step))
    size, sha256 = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
    assert (entry["sha256"], entry["size"], entry["name"]) == (sha256, size, path.name)
    assert entry["new"] and (entry["tried"], entry["learned"]) == ("half of it", "half")
    assert network.count("PATCH") == pieces(path) > 3
    assert told == [("checking", 0, 0), *(("sending", 1000 * k, size) for k in range(pieces(path))), ("handing in", size, size)]
    scored = contest.wait(entry)
    assert scored["state"] == "scored" and scored["score"] == pytest.approx(0.75)


def test_the_same_file_again_costs_nothing(contest, network, best):
    first = send(contest, best())
    network.mend()
    again = send(contest, best())
    assert again["id"] == first["id"] and again["receipt"] == first["receipt"] and not again["new"]
    assert network.count("PATCH") == 0 and len(contest.entries()) == 1


@pytest.mark.parametrize("where", ["POST .*/uploads$", "PATCH", "POST .*/entries$", "GET .*/team$"])
@pytest.mark.parametrize("what", ["lose", "lose_answer", "cut_in_two", "half_an_answer"])
def test_a_broken_connection_is_got_over(contest, network, best, where, what):
    network.next(where, getattr(network, what), times=2)
    assert send(contest, best())["new"]
    assert len(contest.entries()) == 1


def test_what_arrived_unheard_is_not_sent_again(contest, network, best):
    network.next("PATCH", network.lose_answer)
    assert send(contest, best())["new"]
    assert network.count("PATCH") == pieces(best()) and network.count("GET .*/uploads/") == 1


def test_what_an_earlier_run_has_sent_is_not_sent_again(contest, network, best, monkeypatch):
    monkeypatch.setattr(sending, "PATIENCE", 0.2)
    network.next("PATCH", network.after(lambda: None), times=2)
    network.next("PATCH", network.lose, times=1000)
    with pytest.raises(LeaderboardError, match=r"2\.0 kB of 4\.\d kB are sent and kept, and it does not go on: .* the connection "
                                               r"broke off\. .* Nothing was counted; the same again goes on from there$"):
        send(contest, best())
    network.mend()
    assert not contest.entries()
    assert send(contest, best())["new"]
    assert network.count("PATCH") == pieces(best()) - 2


def test_a_busy_service_is_asked_again_when_it_says(contest, network, best):
    network.next("POST .*/uploads", network.saying(502))
    network.next("PATCH", network.saying(503, {"error": "the database is very busy"}, Retry_After="1"))
    network.next("POST .*/entries", network.saying(429, {"error": "too often"}, Retry_After="0"))
    began = time.monotonic()
    assert send(contest, best())["new"]
    assert time.monotonic() - began > 1


def test_a_misplaced_piece_goes_where_it_belongs(contest, network, best):
    network.next("POST .*/uploads", network.changing(lambda told: told | {"offset": 2000}))  # of which the service has nothing
    assert send(contest, best())["new"]
    assert network.count("PATCH") == 1 + pieces(best()) and len(contest.entries()) == 1


def test_a_service_that_never_takes_a_piece_is_given_up(contest, network, best, monkeypatch):
    monkeypatch.setattr(sending, "PATIENCE", 0.3)
    network.next("PATCH", network.saying(409, MISPLACED), times=10_000)
    with pytest.raises(LeaderboardError, match=r"0 bytes of 4\.\d kB are sent and kept, and it does not go on: the upload"):
        send(contest, best())
    assert 3 < network.count("PATCH") < 60


def test_a_full_disk_is_not_asked_again(contest, network, best):
    network.next("PATCH", network.saying(507, {"error": "the server cannot keep the file (No space left on device)"}), times=9)
    with pytest.raises(LeaderboardError, match="the server cannot keep the file") as caught:
        send(contest, best())
    assert caught.value.status == 507 and network.count("PATCH") == 1


def test_a_file_that_is_lost_or_damaged_on_its_way_is_sent_anew(contest, network, best, board):
    """The service's disk loses it, and then spoils it, after it was sent and before it is handed in."""

    def touch(act):
        (upload,) = (path for path in (board.folders[0] / "uploads").iterdir() if path.stat().st_size == best().stat().st_size)
        act(upload)

    network.next("POST .*/entries", network.after(lambda: touch(lambda path: path.unlink())))
    network.next("POST .*/entries", network.after(lambda: touch(lambda path: path.write_bytes(path.read_bytes()[::-1]))))
    assert send(contest, best())["new"]
    assert network.count("POST .*/entries") == 3 and len(contest.entries()) == 1


@pytest.mark.parametrize("change", [lambda old: old[::-1], lambda old: old[:1500], lambda old: old + b"#"])
def test_a_file_that_changes_while_it_is_sent(contest, network, best, tmp_path, change):
    path = tmp_path / "mine.csv"
    path.write_bytes(best().read_bytes())
    network.next("PATCH", network.after(lambda: path.write_bytes(change(path.read_bytes()))))
    with pytest.raises(LeaderboardError, match="mine.csv changed while it was sent. Nothing was counted; hand it in again"):
        send(contest, path)
    assert not contest.entries()


@pytest.mark.parametrize("change, said", [
    (lambda told: told | {"sha256": "0" * 64}, r"expected one for SHA-256 [0-9a-f]{64}, received 'RCPT-.*' for 0{64}\. Keep"),
    (lambda told: told | {"receipt": "ok"}, "the receipt is not for this file: .* received 'ok'"),
    (lambda told: {}, "received 'None'"),
])  # fmt: skip
def test_a_receipt_that_does_not_match_is_none(contest, network, best, change, said):
    network.next("POST .*/entries", network.changing(change))
    with pytest.raises(LeaderboardError, match=said):
        send(contest, best())


def test_a_faulty_file_is_not_sent(contest, network, best, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("".join(best().read_text().splitlines(keepends=True)[:-3]))
    with pytest.raises(SubmissionError, match=r"mine.csv: 3 of 120 rows are missing \(first: w5, 2024-01-18\).* No entry"):
        send(contest, path)
    with pytest.raises(SubmissionError, match=r"expected \.csv or \.parquet, found \.txt\. Write it as mine\.csv\."):
        send(contest, path.rename(tmp_path / "mine.txt"))
    with pytest.raises(SubmissionError, match="is a folder. One file is handed in"):
        send(contest, tmp_path)
    with pytest.raises(SubmissionError, match="nowhere.csv: no such file"):
        send(contest, tmp_path / "nowhere.csv")
    assert network.count("uploads") == 0


def test_parquet_is_scored_too(contest, best, tmp_path):
    pd.read_csv(best(0.2), dtype={"site": str, "date": str}).to_parquet(tmp_path / "mine.parquet", index=False)
    assert contest.wait(send(contest, tmp_path / "mine.parquet"))["score"] == pytest.approx(0.96)


def test_out_of_entries_says_when_the_next_is_free(enter, best):
    contest = enter("tight")
    send(contest, best(0.6))
    with pytest.raises(LeaderboardError, match=r"the 1 entries of today are spent; nothing was counted. The next is free in .*, "
                                               r"at midnight in Europe/Berlin; tight ends in ") as caught:  # fmt: skip
        send(contest, best(0.5))
    assert caught.value.status == 429 and caught.value.wait > 0
    assert not send(contest, best(0.6))["new"]  # what was sent before is still answered


def test_too_late_and_in_no_team(enter, best):
    contest = enter("late", team=False)
    with pytest.raises(LeaderboardError, match="you are in no team of late yet. Make one: dla team make NAME; or join one with"):
        send(contest, best())
    with pytest.raises(LeaderboardError, match="late has ended; teams stay as they are"):
        contest.make_team("Latecomers")


def test_the_line_that_is_shown(contest, best, capsys):
    contest.submit(best())
    assert re.search(r"^Handing in 100% of 4\.\d kB$", capsys.readouterr().out, re.M)


def test_a_fault_does_not_stand_in_the_line_that_is_shown(contest, network, best, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(SubmissionError):
        contest.submit("nowhere.csv")
    assert capsys.readouterr().out == "\rChecking\n"
    network.next("POST .*/entries", network.saying(403, {"error": "you may not"}))
    with pytest.raises(LeaderboardError, match="you may not"):
        contest.submit(best())
    assert re.search(r"Handing in 100% of 4\.\d kB\n$", capsys.readouterr().out)  # the line had ended
