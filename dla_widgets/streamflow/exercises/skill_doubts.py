"""The exercises of lesson 02 that doubt a score: does it see the low flows, and how much of it is chance?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe
from .. import skill


def _nse(o, s) -> float:
    return 1 - np.sum((o - s) ** 2) / np.sum((o - o.mean()) ** 2)


# --- low flows -----------------------------------------------------------------------------------------------------


def rivers_that_fall_dry(rng: np.random.Generator) -> Iterator[Probe]:
    """Observed and simulated discharge [mm/day]: four days, a river that falls dry, one whose gauge failed."""
    yield Probe(_dry_pair(rng, 4), part="rivers that always flow")
    yield Probe(_dry_pair(rng, 40), part="rivers that always flow")
    observed, simulated = _dry_pair(rng, 40)
    observed[[5, 6, 7]], simulated[6] = 0.0, 0.0
    yield Probe((observed, simulated), part="rivers that fall dry")
    observed, simulated = _dry_pair(rng, 40)
    observed[[8, 9, 25]] = np.nan
    yield Probe((observed, simulated), part="gaps in the record")


def _dry_pair(rng: np.random.Generator, days: int) -> tuple[np.ndarray, np.ndarray]:
    observed = rng.lognormal(rng.uniform(-2, 0.3), 1.3, days) + 0.005
    return observed.round(3), (observed * rng.lognormal(0.25, 0.4, days) + 0.01).round(3)


def nse_of_logarithms(observed: np.ndarray, simulated: np.ndarray) -> float:
    """NSE of the logarithms [-], with a hundredth of the observed mean added to both series."""
    return skill.log_nse(observed, simulated)


log_nse = Exercise("log_nse", answer=nse_of_logarithms, probes=rivers_that_fall_dry, away=[skill.log_nse], hints=[
    "You have an nse already. Give it logarithms instead of discharge.",
    "A dry day has no logarithm. Add a hundredth of the mean observed flow to both series first.",
    "small = np.nanmean(observed) / 100, then nse(np.log(observed + small), np.log(simulated + small)).",
])


def _logs(observed, simulated, share=0.01):
    both = np.isfinite(observed) & np.isfinite(simulated)
    o, s = observed[both], simulated[both]
    return np.log(o + share * o.mean()), np.log(s + share * o.mean())


@log_nse.mistake("That is NSE without the logarithm: it still sees little but the floods.")
def no_logarithm(observed, simulated):
    both = np.isfinite(observed) & np.isfinite(simulated)
    return _nse(observed[both], simulated[both])


@log_nse.mistake("Nothing was added, and the logarithm of a dry day is minus infinity. Add a hundredth of the "
                 "observed mean to both.")
def nothing_added(observed, simulated):
    both = np.isfinite(observed) & np.isfinite(simulated)
    return _nse(np.log(observed[both]), np.log(simulated[both]))


@log_nse.mistake("You added 1 mm/day (log1p). In a small river that is more than the river: a hundredth of its mean "
                 "is enough.")
def one_millimetre_added(observed, simulated):
    both = np.isfinite(observed) & np.isfinite(simulated)
    return _nse(np.log1p(observed[both]), np.log1p(simulated[both]))


@log_nse.mistake("You added 0.01 mm/day to every river. A hundredth *of the observed mean* means the same in all of "
                 "them.")
def same_for_every_river(observed, simulated):
    both = np.isfinite(observed) & np.isfinite(simulated)
    return _nse(np.log(observed[both] + 0.01), np.log(simulated[both] + 0.01))


@log_nse.mistake("Each series got its own hundredth. Add the same number to both, from the observations: else a wet "
                 "bias hides.")
def its_own_hundredth(observed, simulated):
    both = np.isfinite(observed) & np.isfinite(simulated)
    o, s = observed[both], simulated[both]
    return _nse(np.log(o + o.mean() / 100), np.log(s + s.mean() / 100))


@log_nse.mistake("The whole mean was added, not a hundredth of it: then low flows hardly differ from each other any "
                 "more.")
def the_whole_mean(observed, simulated):
    return _nse(*_logs(observed, simulated, share=1))


@log_nse.mistake("You left the dry days out. They are the very days that this score is for: add a little, and keep "
                 "them.")
def dry_days_left_out(observed, simulated):
    small = np.nanmean(observed) / 100
    wet = (observed > 0) & (simulated > 0)
    return _nse(np.log(observed[wet] + small), np.log(simulated[wet] + small))


@log_nse.mistake("The lazy forecast is the mean of the *logarithms*. The logarithm of the mean lies higher, and "
                 "flatters you.")
def logarithm_of_the_mean(observed, simulated):
    both = np.isfinite(observed) & np.isfinite(simulated)
    o, s = _logs(observed, simulated)
    return 1 - np.sum((o - s) ** 2) / np.sum((o - np.log(1.01 * observed[both].mean())) ** 2)


@log_nse.mistake("Right on a complete record, but one missing day makes it NaN: the mean that you add needs "
                 "np.nanmean.")
def gaps_kept(observed, simulated):
    small = observed.mean() / 100
    return _nse(np.log(observed + small), np.log(simulated + small))


# --- chance --------------------------------------------------------------------------------------------------------


def days_of(year: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Positions of the days of the drawn years, one year after the other; a year drawn twice comes twice."""
    return np.concatenate([np.flatnonzero(year == y) for y in drawn])


