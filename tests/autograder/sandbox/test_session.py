"""One submission behind each wall: what it can do, what it cannot, and how it ends."""

import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from autograder.sandbox.session import Ended, SandboxError, Session, Warm
from autograder.sandbox.walls import NoWall, choose

ROOT = Path(__file__).parents[3]


def text(ran) -> str:
    return "".join(output.get("text", "") for output in ran.outputs)


def test_cells_share_names_and_show_what_they_show(session):
    assert session.run("import numpy as np\nx = np.arange(3)").status == "ok"
    ran = session.run("print('before')\nx.sum()")
    assert text(ran) == "before\n" and ran.outputs[-1]["data"]["text/plain"].endswith("3)")
    failed = session.run("1 / 0")
    assert failed.status == "error" and failed.outputs[-1]["ename"] == "ZeroDivisionError"


def test_a_figure_a_widget_a_shell_line_and_an_await_work(session):
    figure = session.run("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert "image/png" in figure.outputs[-1]["data"]
    widget = session.run("import ipywidgets\nipywidgets.IntSlider()")
    assert "application/vnd.jupyter.widget-view+json" in widget.outputs[-1]["data"]
    assert text(session.run("!echo hello")) == "hello\n"
    assert text(session.run("import asyncio\nprint(await asyncio.sleep(0, 7))")) == "7\n"


def test_a_question_is_answered_in_plain_arrays(session):
    session.run("def double(x):\n    x *= 2\n    return x + 1")
    handle = session.ask("look", name="double")["value"]
    assert handle.about["parameters"] == [["x", "POSITIONAL_OR_KEYWORD", False]]
    said = session.ask("call", handle=handle.number, args=(np.arange(3.0),), kwargs={}, seconds=2.0, away=[])
    np.testing.assert_array_equal(said["value"], [1, 3, 5])
    np.testing.assert_array_equal(said["args"][0], [0, 2, 4])  # changed in place
    assert session.ask("look", name="nothing") == {"missing": True}


@pytest.mark.parametrize("line", [
    "open('/usr/x', 'w')", "open('/etc/x', 'w')", "open('/x', 'w')", "open('/dev/x', 'w')",
    f"open({str(ROOT / 'pyproject.toml')!r})", f"import os; os.listdir({str(ROOT / 'course')!r})",
    f"open({str(ROOT / 'dla_widgets/streamflow/exercises/skill.py')!r})",
    "import dla_widgets.streamflow.exercises.skill", "import socket; socket.create_connection(('127.0.0.1', 22), 1)",
    "import os; os.setuid(0)", "import os; os.kill(1, 9); open('/proc/1/environ').read()",
    "import ctypes; l = ctypes.CDLL(None, use_errno=True); assert l.unshare(0x10000000) == 0",
    "import ctypes; l = ctypes.CDLL(None, use_errno=True); assert l.umount2(b'/tmp', 2) == 0",
    "open('/proc/sys/user/max_user_namespaces', 'w').write('9')", "import os; os.chroot('/tmp')",
])
def test_there_is_nothing_to_reach(session, line):
    assert session.run(line).status == "error"


def test_it_is_nobody_in_particular_and_sees_no_other_process(session):
    assert text(session.run("import os\nprint(os.getuid() != 0, [p for p in os.listdir('/proc') if p.isdigit()])")) in (
        "True ['1', '2']\n", "True []\n")
    said = text(session.run("print(open('/proc/self/status').read())"))
    assert "CapEff:\t0000000000000000" in said and "NoNewPrivs:\t1" in said
    secrets = text(session.run("import os\nprint(sorted(os.environ))"))
    assert "DLA_SALT" not in secrets and "DLA_LEARNER" not in secrets


@pytest.mark.parametrize("source, status", [
    ("while True:\n    pass", "time-out"),
    ("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass", "time-out"),
    ("while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass", "time-out"),
    ("import os\nos._exit(0)", "crashed"),
    ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "crashed"),
    ("import ctypes\nctypes.string_at(0)", "crashed"),
    ("while True:\n    print('x' * 100_000)", "output"),
])
def test_a_cell_that_must_be_ended_costs_itself_and_no_other(session, source, status):
    session.run("kept = 41")
    assert session.run(source).status == status
    assert text(session.run("print(kept + 1)")) == "42\n"


