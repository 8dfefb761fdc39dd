"""The database: all or nothing, one state for who reads, an audit log that tells of changes, and trouble said in a sentence."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from a_contest import Clocked
from sqlalchemy import event, select, text

from autograder.competition import board, contest, entries, messages, teams
from autograder.competition.contest import Contest
from autograder.competition.store import Refused, Store, plain
from autograder.competition.tables import Competition, Event


@pytest.fixture
def store(tmp_path):
    opened = Clocked(f"sqlite:///{tmp_path}/board.sqlite")
    yield opened
    opened.engine.dispose()


def lines(store, competition="c"):
    with store.reading() as session:
        return session.execute(select(Event.id, Event.what).where(Event.competition == competition).order_by(Event.id)).all()


def note(store, *whats, competition="c"):
    for what in whats:
        with store.writing(competition) as session:
            store.note(session, competition, "ada", what, more=[1.5, None, "ß"])


def test_sqlite_survives_a_power_cut_and_readers_do_not_wait(store):
    with store.reading() as session:
        said = [session.scalar(text(f"pragma {what}")) for what in ("journal_mode", "synchronous", "foreign_keys")]
    assert said == ["wal", 2, 1]
    with store.writing("c") as session:
        store.note(session, "c", "ada", "one")
        with ThreadPoolExecutor(1) as other:
            assert other.submit(lines, store).result(5) == []
    assert [what for _, what in lines(store)] == ["one"]


def test_changes_are_kept_all_or_none(store):
    note(store, "one")
    with pytest.raises(ZeroDivisionError), store.writing("c") as session:
        store.note(session, "c", "ada", "two")
        session.execute(select(1 / 0))
    assert [what for _, what in lines(store)] == ["one"]
    with store.reading() as session:
        assert session.get(Competition, "c").version == 1


def test_a_line_has_the_time_of_the_stores_own_clock(store):
    note(store, "one")
    store.at += 5
    note(store, "two")
    with store.reading() as session:
        assert session.scalars(select(Event.at).order_by(Event.id)).all() == [store.at - 5, store.at]
    assert abs(Store.now() - __import__("time").time()) < 5


@pytest.mark.parametrize("harm, found", [
    ("update events set who = 'eve' where id = 3", 3),
    ("update events set details = replace(details, '1.5', '2.5') where id = 3", 3),
    ("update events set at = at + 1 where id = 1", 1),
    ("update events set competition = 'other' where id = 2", 3),
    ("delete from events where id = 3", 4),
    ("delete from events where id = 1", 2),
    ("delete from events where id = 5", 5),
    ("delete from events where id > 3", 4),
    ("delete from events", 1),
])  # fmt: skip
def test_a_changed_or_missing_line_is_found(store, tmp_path, harm, found):
    note(store, "one", "two", "three", "four", "five")
    assert store.broken_line("c") is None and store.broken_line("nothing") is None
    with sqlite3.connect(tmp_path / "board.sqlite") as raw:
        raw.execute(harm)
    assert store.broken_line("c") == found


def test_each_competition_has_a_chain_of_its_own(store):
    note(store, "one", competition="a")
    note(store, "one", competition="b")
    note(store, "two", competition="a")
    assert store.broken_line("a") is store.broken_line("b") is None


def test_a_clock_that_went_back_takes_nothing_until_it_is_right(arena):
    (ada,) = arena.team("Ada")
    arena.try_out(ada, 0.6)
    now, upload = arena.store.at, arena.send(ada, arena.file(0.7))
    arena.store.at = now - 60  # set right by so much a clock may be
    messages.post(arena.contest, ada, "question", "what time is it?")
    arena.store.at = now - 61.2
    for act in (lambda: entries.hand_in(arena.contest, ada, upload), lambda: teams.leave(arena.contest, ada),
                lambda: arena.contest.close(arena.advisor)):  # fmt: skip
        with pytest.raises(Refused, match="the server's clock went back by 61 s since the last entry; nothing is taken") as no:
            act()
        assert (no.value.status, no.value.come_again) == (503, 60)
    again = Contest(arena.folder, arena.store)  # the service starts nevertheless, and shows the board
    assert board.board(again)["rows"][0]["score"] == 0.6
    arena.store.at = now
    assert entries.hand_in(arena.contest, ada, upload)[1]


def test_a_full_disk_counts_nothing_and_loses_nothing(arena):
    """SQLite itself says that it is full, once it may have no more pages."""
    (ada,), store = arena.team("Ada"), arena.store
    told = arena.try_out(ada, 0.6)
    upload, card = arena.send(ada, arena.file(0.7)), {"tried": "x" * 4000, "learned": "y" * 4000}
    with store.reading() as session:
        pages = session.scalar(text("pragma page_count"))

    def bound(connection, *_):
        connection.execute(f"pragma max_page_count={pages}")

    event.listen(store.engine, "checkout", bound)
    before = board.team_page(arena.contest, ada)
    with pytest.raises(Refused, match="^the server's disk is full; nothing was counted. Tell your advisor, and send") as no:
        entries.hand_in(arena.contest, ada, upload, **card)
    assert no.value.status == 507
    assert board.team_page(arena.contest, ada) == before and before["left_today"] == 4
    assert before["entries"] == [told] and store.broken_line(arena.contest.name) is None
    event.remove(store.engine, "checkout", bound)
    pages = 2**30
    event.listen(store.engine, "checkout", bound)
    assert arena.send(ada, arena.file(0.7)) == upload  # nothing is sent again
    entry, new = entries.hand_in(arena.contest, ada, upload, **card)
    assert new and entry["tried"] == "x" * 4000
    arena.score()
    assert entries.one(arena.contest, ada, entry["id"])["score"] == 0.7


def test_a_database_that_is_locked_is_said(store, tmp_path):
    event.listen(store.engine, "checkout", lambda connection, *_: connection.execute("pragma busy_timeout=20"))
    with sqlite3.connect(tmp_path / "board.sqlite", isolation_level=None) as raw:
        raw.execute("begin immediate")
        with pytest.raises(Refused, match=r"the database does not answer \(OperationalError\); nothing was counted. Try") as no:
            note(store, "one")
        assert (no.value.status, no.value.come_again) == (503, 30)
        assert lines(store) == []
    raw.close()
    note(store, "one")


def test_a_file_that_is_no_database_is_said(tmp_path):
    (tmp_path / "board.sqlite").write_bytes(b"no database " * 1000)
    with pytest.raises(Refused, match=r"the database does not answer \(DatabaseError\)"):
        Store(f"sqlite:///{tmp_path}/board.sqlite")
    with pytest.raises(Refused, match=r"the database does not answer \(OperationalError\)"):
        Store(f"sqlite:///{tmp_path}/nowhere/board.sqlite")


def test_our_own_faults_are_not_the_databases(store):
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), store.changing() as session:
        session.execute(text("insert into teams (id) values (1)"))


def test_the_key_of_receipts_is_drawn_once_and_whole(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(contest._key, [tmp_path / "receipts.key"] * 16))
    assert len(keys) == 1 and len(keys.pop()) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["receipts.key"]
    assert (tmp_path / "receipts.key").stat().st_mode & 0o777 == 0o600


def test_marks_that_nobody_reads_cost_no_time_and_reach_nobody():
    assert plain(" a\u202eb\r\nc\x00 ", 10, "a text") == "ab\nc" and plain("e\u0301" * 50, 60, "a text") == "é" * 50
    for heap in ("\u0345" * 25_000 + "\u0334" * 25_000, "\u0345\x00" * 40, "a" + "\u0315\u0300" * 16):
        with pytest.raises(Refused, match="a text has at most 30 accents on a letter"):
            plain(heap, 100_000, "a text")
