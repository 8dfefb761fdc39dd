"""What must be so on both databases: the migrations, many at once, and a whole competition; and what only PostgreSQL does."""

import hashlib
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
import yaml
from a_contest import Arena, Clocked
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgres import Cluster
from sqlalchemy import func, select, text

from autograder.competition import board, entries, people, teams, uploads
from autograder.competition.making import make, new
from autograder.competition.rules import read_rules
from autograder.competition.store import Refused, Store
from autograder.competition.tables import Base, Competition, Entry, Event, Person
from autograder.competition.truth import open_truth
from autograder.competition.uploads import Misplaced
from dla_widgets.competition import write_submission
from dla_widgets.leaderboard.inputs import expected


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("psycopg2", reason='no psycopg2: pip install "dla-course-kit[datacube]"')
    with Cluster() as running:
        yield running


def database(request, name: str) -> str:
    """The address of an empty database: of a new SQLite file, or in the PostgreSQL of these tests."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path_factory').mktemp(name)}/board.sqlite"
    cluster = request.getfixturevalue("cluster")
    cluster.run("createdb", "-h", str(cluster.home), "-U", "dla", name)
    return cluster.url.replace("/dla?", f"/{name}?")


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request):
    return database(request, f"empty_{request.node.name.split('[')[0]}"[:60])


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(request):
    opened = Clocked(database(request, "board"))
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def rivers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "rivers"
    new(folder, "streamflow")
    path = folder / "competition.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"truth": {"seed": "secret/seed", "count": 8},
                                                                       "benchmarks": []}))  # fmt: skip
    make(folder)
    return folder


def test_the_migrations_make_the_tables(empty):
    store = Store(empty)
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == "0002"
        connection.execute(text("drop index ix_entries_ranked"))  # the comparison can fail
        assert [change[0] for change in compare_metadata(context, Base.metadata)] == ["add_index"]
    store.engine.dispose()


def _open(url, failed):
    try:
        for _ in range(2):
            store = Store(url)
            store.know("rivers")
            store.engine.dispose()
    except BaseException as error:
        failed.put(repr(error))
        raise


def test_several_programs_may_open_a_new_database_at_once(empty):
    fork = multiprocessing.get_context("fork")
    failed = fork.Queue()
    programs = [fork.Process(target=_open, args=(empty, failed)) for _ in range(4)]
    for program in programs:
        program.start()
    for program in programs:
        program.join(60)
    assert [program.exitcode for program in programs] == [0] * 4, failed.get(timeout=1)


def test_who_reads_sees_one_state(store):
    store.know("one-state")
    with store.reading() as session:
        count = select(func.count()).select_from(Event).where(Event.competition == "one-state")
        assert session.scalar(count) == 0
        with store.writing("one-state") as other:
            store.note(other, "one-state", "ada", "meanwhile")
        assert session.scalar(count) == 0
    with store.reading() as session:
        assert session.scalar(count) == 1


def at_once(act, what, threads=6):
    """What `act` makes of each of `what`, by threads that begin together; refusals are answers too."""
    def tried(one):
        try:
            return act(one)
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(tried, what))


def stubbornly(arena, who, content):
    """Upload as a client does that is told where to go on, and hand in."""
    upload = uploads.begin(arena.contest, who, hashlib.sha256(content).hexdigest(), len(content), "mine.csv")
    while upload["offset"] < len(content):
        try:
            upload = uploads.add(arena.contest, who, upload["id"], upload["offset"], content[upload["offset"]:][:5000])
        except Misplaced as misplaced:
            upload["offset"] = misplaced.offset
    return entries.hand_in(arena.contest, who, upload["id"])


def test_the_same_file_at_once_is_one_entry(table_competition, tmp_path, store):
    arena = Arena(table_competition, tmp_path, store)
    ada, bob = arena.team("Ada", "ada", "bob")
    content = arena.file(0.7)
    answers = at_once(lambda who: stubbornly(arena, who, content), [ada, bob] * 6)
    assert [new for _, new in answers].count(True) == 1
    assert len({entry["id"] for entry, _ in answers}) == 1 and len({entry["receipt"] for entry, _ in answers}) == 1
    mine = board.team_page(arena.contest, ada)
    assert (len(mine["entries"]), mine["left_today"]) == (1, 4)
    assert [path.name for path in (arena.folder / "entries").iterdir()] == [mine["entries"][0]["sha256"]]


def test_different_files_at_once_never_exceed_the_limit(table_competition, tmp_path, store):
    arena = Arena(table_competition, tmp_path, store, daily=4)
    members = arena.team("Ada", "ada", "bob", "cleo", "dan")
    sent = [(who, b"%d" % n) for n, who in enumerate(members * 3)]
    ready = [(who, arena.send(who, content)) for who, content in sent]
    answers = at_once(lambda one: entries.hand_in(arena.contest, *one), ready)
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 8 and {(one.status, str(one)[:34]) for one in refused} == {(429, "the 4 entries of today are spent; ")}
    mine = board.team_page(arena.contest, members[0])
    assert (len(mine["entries"]), mine["left_today"], mine["left_total"]) == (4, 0, 96)
    assert len(list((arena.folder / "entries").iterdir())) == 4 and len(list((arena.folder / "uploads").iterdir())) == 8
    assert store.broken_line(arena.contest.name) is None


def test_a_place_in_a_team_and_a_name_are_given_once(table_competition, tmp_path, store):
    arena = Arena(table_competition, tmp_path, store, team_size=2)
    (ada,) = arena.team("Ada")
    code = board.team_page(arena.contest, ada)["code"]
    learners = [arena.person(f"learner {n}") for n in range(6)]
    joined = at_once(lambda who: teams.join(arena.contest, who, code), learners)
    assert [isinstance(one, Refused) for one in joined].count(False) == 1
    others = [who for who, answer in zip(learners, joined) if isinstance(answer, Refused)]
    made = at_once(lambda who: teams.create(arena.contest, who, "Best", "UTC"), others)
    assert [isinstance(one, Refused) for one in made].count(False) == 1


def test_somebody_new_who_asks_often_is_one_person(store):
    def known(_):
        with store.changing() as session:
            return people.person(session, "somebody new").id

    assert len(set(at_once(known, range(12)))) == 1
    with store.reading() as session:
        assert session.scalar(select(func.count()).where(Person.name == "somebody new")) == 1


def test_letters_and_numbers_that_no_database_holds(table_competition, tmp_path, store):
    arena = Arena(table_competition, tmp_path, store)
    (ada,) = arena.team("Ada")
    assert people.caller(store, "\x00\ud800") is None
    for act in (lambda: uploads.state(arena.contest, ada, "\x00"), lambda: teams.join(arena.contest, ada, "\x00\ud800"),
                lambda: teams.disqualify(arena.contest, arena.advisor, "\x00", "because"),
                lambda: people.revoke(store, "\ud800x"), lambda: teams.merge(arena.contest, ada, "\x00"),
                lambda: entries.one(arena.contest, ada, 2**31), lambda: entries.one(arena.contest, ada, 2**63),
                lambda: entries.write_card(arena.contest, ada, -(2**63), "", "")):  # fmt: skip
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.status == 404
    for name in ("\ufdfa" * 40, "\ufdfa" * 9):
        with pytest.raises(Refused, match="a team's name is written in plain letters") as refused:
            teams.create(arena.contest, arena.person("bob"), name, "UTC")
        assert refused.value.status == 422
    kept = "Größe 🌊 " + "x" * 32
    assert teams.create(arena.contest, arena.person("bob"), kept, "UTC")["name"] == kept
    content = b"\xff\x00" * 10
    assert arena.enter(ada, content, "\x00ä" * 20 + "\ud800.csv")["name"] == "ä" * 20 + ".csv"


def predicted(folder, skill: float, path):
    """A file whose median NSE is about `skill`."""
    kept, asked = open_truth(folder, read_rules(folder)), expected(folder / "inputs")
    rng = np.random.default_rng(0)
    spread = np.nanstd(kept.values, axis=1, keepdims=True)
    values = np.where(np.isnan(kept.values), 1.0, kept.values) + np.sqrt(1 - skill) * spread * rng.normal(size=kept.values.shape)
    flows = xr.DataArray(np.maximum(values, 0), {"basin": list(asked.basins), "time": asked.days}, ("basin", "time"))
    return write_submission(flows, path, asked).read_bytes()


def test_a_whole_competition(rivers, tmp_path, store):
    """Two teams and rivers from the first upload to the published board, as the service has it."""
    arena = Arena(rivers, tmp_path, store, benchmarks=[{"name": "Climatology", "file": "benchmark.parquet"}])
    (arena.folder / "benchmark.parquet").write_bytes(predicted(rivers, 0.3, tmp_path / "b.parquet"))
    arena.contest.score_benchmarks()
    ada, bob = arena.team("Ada", "ada", "bob")
    (cleo,) = arena.team("Cleo", zone="Asia/Tokyo")
    files = SimpleNamespace(good=predicted(rivers, 0.8, tmp_path / "g.parquet"), fair=predicted(rivers, 0.6, tmp_path / "f.nc"),
                            torn=predicted(rivers, 0.6, tmp_path / "t.csv")[:5000])  # fmt: skip
    first = arena.enter(ada, files.fair, "fair.nc", tried="one layer")
    arena.wait(60)
    faulty = arena.enter(cleo, files.torn, "torn.csv")
    better = arena.enter(bob, files.good, "good.parquet", tried="two layers", learned="patience")
    arena.wait(60)
    copied = arena.enter(cleo, files.good, "mine.parquet")
    arena.score()
    told = {one["id"]: one for who in (ada, cleo) for one in board.team_page(arena.contest, who)["entries"]}
    assert (told[faulty["id"]]["state"], told[faulty["id"]]["score"]) == ("refused", None)
    assert told[faulty["id"]]["message"].startswith("torn.csv")
    assert 0.3 < told[first["id"]]["score"] < told[better["id"]]["score"] == told[copied["id"]]["score"] < 1
    shown = board.board(arena.contest)["rows"]
    assert [(row["rank"], row["team"], row["entries"]) for row in shown] == [
        (1, "Ada", 2), (2, "Cleo", 1), (None, "Climatology", 0)]
    assert [flag["text"] for flag in board.advisor(arena.contest)["flags"]] == [
        f"entry {copied['id']} of Cleo is the same file as one of Ada"]
    entries.choose_finals(arena.contest, bob, [first["id"]])
    teams.disqualify(arena.contest, arena.advisor, "Cleo", "copied from Ada")
    teams.mark(arena.contest, arena.advisor, "Ada", 40, "clear")
    arena.contest.close(arena.advisor)
    with pytest.raises(Refused, match="closed by an advisor"):
        arena.enter(ada, b"late")
    arena.contest.publish(arena.advisor)
    with store.reading() as session:
        private = session.get(Entry, first["id"]).private
        assert session.get(Competition, arena.contest.name).version == len(board.audit(arena.contest))
    final = board.board(arena.contest)["rows"]
    assert [(row["rank"], row["team"]) for row in final] == [(1, "Ada"), (None, "Climatology"), (None, "Cleo")]
    assert final[0]["score"] == private == board.team_page(arena.contest, ada)["entries"][0]["private"]
    assert [card["tried"] for card in entries.cards(arena.contest)] == ["one layer", "two layers"]
    assert store.broken_line(arena.contest.name) is None


def test_a_postgresql_that_stops_is_said_and_found_again(cluster, table_competition, tmp_path):
    store = Clocked(cluster.url)
    arena = Arena(table_competition, tmp_path, store)
    (ada,) = arena.team("Ada")
    upload, data = arena.send(ada, arena.file(0.7)), str(cluster.home / "data")
    with pytest.raises(Refused, match="the database does not answer") as refused, store.writing(arena.contest.name) as session:
        store.note(session, arena.contest.name, "ada", "never kept")
        cluster.run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        store.note(session, arena.contest.name, "ada", "nor this")
    assert (refused.value.status, refused.value.come_again) == (503, 30)
    for act in (lambda: entries.hand_in(arena.contest, ada, upload), lambda: board.board(arena.contest),
                lambda: people.caller(store, "token"), lambda: Store(cluster.url)):  # fmt: skip
        with pytest.raises(Refused, match="^the database does not answer .*; nothing was counted. Try again in a minute$") as no:
            act()
        assert no.value.status == 503 and "dla-pg" not in str(no.value)
    cluster.run("pg_ctl", "-D", data, "-w", "-l", str(cluster.home / "log"), "restart")
    assert entries.hand_in(arena.contest, ada, upload)[1]
    assert "never kept" not in [line["what"] for line in board.audit(arena.contest)]
    assert store.broken_line(arena.contest.name) is None
    store.engine.dispose()
