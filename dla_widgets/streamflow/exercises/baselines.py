"""The exercises of lesson 03: opponents worth beating, and by how much they were beaten."""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe

# --- climatology ------------------------------------------------------------------------------------------------------


def _days_apart(day_of_year):
    """How many days lie between two days of the year, new year or not, (time, time)."""
    apart = np.abs(day_of_year[:, None] - day_of_year[None, :])
    return np.minimum(apart, 366 - apart)


def _mean_where(near, discharge):
    """Mean of the measured discharge in each row's set of days; `near` is (time, time)."""
    near = near & np.isfinite(discharge)
    return near @ np.nan_to_num(discharge) / near.sum(axis=1)


def climatology_answer(discharge, day_of_year, fit, half_width):
    """For every day the mean discharge of the `fit` days at most `half_width` days of the year away."""
    return _mean_where((_days_apart(day_of_year) <= half_width) & fit, discharge)


def _years_of_days(rng, half_width: int):
    """Four years of a river, seen around new year and around midsummer; the last year is not for fitting."""
    season = np.array([362, 363, 364, 365, 366, 1, 2, 3, 4, 180, 181, 182])
    discharge = rng.gamma(2.0, 1.0, (4, season.size)) * np.linspace(1, 3, season.size)
    discharge[3] += 2.0
    return discharge.ravel().round(3), np.tile(season, 4), np.repeat([True, True, True, False], season.size), half_width


def _season_probes(rng):
    yield (rng.gamma(2.0, 2.0, 4) + [0, 0, 3, 9]).round(1), np.full(4, rng.integers(5, 300)), np.arange(4) < 3, 0
    yield _years_of_days(rng, 1)
    discharge, day_of_year, fit, half_width = _years_of_days(rng, 2)
    discharge[[0, int(rng.integers(13, 20))]] = np.nan
    yield Probe((discharge, day_of_year, fit, half_width), "gaps in the record")


climatology = Exercise("climatology", climatology_answer, _season_probes, hints=[
    "For each day of the year ask: which training days lie near it? The forecast is the mean of their discharge.",
    "New year is no wall between neighbours: `apart = abs(day_of_year - day)`, then `np.minimum(apart, 366 - apart)`.",
    "`near = (apart <= half_width) & fit`; `np.nanmean(discharge[near])` is the forecast where `day_of_year == day`.",
    "Start from `forecast = np.full(discharge.size, np.nan)` and fill it `for day in np.unique(day_of_year)`.",
])


@climatology.mistake("The years that you will be scored on helped to write the forecast. Average the `fit` days "
                     "only.")
def from_every_year(discharge, day_of_year, fit, half_width):
    return _mean_where(_days_apart(day_of_year) <= half_width, discharge)


@climatology.mistake("You averaged the years to be forecast instead of the years before: `fit` marks those you may "
                     "look at.")
def from_the_test_years(discharge, day_of_year, fit, half_width):
    return _mean_where((_days_apart(day_of_year) <= half_width) & ~fit, discharge)


@climatology.mistake("The year is a circle: 1 January lies one day after 31 December, not 365 before it.")
def new_year_forgotten(discharge, day_of_year, fit, half_width):
    return _mean_where((np.abs(day_of_year[:, None] - day_of_year) <= half_width) & fit, discharge)


@climatology.mistake("Your window is a day short on either side: `half_width` days away still counts.")
def a_day_short(discharge, day_of_year, fit, half_width):
    return _mean_where((_days_apart(day_of_year) <= max(half_width - 1, 0)) & fit, discharge)


@climatology.mistake("Your window looks only backwards in the year. `half_width` days either side makes it lie in "
                     "the middle.")
def backwards_only(discharge, day_of_year, fit, half_width):
    since = (day_of_year[:, None] - day_of_year) % 366
    return _mean_where((since <= half_width) & fit, discharge)


@climatology.mistake("That is the mean of all training days, the same number all year. A climatology knows the "
                     "season.")
def no_season(discharge, day_of_year, fit, half_width):
    return np.full(discharge.size, np.nanmean(discharge[fit]))


@climatology.mistake("That is the median. It shrugs off floods, but the smallest squared error belongs to the mean.")
def median_instead(discharge, day_of_year, fit, half_width):
    return _median_where((_days_apart(day_of_year) <= half_width) & fit, discharge)


