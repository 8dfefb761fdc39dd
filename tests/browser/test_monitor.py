"""A training in a real JupyterLab: its curves grow, Stop stops it in the kernel, Resume goes on, a reload loses nothing."""

import os
import time

import ipykernel
import nbformat
import pytest
from notebook_page import cell_at, index_of, open_notebook, run_cell, select, write_into

pytestmark = pytest.mark.timeout(300)

MAKE = """import keras, numpy as np
from dla_widgets import TrainingMonitor
keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(1600, 8)).astype("float32")
y = np.tanh(x.sum(axis=1, keepdims=True)).astype("float32")
model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
model.compile("sgd", "mse", metrics=["r2_score"])
monitor = TrainingMonitor()"""
ON_A_THREAD = "monitor.fit(model, x, y, epochs=9000, batch_size=32, validation_split=0.2)"
IN_A_CELL = "history = model.fit(x, y, epochs=9000, batch_size=32, validation_split=0.2, verbose=0, callbacks=[monitor])"
FAILS = "monitor.fit(model, x[:, :3], y, epochs=2)"
WHERE = "print(monitor.status, monitor.epoch, monitor._step, len(monitor.history['loss']))"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, jupyterlab):
    folder = tmp_path_factory.mktemp("monitor")
    code = nbformat.v4.new_code_cell
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    for name, train in (("thread", ON_A_THREAD), ("reload", ON_A_THREAD), ("cell", IN_A_CELL), ("fails", FAILS)):
        cells = [code(MAKE), code(train), code(WHERE)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / f"{name}.ipynb")
    with jupyterlab(folder, "--LabApp.expose_app_in_browser=True") as running:
        yield running


@pytest.fixture
def page(new_page):
    return new_page(height=1000, patience=60)


def monitor_in(page):
    root = cell_at(page, 1).locator(".dla")
    root.wait_for()
    return root


def until(page, status):
    """Wait until the monitor on the page has that status; returns the seconds it took."""
    since = time.perf_counter()
    page.wait_for_function("status => document.querySelector('.dla')?.dataset.status === status", arg=status, polling=10)
    return time.perf_counter() - since


def done(root):
    """Epochs done as the page says, and the pixels of the loss."""
    said = root.locator("[data-number=progress]").inner_text()
    return int(said.split(" of ")[0]), root.locator("canvas").first.evaluate("c => c.toDataURL()")


def in_kernel(page, code=WHERE):
    """What the last cell says, which is free while the monitor trains."""
    last = index_of(page, "", 2)
    write_into(page, last, code)
    said = run_cell(page, last).strip()
    select(page, 1)
    return said


def status_and_steps(page):
    status, epoch, step, recorded = in_kernel(page).split()
    assert epoch == recorded
    return status, (int(epoch), int(step))


def press(root, name, key):
    button = root.get_by_role("button", name=name, exact=True)
    button.focus()
    button.press(key)


def test_on_a_thread_it_grows_stops_and_resumes(page, lab, record_testsuite_property):
    open_notebook(page, lab, "thread")
    run_cell(page, 0)
    run_cell(page, 1)
    root = monitor_in(page)
    until(page, "training")
    page.wait_for_function("() => parseInt(document.querySelector('[data-number=progress]').textContent) > 2")
    before = done(root)
    frames = int(root.get_attribute("data-frames"))
    page.wait_for_timeout(3000)
    record_testsuite_property("frames_per_second", (int(root.get_attribute("data-frames")) - frames) / 3)
    after = done(root)
    assert after[0] > before[0] and after[1] != before[1]  # numbers and pixels

    assert in_kernel(page, "print(6 * 7)") == "42"  # the notebook is free
    without = status_and_steps(page)
    page.wait_for_timeout(1000)
    later = status_and_steps(page)
    assert later[1] > without[1] and later[0] == "training"  # without Stop it goes on

    press(monitor_in(page), "Stop", "Enter")
    record_testsuite_property("seconds_to_stop", until(page, "stopped"))
    status, at = status_and_steps(page)
    seen = done(monitor_in(page))
    page.wait_for_timeout(1000)
    assert status_and_steps(page) == ("stopped", at) and status == "stopped"  # in the kernel, not only on the page
    assert done(monitor_in(page))[0] == seen[0] == at[0]
    assert f"Stopped in epoch {at[0] + 1}" in monitor_in(page).locator(".dla-words").inner_text()

    press(monitor_in(page), "Resume", "Space")
    until(page, "training")
    page.wait_for_timeout(1000)
    status, later = status_and_steps(page)
    assert status == "training" and later > at
    assert str(page.trouble) == ""