def test_memory_has_an_end_in_one_process_and_in_many(session):
    one = session.run("x = bytearray(5 * 10**9)")
    assert one.status == "error" and one.error["name"] == "MemoryError"
    many = session.run("import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = bytearray(b'1') * 200_000_000\n"
                       "        time.sleep(30)\ntime.sleep(30)")
    assert many.status == "memory"
    assert text(session.run("print('here again')")) == "here again\n"


def test_processes_and_files_have_an_end(session):
    bomb = session.run("import os, time\nchildren = 0\ntry:\n    while children < 1000:\n        if os.fork() == 0:\n"
                       "            time.sleep(60)\n            os._exit(0)\n        children += 1\nexcept OSError as error:\n"
                       "    print(children < 64, type(error).__name__)")
    assert text(bomb) == "True BlockingIOError\n"
    full = session.run("open('fill', 'wb').write(bytes(10**8))")
    assert full.status == "error" and full.error["name"] == "OSError"


def test_output_is_cut_in_bytes(session):
    ran = session.run("print('ä' * 10**6)\nfrom IPython.display import HTML, display\ndisplay(HTML('x' * 500_000))")
    assert sum(len(str(output)) for output in ran.outputs) < 400_000
    assert "were left out" in str(ran.outputs) or "left out" in str(ran.outputs)


def test_a_forged_verdict_is_no_output(session):
    from dla_widgets.verdict import MIME

    ran = session.run(f"from IPython.display import publish_display_data\npublish_display_data({{{MIME!r}: {{'score': 1}}, "
                      "'text/plain': 'mine'})")
    assert ran.outputs[-1]["data"] == {"text/plain": "mine"}


def test_nothing_survives_a_submission(warm):
    with Session(lambda: warm) as session:
        session.run("import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(300)\n"
                    "    os._exit(0)\nopen('left', 'w').write('behind')")
        during = len(psutil.Process(warm.process.pid).children(recursive=True))
    deadline = time.monotonic() + 5
    while (after := len(psutil.Process(warm.process.pid).children(recursive=True))) >= during and time.monotonic() < deadline:
        time.sleep(0.05)
    assert during - after >= 3  # two waiting processes, the shell, and the daemon
    with Session(lambda: warm) as session:
        assert text(session.run("import os\nprint(os.listdir('.'))")) == "[]\n"


def test_files_beside_the_notebook_are_there_and_shadow_nothing(warm):
    files = {"pandas.py": b"raise RuntimeError('not pandas')", "data/gauge.csv": b"1,2\n", "helper.py": b"answer = 42\n"}
    with Session(lambda: warm, files) as session:
        ran = session.run("import pandas as pd, helper\n"
                          "print(pd.DataFrame({'a': [1]}).shape, helper.answer, open('data/gauge.csv').read())")
        assert text(ran) == "(1, 1) 42 1,2\n\n"


def test_too_many_crashes_are_enough(warm):
    with Session(lambda: warm) as session:
        session.begun = session.limits.restarts + 1
        assert session.run("1").status == "crashed"
        with pytest.raises(Ended, match="crashed"):
            session.ask("look", name="x")


def test_a_warm_process_that_was_killed_is_an_error_of_ours_and_says_so(warm):
    mine = Warm(warm.wall, [], warm.limits)
    os.killpg(mine.process.pid, signal.SIGKILL)
    mine.process.wait(5)
    with pytest.raises(SandboxError, match="the warm process behind .* is gone"):
        Session(lambda: mine).run("1")


def test_a_wall_that_is_not_there_is_refused_in_words():
    with pytest.raises(NoWall, match=r"no safe way to run learners' code here by moat; expected bubblewrap or user namespaces"):
        choose(only="moat")
    assert choose(only="moat", unsafe=True).name == "none"


@pytest.mark.parametrize("name", ["bwrap", "userns"])
def test_what_lies_below_tmp_is_shown_where_it_is(name, monkeypatch):
    """The kit may be installed there, and a submission still has a /tmp of its own."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        Path(folder, "rain.csv").write_text("12 mm")
        monkeypatch.setenv("DLA_DATA", folder)
        try:
            warm = Warm(choose(only=name), [])
        except NoWall as error:
            pytest.skip(f"{name} does not hold here: {error}")
        with Session(lambda: warm) as session:
            assert "12 mm" in str(session.run(f"print(open('{folder}/rain.csv').read())").outputs)
            assert session.run(f"open('{folder}/rain.csv', 'w')").error
            assert session.run(f"open('{folder}-mine', 'w').write('x')").error is None
        warm.close()
        assert Path(folder, "rain.csv").read_text() == "12 mm" and not Path(f"{folder}-mine").exists()
