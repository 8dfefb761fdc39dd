"""Every explorer as its users have it: in JupyterLab, in Notebook 7, and as a page without a kernel, by key and by pointer.

What the page says in digits and in words must be what the package's own functions say in the same state. Set
DLA_SCREENSHOTS to a folder to see what the browser saw.
"""

import os
from dataclasses import replace

import nbclient
import nbformat
import pytest
from looks import EXPLORERS, controls, disagreements, look, nudge, pull, twin
from notebook_page import cell_at, open_notebook, run_all, run_cell, select, write_into

from dla_widgets import SkillExplorer
from dla_widgets.demos import explorer_class
from dla_widgets.panels.explorer import say

each = pytest.mark.parametrize("name", EXPLORERS)
pytestmark = pytest.mark.timeout(300)


def picture(page, name):
    if folder := os.environ.get("DLA_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/explorer-{name}.png", full_page=True)


def serious(page):
    """What axe-core finds in the explorers of a page that keeps people out."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=".dla").response["violations"]
    return [f"{v['id']}: {v['help']} ({v['nodes'][0]['html'][:120]})" for v in found if v["impact"] in ("serious", "critical")]


@pytest.fixture
def static(tmp_path, page):
    """``static(name)`` opens an explorer as a page of its own, from a file; returns its element."""

    def open_one(explorer):
        explorer = twin(explorer).show("") if isinstance(explorer, str) else explorer
        page.goto(explorer.save_html(tmp_path / "explorer.html").as_uri())
        root = page.locator(".dla")
        root.wait_for()
        return root

    return open_one


@each
def test_without_a_kernel_every_control_and_every_preset(name, static, page):
    root = static(name)
    first = look(root)
    assert disagreements(name, first) == []
    assert first.numbers and root.locator("canvas").count()
    words = {first.words}
    for selector in controls(root):
        before = look(root)
        nudge(root, selector)
        after = look(root)
        assert after.state != before.state, f"{selector} did not move by keyboard"
        assert disagreements(name, after) == []
        words.add(after.words)
    assert len(words) > 1  # the text alternative follows
    root.get_by_role("button", name="Reset").click()
    assert look(root).state == ""
    before = look(root)
    pull(page, root)
    after = look(root)
    assert after.state != before.state and disagreements(name, after) == []
    examples = root.get_by_label("Examples")
    for number, preset in enumerate(explorer_class(name).presets):
        examples.select_option(str(number))
        shown = look(root)
        assert shown.state == twin(name).show(preset.name).state, preset.name
        assert disagreements(name, shown) == [], preset.name
        assert root.locator(".dla-caption").inner_text() == preset.caption
    assert serious(page) == []
    assert str(page.trouble) == ""
    picture(page, f"{name}-static")


@each
def test_presenter_mode_in_the_dark(name, static, page):
    page.emulate_media(color_scheme="dark")
    root = static(name)
    root.get_by_role("button", name="Present", exact=True).click()
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    shown = look(root)
    assert root.get_attribute("data-theme") == "dark" and "dla-presenter" in root.get_attribute("class")
    presets = explorer_class(name).presets
    assert shown.state == twin(name).show(presets[min(1, len(presets) - 1)].name).state
    page.keyboard.press("PageUp")
    assert look(root).state == twin(name).show(presets[0].name).state
    assert disagreements(name, look(root)) == []
    assert root.evaluate("e => e.scrollWidth <= e.clientWidth")  # nothing is cut off at the side
    assert serious(page) == []
    assert str(page.trouble) == ""
    picture(page, f"{name}-presenter")


def test_painting_by_key_and_by_mouse(static, page):
    root = static("metrics")
    canvas = root.locator("canvas").nth(1)
    canvas.focus()
    for key in ("7", "ArrowLeft", "ArrowUp", " ", "Shift+ArrowRight"):
        page.keyboard.press(key)
    seen = look(root)
    assert seen.state == "painting=a495g2a527" and disagreements("metrics", seen) == []
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.9)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.9, steps=8)
    page.mouse.up()
    painted = look(root)
    assert painted.words != seen.words and disagreements("metrics", painted) == []
    root.get_by_role("button", name="Undo").click()
    assert look(root) == seen


def test_a_day_is_dragged_by_hand(static, page):
    root = static("skill")
    canvas = root.locator("canvas").first
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.7)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.3, steps=5)
    page.mouse.up()
    dragged = look(root)
    assert dragged.state.startswith("hand=") and disagreements("skill", dragged) == []
    canvas.focus()
    page.keyboard.press("ArrowUp")
    lifted = look(root)
    assert lifted.words != dragged.words and disagreements("skill", lifted) == []


def test_the_comparison_can_fail(static):
    seen = look(static("skill"))
    wrong = replace(seen, numbers=(("nse", "0.99"), *seen.numbers[1:]))
    assert disagreements("skill", wrong) == ["nse: page '0.99', Python '1.00'"]
    assert len(disagreements("skill", replace(wrong, words="all is well"))) == 2
    assert len(disagreements("skill", replace(seen, state="lag=1"))) > 3


def test_numbers_are_written_as_python_writes_them(static, page):
    static("skill")
    module = SkillExplorer._esm.replace("export default", "export { say }; export default")
    values = [0, 1, -1, 0.5, 1.5, 2.5, 0.125, 0.375, -0.001, 1 / 3, 2 / 3, 1e-7, 123456.789, 1234567.0, 9.995, 99.5, 1e15, -2.675]
    specs = ["", ".0f", ".2f", "+.1f", ".0%", "+.0%", ".1%", ".3g", ".2e", ",d", "d", "+d", ",.2f"]
    wanted = [say(value, spec) for value in values for spec in specs]
    found = page.evaluate("""async ([module, values, specs]) => {
        const { say } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
        return values.flatMap(v => specs.map(s => say(v, s)));
    }""", [module, values, specs])  # fmt: skip
    assert dict(zip([(v, s) for v in values for s in specs], found)) == dict(zip([(v, s) for v in values for s in specs], wanted))
    assert [say(None), say(float("nan")), say(True), say("forest")] == ["n/a", "n/a", "yes", "forest"]


def test_bad_data_are_explained_in_the_frame(static, page):
    root = static(SkillExplorer([1.0, 2.0, 3.0]))
    seen = look(root)
    assert seen.problem == "this picture shows a year at a time, so it needs 365 days or more; received 3"
    assert not root.locator(".dla-body").is_visible()
    assert serious(page) == [] and str(page.trouble) == ""
    picture(page, "bad-data")


# ---- in a notebook, with a kernel


@pytest.fixture(scope="module")
def notebook(tmp_path_factory, jupyterlab):
    """A JupyterLab with one notebook: every explorer in a cell of its own, and one that prints what the kernel knows."""
    folder = tmp_path_factory.mktemp("explorers")
    code = nbformat.v4.new_code_cell
    cells = [code("import dla_widgets\nfrom dla_widgets.demos import explorer_class\nshown = {}")]
    cells += [code(f'shown["{name}"] = explorer_class("{name}")()\nshown["{name}"]') for name in EXPLORERS]
    cells.append(code("print(len(shown))"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    book = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(book, folder / "explorers.ipynb")
    with jupyterlab(folder, "--LabApp.expose_app_in_browser=True") as lab:
        yield lab


@pytest.fixture(scope="module")
def lab_page(browser, notebook):
    """The notebook in JupyterLab with all its cells run."""
    import real_jupyter

    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.trouble = real_jupyter.watch(page)
    open_notebook(page, notebook, "explorers")
    run_all(page)
    yield page
    context.close()


def explorer_in(page, name):
    """The explorer's element in the notebook, once it is there."""
    at = 1 + list(EXPLORERS).index(name)
    select(page, at)
    root = cell_at(page, at).locator(".dla")
    root.wait_for()
    assert root.get_attribute("aria-label") == explorer_class(name).title
    return root


