"""The same grading on a Dask cluster of several worker processes, one of which is killed."""

import os
import signal

import pytest
from gradebook_says import scores

from autograder.grading import cluster
from autograder.grading.cluster import ClusterError
from autograder.grading.cohort import grade
from autograder.grading.course import Course

distributed = pytest.importorskip("distributed", reason='no distributed: pip install "dla-course-kit[advisor]"')


@pytest.fixture(scope="module")
def workers():
    """Two workers on loopback, each a process with a nurse that starts a new one when it dies."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                                  host="127.0.0.1") as running:
        yield running


def test_a_worker_killed_half_way_loses_nothing(course, class_of, workers):
    expected, killed = class_of(8), []

    def kill_one(progress):
        busy = [worker for worker in workers.scheduler.workers.values() if worker.processing]
        if progress["done"] >= 2 and busy and not killed:
            killed.append(workers.workers[busy[0].name].pid)
            os.kill(killed[0], signal.SIGKILL)

    report = grade(Course(course, "streamflow"), scheduler=workers.scheduler_address, tell=kill_one)
    assert killed and report.failed == {} and report.judged == 8
    assert sorted(report.graded) == sorted(expected)
    assert scores(course) == expected


def test_a_worker_with_another_kit_is_not_used(course, class_of, workers, monkeypatch):
    class_of(1)
    with distributed.Client(workers.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    monkeypatch.setattr(cluster.Path, "read_bytes", lambda path: b"changed here")
    cluster.kit.cache_clear()
    with pytest.raises(ClusterError, match=r"the kit on tcp://127.0.0.1:\d+, tcp://127.0.0.1:\d+ is not the one here"):
        list(cluster.done_on_cluster([], workers.scheduler_address, None))
    monkeypatch.undo()
    cluster.kit.cache_clear()


def test_no_scheduler_is_said_at_once(course, class_of):
    class_of(1)
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9: .*Start one with `dask scheduler"):
        grade(Course(course, "streamflow"), scheduler="tcp://127.0.0.1:9")
