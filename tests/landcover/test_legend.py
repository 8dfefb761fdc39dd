"""The legend: every code of LC100 has its class, in official colours and in ones that everybody can tell apart."""

import csv

import numpy as np
import pytest

from dla_widgets.landcover import legend
from dla_widgets.landcover.legend import (
    CLASSES,
    IGNORE,
    LC100,
    NAMES,
    LegendError,
    colours,
    label,
    legend_attrs,
    regroup,
)


def test_lc100_is_the_official_legend(real_data):
    with (real_data / "sentinel1" / "cgls_lc100_legend.csv").open() as file:
        official = {int(row["code"]): (row["name"], "#" + row["colour_hex"]) for row in csv.DictReader(file)}
    assert official == LC100


def test_every_code_has_exactly_one_class():
    for source in legend.SOURCES:
        codes = [code for land in CLASSES for code in getattr(land, source)]
        assert len(codes) == len(set(codes))
    grouped = {code for land in CLASSES for code in land.lc100}
    assert grouped == set(LC100) - {0}
    for land in CLASSES:
        assert land.colour in {LC100[code][1] for code in land.lc100}


@pytest.mark.parametrize(("source", "codes", "names"), [
    ("lc100", [111, 126, 20, 100, 200, 70], ["forest", "forest", "shrubs", "grassland", "water", "snow and ice"]),
    ("worldcover", [10, 95, 50, 90], ["forest", "forest", "built-up", "wetland"]),
    ("terramesh", [2, 9, 1, 3], ["forest", "grassland", "water", "wetland"]),
])  # fmt: skip
def test_regroup(source, codes, names):
    assert [NAMES[k] for k in regroup(np.array([codes]), source)[0]] == names


def test_unknown_no_data_and_cloud_are_ignored():
    assert (regroup([0, 255], "lc100") == IGNORE).all()
    assert (regroup([0, 8, 255], "terramesh") == IGNORE).all()


def test_errors_say_what_to_do():
    with pytest.raises(LegendError, match=r"the legend lc100 has no code 10, 95: is it another product's map\?"):
        regroup([10, 95, 111])
    with pytest.raises(LegendError, match="no legend 'corine'; there are lc100, worldcover, terramesh"):
        regroup([1], "corine")
    with pytest.raises(LegendError, match="whole numbers from 0 to 255; these are float64 from 0.5 to 0.5"):
        regroup([0.5])
    with pytest.raises(LegendError, match="no land class 'forrest'; did you mean 'forest'"):
        label("forrest")


def test_attributes_follow_the_cf_conventions():
    attrs = legend_attrs()
    assert len(attrs["flag_values"]) == len(attrs["flag_meanings"].split()) == len(attrs["flag_colors"].split()) == 9
    assert attrs["missing_value"] == IGNORE


def as_seen(colour: str, matrix) -> np.ndarray:
    """CIELAB of a colour as a dichromat sees it."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    light = np.clip(matrix @ np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ light
    f = np.cbrt(np.maximum(xyz / [0.9505, 1, 1.089], 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


#: Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113, severity 1
EYES = {
    "usual": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
}


def nearest_pair(palette, matrix) -> float:
    seen = [as_seen(colour, matrix) for colour in palette]
    return min(np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i])


@pytest.mark.parametrize("eye", EYES)
def test_the_safe_colours_can_be_told_apart(eye):
    assert nearest_pair(colours(), EYES[eye]) > 25


def test_the_official_ones_cannot_by_everybody():  # the rule above can fail
    assert min(nearest_pair(colours(safe=False), matrix) for matrix in EYES.values()) < 15