def nse_of_draws(observed: np.ndarray, simulated: np.ndarray, year: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """NSE of records put together from whole years.

    Parameters
    ----------
    observed, simulated : (time,) discharge [mm/day]
    year : (time,) the water year of each day
    drawn : (draw, year) the water years that make up each record, some of them more than once

    Returns
    -------
    (draw,) the NSE of each record
    """
    return np.array([skill.nse(observed[days], simulated[days]) for days in (days_of(year, row) for row in drawn)])


def drawn_years(rng: np.random.Generator) -> Iterator[tuple]:
    """Three years of two days with two draws, then four years of six days with five; every draw repeats a year."""
    yield *_years(rng, 3, 2), _draws(rng, 3, 2)
    yield *_years(rng, 4, 6), _draws(rng, 4, 5)


def _years(rng, years: int, days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    observed = (rng.gamma(1.5, 1.2, (years, days)) + np.linspace(0, 3, years)[:, None]).ravel()
    simulated = observed * rng.uniform(0.6, 0.9) + rng.normal(0, 0.5, observed.size)
    return observed.round(2), simulated.round(2), np.repeat(np.arange(1991, 1991 + years), days)


def _draws(rng, years: int, draws: int) -> np.ndarray:
    """Each draw lacks one year and has another one twice; no two neighbours are alike."""
    order = (rng.permutation(years) + np.arange(draws)[:, None]) % years
    order[:, 0] = order[:, 1]
    return 1991 + order


resampled_nse = Exercise("resampled_nse", answer=nse_of_draws, probes=drawn_years, hints=[
    "Put together one record: the days of the first drawn year, then those of the second, and so on. Then its nse.",
    "np.flatnonzero(year == y) are the positions of the days of year y; np.concatenate joins several of them.",
    "for row in drawn: days = np.concatenate([np.flatnonzero(year == y) for y in row]); nse(observed[days], "
    "simulated[days]). Collect them.",
])


@resampled_nse.mistake("A year that was drawn twice must count twice. np.isin keeps it once, so your samples differ "
                       "too little.")
def each_year_once(observed, simulated, year, drawn):
    return np.array([_nse(observed[np.isin(year, row)], simulated[np.isin(year, row)]) for row in drawn])


@resampled_nse.mistake("You averaged the scores of single years. Join the years to one record and score that: each "
                       "year alone has another yardstick.")
def mean_of_yearly_scores(observed, simulated, year, drawn):
    return np.array([np.mean([_nse(observed[year == y], simulated[year == y]) for y in row]) for row in drawn])


@resampled_nse.mistake("Only the observations were drawn anew; the simulation is still in its old order. Draw both by "
                       "the same days.")
def only_the_observations(observed, simulated, year, drawn):
    return np.array([_nse(observed[days_of(year, row)], simulated) for row in drawn])


@resampled_nse.mistake("That is the score of the record as it is, again and again. Use the days of the drawn years.")
def the_record_as_it_is(observed, simulated, year, drawn):
    return np.array([_nse(observed, simulated) for _ in drawn])


@resampled_nse.mistake("You kept the years that were *not* drawn.")
def the_years_left_out(observed, simulated, year, drawn):
    return np.array([_nse(observed[~np.isin(year, row)], simulated[~np.isin(year, row)]) for row in drawn])


@resampled_nse.mistake("The yardstick is the mean of the drawn record, not that of the original one: leave the whole "
                       "calculation to your nse.")
def yardstick_of_the_record(observed, simulated, year, drawn):
    rows = [days_of(year, row) for row in drawn]
    errors = [np.sum((observed[days] - simulated[days]) ** 2) for days in rows]
    return 1 - np.array(errors) / [np.sum((observed[days] - observed.mean()) ** 2) for days in rows]


@resampled_nse.mistake("All draws went into one long record, and one score came out. Each row of `drawn` is a record "
                       "of its own.")
def all_draws_in_one(observed, simulated, year, drawn):
    days = days_of(year, drawn.ravel())
    return _nse(observed[days], simulated[days])


@resampled_nse.mistake("That is the interval already. Return all the scores, one per draw; the lesson takes the "
                       "percentiles.")
def the_interval(observed, simulated, year, drawn):
    scores = [_nse(observed[days_of(year, row)], simulated[days_of(year, row)]) for row in drawn]
    return np.quantile(scores, [0.05, 0.95])
