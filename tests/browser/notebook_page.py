"""A notebook in JupyterLab (started with ``--LabApp.expose_app_in_browser=True``) as its user drives it."""

import time

KERNEL_IS_IDLE = "jupyterapp.shell.currentWidget?.context?.sessionContext.session?.kernel?.status === 'idle'"
CELLS = "[...jupyterapp.shell.currentWidget.content.widgets]"
ALL_RAN = (
    f"{CELLS}.every(c => c.model.type !== 'code' || c.model.sharedModel.getSource() === '' || c.model.executionCount)"
)


def open_notebook(page, lab, name):
    """In a workspace of its own: JupyterLab would bring back what an earlier test had open."""
    page.goto(lab.address(f"lab/workspaces/{name}/tree/{name}.ipynb"))
    page.wait_for_function(f"window.jupyterapp?.shell.currentWidget?.context?.path === '{name}.ipynb'", timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)



def run_all(page, seconds=180):
    """Run all cells, and wait until the last has run or the first one fails."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    end = time.monotonic() + seconds
    while not page.evaluate(ALL_RAN):
        assert page.trouble.kernel == []
        assert time.monotonic() < end, f"the notebook has not come to its end in {seconds} s"
        page.wait_for_timeout(500)
    page.wait_for_function(KERNEL_IS_IDLE)


def index_of(page, text, after=0):
    """Where the first code cell from `after` on stands whose source contains `text`."""
    return page.evaluate(
        f"([text, after]) => {CELLS}.findIndex((c, i) => i >= after && c.model.type === 'code' && "
        "c.model.sharedModel.getSource().includes(text))",
        [text, after],
    )


def cell_at(page, index):
    """The cell in the notebook that is in front; others may be open behind it."""
    return page.locator(f".jp-NotebookPanel:not(.lm-mod-hidden) [data-windowed-list-index='{index}']")


def select(page, index):
    page.evaluate(
        "i => { const n = jupyterapp.shell.currentWidget.content; n.activeCellIndex = i; "
        "return n.scrollToItem(i, 'center'); }",
        index,
    )


def write_into(page, index, code):
    """Type into a cell as a learner does: click, select all, write."""
    select(page, index)
    cell_at(page, index).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)


def run_cell(page, index, says=""):
    """Run the cell, wait until it `says` that, and return all that a learner then reads below it (never its source)."""
    select(page, index)
    cell = cell_at(page, index)
    cell.locator(".cm-content").click()
    before = page.evaluate(f"i => {CELLS}[i].model.executionCount", index)
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        f"([i, n]) => {{ const c = {CELLS}[i].model; return c.executionCount && c.executionCount !== n }}",
        arg=[index, before],
    )
    page.wait_for_function(KERNEL_IS_IDLE)
    below = cell.locator(".jp-OutputArea")
    if says:
        below.filter(has_text=says).wait_for()
    return below.inner_text() if below.count() else ""
