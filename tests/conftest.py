"""What tests share: where the real data are."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from absl import logging as absl_logging

pytest.register_assert_rewrite("lesson_runs")

# TensorFlow's log handler keeps the stderr of its import, here pytest's own file, and closes it as soon as something
# configures logging anew while sys.stderr is another one (as below CliRunner). The true stderr it never closes.
absl_logging.get_absl_handler().python_handler.setStream(sys.__stderr__)

# A job in the background ignores Ctrl-C, and so would the programs that tests start and end by it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with ``camels_us/``, ``camels_us_daymet.nc`` and ``published_scores/``; the test is skipped without it."""
    named = os.environ.get("DLA_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not (folder / "camels_us").is_dir():
        pytest.skip(
            f"no real data: {folder / 'camels_us'} does not exist; DLA_DATA names the folder that holds camels_us/"
        )
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Tests keep what they read apart from the learner's cache, and are signed in nowhere."""
    monkeypatch.setenv("DLA_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))
    for name in ("DLA_BOARD", "DLA_BOARD_TOKEN", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
