"""Speckle filters against slow ones that follow the papers, by properties, and by what they say to wrong input."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from dla_widgets.landcover import speckle
from dla_widgets.landcover.speckle import SpeckleError, edge_preservation, enl, quegan, ratio_image

FILTERS = {name: getattr(speckle, name) for name in
           ("boxcar", "lee", "kuan", "enhanced_lee", "gamma_map", "frost", "refined_lee")}  # fmt: skip


def speckled(seed=0, shape=(24, 30), looks=5, gaps=True):
    """Two fields and a bright house, under white or correlated speckle."""
    rng = np.random.default_rng(seed)
    surface = np.where(np.arange(shape[1]) < shape[1] // 2, 0.05, 0.3) * np.ones(shape)
    surface[5, 7] = 4.0
    power = (surface * rng.gamma(looks, 1 / looks, shape)).astype(np.float32)
    if gaps:
        power[10:13, 4] = np.nan
    return power


def windows(image, half):
    """Each pixel with what its window holds: values and their distances."""
    for row, column in np.ndindex(image.shape):
        if np.isfinite(image[row, column]):
            rows = slice(max(0, row - half), row + half + 1)
            columns = slice(max(0, column - half), column + half + 1)
            i, j = (at[rows, columns] for at in np.indices(image.shape))
            window = image[rows, columns].astype(float)
            seen = np.isfinite(window)
            yield (row, column), float(image[row, column]), window[seen], np.hypot(i - row, j - column)[seen]


def by_the_paper(name, image, size=7, looks=5.0, damping=None):
    """A filter as its paper says, pixel by pixel."""
    out = np.full(image.shape, np.nan)
    cu = np.sqrt(1 / looks)
    for at, z, window, distance in windows(image, size // 2):
        mean = window.mean()
        ci = window.std() / mean
        if name == "frost":
            weight = np.exp(-(damping or 2.0) * ci**2 * distance)
            out[at] = (weight * window).sum() / weight.sum()
        elif name == "boxcar" or ci <= cu:
            out[at] = mean
        elif name in ("lee", "kuan"):
            w = 1 - cu**2 / ci**2
            w = w / (1 + cu**2) if name == "kuan" else w
            out[at] = z * w + mean * (1 - w)
        elif name == "enhanced_lee":
            most = np.sqrt(1 + 2 / looks)
            w = np.exp(-(damping or 1.0) * (ci - cu) / (most - ci)) if ci < most else 0.0
            out[at] = mean * w + z * (1 - w)
        elif ci >= np.sqrt(2) * cu:
            out[at] = z
        else:
            alpha = (1 + cu**2) / (ci**2 - cu**2)
            out[at] = np.roots([alpha, -(alpha - looks - 1) * mean, -looks * z * mean]).max()
    return out


@pytest.mark.parametrize("name", ["boxcar", "lee", "kuan", "enhanced_lee", "gamma_map", "frost"])
@pytest.mark.parametrize("size", [3, 7])
def test_as_the_paper_says(name, size):
    image = speckled()
    np.testing.assert_allclose(FILTERS[name](image, size), by_the_paper(name, image, size), rtol=2e-5)


def test_inside_a_boxcar_is_scipys_uniform_filter():
    image = speckled(shape=(300, 260), gaps=False)  # large enough to be cut into strips
    inner = slice(4, -4)
    theirs = ndimage.uniform_filter(image.astype(float), 9)
    np.testing.assert_allclose(speckle.boxcar(image, 9)[inner, inner], theirs[inner, inner], rtol=2e-5)


@pytest.mark.parametrize("name", FILTERS)
def test_strips_leave_no_seam(name):
    image = speckled(1, (300, 260))
    whole = FILTERS[name](image)
    np.testing.assert_array_equal(FILTERS[name](image[100:180])[20:-20], whole[120:160])


@pytest.mark.parametrize("name", FILTERS)
def test_a_surface_without_speckle_stays_as_it_is(name):
    np.testing.assert_allclose(FILTERS[name](np.full((12, 15), 0.37, np.float32)), 0.37, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), factor=st.floats(1e-3, 1e3), name=st.sampled_from(list(FILTERS)))
def test_properties(seed, factor, name):
    image = speckled(seed)
    out = FILTERS[name](image)
    seen = np.isfinite(image)
    np.testing.assert_array_equal(np.isfinite(out), seen)  # gaps stay, and stay where they are
    low = ndimage.minimum_filter(np.where(seen, image, np.inf), 7)
    high = ndimage.maximum_filter(np.where(seen, image, -np.inf), 7)
    assert (out[seen] >= low[seen] * (1 - 1e-5)).all() and (out[seen] <= high[seen] * (1 + 1e-5)).all()
    np.testing.assert_allclose(FILTERS[name](image * np.float32(factor)), out * np.float32(factor), rtol=1e-3)
    np.testing.assert_allclose(FILTERS[name](image[::-1])[::-1], out, rtol=1e-3) if name != "refined_lee" else None


@pytest.mark.parametrize("name", FILTERS)
def test_on_the_speckle_of_real_radar(name):
    """Five looks blurred as in the course's scenes: more looks after the filter, and the same mean."""
    rng = np.random.default_rng(2)
    fields = [ndimage.gaussian_filter(rng.standard_normal((160, 160)), 1.08) for _ in range(10)]
    power = np.sum(np.square(fields), axis=0)
    power = (0.2 * power / power.mean()).astype(np.float32)
    out = FILTERS[name](power)
    assert enl(out) > 1.5 * enl(power)
    assert out.mean() == pytest.approx(0.2, rel=0.03)


