"""`dla demo` as a session lead starts it: a page that keys step through, for those with its token alone, gone without a trace."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest

from dla_widgets.demos import SCRIPTS, explorer_class

pytestmark = pytest.mark.timeout(200)

SCRIPT = "streamflow-02"
STEPS = SCRIPTS[SCRIPT]
CAPTION = ".dla-show-place:not([hidden]) .dla-caption"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A running ``dla demo``: its process, and the address that it printed."""
    folder = tmp_path_factory.mktemp("demo")
    with running(folder, SCRIPT, "--no-browser") as found:
        yield found


class running:
    """``with running(folder, name) as (server, address)``; it is killed at the end if it is still there."""

    def __init__(self, folder, name, *options, **environment):
        self.log = folder / "log"
        self.command = [sys.executable, "-m", "dla_widgets.cli", "demo", name, "--port=18866", *options]
        self.environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder), "IPYTHONDIR": str(folder), **environment}

    def __enter__(self):
        with self.log.open("w") as out:
            self.server = subprocess.Popen(
                self.command, stdout=out, stderr=subprocess.STDOUT, env=self.environment, start_new_session=True
            )
        end = time.monotonic() + 60
        while time.monotonic() < end and self.server.poll() is None:
            if found := re.search(r"http://\S+", self.log.read_text()):
                return self.server, found.group()
            time.sleep(0.1)
        raise AssertionError(f"dla demo did not say where it is:\n{self.log.read_text()}")

    def __exit__(self, *error):
        if self.server.poll() is None:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()


def kernels(server):
    return [child for child in psutil.Process(server.pid).children() if "dla_widgets.kernel" in " ".join(child.cmdline())]


def until(happens, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.1)
    return False


def caption(explorer, name):
    return next(preset for preset in explorer_class(explorer).presets if preset.name == name).caption


def on_screen(page, explorer, name):
    """Wait until this caption is on the screen; what the picture says in words then."""
    page.locator(CAPTION, has_text=caption(explorer, name)).wait_for()
    page.wait_for_timeout(50)  # the picture is drawn in the next frame
    return page.locator(".dla-show-place:not([hidden]) .dla-words").inner_text()


def test_keys_step_through_the_script(page, demo):
    _, address = demo
    page.goto(address)
    first = on_screen(page, *STEPS[0])
    page.keyboard.press("PageDown")
    second = on_screen(page, *STEPS[1])
    page.keyboard.press("ArrowRight")
    third = on_screen(page, *STEPS[2])
    assert len({first, second, third}) == 3
    assert second == explorer_class(STEPS[1][0])(state=STEPS[1][1]).describe()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("PageUp")
    assert on_screen(page, *STEPS[0]) == first
    page.keyboard.press("PageUp")  # nothing before the first
    assert on_screen(page, *STEPS[0]) == first
    assert str(page.trouble) == ""
    page.evaluate("fetch('https://cdn.example.org/font.css').catch(() => 0)")  # this is how it would be noticed
    assert page.trouble.outside == ["https://cdn.example.org/font.css"]


def test_a_script_goes_on_to_the_next_explorer_and_back(page, demo):
    _, address = demo
    page.goto(address)
    on_screen(page, *STEPS[0])
    for step in STEPS[1:]:
        page.keyboard.press("PageDown")
        on_screen(page, *step)
    assert len({explorer for explorer, _ in STEPS}) == 2 == page.locator(".dla-show-place").count()
    title = explorer_class(STEPS[-1][0]).title
    assert page.locator(".dla-show-place:not([hidden]) .dla-title").inner_text() == title
    page.get_by_label("Steps", exact=True).select_option(index=0)
    on_screen(page, *STEPS[0])
    assert str(page.trouble) == ""


def test_arrow_keys_in_a_slider_move_the_slider(page, demo):
    _, address = demo
    page.goto(address)
    before = on_screen(page, *STEPS[0])
    page.locator(".dla-show-place:not([hidden]) input[type=range]").first.press("ArrowRight")
    page.wait_for_function("words => document.querySelector('.dla-words').textContent !== words", arg=before)
    assert page.locator(".dla-show-count").inner_text().startswith("1 /")
    page.keyboard.press("PageDown")  # but this steps, from wherever the hand was
    after = on_screen(page, *STEPS[1])
    assert after == explorer_class(STEPS[1][0])(state=STEPS[1][1]).describe()
    assert str(page.trouble) == ""


