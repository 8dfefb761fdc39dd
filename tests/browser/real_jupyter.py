"""A real JupyterLab on a free port of this machine, and a real Chromium that notes what goes wrong on its pages."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

CHROMIUM = os.environ.get("DLA_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
OUTSIDE = re.compile(r"^(https?|wss?)://(?!(127\.0\.0\.1|localhost)[:/])")


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: where it is, how to get in, and the file that holds what it said."""

    url: str
    token: str
    workdir: Path
    log: Path

    def address(self, path: str = "lab") -> str:
        """The address of a page of this server, token included: ``lab``, ``lab/tree/01_basins.ipynb``, ..."""
        return f"{self.url}/{path}?token={self.token}"


@contextmanager
def jupyterlab(workdir: Path, state: Path, *extra: str, **environment: str) -> Iterator[Lab]:
    """Start JupyterLab in `workdir` with all of its own files in `state`; it is stopped at the end.

    Parameters
    ----------
    workdir : the folder that it opens, and its current folder (nbgrader reads its configuration from there)
    state : an empty folder for settings, workspaces, run-time files
    *extra : further options of the command line
    **environment : further environment variables
    """
    _settle(state)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16), Path(workdir), state / "jupyter.log")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
               f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={workdir}",
               f"--IdentityProvider.token={lab.token}", "--LabApp.news_url=None",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
               "--LabApp.extension_manager=readonly", *extra]
    with lab.log.open("wb") as log:
        server = subprocess.Popen(command, cwd=workdir, env=_environment(state) | environment,
                                  stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(lab, server)
            yield lab
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _settle(state: Path) -> None:
    """Settings of a learner who has answered the question about news: it would lie over the page."""
    file = state / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": False}))


def _environment(state: Path) -> dict[str, str]:
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
               "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
               "IPYTHONDIR": "ipython"}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, **{name: str(state / folder) for name, folder in folders.items()}}


def _wait(lab: Lab, server: subprocess.Popen, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"{lab.url}/api/status?token={lab.token}", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start within {seconds:g} s; it said:\n{lab.log.read_text()[-4000:]}")


@dataclass
class Trouble:
    """What went wrong on a page while it was watched; `outside` are the requests that wanted to leave this machine."""

    outside: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    page: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    kernel: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(f"{where}: {what}" for where, found in vars(self).items() for what in found)

    def clear(self) -> None:
        for found in vars(self).values():
            found.clear()


def watch(page) -> Trouble:
    """Collect console errors, uncaught exceptions, failed requests and errors that kernels report, from now on.

    Requests to other machines are refused and noted. Requests that the page itself gave up by moving on do not count.
    """
    trouble = Trouble()

    def refuse(route):
        trouble.outside.append(route.request.url)
        route.abort()

    def note(found: list[str], url: str, what: str) -> None:
        if not OUTSIDE.match(url):
            found.append(f"{what} ({url})")

    page.route(OUTSIDE, refuse)
    page.on("console", lambda message: message.type == "error" and note(
        trouble.console, message.location.get("url", ""), message.text))
    page.on("pageerror", lambda error: trouble.page.append(str(error)))
    page.on("requestfailed", lambda request: "ERR_ABORTED" not in (request.failure or "") and note(
        trouble.requests, request.url, f"{request.method} {request.failure}"))
    page.on("response", lambda response: response.status >= 400 and note(
        trouble.requests, response.url, f"{response.request.method} {response.status}"))
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: _listen(frame, trouble.kernel)))
    return trouble


def _listen(frame: bytes | str, errors: list[str]) -> None:
    """Note the errors in a frame of Jupyter's kernel protocol (v1: counted offsets, then the parts; or plain JSON)."""
    try:
        if isinstance(frame, str):
            message = json.loads(frame)
            kind, content = message["header"]["msg_type"], message["content"]
        else:
            count, = struct.unpack_from("<Q", frame)
            at = struct.unpack_from(f"<{count}Q", frame, 8)
            kind, content = json.loads(frame[at[1]:at[2]])["msg_type"], json.loads(frame[at[4]:at[5]])
    except (ValueError, KeyError, TypeError, IndexError, struct.error):
        return  # not a kernel's socket
    if kind == "error":
        errors.append(f"{content.get('ename')}: {content.get('evalue')}")
