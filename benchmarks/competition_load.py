"""What a full room costs: learners who look at the board while others hand in, against the real service on loopback.

Every learner loads the page once, and asks for the board every five seconds as the page does: with the tag of what it has, so
that nothing is sent where nothing changed. One in forty of these times it loads the page again. In the middle, all teams hand
in at once, and the worker scores while everybody looks. Client and service share the processors of this machine.
Run by ``competition.py load``.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import numpy as np
import psutil
import xarray as xr

from autograder.competition import making
from autograder.competition.people import invite
from autograder.competition.rules import read_rules
from autograder.competition.store import Store
from autograder.competition.truth import open_truth
from dla_widgets.submission import write_submission

#: A page asks for news after this and up to two fifths more [s]; one in so many times somebody loads it again.
EVERY, RELOAD = 5.0, 40

#: The most that is sent at once, as the service has it [byte].
PIECE = 4 << 20

#: What the board page may take at the 95th percentile [ms].
AIM = 200

STATIC = ("site.css", "board.js")


class Clock(dict):
    """kind of request -> milliseconds of each; what went wrong is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[str, int] = defaultdict(int)
        self.on = False

    def keep(self, kind: str, start: float) -> None:
        if self.on:
            self.setdefault(kind, []).append(1e3 * (time.perf_counter() - start))


def report(given: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="load-") as scratch:
        folder = Path(scratch) / "rivers"
        making.new(folder, "streamflow")
        making.make(folder)
        database = f"sqlite:///{Path(scratch) / 'board.sqlite'}"
        files = [file.read_bytes() for file in entries(folder, given.teams)]
        store = Store(database)
        tokens = [invite(store, f"learner{k:02d}") for k in range(given.teams)]
        store.engine.dispose()
        with served(folder, database) as (address, service):
            clock, seconds = Clock(), given.seconds
            before, start = cpu(service), time.process_time()
            counted = asyncio.run(room(address, given, tokens, files, clock))
            spent, mine = cpu(service) - before, time.process_time() - start
    size = sum(map(len, files)) / len(files) / 1e6
    print(f"{given.looking} looking, {given.teams} handing in {size:.1f} MB each at once, {seconds:.0f} s\n"
          f"{'':22} {'number':>8} {'p50 [ms]':>9} {'p95':>9} {'p99':>9} {'max':>9}")  # fmt: skip
    for kind, taken in sorted(clock.items()):
        p50, p95, p99 = np.percentile(taken, [50, 95, 99])
        late = f"   more than {AIM} ms" if kind.startswith("board page") and p95 > AIM else ""
        print(f"{kind:22} {len(taken):8} {p50:9.0f} {p95:9.0f} {p99:9.0f} {max(taken):9.0f}{late}")
    asked = sum(len(taken) for kind, taken in clock.items() if not kind.startswith("hand-in, all"))
    print(f"{asked / seconds:.0f} requests a second; faults: {dict(clock.faults) or 'none'}\n{counted}\nCPU seconds: service "
          f"{spent:.1f}, this client {mine:.1f}, of {seconds * (os.cpu_count() or 1):.0f}; load of the machine, with "
          f"others: {os.getloadavg()[0]:.1f}")  # fmt: skip


def entries(folder: Path, number: int) -> list[Path]:
    """Files that can be used, all different."""
    kept = open_truth(folder, read_rules(folder))
    coords = {"basin": list(kept.expected.basins), "time": kept.expected.days}
    rng, files = np.random.default_rng(0), []
    for k in range(number):
        values = np.nan_to_num(kept.values, nan=1.0) * rng.lognormal(0, 0.3, kept.values.shape)
        entry = xr.DataArray(values, coords, ("basin", "time"), "discharge", {"units": "mm/day"})
        files.append(write_submission(entry, folder.parent / f"entry{k}.parquet"))
    return files


@contextmanager
def served(folder: Path, database: str):
    """The service, as an advisor starts it, until the block ends."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    command = [sys.executable, "-m", "autograder", "board", "serve", str(folder), "--port", str(port), "--database", database]
    with (folder.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(600):
            with socket.socket() as door:
                if process.poll() is not None:
                    raise SystemExit((folder.parent / "log").read_text())
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process and of those that it started."""
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


