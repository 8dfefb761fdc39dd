"""Files on their way: resumed where they stopped, nobody else's, never more of them than the disk should bear."""

import fcntl
import hashlib
import os
import resource
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from a_contest import Arena
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from autograder.competition import entries, uploads
from autograder.competition.store import Refused
from autograder.competition.tables import Upload
from autograder.competition.uploads import PIECE, Misplaced


@pytest.fixture(scope="module")
def shared(table_competition, tmp_path_factory, store):
    """One arena for many examples."""
    return Arena(table_competition, tmp_path_factory.mktemp("shared"), store)


def begin(arena, who, content, name="mine.csv", size=None):
    return uploads.begin(arena.contest, who, hashlib.sha256(content).hexdigest(), len(content) if size is None else size, name)


def names(arena, folder):
    return sorted(os.listdir(arena.folder / folder))


def test_a_file_goes_on_where_it_stopped(arena):
    (ada,), content = arena.team("Ada"), b"0123456789"
    upload = begin(arena, ada, content)
    assert (upload["offset"], upload["size"], len(upload["id"])) == (0, 10, 32)
    assert uploads.add(arena.contest, ada, upload["id"], 0, content[:4])["offset"] == 4
    assert begin(arena, ada, content) == upload | {"offset": 4} == uploads.state(arena.contest, ada, upload["id"])
    for offset in (0, 3, 5, 10):
        with pytest.raises(Misplaced, match="the upload stands at 4; go on from there") as misplaced:
            uploads.add(arena.contest, ada, upload["id"], offset, content[offset:])
        assert (misplaced.value.offset, misplaced.value.status) == (4, 409)
    with pytest.raises(Refused, match="the file is not whole yet: 4 of 10 bytes are here; send the rest"):
        entries.hand_in(arena.contest, ada, upload["id"])
    with pytest.raises(Refused, match=r"the piece reaches past the end: 4 \+ 7 bytes of 10") as refused:
        uploads.add(arena.contest, ada, upload["id"], 4, b"4567890")
    assert refused.value.status == 422
    uploads.add(arena.contest, ada, upload["id"], 4, content[4:])
    assert uploads.add(arena.contest, ada, upload["id"], 10, b"")["offset"] == 10
    assert (arena.folder / "uploads" / upload["id"]).read_bytes() == content
    assert stat.S_IMODE((arena.folder / "uploads" / upload["id"]).stat().st_mode) == 0o600


def test_what_is_announced_must_make_sense(arena):
    (ada,), most = arena.team("Ada"), arena.contest.max_bytes
    for sha256 in ("", "A" * 64, "../" * 21 + "a", "0" * 63, "0" * 64 + "\n"):
        with pytest.raises(Refused, match="sha256 is 64 digits of 0-9 and a-f"):
            uploads.begin(arena.contest, ada, sha256, 10, "mine.csv")
    for size in (0, -1, most + 1, 2**63):
        with pytest.raises(Refused, match=r"MB; a right one has at most \d+\.\d MB. Is it the right file?") as refused:
            begin(arena, ada, b"x", size=size)
        assert refused.value.status == 413
    for name in ("", "/", "\x00", "x" * 121):
        with pytest.raises(Refused, match="a file's name has 1 to 120 letters"):
            begin(arena, ada, b"x", name)
    begin(arena, ada, b"x" * 9)
    with pytest.raises(Refused, match="this file was announced with 9 bytes before, now with 8"):
        begin(arena, ada, b"x" * 9, size=8)
    with pytest.raises(Refused, match="this needs a token for 'submit'"):
        begin(arena, arena.person("looks", "read"), b"x")


def test_a_name_stays_a_name(arena):
    (ada,) = arena.team("Ada")
    for name, kept in (("../../etc/passwd", "passwd"), ("C:\\my files\\a b.csv", "a b.csv"),
                       ("two\nlines\t.csv", "two lines .csv"), ("\u202evsc.exe", "vsc.exe"), ("..", "..")):  # fmt: skip
        content = name.encode()
        entry = arena.enter(ada, content, name)
        assert entry["name"] == kept
        assert (arena.folder / "entries" / entry["sha256"]).read_bytes() == content
        arena.wait(86400)
    upload = arena.send(ada, b"abc", "first.txt")
    assert arena.send(ada, b"abc", "then.csv") == upload
    assert entries.hand_in(arena.contest, ada, upload)[0]["name"] == "then.csv"


def test_a_piece_is_bounded(arena):
    (ada,) = arena.team("Ada")
    upload = begin(arena, ada, b"x")
    with pytest.raises(Refused, match=f"a piece has at most {PIECE} bytes; this has {PIECE + 1}") as refused:
        uploads.add(arena.contest, ada, upload["id"], 0, bytes(PIECE + 1))
    assert refused.value.status == 413


