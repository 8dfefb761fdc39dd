"""Speckle filters against slow ones that follow the papers, by properties, and by what they say to wrong input."""

import time

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


def refined_by_the_paper(image, looks):
    """Lee (1981): 3x3 means, four gradients, two halves to each, drawn as masks."""
    rows, columns = image.shape
    means = by_the_paper("boxcar", image, 3)
    right, upper = np.indices((7, 7))[1] >= 3, np.indices((7, 7))[0] <= 3
    halves = {0: (right, right[:, ::-1]), 1: (np.tri(7).T > 0, np.tri(7) > 0),
              2: (upper, upper[::-1]), 3: (np.tri(7).T[:, ::-1] > 0, np.tri(7)[:, ::-1] > 0)}  # fmt: skip
    masks = [np.array(m) for m in ([[-1, 0, 1]] * 3, [[0, 1, 1], [-1, 0, 1], [-1, -1, 0]],
                                   [[1, 1, 1], [0, 0, 0], [-1, -1, -1]], [[1, 1, 0], [1, 0, -1], [0, -1, -1]])]  # fmt: skip
    towards = [((1, 2), (1, 0)), ((0, 2), (2, 0)), ((0, 1), (2, 1)), ((0, 0), (2, 2))]
    padded = np.pad(image.astype(float), 3, constant_values=np.nan)
    out = np.full(image.shape, np.nan)
    for row, column in zip(*np.nonzero(np.isfinite(image)), strict=True):
        i = np.clip([row - 2, row, row + 2], 0, rows - 1)
        grid = means[np.ix_(i, np.clip([column - 2, column, column + 2], 0, columns - 1))]
        grid = np.where(np.isnan(grid), means[row, column], grid)
        k = int(np.argmax([abs((grid * m).sum()) for m in masks]))
        first, second = (abs(grid[at] - grid[1, 1]) for at in towards[k])
        half = halves[k][int(first > second)]
        window = padded[row : row + 7, column : column + 7][half]
        window = window[np.isfinite(window)]
        mean, variance = window.mean(), window.var()
        surface = max((variance - mean**2 / looks) / (1 + 1 / looks), 0)
        out[row, column] = mean + (surface / variance if variance > 0 else 0) * (image[row, column] - mean)
    return out


@pytest.mark.parametrize("seed", range(4))
def test_refined_lee_as_the_paper_says(seed):
    image = speckled(seed)
    image = np.where(np.add(*np.indices(image.shape)) > 35, 3 * image, image)  # an edge that runs aslant
    np.testing.assert_allclose(speckle.refined_lee(image, 4.0), refined_by_the_paper(image, 4.0), rtol=2e-5)


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


@pytest.mark.parametrize("name", FILTERS)
def test_what_is_far_away_does_not_matter(name):
    """Neither a ship that is brighter by 80 dB nor a pixel that overflowed reaches farther than the windows do."""
    image = speckled(3, (40, 40)) * np.float32(1e-3)
    plain = FILTERS[name](image)
    for strange in (1e4, np.inf, np.nan):
        other = image.copy()
        other[5, 6] = strange
        out = FILTERS[name](other)
        np.testing.assert_array_equal(out[14:], plain[14:])
        np.testing.assert_array_equal(out[:, 15:], plain[:, 15:])
        assert np.isfinite(out[5, 6]) == np.isfinite(strange)


@pytest.mark.parametrize("name", FILTERS)
def test_stacks_masks_and_zeros(name):
    images = np.stack([speckled(seed, (130, 140)) for seed in range(4)]).reshape(2, 2, 130, 140)  # enough for two cores
    out = FILTERS[name](images)
    assert out.dtype == np.float32 and out.shape == images.shape
    np.testing.assert_array_equal(out[1, 0], FILTERS[name](images[1, 0]))
    hidden = np.ma.masked_array(np.nan_to_num(images[0, 0], nan=77.0), np.isnan(images[0, 0]))
    np.testing.assert_array_equal(FILTERS[name](hidden), out[0, 0])
    assert (FILTERS[name](np.zeros((9, 9))) == 0).all()
    assert np.isnan(FILTERS[name](np.full((9, 9), np.nan))).all()
    assert FILTERS[name](np.zeros((0, 9, 9))).shape == (0, 9, 9)


def test_one_translation_serves_every_kind_of_array():
    image = np.ones((9, 9), np.float32)
    read_only = image.copy()
    read_only.flags.writeable = False
    for array in (image, read_only, image.astype(int), image.T, np.asfortranarray(image), image.tolist()):
        np.testing.assert_array_equal(speckle.lee(array), image)
    assert len(speckle.kernels.slide.signatures) == 1


def test_whoever_waits_for_a_translation_is_told(capsys):
    speckle._compile(lambda *rows: time.sleep(1.1))
    assert "Translating the filter for this computer: some seconds, the first time only." in capsys.readouterr().out
    speckle._compile(lambda *rows: None)
    assert capsys.readouterr().out == ""


def test_numba_says_how_many_cores(monkeypatch):
    image = speckled(0, (300, 300))
    two = speckle.lee(image)
    monkeypatch.setattr(speckle.config, "NUMBA_NUM_THREADS", 1)
    monkeypatch.setattr(speckle, "ThreadPoolExecutor", None)  # none is asked for
    np.testing.assert_array_equal(speckle.lee(image), two)


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


def test_quegan_as_the_paper_says():
    powers = np.stack([speckled(seed, (12, 14)) for seed in range(3)])
    powers[1, 2, 2] = np.nan
    local = np.stack([by_the_paper("boxcar", p, 5) for p in powers])
    expected = np.full(powers.shape, np.nan)
    for k, row, column in np.ndindex(powers.shape):
        seen = [i for i in range(3) if np.isfinite(powers[i, row, column])]
        if k in seen:
            ratios = [powers[i, row, column] / local[i, row, column] for i in seen]
            expected[k, row, column] = local[k, row, column] * sum(ratios) / len(seen)
    np.testing.assert_allclose(quegan(powers, 5), expected, rtol=2e-5)
    stack = xr.DataArray(powers[None], dims=("scene", "time", "y", "x"))  # time need not come first
    np.testing.assert_array_equal(quegan(stack, 5).values[0], quegan(powers, 5))
    assert quegan(stack, 5).dims == stack.dims
    assert (quegan(np.zeros((2, 9, 9))) == 0).all()


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