def test_refined_lee_keeps_an_edge_that_lee_blurs():
    clean = np.where(np.arange(60) < 30, 0.02, 0.4) * np.ones((60, 1))
    power = (clean * np.random.default_rng(3).gamma(5, 0.2, clean.shape)).astype(np.float32)
    refined, plain = speckle.refined_lee(power), speckle.boxcar(power)
    beside = np.s_[:, 27:33]
    assert np.abs(np.log(refined / clean)[beside]).mean() < 0.5 * np.abs(np.log(plain / clean)[beside]).mean()
    assert edge_preservation(clean, refined) > edge_preservation(clean, plain)


def test_quegan_lends_looks_between_dates():
    rng = np.random.default_rng(4)
    surface = np.stack([np.full((80, 80), level) for level in (0.1, 0.2, 0.05, 0.4)])
    powers = (surface * rng.gamma(4, 0.25, surface.shape)).astype(np.float32)
    powers[1, 3, 3] = np.nan
    out = quegan(powers, 7)
    for before, after, level in zip(powers, out, (0.1, 0.2, 0.05, 0.4)):
        assert 2.5 < enl(after) / enl(before) < 5  # four dates
        assert np.nanmean(after) == pytest.approx(level, rel=0.03)
    assert np.isnan(out[1, 3, 3]) and np.isfinite(out[0, 3, 3])


def test_quegan_by_hand():
    powers = np.array([[[1.0, 3.0]], [[2.0, 2.0]]], np.float32)
    np.testing.assert_allclose(quegan(powers, 1), powers)  # a window of one pixel: every ratio is 1


def test_looks_and_ratio():
    power = np.array([[1.0, 3.0], [1.0, 3.0]])
    assert enl(power) == pytest.approx(4)  # mean 2, variance 1
    np.testing.assert_allclose(ratio_image(power, np.array([[2.0, 2.0], [0.0, 1.0]])), [[0.5, 1.5], [np.nan, 3]])
    assert edge_preservation(speckled(gaps=False), speckled(gaps=False)) == pytest.approx(1)


def test_labelled_arrays_keep_their_labels():
    image = xr.DataArray(speckled()[None], dims=("scene", "y", "x"), coords={"scene": ["a"]}, attrs={"units": "1"})
    out = speckle.lee(image)
    assert out.dims == image.dims and out.attrs == image.attrs
    np.testing.assert_array_equal(out.values[0], speckle.lee(image.values[0]))


@pytest.mark.parametrize(("call", "message"), [
    (lambda p: speckle.lee(10 * np.log10(p)), r"filters work on linear power.* Are these decibels\? linear\(values\)"),
    (lambda p: speckle.lee(p, 6), "an odd number of pixels along its side, 3, 5, 7 ...; got 6"),
    (lambda p: speckle.boxcar(p, 31), "a window of 31 pixels is larger than the image of 24 by 30"),
    (lambda p: speckle.lee(p, 7, looks=0), "looks must be a number above 0; got 0"),
    (lambda p: speckle.frost(p, 7, damping=-1), "damping must be a number above 0; got -1"),
    (lambda p: speckle.boxcar(p[0]), r"a filter needs an image \(..., y, x\)"),
    (lambda p: quegan(p[None]), r"needs \(time, y, x\) with two dates or more"),
    (lambda p: enl(np.ones((3, 3))), "here are 9 measured pixels that do not"),
    (lambda p: ratio_image(p, p[:5]), "both images must have one shape"),
    (lambda p: edge_preservation(p, np.ones_like(p)), "one of the two is constant"),
])  # fmt: skip
def test_errors_say_what_to_change(call, message):
    with np.errstate(divide="ignore"), pytest.raises(SpeckleError, match=message):
        call(speckled(gaps=False))
