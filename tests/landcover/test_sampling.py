"""Crops land where they should and as often; blocks keep neighbours together; weights follow their formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dla_widgets.landcover import augment
from dla_widgets.landcover.class_weights import WAYS, WeightError, class_counts, class_weights
from dla_widgets.landcover.legend import IGNORE
from dla_widgets.landcover.sampling import (
    SamplingError,
    class_crops,
    crop_dataset,
    cut,
    grid_crops,
    random_crops,
    rare_crops,
    spatial_blocks,
)


@pytest.fixture
def labels():
    """Three scenes of forest; one has a village, one a lake."""
    labels = np.zeros((3, 60, 80), np.uint8)
    labels[1, 50:54, 3:9] = 4
    labels[2, 0:10, 70:80] = 6
    labels[0, :, :5] = IGNORE
    return labels


def inside(crops, labels, size):
    return (crops >= 0).all() and (crops[:, 0] < 3).all() and (crops[:, 1:] + size <= labels.shape[1:]).all()


def test_random_crops_reach_every_place(labels):
    crops = random_crops(labels, 16, 20_000, np.random.default_rng(0))
    assert inside(crops, labels, 16)
    assert len(np.unique(crops, axis=0)) > 0.9 * (1 - np.exp(-20_000 / 8775)) * 8775  # of 3 x 45 x 65 places
    np.testing.assert_allclose(np.bincount(crops[:, 0]) / 20_000, 1 / 3, atol=0.02)


@given(st.integers(3, 40), st.integers(1, 40))
def test_a_grid_sees_every_pixel(size, stride):
    labels = np.zeros((1, 40, 47), np.uint8)
    seen = np.zeros((40, 47), int)
    for _, row, column in grid_crops(labels, size, min(stride, size)):
        seen[row : row + size, column : column + size] += 1
    assert (seen > 0).all()


@pytest.mark.parametrize("how", ["balanced", "sqrt", "effective"])
def test_class_crops_hold_the_class_that_was_drawn(labels, how):
    rng = np.random.default_rng(1)
    crops = class_crops(labels, 16, 3000, rng, how)
    assert inside(crops, labels, 16)
    with_village = (cut(labels, crops, 16) == 4).any((1, 2)).mean()
    at_random = (cut(labels, random_crops(labels, 16, 3000, rng), 16) == 4).any((1, 2)).mean()
    assert with_village > 2 * at_random
    if how == "balanced":
        assert with_village == pytest.approx(1 / 3, abs=0.03)  # forest, built-up and water


def test_a_balanced_crop_is_still_mostly_forest(labels):
    crops = class_crops(labels, 32, 500, np.random.default_rng(2))
    shares = class_counts(cut(labels, crops, 32)) / class_counts(cut(labels, crops, 32)).sum()
    assert shares[0] > 0.8


def test_rare_crops_look_where_a_model_is_wrong(labels):
    predicted = labels.copy()
    predicted[2, 2:8, 72:78] = 0
    crops = rare_crops(labels, predicted, 8, 50, np.random.default_rng(3))
    assert set(crops[:, 0]) == {2} and crops[:, 1].max() < 8 and crops[:, 2].min() > 64
    with pytest.raises(SamplingError, match="gets every known pixel right"):
        rare_crops(labels, labels, 8, 5, np.random.default_rng(3))


@given(st.integers(20, 90), st.integers(20, 90), st.integers(4, 20), st.integers(0, 99))
def test_blocks(rows, columns, block, seed):
    parts = spatial_blocks((rows, columns), block, (0.5, 0.25, 0.25), seed)
    assert parts.shape == (rows, columns) and set(np.unique(parts)) <= {0, 1, 2}
    for i in range(0, rows, block):
        for j in range(0, columns, block):
            assert len(np.unique(parts[i : i + block, j : j + block])) == 1
    number = -(-rows // block) * -(-columns // block)
    whole = sum((parts[i, j] == 0) for i in range(0, rows, block) for j in range(0, columns, block))
    assert abs(whole - number / 2) <= 1
    np.testing.assert_array_equal(parts, spatial_blocks((rows, columns), block, (0.5, 0.25, 0.25), seed))


def test_crop_dataset(labels):
    power = np.random.default_rng(0).gamma(5, 0.02, (*labels.shape, 2)).astype(np.float32)
    first = next(iter(crop_dataset(power, labels, 16, 4, "balanced", seed=3)))
    again = next(iter(crop_dataset(power, labels, 16, 4, "balanced", seed=3)))
    assert first[0].shape == (4, 16, 16, 2) and first[1].shape == (4, 16, 16)
    np.testing.assert_array_equal(first[0], again[0])
    where = [(power[s, r : r + 16, c : c + 16] == first[0][0].numpy()).all() for s, r, c in grid_crops(labels, 16, 1)]
    assert sum(where) == 1  # a true piece of a scene


@pytest.mark.parametrize(("call", "message"), [
    (lambda y: random_crops(y, 64, 1, np.random.default_rng()), "crops of 64 pixels do not fit into scenes of 60 by 80"),
    (lambda y: random_crops(y[0], 8, 1, np.random.default_rng()), r"labels are \(scene, y, x\); these have the shape \(60, 80\)"),
    (lambda y: grid_crops(np.full_like(y, IGNORE), 8), "no pixel has a label: all are ignored"),
    (lambda y: spatial_blocks((50, 50), 64), "blocks of 64 pixels do not fit into a scene of 50 by 50"),
    (lambda y: spatial_blocks((50, 50), 8, (0.5, 0.5, 0.5)), "add up to 1"),
])  # fmt: skip
def test_crops_that_cannot_be(labels, call, message):
    with pytest.raises(SamplingError, match=message):
        call(labels)


# ---------------------------------------------------------------------------------------------------------- weights


def test_weights_by_hand():
    counts = [900, 90, 0, 10]
    np.testing.assert_allclose(class_weights(counts, "inverse"), np.array([1, 10, 0, 90]) * 3 / 101, rtol=1e-6)
    np.testing.assert_allclose(class_weights(counts, "median"), class_weights(counts, "inverse"), rtol=1e-6)
    np.testing.assert_allclose(class_weights(counts, "sqrt"), np.array([1, np.sqrt(10), 0, np.sqrt(90)]) * 3
                               / (1 + np.sqrt(10) + np.sqrt(90)), rtol=1e-6)  # fmt: skip
    effective = (1 - 0.99) / (1 - 0.99 ** np.array([900, 90, 10]))
    np.testing.assert_allclose(class_weights(counts, "effective", 0.99)[[0, 1, 3]], effective / effective.mean(), rtol=1e-6)
    assert class_weights(counts, "none").tolist() == [1, 1, 0, 1]


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=9).filter(any), st.sampled_from(WAYS))
def test_weights_are_finite_and_have_mean_1(counts, how):
    weights, there = class_weights(counts, how), np.array(counts) > 0
    assert np.isfinite(weights).all() and weights[there].mean() == pytest.approx(1, rel=1e-5) and not weights[~there].any()


def test_counts_and_their_errors():
    assert class_counts([[0, 0, IGNORE], [8, 3, 3]]).tolist() == [2, 0, 0, 2, 0, 0, 0, 0, 1]
    with pytest.raises(WeightError, match="80 is no label; they run from 0 to 8"):
        class_counts([80])
    with pytest.raises(WeightError, match="no weights 'inverted'; there are none, inverse, sqrt, median, effective"):
        class_weights([1, 2], "inverted")
    with pytest.raises(WeightError, match="not all 0"):
        class_weights([0, 0])
    with pytest.raises(WeightError, match=r"beta lies in \[0, 1\); got 1"):
        class_weights([1, 2], "effective", 1)


# ----------------------------------------------------------------------------------------------------- augmentation


def test_power_and_labels_are_turned_together():
    labels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8).repeat(6, 0)
    power = labels[..., None].astype(np.float32)
    seen = set()
    positions = augment.Positions(seed=1)
    for _ in range(8):
        p, y = positions((power, labels))
        np.testing.assert_array_equal(p[..., 0], y.numpy().astype(np.float32))
        assert sorted(np.unique(y)) == list(range(64))
        seen.add((int(y[0, 0, 0]), int(y[0, 0, 7])))
    assert len(seen) > 3 and seen <= {(0, 7), (7, 0), (0, 56), (56, 0), (63, 56), (56, 63), (63, 7), (7, 63)}


def test_added_speckle_has_the_looks_and_the_correlation_of_the_real_one():
    factor = augment.SpeckleNoise(looks=5, seed=2)(np.ones((2, 128, 128, 2), np.float32)).numpy()
    assert factor.mean() == pytest.approx(1, abs=0.02)
    assert 1 / factor.var() == pytest.approx(5, rel=0.1)
    noise = factor[0, :, :, 0] - 1
    correlation = [np.mean(noise[:, lag:] * noise[:, : 128 - lag]) / noise.var() for lag in (1, 2, 3)]
    np.testing.assert_allclose(correlation, [0.65, 0.18, 0.02], atol=0.06)


def test_gain_is_one_for_a_whole_crop():
    out = augment.RadiometricJitter(0.5, seed=3)(np.full((200, 4, 4, 2), 0.1, np.float32)).numpy()
    decibels = 10 * np.log10(out / 0.1)
    assert np.ptp(decibels, axis=(1, 2)).max() < 1e-4
    assert decibels.std() == pytest.approx(0.5, rel=0.15)


def test_augmentation_is_the_same_for_a_seed():
    import keras

    power = np.random.default_rng(0).gamma(5, 0.02, (3, 8, 8, 2)).astype(np.float32)
    labels = np.zeros((3, 8, 8), np.uint8)
    one, two = (augment.augmentation(seed=5)(power, labels)[0].numpy() for _ in range(2))
    np.testing.assert_array_equal(one, two)
    layer = augment.SpeckleNoise(looks=7, seed=4)
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer)).looks == 7
