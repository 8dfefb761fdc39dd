"""The exercises of lesson 05 that judge: many rivers by one number, and forecasts that say how sure they are."""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe

# --- median_nse ------------------------------------------------------------------------------------------------------


def _scores(observed, simulated, axis: int = 1):
    """NSE along `axis` on the days that both have; NaN where nothing is left or nothing varies."""
    both = np.isfinite(observed) & np.isfinite(simulated)
    o, s = np.where(both, observed, 0.0), np.where(both, simulated, 0.0)
    mean = o.sum(axis, keepdims=True) / both.sum(axis, keepdims=True)
    spread = (both * (o - mean) ** 2).sum(axis)
    return np.where(spread > 0, 1 - ((o - s) ** 2).sum(axis) / spread, np.nan)


def _middle(scores):
    """The median of the scores that there are, without the checks that make np.nanmedian slow."""
    return np.median(scores[np.isfinite(scores)])


def median_nse_answer(observed, simulated):
    """The median over basins of each basin's own NSE; a basin that cannot be scored is left out."""
    return _middle(_scores(observed, simulated))


def _rivers(rng, n: int, days: int):
    """Rivers of very different size; the simulation is far too high in three of them, good in the rest."""
    size = rng.permutation(np.geomspace(0.3, 8.0, n))[:, None]
    observed = rng.gamma(1.5, 1.0, (n, days)) * size
    simulated = observed * rng.uniform(0.7, 1.2, (n, days)) + np.where(np.arange(n) < 3, 4.0, 0.05)[:, None] * size
    order = rng.permutation(n)
    return observed[order].round(4), simulated[order].round(4)


def _river_probes(rng):
    high = float(rng.integers(9, 15))
    yield (np.array([[1.0, 2.0, 4.0, 1.0], [9.0, 20.0, 15.0, high], [0.1, 0.4, 0.2, 0.1]]),
           np.array([[2.0, 2.0, 3.0, 1.0], [9.0, 17.0, 14.0, 12.0], [0.5, 0.6, 0.3, 0.4]]))
    observed, simulated = _rivers(rng, 5, 20)
    observed[range(5), rng.integers(0, 20, 5)] = np.nan
    yield Probe((observed, simulated), "gaps in the record")
    observed, simulated = _rivers(rng, 5, 20)
    observed = np.vstack([np.full(20, np.nan), observed, np.full(20, 0.0)])
    yield Probe((observed, np.vstack([simulated[1], simulated, simulated[2]])), "basins that cannot be scored")


median_nse = Exercise("median_nse", median_nse_answer, _river_probes, hints=[
    "One NSE for each basin, with that basin's own mean and its own days. Only then one number for all.",
    "Loop over the basins, mask the days that both series have, and append the NSE. At the end `np.nanmedian(scores)`.",
    "A basin with no measured day, or with the same discharge every day, gets `np.nan`: nanmedian leaves it out.",
])


@median_nse.mistake("You threw all days of all rivers into one pot. There, telling a wet river from a dry one already "
                    "looks like skill: score each basin, then take the median.")
def pooled(observed, simulated):
    return _scores(observed.ravel(), simulated.ravel(), axis=0)[()]


@median_nse.mistake("That is the mean over basins. A single basin with an NSE of -50 drags it anywhere; the median "
                    "shows the typical basin.")
def mean_over_basins(observed, simulated):
    return np.nanmean(_scores(observed, simulated))


@median_nse.mistake("You measured every river against the mean of all rivers. The yardstick of a basin is its own "
                    "mean.")
def one_mean_for_all_rivers(observed, simulated):
    spread = np.nansum((observed - np.nanmean(observed)) ** 2, axis=1)
    return _middle(np.where(spread > 0, 1 - np.nansum((observed - simulated) ** 2, axis=1) / spread, np.nan))


@median_nse.mistake("You scored each day across the rivers instead of each river across its days: basins are axis 0, "
                    "time is axis 1.")
def across_basins(observed, simulated):
    return _middle(_scores(observed, simulated, axis=0))


@median_nse.mistake("You divided the sum of all errors by the sum of all spreads: the wettest river decides. One ratio "
                    "per basin, then the median.")
def ratio_of_sums(observed, simulated):
    spread = np.nansum((observed - np.nanmean(observed, axis=1, keepdims=True)) ** 2)
    return 1 - np.nansum((observed - simulated) ** 2) / spread


@median_nse.mistake("The arguments are swapped: the spread in NSE is that of the observations, not of the simulation.")
def swapped(observed, simulated):
    return _middle(_scores(simulated, observed))


@median_nse.mistake("That is the median of r squared. It forgives a model that is twice too high in every river.")
def correlation_instead(observed, simulated):
    both = np.isfinite(observed) & np.isfinite(simulated)
    n = both.sum(1, keepdims=True)
    o, s = (np.where(both, q - np.where(both, q, 0).sum(1, keepdims=True) / n, 0) for q in (observed, simulated))
    return _middle((o * s).sum(1) ** 2 / (o**2).sum(1) / (s**2).sum(1))


