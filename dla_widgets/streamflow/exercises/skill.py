"""The exercises of lesson 02: scores of one number, and what each of them is made of.

Those that look beyond one score, at low flows and at chance, are in :mod:`.skill_doubts`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe
from .. import skill


def hydrograph_pairs(rng: np.random.Generator) -> Iterator[Probe]:
    """Observed and simulated discharge [mm/day]: four days, forty, and forty with gaps in either."""
    yield Probe(_pair(rng, 4), part="complete records")
    yield Probe(_pair(rng, 40), part="complete records")
    observed, simulated = _pair(rng, 40)
    observed[[3, 4, int(np.argmax(simulated))]] = np.nan  # the gauge failed in a flood
    simulated[[11, 12]] = np.nan
    yield Probe((observed, simulated), part="gaps in the record")


def _pair(rng: np.random.Generator, days: int) -> tuple[np.ndarray, np.ndarray]:
    """A river and a simulation of it that is noisy and mostly too high."""
    observed = rng.gamma(1.4, 1.6, days) + 0.3
    simulated = observed * rng.uniform(1.1, 1.4) * rng.lognormal(0, 0.25, days)
    return observed.round(2), simulated.round(2)


def measured(observed, simulated):
    """The days that both have."""
    both = np.isfinite(observed) & np.isfinite(simulated)
    return observed[both], simulated[both]


# --- NSE -----------------------------------------------------------------------------------------------------------

nse = Exercise("nse", answer=skill.nse, probes=hydrograph_pairs, hints=[
    "How well would you do if you forecast the observed mean every day? That is the yardstick.",
    "Two sums of squares: your errors over the observations' own spread. Then 1 minus their ratio.",
    "Before you sum: keep = np.isfinite(observed) & np.isfinite(simulated), and go on with observed[keep], "
    "simulated[keep].",
])


@nse.mistake("The yardstick is the spread of the *observations*. You divided by the spread of the simulation (or the "
             "two arguments are swapped).")
def spread_of_the_simulation(observed, simulated):
    o, s = measured(observed, simulated)
    return 1 - np.sum((o - s) ** 2) / np.sum((s - s.mean()) ** 2)


@nse.mistake("That is r squared. It forgives a simulation that is always twice too high; NSE does not.")
def correlation_instead(observed, simulated):
    return np.corrcoef(*measured(observed, simulated))[0, 1] ** 2


@nse.mistake("You took absolute errors. NSE squares them, so one missed flood weighs more than a month of small "
             "errors.")
def absolute_errors(observed, simulated):
    o, s = measured(observed, simulated)
    return 1 - np.sum(np.abs(o - s)) / np.sum(np.abs(o - o.mean()))


@nse.mistake("That is the part of the spread that you did *not* explain. Skill is 1 minus that.")
def what_is_left(observed, simulated):
    o, s = measured(observed, simulated)
    return np.sum((o - s) ** 2) / np.sum((o - o.mean()) ** 2)


@nse.mistake("Both sums need the squares, and neither a root: you compared RMSE with a standard deviation.")
def roots(observed, simulated):
    o, s = measured(observed, simulated)
    return 1 - np.sqrt(np.mean((o - s) ** 2)) / o.std()


@nse.mistake("The lazy forecast says the *observed* mean. You measured the observations from the mean of the "
             "simulation.")
def spread_around_the_simulated_mean(observed, simulated):
    o, s = measured(observed, simulated)
    return 1 - np.sum((o - s) ** 2) / np.sum((o - s.mean()) ** 2)


@nse.mistake("A mean over n days was divided by a variance over n - 1 (as pandas' var takes it). Sum in both places, "
             "or use ddof=0 in both.")
def n_against_n_minus_1(observed, simulated):
    o, s = measured(observed, simulated)
    return 1 - np.mean((o - s) ** 2) / o.var(ddof=1)


@nse.mistake("Right on a complete record, but one missing day makes it NaN. Use only days on which both have a value.")
def gaps_kept(observed, simulated):
    return 1 - np.sum((observed - simulated) ** 2) / np.sum((observed - observed.mean()) ** 2)


@nse.mistake("You counted missing days as days with no water. Leave them out, in both series.")
def gaps_as_zero(observed, simulated):
    o, s = np.nan_to_num(observed), np.nan_to_num(simulated)
    return 1 - np.sum((o - s) ** 2) / np.sum((o - o.mean()) ** 2)


@nse.mistake("The errors are summed over fewer days than the spread, and that flatters: take the days that both have, "
             "first.")
def sums_over_different_days(observed, simulated):
    return 1 - np.nansum((observed - simulated) ** 2) / np.nansum((observed - np.nanmean(observed)) ** 2)


# --- percent bias --------------------------------------------------------------------------------------------------

percent_bias = Exercise("percent_bias", answer=skill.percent_bias, probes=hydrograph_pairs, hints=[
    "Of all the water that was observed, how much too much did the simulation send down the river?",
    "100 times the sum of (simulated - observed) over the sum of observed, over the days that both have.",
])


@percent_bias.mistake("The sign is turned: here positive means too much water. (Some papers do it your way: always "
                      "say which.)")
def observed_minus_simulated(observed, simulated):
    o, s = measured(observed, simulated)
    return 100 * np.sum(o - s) / np.sum(o)


@percent_bias.mistake("You divided by the simulated volume. The truth is the reference: divide by what was observed.")
def over_the_simulation(observed, simulated):
    o, s = measured(observed, simulated)
    return 100 * np.sum(s - o) / np.sum(s)


@percent_bias.mistake("That is the mean of daily percentages. One nearly dry day with a small error then outweighs "
                      "every flood: sum first.")
def mean_of_daily_percentages(observed, simulated):
    o, s = measured(observed, simulated)
    return 100 * np.mean((s - o) / o)


@percent_bias.mistake("Absolute errors never cancel. A bias is what is left when too much and too little have "
                      "cancelled.")
def errors_that_do_not_cancel(observed, simulated):
    o, s = measured(observed, simulated)
    return 100 * np.sum(np.abs(s - o)) / np.sum(o)


@percent_bias.mistake("That is a fraction. Percent was asked for: 12, not 0.12.")
def a_fraction(observed, simulated):
    o, s = measured(observed, simulated)
    return np.sum(s - o) / np.sum(o)


@percent_bias.mistake("That is the simulated volume in percent of the observed one: no bias would be 100. Subtract it.")
def volume_in_percent(observed, simulated):
    o, s = measured(observed, simulated)
    return 100 * np.sum(s) / np.sum(o)


@percent_bias.mistake("That is the error in mm/day. Divide by the observed volume, or rivers cannot be compared.")
def not_divided(observed, simulated):
    o, s = measured(observed, simulated)
    return 100 * np.mean(s - o)


@percent_bias.mistake("Right on a complete record, but one missing day makes it NaN. Use only days on which both have "
                      "a value.")
def bias_with_gaps(observed, simulated):
    return 100 * np.sum(simulated - observed) / np.sum(observed)


@percent_bias.mistake("Each volume is over its own days. A flood that only one of them has would count as bias.")
def volumes_of_different_days(observed, simulated):
    return 100 * (np.nansum(simulated) - np.nansum(observed)) / np.nansum(observed)


# --- KGE and its parts ---------------------------------------------------------------------------------------------


def kge_and_parts(observed: np.ndarray, simulated: np.ndarray) -> dict[str, float]:
    """Kling-Gupta efficiency of 2009 with its correlation r, variability ratio alpha and volume ratio beta [-]."""
    return {"kge": skill.kge(observed, simulated), **skill.kge_parts(observed, simulated)._asdict()}


def _scored(r, alpha, beta) -> dict[str, float]:
    return {"kge": 1 - np.sqrt((r - 1) ** 2 + (alpha - 1) ** 2 + (beta - 1) ** 2), "r": r, "alpha": alpha, "beta": beta}


def _parts(o, s) -> tuple[float, float, float]:
    return np.corrcoef(o, s)[0, 1], s.std() / o.std(), s.mean() / o.mean()


def few_pairs(rng: np.random.Generator) -> list[Probe]:
    """The first and the last of the pairs: a long complete record would only take time."""
    return [probe for k, probe in enumerate(hydrograph_pairs(rng)) if k != 1]


kge = Exercise("kge", answer=kge_and_parts, probes=few_pairs,
               away=[skill.kge, skill.kge_parts, skill.correlation, skill.alpha_nse], hints=[
    "Three questions: are the ups and downs in step (r), are they as large (alpha), is it as much water (beta)?",
    "np.corrcoef gives a 2 x 2 table; r is its [0, 1]. alpha is simulated.std() over observed.std(), beta the same of "
    "the means.",
    "All three are 1 if perfect. kge is 1 minus the distance from there: the root of the three squared differences "
    "from 1.",
])


@kge.mistake("alpha is the ratio of standard deviations. You took that of the variances, so every misfit is squared.")
def ratio_of_variances(observed, simulated):
    o, s = measured(observed, simulated)
    return _scored(np.corrcoef(o, s)[0, 1], s.var() / o.var(), s.mean() / o.mean())


@kge.mistake("r, not r squared: the square hides a simulation that goes up when the river goes down.")
def r_squared(observed, simulated):
    r, alpha, beta = _parts(*measured(observed, simulated))
    return _scored(r**2, alpha, beta)


@kge.mistake("alpha and beta are upside down: simulated over observed, so that above 1 means too wild and too wet.")
def observed_over_simulated(observed, simulated):
    r, alpha, beta = _parts(*measured(observed, simulated))
    return _scored(r, 1 / alpha, 1 / beta)


@kge.mistake("beta is the *ratio* of the means, 1 if the volume is right. You took their difference.")
def difference_of_means(observed, simulated):
    o, s = measured(observed, simulated)
    r, alpha, _ = _parts(o, s)
    return _scored(r, alpha, s.mean() - o.mean())


@kge.mistake("That is the version of 2012, with the coefficients of variation in place of alpha. Here it is the one "
             "of 2009.")
def version_of_2012(observed, simulated):
    r, alpha, beta = _parts(*measured(observed, simulated))
    return _scored(r, alpha / beta, beta)


@kge.mistake("One standard deviation divides by n, the other by n - 1 (NumPy's std and pandas' std differ). Use one "
             "of them twice.")
def two_kinds_of_std(observed, simulated):
    o, s = measured(observed, simulated)
    return _scored(np.corrcoef(o, s)[0, 1], s.std(ddof=1) / o.std(), s.mean() / o.mean())


@kge.mistake("The root is missing: KGE is a distance, so the three squares are summed and the root is taken.")
def no_root(observed, simulated):
    scored = _scored(*_parts(*measured(observed, simulated)))
    return scored | {"kge": 1 - (1 - scored["kge"]) ** 2}


@kge.mistake("That is the distance itself, 0 if perfect. The score is 1 minus the distance.")
def distance_only(observed, simulated):
    scored = _scored(*_parts(*measured(observed, simulated)))
    return scored | {"kge": 1 - scored["kge"]}


@kge.mistake("You measured the distance from 0. The perfect simulation has r = alpha = beta = 1: subtract 1 from each "
             "first.")
def distance_from_zero(observed, simulated):
    scored = _scored(*(parts := _parts(*measured(observed, simulated))))
    return scored | {"kge": 1 - np.sqrt(np.sum(np.square(parts)))}


@kge.mistake("Right on a complete record, but one missing day makes it NaN. Use only days on which both have a value.")
def kge_with_gaps(observed, simulated):
    return _scored(*_parts(observed, simulated))


@kge.mistake("alpha and beta are each over their own days (np.nanstd, np.nanmean). Choose the days that both have "
             "first, once.")
def parts_of_different_days(observed, simulated):
    r = np.corrcoef(*measured(observed, simulated))[0, 1]
    return _scored(r, np.nanstd(simulated) / np.nanstd(observed), np.nanmean(simulated) / np.nanmean(observed))