def test_what_a_hand_has_moved_is_put_back_and_any_step_can_be_chosen(page, demo):
    _, address = demo
    page.goto(address)
    before = on_screen(page, *STEPS[0])
    slider = page.locator(".dla-show-place:not([hidden]) input[type=range]").first
    slider.press("ArrowRight")
    page.wait_for_function("words => document.querySelector('.dla-words').textContent !== words", arg=before)
    page.get_by_role("button", name="Undo what was moved by hand").click()
    page.wait_for_function("words => document.querySelector('.dla-words').textContent === words", arg=before)
    page.get_by_label("Steps", exact=True).select_option(index=3)
    on_screen(page, *STEPS[3])
    assert page.locator(".dla-show-count").inner_text().startswith("4 /")
    assert str(page.trouble) == ""


def test_what_to_see_is_shown_when_it_is_asked_for(page, demo):
    _, address = demo
    page.goto(address)
    on_screen(page, *STEPS[0])
    expected = next(p.expect for p in explorer_class(STEPS[0][0]).presets if p.name == STEPS[0][1])
    assert page.get_by_text(expected).count() == 0
    page.keyboard.press("e")
    page.get_by_text(expected).wait_for()
    page.keyboard.press("PageDown")
    on_screen(page, *STEPS[1])
    assert page.get_by_text(expected).count() == 0


def test_the_token_is_not_left_on_the_screen_and_a_reload_works(page, demo):
    _, address = demo
    page.goto(address)
    on_screen(page, *STEPS[0])
    assert "token" not in page.url
    page.reload()
    on_screen(page, *STEPS[0])
    assert str(page.trouble) == ""


def test_nobody_gets_in_without_the_token(page, demo):
    server, address = demo
    root, _, token = address.partition("?token=")
    before = kernels(server)
    assert len(token) >= 32
    page.goto(root)
    assert "/login" in page.url and page.locator(".dla-show").count() == 0
    assert page.trouble.outside == []
    page.goto(f"{root}?token={'0' * len(token)}")
    assert "/login" in page.url and page.locator(".dla-show").count() == 0
    assert kernels(server) == before
    nobody = "00000000-0000-0000-0000-000000000000"
    for path, data in ((f"api/kernels/{nobody}", None), (f"voila/api/shutdown/{nobody}", b"")):
        assert status(f"{root}{path}", data) in (403, 405)
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "eA=="}
    assert status(f"{root}api/kernels/{nobody}/channels", None, handshake) == 403
    assert status(f"{root}api/kernels/{nobody}/channels?token={token}", None, handshake) == 404  # let in, but nothing there


def status(url, data=None, headers=()):
    try:
        return urlopen(Request(url, data, dict(headers)), timeout=10).status
    except HTTPError as error:
        return error.code


def test_only_this_machine_can_reach_it(demo):
    server, _ = demo
    listening = [c.laddr.ip for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening and set(listening) == {"127.0.0.1"}


def test_the_kernel_ends_with_its_page(new_page, demo):
    server, address = demo
    before = kernels(server)
    page = new_page()
    page.goto(address)
    on_screen(page, *STEPS[0])
    (kernel,) = set(kernels(server)) - set(before)
    page.close(run_before_unload=True)
    assert until(lambda: not kernel.is_running())


def test_one_explorer_in_the_dark_then_control_c(page, tmp_path):
    with running(tmp_path, "skill", "--dark", "--no-browser") as (server, address):
        page.goto(address)
        presets = explorer_class("skill").presets
        on_screen(page, "skill", presets[0].name)
        assert page.locator(".dla-show-count").inner_text() == f"1 / {len(presets)}"
        assert page.locator(".dla[data-theme=dark]").count() == 1
        assert str(page.trouble) == ""
        (kernel,) = kernels(server)
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
        assert until(lambda: not kernel.is_running())
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_browser_is_told_the_token_by_a_file_of_ones_own(tmp_path):
    """On a command line, other users of the machine could read it."""
    note, browser = tmp_path / "note", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {note}.part && mv {note}.part {note}\n')
    browser.chmod(0o755)
    with running(tmp_path, "skill", BROWSER=f"{browser} %s") as (_, address):
        assert until(note.exists)
        opened = note.read_text().strip()
        assert opened.startswith("file://") and "token" not in opened
        page = Path(opened.removeprefix("file://"))
        assert address in page.read_text()
        assert page.stat().st_mode & 0o077 == 0 and page.parent.stat().st_mode & 0o077 == 0
