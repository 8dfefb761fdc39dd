"""Areas from a checked sample: the worked example of the paper, and chance as a simulation sees it."""

import numpy as np
import pytest

from dla_widgets.landcover.area import accuracy_adjusted, area_adjusted
from dla_widgets.landcover.skill import Confusion, SkillError

#: Olofsson et al. (2014), tables 8 and 9: rows are what was mapped; deforestation, gain, stable forest, stable non-forest
CHECKED = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
MAPPED = np.array([200_000, 150_000, 3_200_000, 6_450_000])


def example() -> tuple[Confusion, np.ndarray]:
    matrix, mapped = np.zeros((9, 9), int), np.zeros(9)
    matrix[:4, :4], mapped[:4] = CHECKED.T, MAPPED
    return Confusion(matrix), mapped


def test_the_example_of_the_paper():
    table = area_adjusted(*example())
    assert table.equals(example()[0].area_adjusted(example()[1]))
    hectares = 900_000
    assert table["adjusted"].iloc[0] * hectares == pytest.approx(21_158, abs=1)
    half = (table["high"] - table["low"]).iloc[0] / 2 * hectares
    assert half == pytest.approx(6_158, abs=1)
    accuracy, low, high = accuracy_adjusted(*example())
    assert accuracy == pytest.approx(0.95, abs=0.005) and (high - low) / 2 == pytest.approx(0.02, abs=0.005)


def test_a_perfect_sample_leaves_the_map_as_it_is():
    table = area_adjusted(Confusion(np.eye(9, dtype=int) * 50), np.arange(1, 10))
    np.testing.assert_allclose(table["adjusted"], np.arange(1, 10) / 45)
    np.testing.assert_allclose(table["low"], table["high"])


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth = rng.choice([0, 1, 6], 50_000, p=[0.8, 0.15, 0.05]).astype(np.uint8)
    map_ = np.where(rng.random(truth.size) < 0.2, rng.choice([0, 1, 6], truth.size), truth).astype(np.uint8)
    share, hits = np.bincount(truth, minlength=9) / truth.size, []
    for _ in range(300):
        drawn = np.concatenate([rng.choice(np.flatnonzero(map_ == c), 60, replace=False) for c in (0, 1, 6)])
        table = area_adjusted(Confusion().add(truth[drawn], map_[drawn]), np.bincount(map_, minlength=9))
        hits.append(table.loc["shrubs", "low"] <= share[1] <= table.loc["shrubs", "high"])
    assert 0.9 < np.mean(hits) < 0.99


def test_errors():
    sample, mapped = example()
    with pytest.raises(SkillError, match="water is on the map, but 0 of its pixels were checked; check two or more"):
        area_adjusted(sample, mapped + 10 * (np.arange(9) == 6))
    with pytest.raises(SkillError, match="9 numbers, one per class, none negative"):
        accuracy_adjusted(sample, [1, 2])