@climatology.mistake("One missing day made a whole season NaN: np.nanmean steps over it.")
def missing_day_spreads(discharge, day_of_year, fit, half_width):
    near = (_days_apart(day_of_year) <= half_width) & fit
    return np.array([np.mean(discharge[row]) for row in near])


@climatology.mistake("A day without a measurement is not a day without water: leave it out instead of counting it as "
                     "0.")
def missing_is_zero(discharge, day_of_year, fit, half_width):
    near = (_days_apart(day_of_year) <= half_width) & fit
    return near @ np.nan_to_num(discharge) / near.sum(axis=1)


def _median_where(near, discharge):
    return np.nanmedian(np.where(near, discharge, np.nan), axis=1)


# --- antecedent_rain --------------------------------------------------------------------------------------------------


def antecedent_rain_answer(rain, keep):
    """The antecedent precipitation index [mm]: today's rain and `keep` times yesterday's index; it starts from 0."""
    index, past = np.empty(len(rain)), 0.0
    for day, fallen in enumerate(np.nan_to_num(rain)):
        past = index[day] = keep * past + fallen
    return index


def _wetness_probes(rng):
    yield np.array([rng.integers(5, 12), 0.0, rng.integers(13, 20), 2.0]), 0.5
    yield rng.gamma(0.8, 6.0, 15).round(1) + 0.1, round(rng.uniform(0.75, 0.95), 2)
    rain = rng.gamma(0.8, 6.0, 12).round(1) + 0.1
    rain[int(rng.integers(3, 8))] = np.nan
    yield Probe((rain, round(rng.uniform(0.6, 0.8), 2)), "missing rain")


antecedent_rain = Exercise("antecedent_rain", antecedent_rain_answer, _wetness_probes, hints=[
    "One number walks through the record. Each day it shrinks a little, then the day's rain is added.",
    "Inside `for day in range(len(rain))`: `wet = keep * wet + rain[day]`, and store `wet`. Before the loop it is 0.",
    "`np.nan_to_num(rain)` turns a missing day into one without rain: it must not make the rest of the record NaN.",
])


@antecedent_rain.mistake("Today's rain has had no time to drain yet: multiply only yesterday's index by `keep`, then "
                         "add.")
def todays_rain_drained_too(rain, keep):
    return keep * _walk(np.nan_to_num(rain), keep)


@antecedent_rain.mistake("You added yesterday's rain in place of today's: the index is a day late.")
def a_day_late(rain, keep):
    return _walk(np.concatenate([[0.0], np.nan_to_num(rain)[:-1]]), keep)


@antecedent_rain.mistake("You multiplied by 1 - keep. `keep` is the part that is still there tomorrow, not the part "
                         "that drains.")
def drains_what_it_should_keep(rain, keep):
    return _walk(np.nan_to_num(rain), 1 - keep)


@antecedent_rain.mistake("That is a weighted mean of the index and today's rain. The index is a sum, in mm: add all "
                         "of the day's rain.")
def weighted_mean(rain, keep):
    return (1 - keep) * _walk(np.nan_to_num(rain), keep)


@antecedent_rain.mistake("Nothing drains: you added up all the rain since the record began.")
def running_total(rain, keep):
    return np.cumsum(np.nan_to_num(rain))


@antecedent_rain.mistake("Your memory is one day long: add `keep` times yesterday's *index*, which remembers all "
                         "days before, not yesterday's rain.")
def one_day_of_memory(rain, keep):
    fallen = np.nan_to_num(rain)
    return fallen + keep * np.concatenate([[0.0], fallen[:-1]])


@antecedent_rain.mistake("You walked through the record backwards: each day remembers the rain to come.")
def remembers_the_future(rain, keep):
    return _walk(np.nan_to_num(rain)[::-1], keep)[::-1]


@antecedent_rain.mistake("One missing rain day made everything after it NaN. Let it count as a day without rain.")
def poisoned(rain, keep):
    return _walk(rain, keep)


def _walk(rain, keep):
    """The index as one product, where a loop would be the answer."""
    days = np.arange(len(rain))
    age = days[:, None] - days
    weights = np.where(age >= 0, keep ** np.maximum(age, 0), 0.0)
    missing = np.isnan(rain)
    return np.where(np.logical_or.accumulate(missing), np.nan, weights @ np.nan_to_num(rain))


# --- skill_over -------------------------------------------------------------------------------------------------------


def skill_over_answer(observed, simulated, opponent):
    """1 - the simulation's squared error over the opponent's, on the days that all three have."""
    o, s, p = _on_common_days(observed, simulated, opponent)
    return 1 - np.sum((o - s) ** 2) / np.sum((o - p) ** 2)