def test_a_reload_keeps_the_curves_and_the_buttons(page, lab):
    open_notebook(page, lab, "reload")
    run_cell(page, 0)
    run_cell(page, 1)
    monitor_in(page)
    until(page, "training")
    press(monitor_in(page), "Stop", "Enter")
    until(page, "stopped")
    press(monitor_in(page), "Resume", "Enter")
    until(page, "training")
    page.keyboard.press("Control+s")
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")
    before = done(monitor_in(page))[0]
    page.reload()
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.path === 'reload.ipynb'")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    select(page, 1)
    root = monitor_in(page)
    until(page, "training")
    again = done(root)
    assert again[0] >= before
    page.wait_for_timeout(1000)
    assert done(root)[0] > again[0]

    press(root, "End", "Enter")
    until(page, "ended")
    assert status_and_steps(page)[0] == "ended"
    press(monitor_in(page), "Take the best weights", "Enter")
    page.locator(".dla-notice").filter(has_text="The model has the weights of epoch").wait_for()
    assert monitor_in(page).locator(".dla-words").inner_text() == in_kernel(page, "print(monitor.describe())")
    picture(page, "monitor")
    assert serious(page) == []
    assert str(page.trouble) == ""


def test_in_a_cell_that_trains_itself(page, lab):
    """Since ipykernel 7 widgets are heard while a cell runs; before it the page says that they are not."""
    open_notebook(page, lab, "cell")
    run_cell(page, 0)
    select(page, 1)
    cell_at(page, 1).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    root = monitor_in(page)
    until(page, "training")
    page.wait_for_function("() => parseInt(document.querySelector('[data-number=progress]').textContent) > 2")
    press(root, "Stop", "Enter")
    if ipykernel.version_info < (7,):
        root.locator(".dla-notice").filter(has_text="will hear this when the cell has ended").wait_for()
        return
    until(page, "stopped")
    seen = done(root)
    page.wait_for_timeout(1000)
    assert done(root)[0] == seen[0]
    press(root, "Resume", "Enter")
    page.wait_for_function(f"() => parseInt(document.querySelector('[data-number=progress]').textContent) > {seen[0]}")
    press(root, "End", "Enter")
    until(page, "ended")
    status, epoch, _, recorded = in_kernel(page).split()  # the cell has come to its end
    assert status == "ended" and epoch == recorded and int(epoch) == done(monitor_in(page))[0]
    assert in_kernel(page, "print(len(history.epoch) - monitor.epoch in (0, 1))") == "True"
    assert str(page.trouble) == ""


def test_an_interrupted_cell_and_an_error(page, lab):
    open_notebook(page, lab, "fails")
    run_cell(page, 0)
    run_cell(page, 1)
    monitor_in(page)
    until(page, "failed")
    page.locator(".dla-notice").filter(has_text="The training failed. ValueError").wait_for()
    write_into(page, 1, "other = TrainingMonitor()\nmodel.compile('sgd', 'mse')\n" + IN_A_CELL.replace("monitor", "other"))
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => parseInt(document.querySelector('[data-number=progress]')?.textContent) > 2")
    assert page.trouble.kernel == []
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Interrupt Kernel").click()
    until(page, "ended")
    assert in_kernel(page, "print(other.status)") == "ended"
    assert all(error.startswith("KeyboardInterrupt") for error in page.trouble.kernel)
    assert page.trouble.console == page.trouble.page == []


def serious(page):
    """What axe-core finds in the monitor that keeps people out."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=".dla").response["violations"]
    return [f"{v['id']}: {v['help']} ({v['nodes'][0]['html'][:120]})" for v in found if v["impact"] in ("serious", "critical")]


def picture(page, name):
    if folder := os.environ.get("DLA_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")
