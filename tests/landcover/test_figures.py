"""Pictures of scenes and maps say in words what they show, from the numbers that they draw."""

import subprocess
import sys

import numpy as np
import pytest

from dla_widgets.errors import CourseError
from dla_widgets.landcover import figures
from dla_widgets.landcover.figures import FigureError
from dla_widgets.landcover.legend import IGNORE, LegendError, colours
from dla_widgets.landcover.scenes import SceneError
from dla_widgets.landcover.simulated import simulated_scenes
from dla_widgets.landcover.skill import Confusion
from dla_widgets.panels.picture import Picture


@pytest.fixture(scope="module")
def scenes():
    return simulated_scenes(n=4, size=64, dates=2)


@pytest.fixture(scope="module")
def confusion(scenes):
    known = np.where(scenes["landcover"] == IGNORE, 0, scenes["landcover"])
    return Confusion().add(scenes["truth"].values, known)


def all_pictures(scenes, confusion):
    one = scenes["truth"].values[1]
    yield figures.radar_image(scenes)
    yield figures.radar_image(scenes, "sim-02", date=1)
    yield figures.class_map(one)
    yield figures.class_map({"labels": scenes["landcover"].values[1], "truth": one}, safe=False)
    yield figures.class_map({f"map {k}": one for k in range(4)})
    yield figures.side_by_side(scenes)
    yield figures.side_by_side(scenes, {"a network": scenes["truth"], "another": scenes["truth"].values}, "sim-01", truth=True)
    yield figures.class_bars(scenes["landcover"])
    yield figures.class_bars({"labels": scenes["landcover"], "truth": scenes["truth"]})
    yield figures.confusion_picture(confusion, "labels against the truth")
    yield figures.histograms(scenes)
    yield figures.histograms(scenes, "VH", ["forest", "water"], linear=True)


def test_every_picture_is_drawn_says_what_it_shows_and_has_units(scenes, confusion):
    for picture in all_pictures(scenes, confusion):
        assert type(picture) is Picture and len(picture.png()) > 5_000
        assert len(picture.alt) > 40 and any(c.isdigit() for c in picture.alt), picture.alt
        assert picture.alt.endswith(".")
        for axes in picture.axes:
            for text in (axes.get_xlabel(), axes.get_ylabel()):
                assert not text or text in {"mapped as", "truly"} or text.endswith("]"), text


def test_no_word_is_cut_off(scenes, confusion):
    for picture in all_pictures(scenes, confusion):
        picture.canvas.draw()
        renderer, page = picture.canvas.get_renderer(), picture.bbox
        words = [word for axes in picture.axes for word in (axes.xaxis.label, axes.yaxis.label, axes._left_title)]
        for word in [*picture.legends, *(word for word in words if word.get_text())]:
            box = word.get_window_extent(renderer)
            edge = 2  # pixels; the box of a word is higher than its letters
            assert min(box.x0, box.y0) >= -edge and box.x1 <= page.x1 + edge and box.y1 <= page.y1 + edge, word


def test_radar_in_words(scenes):
    second = scenes["backscatter"].isel(scene=2, time=1).sel(band="VH").values
    words = figures.radar_image(scenes, "sim-02", date=1).alt
    assert words.startswith("Radar scene sim-02,")
    assert f"VH {10 * np.log10(np.median(second)):.1f} dB" in words


def test_shares_are_counted_without_what_is_ignored():
    labels = np.array([[0, 0, 0, 6], [IGNORE, IGNORE, IGNORE, IGNORE]], np.uint8)
    assert figures.class_map(labels).alt == "Map of land cover: forest 75.0%, water 25.0%."
    assert figures.class_bars({"mine": labels}).alt == "Shares of the classes: mine: forest 75.00%, water 25.00%."
    legend = [text.get_text() for text in figures.class_map(labels).legends[0].get_texts()]
    assert legend == ["forest", "water", "not labelled"]


def test_maps_have_the_colours_of_the_legend():
    image = figures.class_map(np.arange(9, dtype=np.uint8).reshape(3, 3)).axes[0].images[0]
    drawn = image.to_rgba(image.get_array())[..., :3].reshape(9, 3)
    wanted = [[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours()]
    np.testing.assert_allclose(drawn, wanted, atol=1e-6)


def test_predictions_find_their_scene(scenes):
    guess = scenes["truth"].isel(scene=[3, 2, 1, 0])  # in another order, as a DataArray it knows its names
    guess = guess.copy(data=np.full(guess.shape, 6, np.uint8))
    guess[1] = 3
    words = figures.side_by_side(scenes, {"guess": guess, "array": guess.values}, "sim-02").alt
    assert "guess: cropland 100.0%" in words and "array: water 100.0%" in words


def test_the_diagonal_is_recall():
    truth = np.repeat([0, 6], [8, 2])
    picture = figures.confusion_picture(Confusion().add(truth, [0, 0, 0, 0, 0, 0, 6, 3, 6, 0]))
    assert picture.alt == "Confusion matrix; of each true class was mapped right: forest 75%, water 50%."
    cells = [text.get_text() for text in picture.axes[0].texts]
    assert cells == ["75%", "12%", "12%", "-", "-", "-", "50%", "0%", "50%"]  # no true cropland: nothing to take a share of


def test_histograms_in_words(scenes):
    forest = scenes["backscatter"].isel(time=0).sel(band="VH").values[scenes["landcover"].values == 0]
    words = figures.histograms(scenes, "VH", ["forest"]).alt
    assert f"medians in dB: forest {10 * np.log10(np.median(forest)):.3g}." in words
    low, high = figures.histograms(scenes).axes[0].get_xlim()
    assert low < -30 and high > 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: figures.radar_image(s, "sim-99"), "no scene 'sim-99'; there are 4, sim-00 ... sim-03"),
        (lambda s: figures.radar_image(s, date=2), "no date 2; this stack has 2, counted from 0"),
        (lambda s: figures.class_map(s["truth"]), r"a map is \(y, x\); this has the shape \(4, 64, 64\)"),
        (lambda s: figures.side_by_side(s.drop_vars("truth"), truth=True), "only simulated scenes know the true land cover"),
        (lambda s: figures.class_bars(np.full((3, 3), IGNORE)), "every pixel of these labels is 255, which is ignored"),
        (lambda s: figures.confusion_picture(Confusion()), "no pixel has been counted yet"),
        (lambda s: figures.histograms(s, "HH"), "no band 'HH'; these scenes have VV and VH"),
        (lambda s: figures.histograms(s, classes=["forrest"]), "no land class 'forrest'; did you mean 'forest'"),
        (lambda s: figures.histograms(s, classes=["snow and ice"]), "no class with 50 measured pixels among those asked for"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(scenes, call, words):
    with pytest.raises((FigureError, SceneError, LegendError), match=words) as caught:
        call(scenes)
    assert isinstance(caught.value, CourseError)


def test_gaps_are_drawn_as_gaps(scenes):
    beyond = scenes.copy(deep=True)
    beyond["backscatter"][0, :, :, :, :20] = np.nan  # beyond the edge of the swath
    beyond["valid"][0, :, :20] = False
    for picture in (figures.radar_image(beyond), figures.side_by_side(beyond), figures.histograms(beyond)):
        assert "nan" not in picture.alt and picture.png()


def test_figures_need_no_pyplot_and_no_tensorflow():
    code = "import sys; from dla_widgets.landcover import figures; figures.class_map([[0, 1]]).png(); "
    code += "print(sorted({'matplotlib.pyplot', 'tensorflow', 'keras', 'numba', 'sklearn'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