def in_kernel(page, expression):
    """What an expression is in the notebook's kernel, asked in its last cell."""
    last = 1 + len(EXPLORERS)
    write_into(page, last, f"print({expression})")
    return run_cell(page, last).strip()


@each
def test_in_jupyterlab_by_key_and_by_pointer(name, lab_page):
    root = explorer_in(lab_page, name)
    first = look(root)
    assert disagreements(name, first) == []
    nudge(root, controls(root)[0])
    by_key = look(root)
    assert by_key.state != first.state and by_key.words != first.words
    assert disagreements(name, by_key) == []
    pull(lab_page, root)
    by_pointer = look(root)
    assert by_pointer.state != by_key.state
    assert disagreements(name, by_pointer) == []
    assert serious(lab_page) == []
    assert str(lab_page.trouble) == ""
    picture(lab_page, f"{name}-lab")


def test_the_kernel_knows_what_the_page_shows_and_the_page_what_the_kernel_sets(lab_page):
    root = explorer_in(lab_page, "skill")
    root.get_by_role("button", name="Reset").click()
    nudge(root, "[data-control=lag]")
    assert in_kernel(lab_page, "shown['skill'].state") == look(root).state == "lag=1"
    in_kernel(lab_page, "shown['skill'].show('coward').state")
    root = explorer_in(lab_page, "skill")
    assert look(root).state == twin("skill").show("coward").state
    assert disagreements("skill", look(root)) == []


