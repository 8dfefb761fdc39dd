"""Every picture says in words what it shows, has units on its axes, and is drawn without the internet."""

import json
import socket
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dla_widgets.panels.picture import Picture
from dla_widgets.streamflow import figures
from dla_widgets.streamflow.attribute_figures import budyko, rank_correlation
from dla_widgets.streamflow.basins import BasinError
from dla_widgets.streamflow.outlines import make, outlines
from dla_widgets.streamflow.skill import SkillError, nse
from dla_widgets.streamflow.uncertainty import Interval


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """A picture that reaches for the internet fails here."""

    def refuse(*args, **kwargs):
        raise AssertionError(f"a picture asked the network for {args[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def basins():
    rng = np.random.default_rng(0)
    time = pd.date_range("1999-10-01", "2001-09-30")
    rain = rng.gamma(0.3, 10, (4, time.size))
    flow = np.array([np.convolve(p, np.exp(-np.arange(60) / 15) / 15)[: time.size] * share
                     for p, share in zip(rain, (0.6, 0.5, 0.4, 0.3), strict=True)])  # fmt: skip
    both, one = ("basin", "time"), ("basin",)
    return xr.Dataset(
        {
            "discharge": (both, flow, {"units": "mm/day", "long_name": "discharge"}),
            "prcp": (both, rain, {"units": "mm/day", "long_name": "precipitation"}),
            "aridity": (one, [0.5, 0.8, 1.2, 2.0], {"units": "-", "long_name": "aridity"}),
            "frac_snow": (one, [0.5, 0.4, 0.1, 0.0], {"units": "1", "long_name": "share of snow"}),
        },
        {"basin": ["a1", "a2", "a3", "a4"], "time": time, "lat": (one, [45.0, 44, 40, 35]),
         "lon": (one, [-70.0, -72, -90, -110])},
    )  # fmt: skip


def all_pictures(basins):
    one = basins.sel(basin="a1")
    q = one["discharge"]
    late = q.shift(time=1)
    yield figures.hydrograph(q, {"late": late, "high": q * 1.2}, forcing=one["prcp"], band=(q * 0.8, q * 1.2))
    yield figures.hydrograph(q, late, period="2000", log=True)
    yield figures.hydrograph(q, {f"a model with a rather long name, number {k}": late for k in range(3)})
    yield figures.flow_duration_curves({"observed": q, "late": late})
    yield figures.regime(one)
    yield figures.basin_map(basins, "aridity", highlight="a2")
    yield figures.basin_map(basins, [0.1, np.nan, 0.7, 0.9], label="NSE [-]", limits=(0, 0.8), zoom=True, names=True)
    yield figures.basin_map(basins)
    yield figures.water_balance(basins, "frac_snow", highlight="a3")
    yield figures.attribute_scatter(basins, "aridity", "frac_snow", values="aridity", log="x")
    yield figures.learning_curve({"loss": [1, 0.5, 0.3], "val_loss": [1.1, 0.7, 0.8]}, benchmark={"ridge": 0.6})
    yield figures.score_bars({"ridge": 0.4, "LSTM": Interval(0.6, 0.7, 0.8)}, benchmark=0.64042)
    yield figures.skill_cdf({"ridge": [0.1, 0.4, np.nan], "LSTM": [0.6, 0.7, 0.8]})
    yield figures.calibration([0.1, 0.5, 0.9], {"quantiles": [0.15, 0.5, 0.8]})


def test_every_picture_is_drawn_says_what_it_shows_and_has_units(basins):
    pictures = list(all_pictures(basins))
    assert {type(p) for p in pictures} == {Picture}
    for picture in pictures:
        assert len(picture.png()) > 5_000
        assert len(picture.alt) > 60 and any(c.isdigit() for c in picture.alt), picture.alt
        for ax in picture.axes:
            for label in (ax.get_xlabel(), ax.get_ylabel()):
                assert not label or label in {"epoch", "day"} or label.rstrip().endswith("]"), label


def overlap(box, other):
    return min(box.x1, other.x1) - max(box.x0, other.x0) > 1 and min(box.y1, other.y1) - max(box.y0, other.y0) > 1


def test_no_words_on_top_of_each_other_and_none_cut_off(basins):
    for picture in all_pictures(basins):
        picture.canvas.draw()
        renderer, page = picture.canvas.get_renderer(), picture.bbox
        for legend in picture.legends:
            box = legend.get_window_extent(renderer)
            assert box.x0 >= 0 and box.y1 <= page.y1 + 1
            assert not any(overlap(box, ax.get_tightbbox(renderer)) for ax in picture.axes)
        for ax in picture.axes:
            ticks = [t for axis in (ax.xaxis, ax.yaxis) for t in axis.get_ticklabels() if t.get_visible()]
            words = [ax.xaxis.label, ax.yaxis.label, ax.title, ax._left_title, *ticks]
            boxes = {w.get_text(): w.get_window_extent(renderer) for w in words if w.get_text() and ax.get_visible()}
            inside = {k: b for k, b in boxes.items() if b.x1 > 0 and ax.name != "cartopy.geoaxes"}
            for name, box in inside.items():
                if name in {ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")}:
                    assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1, name
                    assert not [other for other, b in inside.items() if other != name and overlap(box, b)], name


def test_a_hydrograph_in_words(basins):
    one = basins.sel(basin="a1")
    q, late = one["discharge"], one["discharge"].shift(time=1)
    words = figures.hydrograph(q, {"late": late}, one["prcp"], ("2000-01-01", "2000-12-31")).alt
    shown = q.sel(time="2000")
    assert words.startswith("Hydrograph, basin a1, 2000-01-01 to 2000-12-31.")
    assert f"highest {float(shown.max()):.3g} mm/day on {str(shown.time.values[shown.values.argmax()])[:10]}" in words
    assert f"NSE {nse(shown, late.sel(time='2000')):.2f}" in words  # of what is shown, not of the whole record
    assert "Above, hanging down, precipitation" in words


def test_a_hydrograph_draws_what_it_was_given(basins):
    q = basins["discharge"].sel(basin="a2")
    gap = q.copy()
    gap[100:200] = np.nan
    picture = figures.hydrograph(gap, {"sim": q})
    observed, simulated = picture.axes[0].lines
    assert np.isnan(observed.get_ydata()[150]) and np.isfinite(simulated.get_ydata()).all()
    assert [line.get_label() for line in picture.axes[0].lines] == ["observed", "sim (NSE 1.00)"]
    plain = figures.hydrograph([1, 2, 5], [1, 1, 4], forcing=[0, 9, 0])
    assert plain.axes[1].get_xlabel() == "day" and plain.axes[0].yaxis_inverted()


def test_gaps_all_over_are_no_reason_to_fail(basins):
    q = basins["discharge"].sel(basin="a1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = figures.hydrograph(q * np.nan, {"sim": q}, forcing=q * np.nan)
        assert "observed: no value." in picture.alt and "NSE undefined" in picture.alt
        assert picture.png()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda b: figures.hydrograph(b["discharge"]), r"observed has .*choose one basin with .sel\(basin="),
        (lambda b: figures.hydrograph(b["discharge"].sel(basin="a1"), period=("1980", "1981")),
         "nothing in .*; it is 1999-10-01 to 2001-09-30"),
        (lambda b: figures.hydrograph(None), "nothing to draw"),
        (lambda b: figures.learning_curve({}), "no training step to draw yet"),
        (lambda b: figures.score_bars({}), "give name -> score"),
        (lambda b: figures.skill_cdf({"LSTM": [np.nan]}), "LSTM has no score on any basin"),
        (lambda b: figures.calibration([0.1, 0.9], [0.5]), "one share for each of the 2 levels is needed, received 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(basins, call, words):
    with pytest.raises(SkillError, match=words):
        call(basins)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda b: figures.basin_map(b, "aridty"), "no attribute 'aridty' in the attributes .*did you mean 'aridity'"),
        (lambda b: figures.basin_map(b, highlight="a9"), r"no basin 'a9' in this map \(4 basins, a1 ... a4\)"),
        (lambda b: figures.basin_map(b, [1, 2]), r"one value per basin is needed, 4 in all; received the shape \(2,\)"),
        (lambda b: figures.basin_map(b.drop_vars("lat")), "needs the coordinates basin, lat and lon; lat missing"),
        (lambda b: figures.water_balance(b.drop_vars("aridity")), "needs the attribute 'aridity' or 'pet_mean'"),
    ],
)
def test_what_is_not_there(basins, call, words):
    with pytest.raises(BasinError, match=words):
        call(basins)