def test_an_upload_is_its_persons(arena, table_competition, tmp_path, store):
    (ada, bob), content = arena.team("Ada", "ada", "bob"), b"0123456789"
    upload = arena.send(ada, content)
    other = Arena(table_competition, tmp_path / "other", store)
    other.team("Ada", "ada")
    for contest, who, what in ((arena.contest, bob, upload), (other.contest, ada, upload), (arena.contest, ada, "0" * 32),
                               (arena.contest, ada, "../uploads"), (arena.contest, ada, "\ud800\x00")):  # fmt: skip
        for act in (lambda *a: uploads.state(*a), lambda *a: uploads.add(*a, 0, b"x"), lambda *a: entries.hand_in(*a)):
            with pytest.raises(Refused, match="there is no such upload of yours; announce the file first") as refused:
                act(contest, who, what)
            assert refused.value.status == 404


def test_what_others_handed_in_is_not_told(arena):
    """Neither that it is there, nor may it be handed in by who has only its SHA-256."""
    (ada, mate), (eve,) = arena.team("Ada", "ada", "mate"), arena.team("Eve")
    content = arena.file(0.7)
    arena.enter(ada, content)
    assert begin(arena, mate, content)["offset"] == len(content)  # the team's own is not sent twice
    upload = begin(arena, eve, content)
    assert upload["offset"] == 0
    with pytest.raises(Refused, match=f"the file is not whole yet: 0 of {len(content)} bytes are here"):
        entries.hand_in(arena.contest, eve, upload["id"])
    assert names(arena, "uploads") == [upload["id"]]


def test_a_damaged_file_is_sent_again(arena):
    (ada,), content = arena.team("Ada"), b"right"
    upload = begin(arena, ada, content)["id"]
    uploads.add(arena.contest, ada, upload, 0, b"wrong")
    with pytest.raises(Refused, match="the file was damaged on its way, or is not the one that was announced; send") as no:
        entries.hand_in(arena.contest, ada, upload)
    assert no.value.status == 422 and names(arena, "entries") == []
    assert begin(arena, ada, content) == {"id": upload, "offset": 0, "size": 5}
    uploads.add(arena.contest, ada, upload, 0, content)
    assert entries.hand_in(arena.contest, ada, upload)[1]


def test_a_fourth_file_takes_the_place_of_the_oldest(arena):
    (ada, bob) = arena.team("Ada", "ada", "bob")
    bobs = arena.send(bob, b"bob's")
    sent = []
    for n in range(3):
        arena.wait(1)
        sent.append(arena.send(ada, b"file %d" % n))
    arena.wait(1)
    arena.send(ada, b"file 0")  # is now the newest
    arena.wait(1)
    sent.append(arena.send(ada, b"file 3"))
    assert names(arena, "uploads") == sorted([bobs, sent[0], sent[2], sent[3]])
    with pytest.raises(Refused, match="there is no such upload of yours"):
        uploads.state(arena.contest, ada, sent[1])
    again = arena.send(ada, b"file 1")
    assert entries.hand_in(arena.contest, ada, again)[1]


def test_announcing_fills_neither_disk_nor_database(arena):
    (ada,) = arena.team("Ada")
    for n in range(30):
        begin(arena, ada, b"%d" % n)
    with arena.store.reading() as session:
        mine = select(func.count()).select_from(Upload).where(Upload.competition == arena.contest.name)
        assert session.scalar(mine) == uploads.UNFINISHED == len(names(arena, "uploads"))


def test_what_was_handed_in_is_kept_once(arena):
    (ada,), content = arena.team("Ada"), arena.file(0.7)
    upload = arena.send(ada, content)
    entry, new = entries.hand_in(arena.contest, ada, upload)
    assert new and entries.hand_in(arena.contest, ada, upload) == (entry, False)
    assert names(arena, "uploads") == [] and names(arena, "entries") == [entry["sha256"]]
    kept = arena.folder / "entries" / entry["sha256"]
    assert kept.read_bytes() == content and stat.S_IMODE(kept.stat().st_mode) == 0o400
    assert begin(arena, ada, content) == {"id": upload, "offset": len(content), "size": len(content)}
    assert names(arena, "uploads") == []
    for folder in ("entries", "uploads", "secret"):
        assert stat.S_IMODE((arena.folder / folder).stat().st_mode) == 0o700