def test_a_trait_is_linked_to_another_widget_in_the_browser(lab_page):
    write_into(lab_page, 1 + len(EXPLORERS), "import ipywidgets\nother = ipywidgets.IntText(0)\n"
               "ipywidgets.jslink((shown['skill'], 'lag'), (other, 'value'))\nother")  # fmt: skip
    run_cell(lab_page, 1 + len(EXPLORERS))
    cell_at(lab_page, 1 + len(EXPLORERS)).locator("input").fill("4")
    lab_page.keyboard.press("Enter")
    assert "lag=4" in look(explorer_in(lab_page, "skill")).state.split(";")


def test_a_notebook_without_a_kernel_shows_the_picture(notebook, page):
    code = "from dla_widgets import SkillExplorer\nSkillExplorer()"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(book, store_widget_state=False).execute()
    nbformat.write(book, notebook.workdir / "old.ipynb")
    page.goto(notebook.address("lab/workspaces/old/tree/old.ipynb"))
    picture_ = page.locator(".jp-OutputArea img")
    picture_.wait_for()
    assert picture_.evaluate("e => e.naturalWidth") > 700 and not page.locator(".dla").count()
    assert str(page.trouble) == ""


def test_arrow_keys_are_lost_without_our_mark(lab_page):
    """JupyterLab swallows arrow keys in sliders; the test above sees it if the mark that prevents that is gone."""
    root = explorer_in(lab_page, "skill")
    root.get_by_role("button", name="Reset").click()
    slider = root.locator("[data-control=lag]")
    slider.evaluate("e => e.removeAttribute('data-lm-suppress-shortcuts')")
    nudge(root, "[data-control=lag]")
    assert look(root).state == ""
    slider.evaluate("e => e.setAttribute('data-lm-suppress-shortcuts', 'true')")
    nudge(root, "[data-control=lag]")
    assert look(root).state == "lag=1"


def test_jupyterlab_in_the_dark(lab_page):
    root = explorer_in(lab_page, "skill")
    assert root.get_attribute("data-theme") == "light"
    lab_page.evaluate("() => document.body.dataset.jpThemeLight = 'false'")
    lab_page.evaluate("() => new Promise(requestAnimationFrame)")
    assert root.get_attribute("data-theme") == "dark"
    lab_page.evaluate("() => document.body.dataset.jpThemeLight = 'true'")


def test_in_notebook_7(notebook, page):
    page.goto(notebook.address("notebooks/explorers.ipynb"))
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    page.trouble.clear()  # Notebook 7 logs two errors about its own extensions when it starts
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    root = page.locator(".jp-CodeCell .dla").first
    root.wait_for()
    first = look(root)
    nudge(root, controls(root)[0])
    assert look(root).state != first.state
    assert disagreements("skill", look(root)) == []
    assert str(page.trouble) == ""
    picture(page, "skill-notebook")
