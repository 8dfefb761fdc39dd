"""Scores are those of the lessons, the same to the last bit, and come from basins and blocks, never from rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score

from autograder.competition.ladder import climbs, errors, jackknife_error, let_out, standard_error
from autograder.competition.metrics import METRICS, nse
from autograder.competition.scoring import pack, unpack
from dla_widgets.streamflow import skill

FLOWS = arrays(float, 50, elements=st.floats(0, 1e4, width=32))


@given(FLOWS, FLOWS, st.permutations(range(50)))
def test_nse_is_the_lessons_and_the_order_of_days_changes_no_bit(observed, simulated, order):
    observed = observed + np.arange(50)  # a river that does not stand still
    score = nse(observed, simulated)
    assert score == pytest.approx(skill.nse(observed, simulated), rel=1e-9, abs=1e-9)
    assert nse(observed[order], simulated[order]) == score
    gaps = np.where(np.arange(50) % 7 == 3, np.nan, observed)
    assert nse(gaps, simulated) == pytest.approx(skill.nse(gaps, simulated), rel=1e-9, abs=1e-9)


def test_macro_f1_of_the_sum_of_tables_is_scikit_learns():
    rng = np.random.default_rng(0)
    truth, mapped = rng.integers(0, 6, (12, 400)), rng.integers(0, 7, (12, 400))
    tables = np.zeros((12, 9, 9), int)
    for k in range(12):
        np.add.at(tables[k], (truth[k], mapped[k]), 1)
    expected = f1_score(truth.ravel(), mapped.ravel(), average="macro")
    assert METRICS["macro_f1"].score(tables) == pytest.approx(expected, abs=1e-15)


def test_statistics_come_back_as_they_were():
    units = np.random.default_rng(1).normal(size=(40, 1))
    np.testing.assert_array_equal(unpack(pack(units)), units)
    assert pack(units) == pack(units)


def test_the_ladder_lets_out_gains_only():
    rng, metric = np.random.default_rng(2), METRICS["nse"]
    best = rng.uniform(0.5, 0.8, (60, 1))
    assert climbs(metric, best, best + 0.05)  # every basin gains as much: no doubt
    assert not climbs(metric, best, best) and not climbs(metric, best, best - 0.05)
    assert not climbs(metric, best, best + 0.004)  # less than a step
    noise = rng.normal(0, 0.2, best.shape)
    assert standard_error(metric, best, best + noise) > 0.01
    assert standard_error(metric, best, best + 0.05) == pytest.approx(0, abs=1e-12)
    assert let_out(0.71234) == 0.71 and let_out(0.7126) == 0.715 and let_out(-0.0001) == 0


def test_the_error_of_a_macro_f1_is_that_of_a_bootstrap_over_blocks():
    rng, metric = np.random.default_rng(3), METRICS["macro_f1"]
    one, other = (rng.integers(0, 40, (30, 9, 9)) + 60 * np.eye(9, dtype=int) for _ in range(2))
    draws = np.random.default_rng(30).integers(0, 30, (200, 30))
    plain = np.std([metric.score(other[drawn]) - metric.score(one[drawn]) for drawn in draws])
    assert standard_error(metric, one, other) == pytest.approx(plain, rel=1e-9)


def test_the_jackknife_sees_a_class_that_lies_in_one_block():
    rng, metric, n = np.random.default_rng(4), METRICS["macro_f1"], 24
    one, other = (rng.integers(0, 40, (n, 9, 9)) + 60 * np.eye(9, dtype=int) for _ in range(2))
    for tables in (one, other):
        tables[:, 7, :] = tables[:, :, 7] = 0
    one[3, 7, 7], other[3, 7, 0] = 50, 50  # one found it, the other did not
    left = [metric.score(np.delete(other, k, 0)) - metric.score(np.delete(one, k, 0)) for k in range(n)]
    plain = np.sqrt((n - 1) / n * np.sum((np.array(left) - np.mean(left)) ** 2))
    assert jackknife_error(metric, one, other) == pytest.approx(plain, rel=1e-9)
    assert jackknife_error(metric, one, other) > standard_error(metric, one, other)


def test_the_more_a_team_tries_the_more_a_gain_must_be():
    assert errors(1) == errors(2) == pytest.approx(np.sqrt(2 * np.log(2)))
    assert errors(100) == pytest.approx(3.03, abs=0.01) and all(errors(k) < errors(k + 1) for k in range(2, 300))
    rng, metric = np.random.default_rng(5), METRICS["nse"]
    best = rng.uniform(0.5, 0.8, (60, 1))
    new = best + 0.05 + rng.normal(0, 0.08, best.shape)
    heard = [entry for entry in range(2, 1000) if climbs(metric, best, new, entry)]
    assert heard == list(range(2, len(heard) + 2)) and 0 < len(heard) < 998  # up to some entry, and no more from there on
    assert climbs(metric, best, best + 0.03, 1000)  # all basins gain as much: no doubt, however late
