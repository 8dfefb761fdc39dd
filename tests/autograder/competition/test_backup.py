"""One file has everything, whatever goes on while it is made; what comes out of it is what went in, or nothing at all."""

import hashlib
import json
import os
import resource
import shutil
import sqlite3
import stat
import threading
import zipfile
from contextlib import closing

import numpy as np
import pytest
from a_contest import Arena, Clocked
from postgres import Cluster
from sqlalchemy import create_engine, select

from autograder.competition import database_copy, entries, messages, teams
from autograder.competition.backup import backup, restore
from autograder.competition.board import board
from autograder.competition.channels import hook
from autograder.competition.contest import Contest
from autograder.competition.database_copy import BackupError
from autograder.competition.tables import Entry


def filled(arena):
    """Teams with entries, scored, refused and waiting, a message and a mark."""
    (ada, bea), (cy,) = arena.team("Deep", "ada", "bea"), arena.team("Wide", "cy")
    arena.enter(ada, arena.file(0.8), tried="a wider net")
    arena.enter(cy, arena.file(0.5))
    arena.enter(cy, b"site,date,value\nnone,of,them\n", "bad.csv")
    arena.score()
    arena.enter(bea, arena.file(0.9, seed=2))
    messages.post(arena.contest, arena.advisor, "announcement", "Welcome!")
    teams.mark(arena.contest, arena.advisor, "Deep", 12, "")
    return ada


@pytest.fixture(scope="module")
def arena(table_competition, tmp_path_factory):
    folder = tmp_path_factory.mktemp("running")
    arena = Arena(table_competition, folder, Clocked(f"sqlite:///{folder}/board.sqlite"), daily=1000, total=10_000,
                  channels={"room": {"kind": "slack", "url_file": "secret/room.url"}})
    (arena.folder / "secret" / "room.url").write_text("https://hooks.example.org/x")
    arena.ada = filled(arena)
    hook(arena.contest, "room")
    return arena


@pytest.fixture(scope="module")
def archive(arena, tmp_path_factory):
    out = tmp_path_factory.mktemp("kept") / "board.zip"
    backup([arena.folder], url(arena), out)
    return out


def url(arena):
    return str(arena.store.engine.url)


def again(folder, clock, database=None):
    """The competition in a folder that came out of an archive."""
    store = Clocked(database or f"sqlite:///{folder.parent}/board.sqlite")
    store.at = clock
    return Contest(folder, store)