@median_nse.mistake("You set negative scores to 0. A model that is worse than the mean should look worse than the "
                    "mean.")
def never_below_zero(observed, simulated):
    return _middle(np.maximum(_scores(observed, simulated), 0))


@median_nse.mistake("One missing day made the basin's score NaN, so it dropped out of the median. Leave out the day, "
                    "not the basin.")
def gaps_drop_the_basin(observed, simulated):
    spread = np.sum((observed - observed.mean(axis=1, keepdims=True)) ** 2, axis=1)
    return _middle(np.where(spread == 0, np.nan, 1 - np.sum((observed - simulated) ** 2, axis=1) / spread))


@median_nse.mistake("A missing day became a day without water: leave it out instead of filling it with 0.")
def gaps_are_dry(observed, simulated):
    return _middle(_scores(np.nan_to_num(observed), simulated))


@median_nse.mistake("A basin without a score made the median NaN: np.nanmedian leaves it out.")
def unscored_basin_poisons(observed, simulated):
    return np.median(_scores(observed, simulated))


@median_nse.mistake("A gauge that shows the same value every day has no spread, and dividing by it gave minus "
                    "infinity. Such a basin cannot be scored: leave it out.")
def stuck_gauge_is_minus_infinity(observed, simulated):
    scores = _scores(observed, simulated)
    return np.median(np.append(scores[np.isfinite(scores)], np.full((np.nanstd(observed, axis=1) == 0).sum(), -np.inf)))


@median_nse.mistake("A basin that cannot be scored counts as NSE 0 in yours. Nothing is known of it: leave it out.")
def unscored_basin_is_zero(observed, simulated):
    return np.median(np.nan_to_num(_scores(observed, simulated)))


# --- pinball_loss ----------------------------------------------------------------------------------------------------


def _under(observed, predicted):
    """How far each predicted quantile lies under the observation, on the measured days, (day, level)."""
    measured = np.isfinite(observed)
    return observed[measured, None] - predicted[measured]


def pinball_loss_answer(observed, predicted, levels):
    """The quantile loss of each level, (level,): to be under costs `level` per mm/day, to be over 1 - `level`."""
    under = _under(observed, predicted)
    return np.maximum(levels * under, (levels - 1) * under).mean(axis=0)


def _forecasts(rng, days: int, levels):
    """A gamma-like river and its quantiles, in rising order; they miss on both sides."""
    middle = rng.gamma(2.0, 1.5, days) + 0.5
    factor = np.cumsum(rng.uniform(0.15, 0.35, (days, len(levels))), axis=1) + 0.4
    return (middle * rng.uniform(0.4, 1.9, days)).round(3), (middle[:, None] * factor).round(3), np.array(levels)


def _loss_probes(rng):
    yield np.array([1.0, 5.0, 2.0, 3.0]), np.array([[2.0], [3.0], [2.5], [rng.integers(7, 20) / 2]]), np.array([0.9])
    yield _forecasts(rng, 12, [0.05, 0.5, 0.9])
    observed, predicted, levels = _forecasts(rng, 12, [0.1, 0.5, 0.95])
    observed[[2, int(rng.integers(5, 12))]] = np.nan
    yield Probe((observed, predicted, levels), "days without a measurement")


pinball_loss = Exercise("pinball_loss", pinball_loss_answer, _loss_probes, hints=[
    "For the 0.9 quantile it should be nine times dearer to lie under the observation than over it: that pushes it up.",
    "`under = observed[:, None] - predicted`. It costs `levels * under` where positive, `(levels - 1) * under` where "
    "negative.",
    "The larger of the two is always the right one: `np.maximum(levels * under, (levels - 1) * under)`.",
    "Leave out the days whose observation is NaN, then take the mean over the days (axis 0): one number per level.",
])


@pinball_loss.mistake("The prices are swapped: for the 0.9 quantile it must be dearer to lie *under* the observation. "
                      "Yours would learn the 0.1 quantile.")
def prices_swapped(observed, predicted, levels):
    under = _under(observed, predicted)
    return np.maximum((1 - levels) * under, -levels * under).mean(axis=0)


@pinball_loss.mistake("That is the absolute error: it asks the same for under and over, so every level would learn the "
                      "median.")
def absolute_error(observed, predicted, levels):
    return np.abs(_under(observed, predicted)).mean(axis=0)


@pinball_loss.mistake("You squared the error: that is the way to the mean. A quantile comes from costs that grow in "
                      "proportion.")
def squared_error(observed, predicted, levels):
    under = _under(observed, predicted)
    return (np.where(under > 0, levels, 1 - levels) * under**2).mean(axis=0)


@pinball_loss.mistake("Without the maximum, lying far over the observation earns a negative loss: the network would "
                      "predict an endless flood.")
def one_side_only(observed, predicted, levels):
    return (levels * _under(observed, predicted)).mean(axis=0)


@pinball_loss.mistake("You took the smaller of the two costs. It is never above 0, and the worst forecast has the "
                      "lowest loss.")
