"""The button that trains a setting in the kernel: the curve grows on the page, the notebook stays free, Stop stops."""

import nbformat
import pytest
from looks import look
from notebook_page import cell_at, open_notebook, run_all, run_cell, select, write_into

pytestmark = pytest.mark.timeout(300)

MAKE = """from dla_widgets.streamflow.explorers.hyperparameters import HyperparameterExplorer
explorer = HyperparameterExplorer(state="river=sim-06;hidden=2;sequence=30;updates=15")
explorer"""


@pytest.fixture
def lab_page(tmp_path, jupyterlab, browser):
    """A notebook with the explorer in its first cell, and a free one below."""
    import real_jupyter

    code = nbformat.v4.new_code_cell
    cells = [code(MAKE), code("print('free')")]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "here.ipynb")
    with jupyterlab(tmp_path, "--LabApp.expose_app_in_browser=True") as lab:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.trouble = real_jupyter.watch(page)
        open_notebook(page, lab, "here")
        run_all(page)
        yield page
        context.close()


def ask(page, code):
    """What a cell says while the explorer may be training; then back to the explorer."""
    write_into(page, 1, code)
    said = run_cell(page, 1).strip()
    select(page, 0)
    return said


def test_train_here_and_stop(lab_page):
    page = lab_page
    select(page, 0)
    root = cell_at(page, 0).locator(".dla")
    root.get_by_role("button", name="Train this setting").click()
    page.wait_for_function("() => document.querySelector('.dla-words').textContent.includes('Trained now, here')")
    said = ask(page, "print(explorer.result['status'], len(explorer.result['trainings'][0]['at']))")
    assert said.startswith("Trained now, here: rain river") and said.endswith(" 10")
    shown = look(cell_at(page, 0).locator(".dla"))
    assert said.rsplit(" ", 1)[0] in shown.words
    assert dict(shown.numbers)["now"] == ask(page, "print(f\"{explorer.numbers()['now']:.2f}\")")

    assert ask(page, "print(explorer.show('river=sim-06;updates=480').state)") == "river=sim-06;updates=480"
    root = cell_at(page, 0).locator(".dla")
    root.get_by_role("button", name="Train this setting").click()
    page.wait_for_function("() => / of 480 updates/.test(document.querySelector('.dla-words').textContent)")
    assert ask(page, "print(6 * 7)") == "42"  # while it trains
    cell_at(page, 0).locator(".dla").get_by_role("button", name="Stop").click()
    page.wait_for_function("() => document.querySelector('.dla-words').textContent.includes('Stopped here')")
    assert int(ask(page, "print(len(explorer.result['trainings'][-1]['at']))")) < 10
    assert str(page.trouble) == ""
