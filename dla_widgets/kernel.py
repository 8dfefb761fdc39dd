"""The Python kernel of the lessons: ipykernel, started with thread limits that suit a shared machine.

OpenMP's threads busy-wait by default: two learners on one machine then slow each other ten times more than their share.
The limits must be in the environment before NumPy or TensorFlow is loaded, so they are set here, where the kernel starts.
A variable that is already set is left alone.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

#: More threads than this bring the small models of the course nothing.
MOST_THREADS = 4


def cores() -> int:
    """How many cores this process may use: its affinity, less what a container's CPU quota leaves of it."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        usable = min(usable, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no cgroup v2 here, or no quota ("max")
        pass
    return usable


def limits() -> dict[str, str]:
    """The environment variables that the kernel sets where they are unset."""
    threads = str(min(cores(), MOST_THREADS))
    return {
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "NUMBA_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "TF_CPP_MIN_LOG_LEVEL": "2",  # TensorFlow's start-up notes are not the learner's concern
    }


def apply_limits() -> None:
    """Set :func:`limits` in this process, where unset."""
    for name, value in limits().items():
        os.environ.setdefault(name, value)


def install(prefix: str = sys.prefix) -> Path:
    """Make this the ``python3`` kernel of the environment at `prefix`; returns the path of its ``kernel.json``."""
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict

    folder = spec_file(prefix).parent
    folder.mkdir(parents=True, exist_ok=True)
    for logo in Path(RESOURCES).glob("logo*"):
        (folder / logo.name).write_bytes(logo.read_bytes())
    command = [sys.executable, "-m", "dla_widgets.kernel", "-f", "{connection_file}"]
    draft = spec_file(prefix).with_suffix(".part")
    draft.write_text(json.dumps(get_kernel_dict() | {"argv": command}, indent=1))
    return draft.replace(spec_file(prefix))


def is_installed(prefix: str = sys.prefix) -> bool:
    """Whether the ``python3`` kernel of the environment at `prefix` is this one."""
    spec = spec_file(prefix)
    return spec.exists() and json.loads(spec.read_text())["argv"][:3] == [sys.executable, "-m", "dla_widgets.kernel"]


def spec_file(prefix: str = sys.prefix) -> Path:
    """Where Jupyter looks for the ``python3`` kernel of the environment at `prefix`."""
    return Path(prefix) / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"


def main() -> None:
    """Start the kernel."""
    apply_limits()
    if sys.path[0] == os.getcwd():  # else a learner's random.py beside the notebook breaks the start
        del sys.path[0]
    from ipykernel.kernelapp import launch_new_instance

    # What TensorFlow's C++ says of processors and missing GPUs belongs in the server's log, not in a learner's notebook.
    launch_new_instance(argv=[*sys.argv[1:], "--IPKernelApp.capture_fd_output=False"])


if __name__ == "__main__":
    main()
