"""Where tasks are done: in processes of this machine, or on a Dask cluster. A worker that dies costs its task a second try."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pkgutil import iter_modules

from dla_widgets.exercise import PROJECTS
from dla_widgets.kernel import cores

from ..lifeline import end_with
from .task import Task, judge

#: How often a task is tried alone before it counts as failed: its process may have been killed for no fault of its own.
TRIES = 3


def done(tasks: Iterable[Task], workers: int = 0, scheduler: str = "", work: Callable[[Task], str] = judge,
         ) -> Iterator[tuple[Task, str | Exception]]:
    """Do `tasks` and give each with its result, or with the exception that it ended in, as they come.

    No more tasks are taken from `tasks` than keep all workers busy, so memory does not grow with the cohort.

    Parameters
    ----------
    workers : how many processes; as many as there are cores if 0
    scheduler : address of a Dask scheduler, ``tcp://host:8786``; processes of this machine if empty
    """
    if scheduler:
        from .cluster import done_on_cluster

        yield from done_on_cluster(tasks, scheduler, work)
    else:
        yield from _done_here(tasks, workers or cores(), work)


def _done_here(tasks: Iterable[Task], workers: int, work) -> Iterator[tuple[Task, str | Exception]]:
    waiting, tries = iter(tasks), Counter()
    suspects: list[Task] = []  # what ran when a process died; each is tried again alone, so that only the guilty one fails
    while True:
        running: dict[futures.Future, Task] = {}
        alone = False
        with pool(workers) as processes:
            try:
                while True:
                    while not (alone and running) and len(running) < 2 * workers:
                        alone = bool(suspects)
                        if (task := suspects.pop() if suspects else next(waiting, None)) is None:
                            break
                        suspects.append(task)  # until a process has it
                        future = processes.submit(work, task)
                        running[future] = suspects.pop()
                    if not running:
                        return
                    for future in futures.wait(running, return_when=futures.FIRST_COMPLETED).done:
                        error = future.exception()
                        if isinstance(error, BrokenProcessPool):
                            raise error
                        yield running.pop(future), error or future.result()
            except BrokenProcessPool:
                for task in running.values():
                    tries[task.key] += alone
                    if tries[task.key] < TRIES:
                        suspects.append(task)
                    else:
                        yield task, RuntimeError(f"the process that judged it died {TRIES} times, with nothing else running")
            except BaseException:  # stopped: what has not begun does not begin
                processes.shutdown(wait=False, cancel_futures=True)
                raise


def pool(workers: int) -> futures.ProcessPoolExecutor:
    """Processes that judge; what all of them need is imported once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([judge.__module__, *_exercises()])
    return futures.ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(os.getpid(),))


def _exercises() -> list[str]:
    return [f"{project}.{lesson.name}" for project in PROJECTS for lesson in iter_modules(import_module(project).__path__)]


def _begin(master: int) -> None:
    """Judging is for what the advisor's machine has left: others work on it, and Formgrader answers meanwhile."""
    os.nice(5)
    end_with(master)