def smaller_of_the_two(observed, predicted, levels):
    under = _under(observed, predicted)
    return np.minimum(levels * under, (levels - 1) * under).mean(axis=0)


@pinball_loss.mistake("You judged only the days on which the forecast was too low. Being too high costs 1 - level per "
                      "mm/day.")
def too_high_is_free(observed, predicted, levels):
    return np.maximum(levels * _under(observed, predicted), 0).mean(axis=0)


@pinball_loss.mistake("That is one number for all levels together. Keep them apart: the mean over days is axis 0.")
def all_levels_in_one(observed, predicted, levels):
    under = _under(observed, predicted)
    return np.maximum(levels * under, (levels - 1) * under).mean()


@pinball_loss.mistake("That is the sum over the days, so a longer record looks worse. Take the mean.")
def sum_over_days(observed, predicted, levels):
    under = _under(observed, predicted)
    return np.maximum(levels * under, (levels - 1) * under).sum(axis=0)


@pinball_loss.mistake("One day without a measurement made the loss NaN. Leave such days out.")
def gap_poisons_the_loss(observed, predicted, levels):
    under = observed[:, None] - predicted
    return np.maximum(levels * under, (levels - 1) * under).mean(axis=0)


@pinball_loss.mistake("A day without a measurement counts as a dry day in yours, or as one without error. Leave it out "
                      "of the mean.")
def gap_is_dry(observed, predicted, levels):
    under = np.nan_to_num(observed)[:, None] - predicted
    return np.maximum(levels * under, (levels - 1) * under).mean(axis=0)


# --- coverage --------------------------------------------------------------------------------------------------------


def coverage_answer(observed, predicted):
    """The share of measured days at or below each predicted quantile, (level,)."""
    measured = np.isfinite(observed)
    return (observed[measured, None] <= predicted[measured]).mean(axis=0)


def _coverage_probes(rng):
    dry = 0.0  # a river that falls dry: forecast and observation are both exactly 0
    yield np.array([dry, 4.0, 2.0, rng.integers(5, 9)]), np.array([[dry, 1.0], [1.0, 3.0], [1.0, 4.0], [2.0, 9.0]])
    observed, predicted, _ = _forecasts(rng, 20, [0.05, 0.25, 0.5, 0.75, 0.95])
    observed[0], predicted[0, :2] = 0.0, 0.0
    yield observed, predicted
    observed, predicted, _ = _forecasts(rng, 20, [0.1, 0.5, 0.9])
    observed[0], predicted[0, 0] = 0.0, 0.0
    observed[[3, 4, int(rng.integers(6, 20))]] = np.nan
    yield Probe((observed, predicted), "days without a measurement")


coverage = Exercise("coverage", coverage_answer, _coverage_probes, hints=[
    "If the 0.9 quantile is honest, nine days in ten lie at or below it. Count them, for each level.",
    "`observed[:, None] <= predicted` is a table of yes and no, (day, level). The mean of its columns is a share.",
    "NaN <= 3 is False: leave out the days without a measurement before you count, `measured = np.isfinite(observed)`.",
])


@coverage.mistake("You counted the days above the quantile. The 0.9 quantile has nine days in ten at or *below* it.")
def days_above(observed, predicted):
    return (_under(observed, predicted) > 0).mean(axis=0)


@coverage.mistake("That is percent; a quantile level is a share between 0 and 1.")
def in_percent(observed, predicted):
    return 100 * (_under(observed, predicted) <= 0).mean(axis=0)


@coverage.mistake("That is the number of days, not their share: divide by the number of measured days.")
def number_of_days(observed, predicted):
    return (_under(observed, predicted) <= 0).sum(axis=0)


@coverage.mistake("A day exactly on the quantile counts as covered: use <=. In a river that falls dry this happens for "
                  "weeks.")
def on_the_line_left_out(observed, predicted):
    return (_under(observed, predicted) < 0).mean(axis=0)


@coverage.mistake("You counted the days between two neighbouring quantiles. Each level is judged by all days at or "
                  "below it.")
def between_neighbours(observed, predicted):
    return np.diff((_under(observed, predicted) <= 0).mean(axis=0), prepend=0)


@coverage.mistake("That is one number for all levels together. Each level has its own share: the mean over days is "
                  "axis 0.")
def one_share_for_all(observed, predicted):
    return (_under(observed, predicted) <= 0).mean()


@coverage.mistake("You returned one share per day. The mean goes over the days, axis 0, and leaves one number per "
                  "level.")
def share_of_levels(observed, predicted):
    return (_under(observed, predicted) <= 0).mean(axis=1)


@coverage.mistake("Days without a measurement were counted as not covered, because NaN <= x is False. Leave them out.")
def gaps_not_covered(observed, predicted):
    return (observed[:, None] <= predicted).mean(axis=0)


@coverage.mistake("Days without a measurement became 0 mm/day and count as covered. Leave them out.")
def gaps_covered(observed, predicted):
    return (np.nan_to_num(observed)[:, None] <= predicted).mean(axis=0)