def test_values_find_their_basin_by_its_id(basins):
    scores = pd.Series([0.9, 0.1], index=["a4", "a1"], name="nse")
    words = figures.basin_map(basins, scores, label="NSE [-]").alt
    assert "lowest at a1, highest at a4. 2 without a value." in words


def test_budyko_keeps_its_limits():
    aridity = np.linspace(0.05, 20, 400)
    curve = budyko(aridity)
    assert (curve < np.minimum(aridity, 1)).all() and (np.diff(curve) > 0).all()
    assert budyko(np.array([1.0]))[0] == pytest.approx(np.sqrt(np.tanh(1) * (1 - np.exp(-1))))


def test_water_balance_counts_what_cannot_be(basins):
    impossible = basins.assign(discharge=basins["discharge"] * [[1], [1], [1], [5]])  # more water than rain
    assert "1 lie beyond" in figures.water_balance(impossible).alt


def test_rank_correlation_is_spearman():
    from scipy.stats import spearmanr

    x, y = np.random.default_rng(0).integers(0, 9, (2, 60)).astype(float)
    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert np.isnan(rank_correlation(x, np.ones(60)))


def test_outlines_are_where_they_should_be():
    borders, coasts = outlines("border"), outlines("coast")
    points = np.concatenate([*borders, *coasts])
    assert len(outlines()) == len(borders) + len(coasts)
    np.testing.assert_allclose(points.min(axis=0), [-124.7, 24.5], atol=0.1)  # Cape Flattery, the Florida Keys
    np.testing.assert_allclose(points.max(axis=0), [-66.95, 49.38], atol=0.05)  # Quoddy Head, Northwest Angle
    corners = {"Four Corners": (-109.045, 36.999), "Arkansas, Louisiana, Texas": (-94.043, 33.02),
               "Minnesota, Iowa, South Dakota": (-96.45, 43.50)}  # fmt: skip
    for name, corner in corners.items():
        nearest = np.hypot(*(np.concatenate(borders) - corner).T).min()
        assert nearest < 0.03, name
    with pytest.raises(ValueError, match="no outlines of kind 'river'; there are 'border' and 'coast'"):
        outlines("river")


