"""What a submission may take."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """Limits of one submission.

    Attributes
    ----------
    cell_seconds, notebook_seconds : on the clock; a cell is interrupted, then killed
    cpu_seconds : of each of its processes
    memory_mb : more than the kernel had when the submission began, all its processes together
    work_mb : of files in its working folder, which is in memory
    processes : its processes and threads
    output_bytes, cell_bytes, notebook_bytes : of what it shows, per output, cell and notebook; what is over is cut
    flood_bytes : of output after which a cell is ended instead
    message_bytes : of one answer to a question
    restarts : of a submission that crashed or had to be killed, per notebook
    """

    cell_seconds: float = 180.0
    notebook_seconds: float = 1200.0
    cpu_seconds: int = 2400
    memory_mb: int = 4000
    work_mb: int = 256
    processes: int = 256
    output_bytes: int = 2 * MB
    cell_bytes: int = 6 * MB
    notebook_bytes: int = 20 * MB
    flood_bytes: int = 100 * MB
    message_bytes: int = 64 * MB
    restarts: int = 4