async def room(address: str, given: argparse.Namespace, tokens: list[str], files: list[bytes], clock: Clock) -> str:
    """Everybody at once; returns what became of the entries."""
    connections = aiohttp.TCPConnector(limit=0, keepalive_timeout=25)
    async with aiohttp.ClientSession(address, connector=connections, timeout=aiohttp.ClientTimeout(30)) as web:
        for k, token in enumerate(tokens):
            await asked(web, clock, "POST", "teams", token, json={"name": f"Team {k:02d}", "time_zone": "UTC"})
        clock.on, end = True, time.perf_counter() + given.seconds
        looking = [asyncio.create_task(look(web, clock, end, random.Random(k))) for k in range(given.looking)]
        await asyncio.sleep(given.seconds / 4)
        receipts = await asyncio.gather(*(hand_in(web, clock, *each) for each in zip(tokens, files, strict=True)))
        handed = time.perf_counter()
        scored = await asyncio.gather(*(until_scored(web, clock, *each, end + 60) for each in zip(tokens, receipts, strict=True)))
        took = time.perf_counter() - handed
        await asyncio.gather(*looking)
    return (f"{sum(receipt is not None for receipt in receipts)} receipts, {sum(scored)} of them scored within {took:.1f} s of "
            "the last one")  # fmt: skip


async def look(web: aiohttp.ClientSession, clock: Clock, end: float, rng: random.Random) -> None:
    """One learner who watches the board."""
    tag = ""
    await asyncio.sleep(rng.uniform(0, EVERY))
    first = True
    while time.perf_counter() < end:
        if first or rng.random() < 1 / RELOAD:
            await got(web, clock, "board page", "/rivers")
            for name in STATIC if first else ():
                await got(web, clock, "static file", f"/static/{name}")
            first = False
        tag = await got(web, clock, "board JSON", "/api/competitions/rivers/board", tag) or tag
        await asyncio.sleep(min(EVERY * rng.uniform(1, 1.4), max(0.0, end - time.perf_counter())))


async def got(web: aiohttp.ClientSession, clock: Clock, kind: str, path: str, tag: str = "") -> str:
    """Ask for something, and return the tag of the answer."""
    start = time.perf_counter()
    try:
        async with web.get(path, headers={"If-None-Match": tag} if tag else {}) as answer:
            await answer.read()
            if answer.status not in (200, 304):
                clock.faults[f"{kind}: {answer.status}"] += 1
                return ""
            clock.keep(f"{kind}, {answer.status}", start)
            return answer.headers.get("ETag", "")
    except (aiohttp.ClientError, TimeoutError) as fault:
        clock.faults[f"{kind}: {type(fault).__name__}"] += 1
        return ""


async def asked(web: aiohttp.ClientSession, clock: Clock, method: str, path: str, token: str, **options) -> dict | None:
    """The answer of the service to a learner; None where it is a fault."""
    start, headers = time.perf_counter(), {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
    try:
        async with web.request(method, f"/api/competitions/rivers/{path}", headers=headers, **options) as answer:
            told = await answer.json()
            kind = path.split("/", maxsplit=1)[0]
            if answer.status >= 400:
                clock.faults[f"{method} {kind}: {answer.status} {told.get('error', '')[:60]}"] += 1
                return None
            clock.keep(f"hand-in, {method} {kind}", start)
            return told
    except (aiohttp.ClientError, TimeoutError) as fault:
        clock.faults[f"{method} {path.split('/', maxsplit=1)[0]}: {type(fault).__name__}"] += 1
        return None


async def hand_in(web: aiohttp.ClientSession, clock: Clock, token: str, file: bytes) -> dict | None:
    """Announce a file, send it in pieces, make an entry of it; returns the entry."""
    start, digest = time.perf_counter(), hashlib.sha256(file).hexdigest()
    at = await asked(web, clock, "POST", "uploads", token, json={"sha256": digest, "size": len(file), "name": "entry.parquet"})
    while at and at["offset"] < len(file):
        headers = {"Upload-Offset": str(at["offset"]), "Content-Type": "application/octet-stream"}
        piece = file[at["offset"] : at["offset"] + PIECE]
        at = await asked(web, clock, "PATCH", f"uploads/{at['id']}", token, data=piece, headers=headers)
    entry = at and await asked(web, clock, "POST", "entries", token, json={"upload": at["id"]})
    if entry:
        clock.keep("hand-in, all of it", start)
    return entry


async def until_scored(web: aiohttp.ClientSession, clock: Clock, token: str, entry: dict | None, end: float) -> bool:
    """Whether the entry has a score before `end`."""
    while entry and entry["state"] == "received" and time.perf_counter() < end:
        await asyncio.sleep(1)
        entry = await asked(web, clock, "GET", f"entries/{entry['id']}", token)
    return bool(entry) and entry["state"] == "scored"
