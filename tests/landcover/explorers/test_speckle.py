"""The explorer's filters are the package's, its looks are counted as the package counts them."""

import numpy as np
import pytest

from dla_widgets import SpeckleExplorer
from dla_widgets.landcover import speckle
from dla_widgets.landcover.explorers.speckle import NAMES


@pytest.fixture(scope="module")
def explorer():
    return SpeckleExplorer()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "none"])
def test_numbers_are_those_of_the_package(explorer, name):
    numbers = explorer.show(f"filter={name};size=5;assumed=3;row=10;column=80").numbers()
    image, box = explorer.image(), (slice(10, 30), slice(80, 100))
    options = {} if name in ("boxcar", "frost") else {"looks": 3}
    wanted = getattr(speckle, name)(image, **options) if name == "refined_lee" else getattr(speckle, name)(image, 5, **options)
    assert numbers["enl"] == pytest.approx(speckle.enl(wanted[box]))
    assert numbers["enl_before"] == pytest.approx(speckle.enl(image[box]))
    assert numbers["ratio_enl"] == pytest.approx(speckle.enl(speckle.ratio_image(image, wanted)[box]), rel=1e-5)
    surface = explorer.data["surface_power"][explorer.data["surface"]].astype("float32")
    assert numbers["edges"] == pytest.approx(speckle.edge_preservation(surface, wanted))


def test_looks_add_up(explorer):
    """Averaging L independent looks makes L looks: in a homogeneous box, as near as the surface allows."""
    ratio = {}
    for looks in (1, 4, 16):
        image = explorer.show(f"looks={looks};filter=none").image()
        surface = explorer.data["surface_power"][explorer.data["surface"]]
        ratio[looks] = speckle.enl(image / surface)
    assert ratio == {looks: pytest.approx(looks, rel=0.06) for looks in (1, 4, 16)}


def test_a_good_filter_comes_nearer_to_the_surface(explorer):
    before, after = (explorer.show(f"filter={name}").numbers()["error"] for name in ("none", "lee"))
    assert after < before / 2


def test_an_image_of_your_own():
    power = np.random.default_rng(0).gamma(4, 0.025, (60, 40)).astype("float32")
    explorer = SpeckleExplorer(power, filter="boxcar")
    assert explorer.problem == "" and np.isnan(explorer.numbers()["error"])
    assert explorer.numbers()["enl_before"] == pytest.approx(4, rel=0.25)
    assert "n/a" in explorer.describe() and explorer.figure().png()


@pytest.mark.parametrize(("power", "said"), [
    (np.zeros((2, 30, 30)), "takes one image (y, x), from 20 x 20 to 256 x 256 pixels; received the shape (2, 30, 30). Cut a piece"),
    (np.full((30, 30), -8.0), "not below 0; this has gaps or decibels. 10 ** (decibels / 10) is power"),
    (np.full((30, 30), np.nan), "power must be measured everywhere"),
])  # fmt: skip
def test_what_is_no_power_is_refused_in_words(power, said):
    assert said in SpeckleExplorer(power).problem


def test_the_table_compares_all_filters(explorer):
    table = explorer.show("").table()
    assert list(table.index) == list(NAMES.values()) and explorer.filter == "lee"
