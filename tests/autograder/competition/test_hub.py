"""The board as a service of a real JupyterHub, under a uid of its own: the Hub says who asks, learners never see the truth."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

import psutil
import pytest
import requests
from board_server import free_port

from autograder.competition.people import person
from autograder.competition.store import Store
from dla_widgets.leaderboard.client import Leaderboard, LeaderboardError

#: who the board runs as; learners' servers run as somebody else
BOARD, LEARNER = "nobody", 65533

#: Where Python itself lies in root's home, the board may read that; it may not write what is not its own.
BECOME = ["setpriv", f"--reuid={BOARD}", "--regid=nogroup", "--clear-groups", "--inh-caps=+dac_read_search",
          "--ambient-caps=+dac_read_search"]  # fmt: skip

CONFIG = """
c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url = "http://127.0.0.1:{port}", "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.JupyterHub.authenticator_class, c.DummyAuthenticator.password, c.Authenticator.allow_all = "dummy", "water", True
c.JupyterHub.spawner_class, c.JupyterHub.db_url = "simple", "sqlite:///hub.sqlite"
c.JupyterHub.services = [
    {{"name": "board", "url": "http://127.0.0.1:{board}", "oauth_no_confirm": True, "cwd": {cwd!r},
      "environment": {{"HOME": {cwd!r}, "NUMBA_CACHE_DIR": "{cwd}/numba"}},
      "command": [*{become!r}, {python!r}, "-m", "autograder", "board", "serve", {folder!r}, "--hub", "--port", "{board}"]}},
    {{"name": "other", "api_token": "{other}"}},
]
c.JupyterHub.load_roles = [
    {{"name": "user", "scopes": ["self", "access:services!service=board"]}},
    {{"name": "server", "scopes": ["users:activity!user", "access:servers!server", "access:services!service=board"]}},
    {{"name": "others", "services": ["other"], "scopes": ["admin:users", "admin:servers", "tokens", "access:services"]}},
]
c.JupyterHub.tornado_settings, c.Spawner.args = {{"slow_spawn_timeout": 90}}, ["--allow-root"]
c.Spawner.environment = {{"DLA_BOARD": "http://127.0.0.1:{port}/services/board"}}
"""


@pytest.fixture(scope="module")
def hub(table_competition, tmp_path_factory):
    if os.geteuid():
        pytest.skip("a service under another uid needs root")
    if not shutil.which("configurable-http-proxy"):
        pytest.skip("no configurable-http-proxy: apt-get install node-configurable-http-proxy")
    pytest.importorskip("jupyterhub", reason="jupyterhub is not installed (extra: hub)")
    home = Path(mkdtemp(prefix="dla-hub-"))  # pytest's own folders are closed to other users
    home.chmod(0o755)
    state = home / "state"
    shutil.copytree(table_competition, state / "wells")
    for path in (state, *state.rglob("*")):
        shutil.chown(path, BOARD)
    ports = {name: free_port() for name in ("port", "hub", "proxy", "board")}
    (home / "jupyterhub_config.py").write_text("c = get_config()\n" + CONFIG.format(
        **ports, become=BECOME, cwd=str(state), python=sys.executable, folder=str(state / "wells"), other="o" * 40))
    environment = os.environ | {"NODE_PATH": "/usr/share/nodejs", "JUPYTERHUB_CRYPT_KEY": "0" * 64,
                                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "jupyterhub"], cwd=home, stdout=log, stderr=log, env=environment)
    address = f"http://127.0.0.1:{ports['port']}"
    try:
        until = time.monotonic() + 90
        while True:
            try:
                if requests.get(f"{address}/services/board/api/competitions", timeout=5).ok:
                    break
            except requests.RequestException:
                pass
            assert time.monotonic() < until and process.poll() is None, (home / "log").read_text()[-3000:]
            time.sleep(0.2)
        yield address, home, process
    finally:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.terminate()
            process.terminate()
            process.wait(20)
        shutil.rmtree(home)


def signed_in(address: str, name: str, page: str) -> tuple[requests.Session, requests.Response]:
    """A browser after signing in at the Hub on its way to a page of the board."""
    browser = requests.Session()
    asked = browser.get(f"{address}/services/board/sign-in?next={page}")
    form = {"username": name, "password": "water", "_xsrf": re.search(r'name="_xsrf" value="([^"]+)"', asked.text)[1]}
    return browser, browser.post(asked.url, data=form)


def test_a_browser_signs_in_at_the_hub(hub):
    address, *_ = hub
    browser, shown = signed_in(address, "ada", "/wells/team")
    assert shown.url == f"{address}/services/board/wells/team" and shown.ok
    csrf = re.search(r'name="csrf" content="([0-9a-f]{64})"', shown.text)[1]
    make = f"{address}/services/board/api/competitions/wells/teams"
    refused = browser.post(make, json={"name": "Deep Water"})
    assert refused.status_code == 403 and "the page is out of date" in refused.json()["error"]  # or another site's
    made = browser.post(make, json={"name": "Deep Water"}, headers={"X-CSRF": csrf})
    assert made.json()["members"] == ["ada"]
    elsewhere = requests.get(f"{address}/services/board/oauth_callback?code=x&state=y")
    assert elsewhere.status_code == 403 and "signing in was not begun here" in elsewhere.text
    _, shown = signed_in(address, "bob", "//evil.example/")
    assert shown.url == f"{address}/services/board/"


def test_the_token_of_a_learners_server_is_enough(hub, monkeypatch, tmp_path):
    address, home, process = hub
    signed_in(address, "cleo", "/")
    started = requests.post(f"{address}/hub/api/users/cleo/server", headers={"Authorization": f"token {'o' * 40}"})
    assert started.status_code in (201, 202), (home / "log").read_text()[-3000:]
    server = next(child for child in psutil.Process(process.pid).children(recursive=True)
                  if child.environ().get("JUPYTERHUB_USER") == "cleo")
    for name in ("DLA_BOARD", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.setenv(name, server.environ()[name])
    monkeypatch.setenv("HOME", str(tmp_path))
    contest = Leaderboard.remembered().competition()
    assert contest.make_team("Cleo's")["members"] == ["cleo"]
    store = Store(f"sqlite:///{home / 'state' / 'board.sqlite'}")
    with store.changing() as session:
        person(session, "cleo", True)
    who = {"Authorization": f"Bearer {os.environ['JUPYTERHUB_API_TOKEN']}"}
    me, ends = f"{address}/services/board/api/me", time.monotonic() + 30  # who is an advisor is looked up now and then
    while requests.get(me, headers=who).json()["scope"] != "advisor":
        assert time.monotonic() < ends, "cleo has not become an advisor"
        time.sleep(0.5)
    for token in ("o" * 40, "0" * 40):  # a service is no learner, and a stranger none either
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", token)
        with pytest.raises(LeaderboardError, match="this token is not known here"):
            Leaderboard.remembered().competition().team()


def test_whoever_runs_learners_servers_cannot_read_the_truth(hub):
    _, home, _ = hub
    for name in ("wells/secret/truth.npz", "wells/secret/receipts.key", "board.sqlite", "wells/entries"):
        path = home / "state" / name
        assert path.exists() and path.owner() == BOARD
        read = f"import os; os.setuid({LEARNER}); os.scandir({str(path)!r})" if path.is_dir() else (
            f"import os; os.setuid({LEARNER}); open({str(path)!r})")
        said = subprocess.run([sys.executable, "-c", read], capture_output=True, text=True, check=False)
        assert "PermissionError" in said.stderr, (name, said.stderr)