def is_whole(folder, database):
    """See that the file of every entry in the database is there, and unchanged; how many there are."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("select sha256 from entries where state != 'refused'").fetchall()
    for (sha256,) in found:
        assert hashlib.sha256((folder / "entries" / sha256).read_bytes()).hexdigest() == sha256
    return len(found)


def test_everything_comes_back_as_it_was(arena, archive, tmp_path):
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert os.listdir(archive.parent) == ["board.zip"]
    said = restore(archive, tmp_path / "new" / "place")
    secret = tmp_path / "new" / "place" / arena.contest.name / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret.iterdir()} == {0o600}
    contest = again(secret.parent, arena.store.at)
    assert "autograder board serve" in said and str(contest.folder) in said and "MISSING" not in said
    arena.contest.score_benchmarks()
    contest.score_benchmarks()
    assert board(contest) == board(arena.contest) and len(board(contest)["rows"]) == 3
    before, after = (entries.one(one, arena.ada, 1) for one in (arena.contest, contest))
    assert before == after and after["receipt"].startswith("RCPT-") and after["tried"] == "a wider net"
    assert contest.inputs_sha256 == arena.contest.inputs_sha256 and hook(contest, "room") == hook(arena.contest, "room")
    assert contest.store.broken_line(contest.name) is None
    assert messages.listed(contest) == messages.listed(arena.contest)
    assert is_whole(contest.folder, tmp_path / "new" / "place" / "board.sqlite") == 3
    assert stat.S_IMODE((tmp_path / "new" / "place" / "board.sqlite").stat().st_mode) == 0o600
    # and it goes on from there: what waited is scored, and a new file is taken
    revived = object.__new__(Arena)
    vars(revived).update(vars(arena) | {"folder": contest.folder, "contest": contest, "store": contest.store})
    revived.score()
    assert revived.try_out(arena.ada, 0.95, seed=5)["improved"]


def test_a_backup_while_teams_hand_in_has_the_file_of_every_entry(table_competition, tmp_path):
    running = Arena(table_competition, tmp_path, Clocked(f"sqlite:///{tmp_path}/board.sqlite"), daily=1000, total=10_000)
    callers = [running.team(name, name.lower())[0] for name in ("Ada", "Bea", "Cy")]
    trouble, ended = [], threading.Event()

    def hand_in(who, seed):
        try:
            for number in range(400):
                if ended.is_set():
                    return
                bad = number % 4 == 3  # its file is thrown away again
                running.enter(who, f"no table {seed} {number}".encode() if bad else running.file(0.5, seed=1000 * seed + number))
        except Exception as error:
            trouble.append(error)

    def score():
        try:
            while not ended.is_set():
                running.score()
        except Exception as error:
            trouble.append(error)

    threads = [threading.Thread(target=hand_in, args=(who, seed)) for seed, who in enumerate(callers)]
    threads.append(threading.Thread(target=score))
    for thread in threads:
        thread.start()
    said = [backup([running.folder], url(running), tmp_path / f"{number}.zip") for number in range(4)]
    ended.set()
    for thread in threads:
        thread.join()
    assert trouble == [] and "MISSING" not in "".join(said)
    counts = []
    for number in range(4):
        restore(tmp_path / f"{number}.zip", tmp_path / f"back{number}")
        contest = again(tmp_path / f"back{number}" / running.contest.name, running.store.at)
        counts.append(is_whole(contest.folder, tmp_path / f"back{number}" / "board.sqlite"))
        assert contest.store.broken_line(contest.name) is None
    assert counts == sorted(counts) and counts[-1] > counts[0]


def test_a_file_that_is_thrown_away_in_between_is_missed_by_nobody(table_competition, tmp_path, monkeypatch):
    running = Arena(table_competition, tmp_path, Clocked(f"sqlite:///{tmp_path}/board.sqlite"))
    running.enter(running.team("Ada")[0], b"no table")
    copy = database_copy.copy

    def copy_and_then_it_is_refused(*args):
        found = copy(*args)
        running.score()
        return found

    monkeypatch.setattr(database_copy, "copy", copy_and_then_it_is_refused)
    assert "MISSING" not in backup([running.folder], url(running), tmp_path / "x.zip")
    restore(tmp_path / "x.zip", tmp_path / "new")
    with closing(sqlite3.connect(tmp_path / "new" / "board.sqlite")) as connection:
        assert connection.execute("select state from entries").fetchall() == [("refused",)]


def test_nothing_is_overwritten(arena, archive, tmp_path):
    for there in (archive, tmp_path / "x.zip"):
        there.exists() or there.write_text("mine")
        with pytest.raises(BackupError, match="is there already; name another file, or remove it"):
            backup([arena.folder], url(arena), there)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    for there in (tmp_path / "full", tmp_path / "x.zip"):
        with pytest.raises(BackupError, match="is there already and not empty; name a new folder"):
            restore(archive, there)
    (tmp_path / "old.sqlite").touch()
    with pytest.raises(BackupError, match="old.sqlite is there already; name another one"):
        restore(archive, tmp_path / "new", f"sqlite:///{tmp_path}/old.sqlite")
    with pytest.raises(BackupError, match="competition.yaml is the place of another file of the backup"):
        restore(archive, tmp_path / "new", f"sqlite:///{tmp_path}/new/{arena.contest.name}/competition.yaml")
    assert sorted(os.listdir(tmp_path)) == ["full", "old.sqlite", "x.zip"] and (tmp_path / "x.zip").read_text() == "mine"


def test_the_database_can_be_elsewhere_and_the_folder_there_and_empty(arena, archive, tmp_path):
    (tmp_path / "empty").mkdir()
    restore(archive, tmp_path / "empty", f"sqlite:///{tmp_path}/here.sqlite")
    assert sorted(os.listdir(tmp_path)) == ["empty", "here.sqlite"] and os.listdir(tmp_path / "empty") == [arena.contest.name]
    assert is_whole(tmp_path / "empty" / arena.contest.name, tmp_path / "here.sqlite") == 3
    restore(archive, tmp_path / "new", f"sqlite:///{tmp_path}/new/state/board.sqlite")
    assert is_whole(tmp_path / "new" / arena.contest.name, tmp_path / "new" / "state" / "board.sqlite") == 3
    with pytest.raises(BackupError, match="there is no folder .*gone for the database; make it first"):
        restore(archive, tmp_path / "other", f"sqlite:///{tmp_path}/gone/board.sqlite")
    assert not (tmp_path / "other").exists()


def test_a_damaged_archive_brings_nothing_back(archive, tmp_path):
    whole, rng = archive.read_bytes(), np.random.default_rng(0)
    damaged = [whole[:-1], whole[: len(whole) // 2], b"", b"PK\x05\x06" + bytes(18), whole[100:], whole + whole]
    for at in rng.integers(0, len(whole), 50):
        damaged.append(whole[:at] + bytes([whole[at] ^ (1 << int(rng.integers(8)))]) + whole[at + 1 :])
    restore(archive, tmp_path / "right")
    right, refused = files(tmp_path / "right"), 0
    for number, content in enumerate(damaged):
        (tmp_path / "bad.zip").write_bytes(content)
        try:
            restore(tmp_path / "bad.zip", tmp_path / "deep" / "new")
        except BackupError as error:
            refused += 1
            assert "bad.zip is damaged or no backup of ours" in str(error) or "the version that wrote it" in str(error)
            assert "Traceback" not in str(error) and not (tmp_path / "deep").exists()
        else:  # what was turned over is a date, or something else that nobody reads
            assert files(tmp_path / "deep" / "new") == right, number
            shutil.rmtree(tmp_path / "deep")
    assert refused > 40 and sorted(os.listdir(tmp_path)) == ["bad.zip", "right"]
    with pytest.raises(BackupError, match=r"there is no file .*gone.zip"):
        restore(tmp_path / "gone.zip", tmp_path / "new")


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def packed_otherwise(archive, out, change, mode=0o100600):
    """The archive as somebody else might have packed it: `change(files, manifest)`, files being name -> content."""
    with zipfile.ZipFile(archive) as source:
        files = {name: source.read(name) for name in source.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    change(files, manifest)
    with zipfile.ZipFile(out, "w") as target:
        for name, data in (*files.items(), ("manifest.json", json.dumps(manifest).encode())):
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode if name.endswith("evil") else 0o100600) << 16
            target.writestr(info, data)
    return out


def with_file(name, listed=True, data=b"x"):
    def change(files, manifest):
        files[name] = data
        if listed:
            manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    return change


def with_manifest(**said):
    return lambda files, manifest: manifest.update(said)


def with_end_of_database(end):
    return lambda files, manifest: files.update({"database.sqlite": files["database.sqlite"][:-1] + end})


@pytest.mark.parametrize("name", ["../evil", "competitions/{0}/../../../evil", "/tmp/evil", "competitions/other/evil", "evil",
                                  "competitions/{0}/./evil", "competitions/{0}//evil", "competitions\\{0}\\evil", "C:/evil",
                                  "competitions/{0}/a\nevil", "competitions/evil", "competitions/{0}/" + "x" * 300 + "evil"])
def test_no_file_leads_outside(arena, archive, tmp_path, name):
    bad = packed_otherwise(archive, tmp_path / "bad.zip", with_file(name.format(arena.contest.name)))
    with pytest.raises(BackupError, match="is damaged or no backup of ours") as refused:
        restore(bad, tmp_path / "a" / "b")
    assert "is no place for a file of a competition" in str(refused.value) and os.listdir(tmp_path) == ["bad.zip"]


@pytest.mark.parametrize(("change", "mode", "words"), [
    (with_file("competitions/{0}/evil"), 0o120777, "is no plain file"),
    (with_file("competitions/{0}/evil"), 0o060600, "is no plain file"),
    (with_file("competitions/{0}/evil", listed=False), 0o100600, "it has other files than its manifest says"),
    (with_manifest(format=2), 0, "has the format 2, and this version reads format 1: use the version that wrote it"),
    (with_manifest(competitions=["../x"]), 0, "its manifest says what no backup says"),
    (with_manifest(competitions="ab"), 0, "its manifest says what no backup says"),
    (with_manifest(files=[]), 0, "its manifest says what no backup says"),
    (with_manifest(format=None), 0, "has the format None, and this version reads format 1"),
    (with_manifest(files={}), 0, "its manifest says what no backup says"),
    (with_manifest(database="oracle"), 0, "its manifest says what no backup says"),
    (with_manifest(missing=[1]), 0, "its manifest says what no backup says"),
    (lambda files, manifest: manifest.pop("made"), 0, "its manifest says what no backup says"),
    (lambda files, manifest: files.pop("database.sqlite"), 0, "it has other files than its manifest says"),
    (with_end_of_database(b""), 0, "has another size than its manifest says"),
    (with_end_of_database(b"!"), 0, "database.sqlite is not what was packed"),
])
def test_an_archive_that_says_something_else_is_refused(arena, archive, tmp_path, change, mode, words):
    def named(files, manifest):
        change(files, manifest)
        for kept in (files, manifest["files"] or {}):
            for name in [one for one in kept if "{0}" in one]:
                kept[name.format(arena.contest.name)] = kept.pop(name)

    bad = packed_otherwise(archive, tmp_path / "bad.zip", named, mode)
    with pytest.raises(BackupError) as refused:
        restore(bad, tmp_path / "new")
    assert words in str(refused.value) and os.listdir(tmp_path) == ["bad.zip"]


def test_a_copy_that_is_no_sound_database_is_refused(archive, tmp_path):
    def change(files, manifest):
        data = bytearray(files["database.sqlite"])
        data[4096:8192] = os.urandom(4096)
        with_file("database.sqlite", data=bytes(data))(files, manifest)

    with pytest.raises(BackupError, match=r"the copy of the database is damaged \(.*\); nothing was brought back"):
        restore(packed_otherwise(archive, tmp_path / "bad.zip", change), tmp_path / "new")
    assert os.listdir(tmp_path) == ["bad.zip"]


def test_what_cannot_be_packed_is_said(arena, tmp_path):
    where = tmp_path / "out"
    where.mkdir()
    for folders, database, out, words in (
            ([tmp_path], url(arena), where / "x.zip", "is no competition: it has no competition.yaml"),
            ([arena.folder] * 2, url(arena), where / "x.zip", "two competitions are called"),
            ([arena.folder], url(arena), arena.folder / "x.zip", "lies in the folder of a competition, which is to be packed"),
            ([arena.folder], url(arena), where / "gone" / "x.zip", "x.zip cannot be written: No such file or directory"),
            ([arena.folder], f"sqlite:///{tmp_path}/gone.sqlite", where / "x.zip", "there is no database"),
            ([arena.folder], "sqlite://", where / "x.zip", "a database of the kind sqlite cannot be copied"),
            ([arena.folder], "mysql+pymysql://u:geheim@h/d", where / "x.zip", "a database of the kind mysql cannot be copied"),
            ([arena.folder], "geheim", where / "x.zip", "expected the database's address as sqlite:///PATH")):  # fmt: skip
        with pytest.raises(BackupError) as refused:
            backup(folders, database, out)
        assert words in str(refused.value) and "geheim" not in str(refused.value)
    for name, text in (("none.sqlite", b""), ("text.sqlite", b"text " * 1000)):
        (tmp_path / name).write_bytes(text)
        with pytest.raises(BackupError, match="there is no database|cannot be copied: file is not a database"):
            backup([arena.folder], f"sqlite:///{tmp_path / name}", where / "x.zip")
    sqlite3.connect(tmp_path / "other.sqlite").execute("create table t (x)").connection.close()
    with pytest.raises(BackupError, match="the database does not answer or is no board's"):
        backup([arena.folder], f"sqlite:///{tmp_path}/other.sqlite", where / "x.zip")
    assert os.listdir(where) == []


def test_a_full_disk_leaves_nothing_behind(arena, archive, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # no file may be longer
    try:
        with pytest.raises(BackupError, match="cannot be (written|copied): "):
            backup([arena.folder], url(arena), tmp_path / "x.zip")
        with pytest.raises(BackupError, match="cannot be brought back to .*: File too large; nothing is left"):
            restore(archive, tmp_path / "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


def test_what_is_missing_is_named_and_the_rest_is_kept(table_competition, tmp_path):
    running = Arena(table_competition, tmp_path, Clocked(f"sqlite:///{tmp_path}/board.sqlite"), channels={
        "room": {"kind": "teams", "url_file": "../elsewhere.url"}})  # fmt: skip
    other = Arena(table_competition, tmp_path / "other", running.store)
    filled(running)
    filled(other)
    kept = sorted((running.folder / "entries").iterdir())
    kept[0].unlink()
    kept[1].chmod(0o600)
    kept[1].write_text("somebody was here")
    (running.folder / "data").mkdir()
    (running.folder / "data" / "map.txt").write_text("packed too")
    said = backup([running.folder], url(running), tmp_path).splitlines()
    assert [line for line in said if line.startswith("MISSING")] == [
        f"MISSING: the folder of {other.contest.name}, of which the database has entries",
        f"MISSING: ../elsewhere.url, which the rules of {running.contest.name} name: it lies outside the competition's folder",
        f"MISSING: the file of an entry of {running.contest.name}, {kept[0].name}",
        f"MISSING: the file of an entry of {running.contest.name}, {kept[1].name}: what lies there is another file"]
    [archive] = tmp_path.glob("board-*Z.zip")
    assert "MISSING since before the backup" in restore(archive, tmp_path / "new")
    assert (tmp_path / "new" / running.contest.name / "data" / "map.txt").read_text() == "packed too"
    (running.folder / "shortcut").symlink_to(tmp_path)
    with pytest.raises(BackupError, match="shortcut is a link to a folder, which is not followed"):
        backup([running.folder], url(running), tmp_path / "x.zip")
    (running.folder / "shortcut").unlink()
    (running.folder / "a\nb").touch()
    with pytest.raises(BackupError, match=r"a\\nb' has a name that cannot be packed; give it another"):
        backup([running.folder], url(running), tmp_path / "x.zip")


def test_a_postgresql_is_copied_by_its_own_programs(table_competition, archive, tmp_path, monkeypatch):
    pytest.importorskip("psycopg2", reason='no psycopg2: pip install "dla-course-kit[datacube]"')
    with Cluster() as server:
        monkeypatch.setenv("PATH", f"{server.bin}:{os.environ['PATH']}")
        running = Arena(table_competition, tmp_path, Clocked(server.url))
        ada = filled(running)
        said = backup([running.folder], server.url, tmp_path / "x.zip")
        assert "MISSING" not in said
        with pytest.raises(BackupError, match="the database has .* tables already; make an empty one with createdb"):
            restore(tmp_path / "x.zip", tmp_path / "new", server.url)
        server.run("createdb", "-h", str(server.home), "-U", "dla", "second")
        second = server.url.replace("/dla?", "/second?")
        with pytest.raises(BackupError, match="say with --database which empty one shall have it"):
            restore(tmp_path / "x.zip", tmp_path / "new")
        with pytest.raises(BackupError, match="of the kind postgresql, and the address is one of sqlite"):
            restore(tmp_path / "x.zip", tmp_path / "new", f"sqlite:///{tmp_path}/new.sqlite")
        with pytest.raises(BackupError, match="of the kind sqlite, and the address is one of postgresql"):
            restore(archive, tmp_path / "new", second)
        assert not (tmp_path / "new").exists()
        restore(tmp_path / "x.zip", tmp_path / "new", second)
        contest = again(tmp_path / "new" / running.contest.name, running.store.at, second)
        assert os.listdir(tmp_path / "new") == [running.contest.name]
        assert board(contest) == board(running.contest) and contest.store.broken_line(contest.name) is None
        assert entries.one(contest, ada, 1) == entries.one(running.contest, ada, 1)
        with create_engine(second).connect() as connection:
            for sha256 in connection.scalars(select(Entry.sha256).where(Entry.state != "refused")):
                assert (contest.folder / "entries" / sha256).is_file()
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(BackupError, match="pg_dump is not on PATH, without which a PostgreSQL cannot be copied"):
            backup([running.folder], server.url, tmp_path / "y.zip")
        for one in (contest, running.contest):
            one.store.engine.dispose()
    monkeypatch.undo()
    with pytest.raises(BackupError, match="the database does not answer"):
        backup([running.folder], server.url, tmp_path / "y.zip")
