"""Work for processes that judge, with one task on which the machine kills the process each time."""

import os
import signal

from autograder.grading.task import Task


def work(task: Task) -> str:
    if task.learner == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return f"{task.learner} judged"
