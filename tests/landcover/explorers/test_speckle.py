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
    assert numbers["edges"] == pytest.approx(speckle.edge_preservation(explorer.surface().astype("float32"), wanted))


@pytest.mark.parametrize("grain", ["radar", "white"])
def test_looks_add_up(explorer, grain):
    """Averaging L independent looks makes L looks, pixel by pixel, whether neighbours are alike or not."""
    found = {}
    for looks in (1, 4, 16):
        image = explorer.show(f"looks={looks};filter=none;grain={grain}").image()
        found[looks] = speckle.enl(image / explorer.surface())
    assert found == {looks: pytest.approx(looks, rel=0.06) for looks in (1, 4, 16)}


def test_neighbours_of_the_radars_speckle_are_alike_and_white_ones_not(explorer):
    alike = {}
    for grain in ("radar", "white"):
        grains = explorer.show(f"looks=1;grain={grain}").image() / explorer.surface()
        alike[grain] = np.corrcoef(grains[:, 1:].ravel(), grains[:, :-1].ravel())[0, 1]
    assert alike["radar"] == pytest.approx(np.exp(-1 / (2 * 1.08**2)), abs=0.04) and abs(alike["white"]) < 0.02


def test_a_boxcar_gains_fewer_looks_where_neighbours_are_alike(explorer):
    white, radar = (explorer.show(f"filter=boxcar;grain={grain}").numbers()["enl"] for grain in ("white", "radar"))
    assert radar < white / 2


def test_a_good_filter_comes_nearer_to_the_surface(explorer):
    before, after = (explorer.show(f"filter={name}").numbers()["error"] for name in ("none", "lee"))
    assert after < 0.55 * before


def test_what_a_filter_does_not_ask_for_is_not_said(explorer):
    said = {name: explorer.show(f"filter={name};size=15").describe() for name in ("none", "boxcar", "refined_lee", "lee")}
    assert "; no filter." in said["none"] and "told" not in said["none"] + said["boxcar"]
    assert "refined Lee, 7 x 7 pixels, told 4 looks" in said["refined_lee"] and "Lee, 15 x 15 pixels, told 4" in said["lee"]


@pytest.mark.parametrize(("preset", "expected"), [
    ("one_look", {"enl": 1.1, "error": 6.1}), ("many_looks", {"enl": 11.2, "error": 1.1}),
    ("boxcar", {"enl": 126, "edges": -0.03, "error": 1.5}), ("lee", {"enl": 32, "edges": 0.28, "error": 1.2}),
    ("told_too_many", {"enl": 8, "error": 1.8}), ("told_too_few", {"enl": 33, "edges": 0.03, "error": 1.4}),
    ("white", {"enl": 111}),
])  # fmt: skip
def test_a_preset_shows_what_it_promises(explorer, preset, expected):
    numbers = explorer.show(preset).numbers()
    assert {name: numbers[name] for name in expected} == pytest.approx(expected, rel=0.05, abs=0.03)


def test_an_image_of_your_own():
    power = np.random.default_rng(0).gamma(4, 0.025, (60, 40)).astype("float32")
    explorer = SpeckleExplorer(power, filter="boxcar")
    assert explorer.problem == "" and np.isnan(explorer.numbers()["error"])
    assert explorer.numbers()["enl_before"] == pytest.approx(4, rel=0.25)
    assert "nobody has seen this surface" in explorer.describe() and explorer.figure().png()


@pytest.mark.parametrize(("power", "said"), [
    (np.zeros((2, 30, 30)), "one image (y, x), from 20 x 20 to 256 x 256 pixels; received the shape (2, 30, 30). Cut a piece"),
    (np.full((30, 30), -8.0), "not below 0; this has gaps or decibels. 10 ** (decibels / 10) is power"),
    (np.full((30, 30), np.nan), "power must be measured everywhere"),
])  # fmt: skip
def test_what_is_no_power_is_refused_in_words(power, said):
    assert said in SpeckleExplorer(power).problem


def test_the_table_compares_all_filters(explorer):
    changed = []
    explorer.show("").observe(changed.append)
    table = explorer.table()
    explorer.unobserve_all()
    assert list(table.index) == list(NAMES.values()) and not changed  # the page doesn't flicker
    assert table.loc["Lee", "looks in the box"] == explorer.numbers()["enl"]
