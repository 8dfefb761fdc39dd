"""The exercises of lesson 06: tune without looking, combine, hand in a file that can be used, and count who won."""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe
from .entry import spot_problems, submission_table

__all__ = ["ensemble_mean", "spot_problems", "submission_table", "validation_split", "win_rate"]

# --- validation_split ------------------------------------------------------------------------------------------------


def _water_year(time):
    """The year in which the water year of each day ends: 1 October 2007 belongs to 2008."""
    months = time.astype("datetime64[M]").astype(int)
    return 1970 + (months + 3) // 12


def validation_split_answer(time, years):
    """True on the days of the last `years` water years of a training record, (time,)."""
    wet = _water_year(time)
    return wet > wet.max() - years


def _records(rng, first: int, years: int):
    return np.arange(f"{first}-10-01", f"{first + years}-10-01", dtype="datetime64[D]")[:: int(rng.integers(9, 12))]


def _record_probes(rng):
    turn = np.datetime64(f"{rng.integers(1995, 2015)}-09-29", "D")
    yield turn + np.array([-1, 0, 1, 2, 3]), 1
    yield _records(rng, int(rng.integers(1996, 2004)), 6), 2
    yield _records(rng, int(rng.integers(1996, 2004)), 9), 3


validation_split = Exercise("validation_split", validation_split_answer, _record_probes, hints=[
    "A water year begins on 1 October and is called by the year in which it ends. Give each day its water year first.",
    "`months = time.astype('datetime64[M]').astype(int)` counts months since January 1970; three more and October "
    "comes first.",
    "`water_year = 1970 + (months + 3) // 12`. The last `years` of them are above `water_year.max() - years`.",
])


@validation_split.mistake("You picked single days at random. Yesterday's river is in the training set then, and knows "
                          "today's: keep whole years back.")
def days_at_random(time, years):
    n = int(np.sum(_water_year(time) > _water_year(time).max() - years))
    chosen = np.zeros(len(time), bool)
    chosen[np.random.default_rng(0).permutation(len(time))[:n]] = True
    return chosen


@validation_split.mistake("Those are calendar years: yours cuts a winter in two, and its snow melts in the other half. "
                          "A water year begins on 1 October.")
def calendar_years(time, years):
    year = time.astype("datetime64[Y]").astype(int)
    return year > year.max() - years


@validation_split.mistake("You kept the first years for validation. Here it is the last ones.")
def first_years(time, years):
    wet = _water_year(time)
    return wet < wet.min() + years


@validation_split.mistake("The mask is upside down: True marks the days that you validate on, not those that you fit "
                          "on.")
def upside_down(time, years):
    wet = _water_year(time)
    return wet <= wet.max() - years


@validation_split.mistake("You took the last 365 entries for each year, whatever their dates. Look at the dates: years "
                          "can have 366 days, and records have gaps.")
def entries_counted(time, years):
    return np.arange(len(time)) >= len(time) - 365 * years


@validation_split.mistake("One year too many: above `last - years` are `years` of them, from `last - years` on there "
                          "is one more.")
def one_year_too_many(time, years):
    wet = _water_year(time)
    return wet >= wet.max() - years


@validation_split.mistake("Your year begins on 1 November: October itself, month 10, belongs to the new water year.")
def begins_in_november(time, years):
    months = time.astype("datetime64[M]").astype(int)
    wet = 1970 + (months + 2) // 12
    return wet > wet.max() - years


@validation_split.mistake("You kept a tenth of the days back whatever `years` says. Keep back whole water years.")
def last_tenth(time, years):
    return np.arange(len(time)) >= 0.9 * len(time)


# --- ensemble_mean ---------------------------------------------------------------------------------------------------


def ensemble_mean_answer(members):
    """Mean over the members (member, basin, time) that have a number; NaN where none has, (basin, time)."""
    there = np.isfinite(members)
    with np.errstate(invalid="ignore"):
        return np.where(there, members, 0).sum(axis=0) / there.sum(axis=0)


def _members(rng, n: int, basins: int, days: int):
    river = rng.gamma(1.5, 2.0, (basins, days))
    return (river * rng.lognormal(0, 0.4, (n, basins, days)) + 0.05).round(3)


def _member_probes(rng):
    yield (np.array([[[1.0, 4.0]], [[3.0, 6.0]], [[8.0, rng.integers(12, 20)]]]),)
    yield (_members(rng, 4, 3, 5),)
    members = _members(rng, 3, 4, 6)
    members[0, 1, 2] = members[2, 3, 1:4] = np.nan
    yield Probe((members,), "a member that has no number")
    members = members.copy()
    members[:, 0, 4] = np.nan
    yield Probe((members,), "a day that no member has")


ensemble_mean = Exercise("ensemble_mean", ensemble_mean_answer, _member_probes, hints=[
    "Each day of each basin: add up what the members say and divide by how many said something.",
    "The members are axis 0. `np.nanmean` does nearly all of it.",
    "Where no member has a number `np.nanmean` gives NaN and a warning: that NaN is the right answer.",
])


@ensemble_mean.mistake("One member without a number took the day from all: use the members that have one.")
def one_gap_spoils_the_day(members):
    return members.mean(axis=0)


@ensemble_mean.mistake("A member without a number counts as 0 mm/day in yours and pulls the mean down.")
def gap_is_dry(members):
    return np.nan_to_num(members).mean(axis=0)


@ensemble_mean.mistake("That is the median. It is sturdier against one wild member, but here the mean was asked for: "
                       "it has the smaller squared error.")
