"""The same tasks on a Dask cluster: more machines than one, and a worker that dies costs its tasks a second try.

What travels is text: a sanitised notebook there, a judged one back. Learners' code runs behind the wall of the machine that
judges it. Dask's own messages are pickled, and whoever reaches its scheduler can run code: keep it on loopback or on a network
of your own, or give it certificates (``tls://``, Dask's security settings).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import autograder
import dla_widgets

from .task import Task


class ClusterError(ValueError):
    """A cluster that cannot grade; the message says what it lacks."""


def done_on_cluster(tasks: Iterable[Task], scheduler: str, work: Callable[[Task], str],
                    ) -> Iterator[tuple[Task, str | Exception]]:
    """Do `tasks` on the workers of `scheduler`, each with its result or the exception that it ended in, as they come.

    Raises
    ------
    ClusterError : there is no scheduler, it has no workers, or a worker has another version of the kit
    """
    from distributed import Client, as_completed

    try:
        client = Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler answers at {scheduler}: {error}. Start one with `dask scheduler --host "
                           "127.0.0.1`, and workers with `dask worker --nthreads 1`") from error
    with client:
        at_once = 2 * _workers(client)
        waiting, running = iter(tasks), {}

        def more() -> Iterator:
            while len(running) < at_once and (task := next(waiting, None)) is not None:
                future = client.submit(judge_there, work, task, kit(), key=f"judge-{task.key}", pure=False)
                running[future.key] = task
                yield future

        finished = as_completed(more(), loop=client.loop)
        for future in finished:
            task, error = running.pop(future.key), future.exception()
            result = error or future.result()
            future.release()
            for another in more():
                finished.add(another)
            yield task, result


def _workers(client) -> int:
    """How many workers there are, all with the kit that is here."""
    try:
        kits = client.run(kit)
    except ModuleNotFoundError as error:
        raise ClusterError(f"a worker lacks {error.name}: install the kit there (dla-course-kit[advisor])") from error
    if not kits:
        raise ClusterError(f"the Dask scheduler {client.scheduler.address} has no workers; start some with "
                           f"`dask worker {client.scheduler.address} --nthreads 1`")
    if others := sorted(address for address, found in kits.items() if found != kit()):
        raise ClusterError(f"the kit on {', '.join(others)} is not the one here, and would grade otherwise: install the same")
    return len(kits)


@cache
def kit() -> str:
    """What the kit's code is here, as one word."""
    digest = hashlib.sha256()
    for package in (dla_widgets, autograder):
        folder = Path(package.__file__).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def _judging_thread() -> ThreadPoolExecutor:
    """One thread for all that a worker judges: a wall falls with the thread that put it up, and Dask ends threads of its own."""
    return ThreadPoolExecutor(1, thread_name_prefix="judge")


def judge_there(work: Callable[[Task], str], task: Task, wanted: str) -> str:
    """On a worker: `work` on `task`, if the kit here is the one `wanted`; workers may join late."""
    if kit() != wanted:
        raise ClusterError("a worker that joined has another version of the kit: install the same there")
    return _judging_thread().submit(work, task).result()