def test_a_file_that_cannot_be_used_is_not_kept(arena):
    """Faulty files cost no entry: if they were kept, they would fill the disk."""
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    faulty = arena.enter(ada, b"faulty")
    arena.score()
    assert names(arena, "entries") == []
    told = entries.one(arena.contest, ada, faulty["id"])
    assert told["state"] == "refused" and arena.enter(ada, b"faulty") == told
    assert begin(arena, ada, b"faulty")["offset"] == 6
    one = arena.enter(ada, b"both")
    other = arena.enter(bob, b"both")
    waiting = entries.waiting(arena.contest)
    entries.keep(arena.contest, one["id"], _judge(arena, waiting[0]))
    assert names(arena, "entries") == [other["sha256"]]  # the other team's still waits for it
    entries.keep(arena.contest, other["id"], _judge(arena, waiting[1]))
    assert names(arena, "entries") == []


def _judge(arena, waiting):
    from autograder.competition.scoring import score_file

    return score_file(str(arena.folder), waiting[2], waiting[3])


def test_a_file_that_vanished_is_sent_again(arena):
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    arena.enter(bob, b"abc")  # that another team's is here helps nobody
    upload = arena.send(ada, b"abc")
    (arena.folder / "uploads" / upload).unlink()
    with pytest.raises(Refused, match="the file is not whole yet: 0 of 3 bytes"):
        entries.hand_in(arena.contest, ada, upload)
    with pytest.raises(Refused, match="the file is not here any more; announce it and send it again"):
        uploads.add(arena.contest, ada, upload, 0, b"abc")
    assert arena.send(ada, b"abc") == upload
    assert entries.hand_in(arena.contest, ada, upload)[1]


def test_the_same_piece_twice_at_once_is_added_once(arena):
    """As when a client gives up waiting and sends it again."""
    (ada,) = arena.team("Ada")
    piece = os.urandom(10_000)
    content = piece * 2
    upload = begin(arena, ada, content)["id"]

    def add(_):
        try:
            return uploads.add(arena.contest, ada, upload, 0, piece)["offset"]
        except Misplaced as misplaced:
            return misplaced.offset

    path = arena.folder / "uploads" / upload
    with ThreadPoolExecutor(8) as pool, path.open("ab", buffering=0) as first:
        fcntl.flock(first, fcntl.LOCK_EX)  # the first is at it while the others begin
        others = [pool.submit(add, n) for n in range(8)]
        until = time.monotonic() + 10
        while _waiting_for(path) < 8 and time.monotonic() < until:
            time.sleep(0.01)
        first.write(piece)
        fcntl.flock(first, fcntl.LOCK_UN)
        assert {other.result() for other in others} == {len(piece)}
    assert path.read_bytes() == piece


def _waiting_for(path):
    """How many wait for a lock of this file, as the kernel says."""
    number = f":{path.stat().st_ino} "
    return sum("->" in line and number in line for line in Path("/proc/locks").read_text().splitlines())


def test_a_full_disk_is_said_and_the_upload_goes_on_later(arena):
    """What a process may write is bounded, so that the system refuses in the middle of a piece."""
    (ada,), content = arena.team("Ada"), bytes(range(256)) * 20_000
    upload = begin(arena, ada, b"x" * len(content), size=min(len(content), arena.contest.max_bytes))
    content = b"x" * upload["size"]
    before, half = resource.getrlimit(resource.RLIMIT_FSIZE), len(content) // 2
    resource.setrlimit(resource.RLIMIT_FSIZE, (half, before[1]))
    try:
        with pytest.raises(Refused, match=r"the server cannot keep the file \(File too large\); nothing was counted") as no:
            uploads.add(arena.contest, ada, upload["id"], 0, content)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert no.value.status == 507
    assert uploads.state(arena.contest, ada, upload["id"])["offset"] == half
    assert uploads.add(arena.contest, ada, upload["id"], half, content[half:])["offset"] == len(content)


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=1, max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=12), st.data())
def test_whatever_pieces_come_the_file_is_what_was_announced(shared, content, pieces, data):
    who = shared.person("ada")
    upload = begin(shared, who, content)["id"]
    stands = uploads.state(shared.contest, who, upload)["offset"]
    for offset, length in pieces:
        piece = content[offset:offset + length]
        try:
            told = uploads.add(shared.contest, who, upload, offset, piece)["offset"]
            assert offset == stands and told == offset + len(piece)
            stands = told
        except Misplaced as misplaced:
            assert misplaced.offset == stands != offset
        assert (shared.folder / "uploads" / upload).read_bytes() == content[:stands]
    uploads.add(shared.contest, who, upload, stands, content[stands:])
    uploads.settle(shared.contest, who, upload)