def _on_common_days(*series):
    common = np.all(np.isfinite(series), axis=0)
    return [values[common] for values in series]


def _contests(rng, days: int):
    observed = rng.gamma(2.0, 1.5, days) + 0.2
    simulated = observed * rng.uniform(0.5, 1.3, days) + rng.uniform(0.2, 0.5)
    opponent = observed * rng.uniform(0.2, 1.6, days) - rng.uniform(0.2, 0.5)
    return [values.round(1 if days < 5 else 4) for values in (observed, simulated, opponent)]


def _contest_probes(rng):
    observed = np.array([1.2, 0.9, 3.1, 1.0]) + rng.integers(0, 5) / 10
    yield observed, (observed + [0.3, -0.2, -0.8, 0.2]).round(1), (observed + [0.6, 0.9, -1.3, -0.5]).round(1)
    yield _contests(rng, 30)
    observed, simulated, opponent = _contests(rng, 30)
    observed[rng.integers(0, 10)] = simulated[rng.integers(10, 20)] = opponent[rng.integers(20, 30)] = np.nan
    yield Probe((observed, simulated, opponent), "gaps in the record")


skill_over = Exercise("skill_over", skill_over_answer, _contest_probes, hints=[
    "NSE is this very score with one opponent, the observed mean. Put another forecast in its place.",
    "Two sums of squared errors, both against the observations: the simulation's over the opponent's. Then 1 minus it.",
    "`common = np.isfinite(observed) & np.isfinite(simulated) & np.isfinite(opponent)`: cut all three with it first.",
])


@skill_over.mistake("The ratio is upside down: your own error goes above, the opponent's below.")
def upside_down(observed, simulated, opponent):
    o, s, p = _on_common_days(observed, simulated, opponent)
    return 1 - np.sum((o - p) ** 2) / np.sum((o - s) ** 2)


@skill_over.mistake("You took the difference of the two NSE values. It hides how little was left to win: from 0.90 "
                    "to 0.95 halves the error.")
def difference_of_nse(observed, simulated, opponent):
    o, s, p = _on_common_days(observed, simulated, opponent)
    return (np.sum((o - p) ** 2) - np.sum((o - s) ** 2)) / np.sum((o - o.mean()) ** 2)


@skill_over.mistake("Your opponent is the observed mean, so this is NSE. The opponent's own forecast goes below the "
                    "line.")
def plain_nse(observed, simulated, opponent):
    o, s, _ = _on_common_days(observed, simulated, opponent)
    return 1 - np.sum((o - s) ** 2) / np.sum((o - o.mean()) ** 2)


@skill_over.mistake("You compared the simulation with the opponent. Both are judged by the observations.")
def against_each_other(observed, simulated, opponent):
    o, s, p = _on_common_days(observed, simulated, opponent)
    return 1 - np.sum((s - p) ** 2) / np.sum((o - p) ** 2)


@skill_over.mistake("You took the root of the squared errors. The score is made of the squares, like NSE.")
def roots(observed, simulated, opponent):
    o, s, p = _on_common_days(observed, simulated, opponent)
    return 1 - np.sqrt(np.sum((o - s) ** 2) / np.sum((o - p) ** 2))


@skill_over.mistake("You took absolute errors. Square them, as NSE does, or the two cannot be compared.")
def absolute_errors(observed, simulated, opponent):
    o, s, p = _on_common_days(observed, simulated, opponent)
    return 1 - np.sum(np.abs(o - s)) / np.sum(np.abs(o - p))


@skill_over.mistake("That is the part of the opponent's error that is left. Skill is the part that is gone: 1 minus "
                    "yours.")
def what_is_left(observed, simulated, opponent):
    o, s, p = _on_common_days(observed, simulated, opponent)
    return np.sum((o - s) ** 2) / np.sum((o - p) ** 2)


@skill_over.mistake("Each forecast was scored on its own days. A contest needs the same days for both: those that "
                    "all three series have.")
def each_on_its_own_days(observed, simulated, opponent):
    return 1 - np.nansum((observed - simulated) ** 2) / np.nansum((observed - opponent) ** 2)


@skill_over.mistake("One missing day made the score NaN. Leave out the days that any of the three lacks.")
def gaps_kept(observed, simulated, opponent):
    return 1 - np.sum((observed - simulated) ** 2) / np.sum((observed - opponent) ** 2)
