"""The process that reads teams' files: what hangs is ended, what dies is tried again, and teams take turns."""

import threading
import time

import psutil
import pytest

from autograder.competition import entries, worker
from autograder.competition.scoring import score_file
from autograder.competition.worker import Worker


@pytest.fixture
def reader(arena):
    made = Worker([arena.contest])
    yield made
    made.stop()


def processes() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


def test_a_process_of_its_own_says_what_this_one_would(arena, reader, tmp_path):
    (tmp_path / "mine").write_bytes(arena.file(0.7))
    asked = str(arena.folder), str(tmp_path / "mine"), "mine.csv"
    assert reader.score(*asked) == score_file(*asked)
    (first,) = processes()
    first.kill()
    assert reader.score(*asked) == score_file(*asked) and processes() != [first]
    (second,) = processes()
    reader.stop()
    second.wait(10)


def test_what_hangs_is_ended_and_costs_nothing(arena, reader, tmp_path, monkeypatch):
    (tmp_path / "mine").write_bytes(arena.file(0.7))
    asked = str(arena.folder), str(tmp_path / "mine"), "mine.csv"
    scored = reader.score(*asked)
    (process,) = processes()
    process.suspend()
    monkeypatch.setattr(worker, "SECONDS", 0.5)
    assert reader.score(*asked).fault.startswith("mine.csv: it took more than 0.5 s to read; write it anew, or in another format")
    process.wait(10)
    monkeypatch.undo()
    assert reader.score(*asked) == scored


def test_what_kills_its_process_twice_is_refused(arena, reader, tmp_path):
    def killer():
        killed = 0
        while killed < 2:
            for process in processes():  # before it has read anything
                process.kill()
                killed += 1
                psutil.wait_procs([process], 10)
            time.sleep(0.01)

    (tmp_path / "mine").write_bytes(arena.file(0.7))
    killing = threading.Thread(target=killer)
    killing.start()
    told = reader.score(str(arena.folder), str(tmp_path / "mine"), "mine.csv")
    killing.join()
    assert told.fault == "mine.csv: it cannot be read within 8 GB of memory; write it with write_submission()"


class Recording(Worker):
    """Says in which order files were scored."""

    def __init__(self, contests):
        super().__init__(contests)
        self.order = []

    def score(self, folder, file, name, tries=1):
        self.order.append(name)
        return score_file(folder, file, name)


def test_teams_take_turns_and_a_teams_entries_keep_their_order(arena):
    (ada,), (bob,) = arena.team("Ada"), arena.team("Bob")
    for k in range(3):
        arena.enter(ada, arena.file(0.5, seed=k), f"ada {k}")
    arena.enter(bob, arena.file(0.6), "bob 0")
    recording = Recording([arena.contest])
    while recording._score_all(arena.contest):
        pass
    assert recording.order == ["ada 0", "bob 0", "ada 1", "ada 2"]
    assert not entries.waiting(arena.contest)