def test_outlines_are_made_from_arcs_that_neighbours_share():
    """Two square states side by side: one border, two coasts; a third one is Alaska and left out."""
    topology = {
        "transform": {"scale": [1, 1], "translate": [-100, 30]},
        "arcs": [[[5, 0], [0, 5]], [[5, 5], [-5, 0], [0, -5], [5, 0]], [[5, 0], [5, 0], [0, 5], [-5, 0]],
                 [[9, 9], [1, 1]], [[20, 20], [0, 0], [0, 0]]],
        "objects": {"states": {"geometries": [
            {"id": "01", "arcs": [[0, 1]]}, {"id": "04", "arcs": [[[2, ~0]], [[4]]]}, {"id": "02", "arcs": [[3]]}]}},
    }  # fmt: skip
    made = json.loads(make.outline_json(topology))
    step = make.STEP
    assert made["unit"] == step and len(made["border"]) == 1 and len(made["coast"]) == 2  # the point island is dropped
    border = np.cumsum(np.reshape(made["border"][0], (-1, 2)), axis=0) * step
    np.testing.assert_allclose(border, [[-95, 30], [-95, 35]])
    assert make.outline_json(topology) == make.outline_json(topology)


def test_figures_need_no_pyplot_and_no_tensorflow():
    code = "import sys; from dla_widgets.streamflow import figures; figures.hydrograph([1, 2, 3]).png(); "
    code += "print(sorted({'matplotlib.pyplot', 'tensorflow', 'keras', 'cartopy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
