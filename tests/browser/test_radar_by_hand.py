"""What is moved in the pictures themselves of the radar explorers: the box of looks, the threshold, the classes drawn besides."""

import pytest
from looks import disagreements, look, twin

from dla_widgets import SpeckleExplorer

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def opened(tmp_path, page):
    """``opened(explorer)`` shows it as a page without a kernel; returns its element."""

    def show(explorer):
        page.goto(explorer.save_html(tmp_path / "explorer.html").as_uri())
        root = page.locator(".dla")
        root.wait_for()
        return root

    return show


def drag(page, canvas, *places):
    """From the first to the last place of a canvas, each as shares of its width and height."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    for number, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if number == 0:
            page.mouse.down()
    page.mouse.up()


def test_the_box_of_looks_follows_pointer_and_keys(opened, page):
    root = opened(twin("speckle").show(""))
    filtered = root.locator("canvas.dla-raster").nth(1)
    drag(page, filtered, (0.2, 0.2), (0.5, 0.5))
    seen = look(root)
    assert seen.state == "column=54;row=54" and disagreements("speckle", seen) == []
    for key in ("ArrowUp", "ArrowLeft", "ArrowLeft"):
        filtered.press(key)
    seen = look(root)
    assert seen.state == "column=50;row=52" and disagreements("speckle", seen) == []
    drag(page, filtered, (0.5, 0.5), (0.999, 0.999))
    assert look(root).state == "column=108;row=108"  # and no farther


def test_settings_that_a_filter_does_not_have_are_greyed_out(opened):
    root = opened(twin("speckle").show(""))
    told, size = (root.locator(f"[data-control={name}]") for name in ("assumed", "size"))
    assert told.is_enabled() and size.is_enabled()
    for value, enabled in {"1": (False, True), "7": (True, False), "2": (True, True)}.items():  # boxcar, refined Lee, Lee
        root.locator("[data-control=filter]").select_option(value)
        look(root)
        assert (told.is_enabled(), size.is_enabled()) == enabled


def test_an_image_of_your_own_has_a_box_and_no_surface(opened):
    image = twin("speckle").show("looks=2").image()[:40, :70]
    explorer = SpeckleExplorer(image, filter="kuan")
    seen = look(opened(explorer))
    assert seen.words == explorer.describe() and not seen.problem
    assert all(text == explorer.written(name) for name, text in seen.numbers) and "error" not in dict(seen.numbers)


def test_the_threshold_follows_pointer_and_keys(opened, page):
    root = opened(twin("backscatter").show(""))
    histogram = root.locator("canvas.dla-plot").first
    drag(page, histogram, (0.3, 0.5), (0.6, 0.5))
    seen = look(root)
    name, value = seen.state.split("=")
    assert name == "threshold" and -18 < float(value) < -8 and disagreements("backscatter", seen) == []
    histogram.press("ArrowLeft")
    assert float(look(root).state.split("=")[1]) == float(value) - 0.5


def test_other_classes_are_chosen_by_keyboard(opened):
    root = opened(twin("backscatter").show(""))
    for name in ("cropland", "shrubs"):
        root.get_by_label(name).press("Space")
    assert look(root).state == "also=1,3"
    root.get_by_label("cropland").press("Space")
    seen = look(root)
    assert seen.state == "also=1" and disagreements("backscatter", seen) == []