def median_of_members(members):
    return np.nanmedian(members, axis=0)


@ensemble_mean.mistake("You averaged the logarithms: that is the geometric mean, and it loses water in every flood. "
                       "Average discharge.")
def geometric_mean(members):
    return np.exp(np.nanmean(np.log(members), axis=0))


@ensemble_mean.mistake("You averaged over the basins. The members are axis 0.")
def over_the_basins(members):
    return np.nanmean(members, axis=1)


@ensemble_mean.mistake("You averaged over time, so nothing is left of the hydrograph. The members are axis 0.")
def over_time(members):
    return np.nanmean(members, axis=2)


@ensemble_mean.mistake("That is the sum of the members: as many rivers as you have seeds. Divide by their number.")
def sum_of_members(members):
    return np.where(np.isfinite(members).any(axis=0), np.nansum(members, axis=0), np.nan)


@ensemble_mean.mistake("You returned the first member alone.")
def first_member(members):
    return members[0]


@ensemble_mean.mistake("You took the highest of the members each day. They agree on dry days and differ in floods, so "
                       "yours always floods.")
def highest_member(members):
    return np.nanmax(members, axis=0)


@ensemble_mean.mistake("Where no member has a number you invented 0 mm/day. Leave the NaN: someone must see that a "
                       "forecast is missing.")
def nobody_becomes_zero(members):
    return np.nan_to_num(np.nanmean(members, axis=0))


# --- win_rate --------------------------------------------------------------------------------------------------------


def win_rate_answer(mine, theirs):
    """The share of basins, scored for both, in which `mine` is higher; a tie is half a win."""
    both = np.isfinite(mine) & np.isfinite(theirs)
    a, b = mine[both], theirs[both]
    return ((a > b) + 0.5 * (a == b)).mean()


def _score_probes(rng):
    low = -rng.integers(40, 90) / 10
    yield np.array([0.71, 0.60, 0.55, low, 0.80]), np.array([0.69, 0.60, 0.48, 0.2, 0.66])
    theirs = rng.uniform(0.2, 0.9, 31).round(3)
    mine = (theirs + rng.uniform(-0.05, 0.1, 31)).round(3)
    mine[:3] = theirs[:3]
    yield mine, theirs
    mine, theirs = mine.copy(), theirs.copy()
    mine[[5, 9]], theirs[[9, 12, 20]] = np.nan, np.nan
    yield Probe((mine, theirs), "basins that were not scored for both")


win_rate = Exercise("win_rate", win_rate_answer, _score_probes, hints=[
    "Compare basin by basin and count. One catastrophic basin is one lost basin, no more.",
    "`both = np.isfinite(mine) & np.isfinite(theirs)`: the others took no part. Then compare `mine[both]` with "
    "`theirs[both]`.",
    "The mean of `(a > b) + 0.5 * (a == b)` counts wins as 1 and ties as a half.",
])


@win_rate.mistake("Ties count as wins in yours. Two copies of the same model would both win everywhere: a tie is half "
                  "a win.")
def ties_are_wins(mine, theirs):
    both = np.isfinite(mine) & np.isfinite(theirs)
    return (mine[both] >= theirs[both]).mean()


@win_rate.mistake("Ties count as losses in yours. Half a win each is fair to both.")
def ties_are_losses(mine, theirs):
    both = np.isfinite(mine) & np.isfinite(theirs)
    return (mine[both] > theirs[both]).mean()


@win_rate.mistake("You counted their wins. The first argument is yours.")
def their_wins(mine, theirs):
    both = np.isfinite(mine) & np.isfinite(theirs)
    a, b = mine[both], theirs[both]
    return ((a < b) + 0.5 * (a == b)).mean()


@win_rate.mistake("That is the mean difference of the scores: one basin at -5 hides thirty wins. Count the basins.")
def mean_difference(mine, theirs):
    return np.nanmean(mine - theirs)


@win_rate.mistake("That is the difference of the two medians, and they may be two different basins. Compare basin by "
                  "basin.")
def difference_of_medians(mine, theirs):
    return np.nanmedian(mine) - np.nanmedian(theirs)


@win_rate.mistake("That is the number of basins won. Divide by how many were scored for both.")
def number_of_wins(mine, theirs):
    return float((mine > theirs).sum() + 0.5 * (mine == theirs).sum())


@win_rate.mistake("A basin that one of you has no score for counts as lost. It took no part: leave it out.")
def unscored_is_lost(mine, theirs):
    return ((mine > theirs) + 0.5 * (mine == theirs)).mean()


@win_rate.mistake("A missing score became 0. It took no part: leave the basin out.")
def unscored_is_zero(mine, theirs):
    a, b = np.nan_to_num(mine), np.nan_to_num(theirs)
    return ((a > b) + 0.5 * (a == b)).mean()


@win_rate.mistake("You compared each basin with their median. Each basin has its own opponent: the same basin.")
def against_their_median(mine, theirs):
    mine, middle = mine[np.isfinite(mine)], np.nanmedian(theirs)
    return ((mine > middle) + 0.5 * (mine == middle)).mean()


@win_rate.mistake("You sorted the scores first, so your best basin met their best. Compare the same basin with itself.")
def sorted_first(mine, theirs):
    both = np.isfinite(mine) & np.isfinite(theirs)
    a, b = np.sort(mine[both]), np.sort(theirs[both])
    return ((a > b) + 0.5 * (a == b)).mean()
