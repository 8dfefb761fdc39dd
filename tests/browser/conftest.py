"""Fixtures of the browser tests, see real_jupyter.py: ``page`` and ``new_page`` (with ``.trouble``), ``jupyterlab``."""

from pathlib import Path

import pytest
import real_jupyter


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium, one per test file: while it is open, its event loop is in the way of other such code."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: test)")
    if not Path(real_jupyter.CHROMIUM).exists():
        pytest.skip(f"no Chromium at {real_jupyter.CHROMIUM}: apt-get install chromium, or set DLA_CHROMIUM")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=real_jupyter.CHROMIUM, args=real_jupyter.FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser):
    """``new_page()`` opens a page, as a user of its own; ``str(page.trouble)`` is all that went wrong on it."""
    contexts = []

    def open_one(height: int = 900, patience: float = 30):
        contexts.append(browser.new_context(viewport={"width": 1400, "height": height}))
        contexts[-1].set_default_timeout(1000 * patience)
        page = contexts[-1].new_page()
        page.trouble = real_jupyter.watch(page)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    """A fresh page; ``page.trouble`` lists console errors, page errors, failed requests and kernel errors."""
    return new_page()


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory):
    """``with jupyterlab(folder) as lab:`` starts a JupyterLab; ``lab.address("lab/tree/...")`` is a page of it.

    Further arguments are options of its command line, further keywords environment variables.
    """
    return lambda workdir, *extra, **environment: real_jupyter.jupyterlab(
        workdir, tmp_path_factory.mktemp("jupyter"), *extra, **environment)
