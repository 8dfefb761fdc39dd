"""``autograder board serve`` on loopback, as an advisor starts it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import requests

from autograder.competition.people import invite
from autograder.competition.store import Store


class Served:
    """A board that runs; ``address`` has no slash at its end."""

    def __init__(self, folders: list[Path], database: str, port: int, options: tuple[str, ...] = (), **environment: str):
        self.folders, self.database, self.port = folders, database, port
        self.options, self.environment = options, environment
        self.address = f"http://127.0.0.1:{port}"
        self.log = folders[0].parent / "service.log"
        self.process: subprocess.Popen | None = None

    def start(self, wait: float = 60) -> Served:
        command = [sys.executable, "-m", "autograder", "board", "serve", *map(str, self.folders), "--port", str(self.port),
                   "--database", self.database, *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **self.environment})
        return self.wait_for_it(wait)

    def wait_for_it(self, wait: float) -> Served:
        until = time.monotonic() + wait
        while time.monotonic() < until:
            try:
                if requests.get(f"{self.address}/api/competitions", timeout=5).ok:
                    return self
            except requests.ConnectionError:
                assert self.process.poll() is None, self.said()
                time.sleep(0.05)
        raise AssertionError(f"the board did not answer within {wait} s: {self.said()}")

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def token(self, name: str, scope: str = "submit") -> str:
        return self.tokens([name], scope)[0]

    def tokens(self, names: list[str], scope: str = "submit") -> list[str]:
        store = Store(self.database)
        try:
            return [invite(store, name, scope) for name in names]
        finally:
            store.engine.dispose()

    def call(self, method: str, path: str, token: str = "", **options) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.request(method, f"{self.address}/api{path}", headers=headers | options.pop("headers", {}), timeout=60,
                                allow_redirects=False, **options)

    def hand_in(self, token: str, content: bytes, name: str = "mine.csv", **card) -> requests.Response:
        """The answer to a whole hand-in, or the first that is a fault."""
        here, kind = f"/competitions/{self.folders[0].name}", {"Content-Type": "application/octet-stream"}
        sha256 = hashlib.sha256(content).hexdigest()
        answer = self.call("POST", f"{here}/uploads", token, json={"sha256": sha256, "size": len(content), "name": name})
        while answer.ok and (at := answer.json())["offset"] < len(content):
            answer = self.call("PATCH", f"{here}/uploads/{at['id']}", token, data=content[at["offset"]:at["offset"] + 4096],
                               headers={"Upload-Offset": str(at["offset"]), **kind})  # fmt: skip
        return self.call("POST", f"{here}/entries", token, json={"upload": at["id"], **card}) if answer.ok else answer

    def scored(self, token: str, entry: int, wait: float = 30) -> dict:
        """An entry when it is scored or refused."""
        until = time.monotonic() + wait
        while time.monotonic() < until:
            told = self.call("GET", f"/competitions/{self.folders[0].name}/entries/{entry}", token).json()
            if told["state"] != "received":
                return told
            time.sleep(0.1)
        raise AssertionError(f"entry {entry} was not scored within {wait} s: {self.said()}")


def asked(app, token: str, *calls: tuple[str, str, object]) -> list[httpx.Response]:
    """The application's answers to `calls` about the competition ``wells``, without a wire between."""

    async def ask() -> list[httpx.Response]:
        there, headers = httpx.ASGITransport(app, raise_app_exceptions=False), {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=there, base_url="http://localhost") as client:
            return [await client.request(method, f"/api/competitions/wells{path}", json=body, headers=headers)
                    for method, path, body in calls]

    return asyncio.run(ask())


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


@contextmanager
def serving(*folders: Path, database: str = "", options: tuple[str, ...] = (), **environment: str):
    """``with serving(folder) as board:`` the competitions in `folders`, until the block ends."""
    board = Served(list(folders), database or f"sqlite:///{folders[0].parent / 'board.sqlite'}", free_port(), options,
                   **environment)
    try:
        yield board.start()
    finally:
        board.stop()
