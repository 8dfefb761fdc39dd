"""The exercises of lesson 03 that keep the answer out of the inputs: which days, which scale, which lags."""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe

# --- split_periods ----------------------------------------------------------------------------------------------------


def _day(text) -> np.datetime64:
    return np.datetime64(text, "D")


def _refuse_overlap(train, test) -> None:
    if _day(train[0]) <= _day(test[1]) and _day(test[0]) <= _day(train[1]):
        raise ValueError(f"the periods share days: train {train[0]} to {train[1]}, test {test[0]} to {test[1]}")


def split_periods_answer(time, train, test, warmup):
    """Which days to fit on and which to score: two masks (time,); periods with both ends included share no day."""
    _refuse_overlap(train, test)
    return tuple((time >= _day(first) + warmup) & (time <= _day(last)) for first, last in (train, test))


def _record_and_periods(rng, shared: int = 0):
    """A short record with a test and a training period in it; `shared` days belong to both."""
    lengths, lead, gap = rng.integers(9, 14, 2), int(rng.integers(3, 6)), int(rng.integers(2, 5))
    first = _day("1989-10-01") + int(rng.integers(0, 3000)) + lead
    second = first + int(lengths[0]) + (gap if not shared else -shared)
    periods = [(str(a), str(a + int(n) - 1)) for a, n in zip((first, second), lengths)]
    time = np.arange(first - lead, second + int(lengths[1]) + 3)
    return time, periods[1], periods[0], int(rng.integers(2, 5))


def _period_probes(rng):
    start = _day("2000-02-27") + int(rng.integers(0, 3000))
    four = [str(start + k) for k in range(4)]
    yield np.arange(start, start + 4), (four[2], four[3]), (four[0], four[1]), 1
    yield _record_and_periods(rng)
    time, train, test, warmup = _record_and_periods(rng)
    yield time, test, train, warmup  # the training period comes first this time
    yield Probe(_record_and_periods(rng, shared=1), "refuse periods that share a day")


split_periods = Exercise("split_periods", split_periods_answer, _period_probes, hints=[
    "Two comparisons make a mask: `(time >= first) & (time <= last)`. Which first day, once the warm-up is taken off?",
    "`np.datetime64(first) + warmup` is a day `warmup` days later. The same for both periods; include the last day.",
    "Two periods share a day if each begins no later than the other ends: then `raise ValueError(...)` and say which.",
])


@split_periods.mistake("Periods include both their ends, here and in xarray: yours loses the last day.")
def last_day_left_out(time, train, test, warmup):
    _refuse_overlap(train, test)
    return tuple((time >= _day(first) + warmup) & (time < _day(last)) for first, last in (train, test))


@split_periods.mistake("A model with memory starts from an arbitrary state: leave the first `warmup` days of each "
                       "period out.")
def no_warm_up(time, train, test, warmup):
    _refuse_overlap(train, test)
    return tuple((time >= _day(first)) & (time <= _day(last)) for first, last in (train, test))


@split_periods.mistake("You warm up before fitting but score from the first test day, when the model's stores are "
                       "still a guess.")
def cold_start_scored(time, train, test, warmup):
    _refuse_overlap(train, test)
    return ((time >= _day(train[0]) + warmup) & (time <= _day(train[1])),
            (time >= _day(test[0])) & (time <= _day(test[1])))


@split_periods.mistake("The warm-up belongs to the start of each period, not to the start of the record.")
def warm_up_of_the_record(time, train, test, warmup):
    _refuse_overlap(train, test)
    return tuple((time >= max(_day(first), time[0] + warmup)) & (time <= _day(last)) for first, last in (train, test))


@split_periods.mistake("You dropped the last `warmup` days of each period. It is the first ones that the model needs "
                       "to find its feet.")
def warm_up_at_the_end(time, train, test, warmup):
    _refuse_overlap(train, test)
    return tuple((time >= _day(first)) & (time <= _day(last) - warmup) for first, last in (train, test))


@split_periods.mistake("One day too many is dropped: the day `first + warmup` counts already.")
def one_day_too_many(time, train, test, warmup):
    _refuse_overlap(train, test)
    return tuple((time > _day(first) + warmup) & (time <= _day(last)) for first, last in (train, test))


@split_periods.mistake("Not every day outside the test is for training: the test's own warm-up, and days outside "
                       "both periods, are not.")
def all_the_rest_for_training(time, train, test, warmup):
    _refuse_overlap(train, test)
    scored = (time >= _day(test[0]) + warmup) & (time <= _day(test[1]))
    return ~scored, scored


@split_periods.mistake("Fit first, then score: you returned the test days first.")
def test_days_first(time, train, test, warmup):
    _refuse_overlap(train, test)
    return tuple((time >= _day(first) + warmup) & (time <= _day(last)) for first, last in (test, train))


@split_periods.mistake("A day in both periods is a day whose answer the model has seen. Refuse such a split with a "
                       "ValueError.")
def overlap_allowed(time, train, test, warmup):
    return tuple((time >= _day(first) + warmup) & (time <= _day(last)) for first, last in (train, test))


# --- standardise ------------------------------------------------------------------------------------------------------


def _scaled(values, centre, spread):
    return (values - centre) / np.where(spread > 0, spread, 1)


def standardise_answer(values, fit):
    """Each column of `values` (time, feature) less its mean, over its standard deviation, both from the `fit` days."""
    seen = values[fit]
    return _scaled(values, np.nanmean(seen, axis=0), np.nanstd(seen, axis=0))


def _forcing_table(rng, days: int, columns: int):
    """Columns as unlike each other as mm/day and Pa, with a wetter second half."""
    values = rng.normal(size=(days, columns)) * rng.uniform(0.5, 4, columns) + 10.0 ** np.arange(columns)
    values[days // 2:] += rng.uniform(1, 2, columns)
    return values, np.arange(days) < days // 2 + 2


def _table_probes(rng):
    yield np.array([[2.0], [4.0], [9.0], [20.0]]) + rng.integers(0, 9), np.array([True, True, True, False])
    yield _forcing_table(rng, 20, 3)
    values, fit = _forcing_table(rng, 16, 2)
    values[rng.choice(8, 2, replace=False), 0] = np.nan
    yield Probe((values, fit), "missing values")
    values, fit = _forcing_table(rng, 16, 3)
    values[:, 1] = rng.integers(1, 9)
    yield Probe((values, fit), "a column that never changes")


standardise = Exercise("standardise", standardise_answer, _table_probes, hints=[
    "`values[fit]` are the rows that may be looked at. Everything you measure, measure on those.",
    "`axis=0` takes a mean down each column; `np.nanmean` and `np.nanstd` step over what is missing.",
    "`(values - mean) / spread`, on all rows. Where the spread is 0, divide by 1: `np.where(spread > 0, spread, 1)`.",
])


@standardise.mistake("The test days helped to choose the scale. Measure mean and spread on `values[fit]`, then scale "
                     "all rows.")
def fitted_on_all_days(values, fit):
    return _scaled(values, np.nanmean(values, axis=0), np.nanstd(values, axis=0))


@standardise.mistake("Mean and spread come from the test days here. Those belong to the future: use `values[fit]`.")
def fitted_on_the_test(values, fit):
    return _scaled(values, np.nanmean(values[~fit], axis=0), np.nanstd(values[~fit], axis=0))


@standardise.mistake("Each period got a scale of its own, so the same rain means two different numbers, and a wetter "
                     "decade disappears. One scale, from the training days, for all.")
def a_scale_for_each_period(values, fit):
    out = np.empty_like(values)
    for rows in (fit, ~fit):
        out[rows] = _scaled(values[rows], np.nanmean(values[rows], axis=0), np.nanstd(values[rows], axis=0))
    return out


@standardise.mistake("One mean for all columns mixes millimetres with pascals. Take it down each column: `axis=0`.")
def one_scale_for_all_columns(values, fit):
    return _scaled(values, np.nanmean(values[fit]), np.nanstd(values[fit]))


@standardise.mistake("You divided by the variance. The standard deviation is its root, and has the unit of the "
                     "values.")
def variance_instead(values, fit):
    return _scaled(values, np.nanmean(values[fit], axis=0), np.nanvar(values[fit], axis=0))


@standardise.mistake("That squeezes the training values into 0 to 1. One cloudburst sets that scale; take mean and "
                     "standard deviation.")
def smallest_and_largest(values, fit):
    low, high = np.nanmin(values[fit], axis=0), np.nanmax(values[fit], axis=0)
    return _scaled(values, low, high - low)


@standardise.mistake("You divided by n - 1, as pandas does. NumPy and the models of this course divide by n: with "
                     "years of data no one would notice, but a saved scale must be the same number everywhere.")
def sample_standard_deviation(values, fit):
    return _scaled(values, np.nanmean(values[fit], axis=0), np.nanstd(values[fit], axis=0, ddof=1))


@standardise.mistake("A single missing value made its whole column NaN: np.nanmean and np.nanstd step over it.")
def nan_spreads(values, fit):
    return _scaled(values, np.mean(values[fit], axis=0), np.std(values[fit], axis=0))


@standardise.mistake("A column that never changes has a spread of 0, and 0/0 is NaN: divide by 1 there.")
def zero_spread(values, fit):
    return (values - np.nanmean(values[fit], axis=0)) / np.nanstd(values[fit], axis=0)


# --- lagged_features --------------------------------------------------------------------------------------------------


def lagged_features_answer(series, lags):
    """The series as it was 0, 1, ... lags - 1 days ago, (time, lags); NaN where the record had not begun."""
    return np.column_stack([_days_ago(series, lag) for lag in range(lags)])


def _days_ago(series, lag, before=np.nan):
    return np.concatenate([np.full(lag, before), series[:len(series) - lag]])


def _rain_probes(rng):
    yield (rng.permutation(4) * 2.0 + rng.integers(1, 9)), 2
    yield rng.gamma(0.8, 6.0, 12).round(1) + 0.1, int(rng.integers(3, 6))
    yield rng.gamma(0.8, 6.0, 9).round(1) + 0.1, 1


lagged_features = Exercise("lagged_features", lagged_features_answer, _rain_probes, hints=[
    "Column 0 is the series itself. Column 1 is the series one day later: what stood on Monday now stands on Tuesday.",
    "Start from `np.full((len(series), lags), np.nan)` and fill column `lag` from row `lag` downwards.",
    "`table[lag:, lag] = series[:len(series) - lag]` for each lag in `range(lags)`.",
])


@lagged_features.mistake("np.roll goes round: your first days got the rain of the *last* days of the record. Fill "
                         "them with NaN.")
def rolled_round(series, lags):
    return np.column_stack([np.roll(series, lag) for lag in range(lags)])


@lagged_features.mistake("That shifts the wrong way: today's row holds tomorrow's rain. No forecaster has it.")
def look_ahead(series, lags):
    return np.column_stack([np.concatenate([series[lag:], np.full(lag, np.nan)]) for lag in range(lags)])


@lagged_features.mistake("Your lags begin with yesterday. Today's rain, lag 0, is known and belongs in the first "
                         "column.")
def today_left_out(series, lags):
    return np.column_stack([_days_ago(series, lag) for lag in range(1, lags + 1)])


@lagged_features.mistake("One column too many: lags 0, 1, ... lags - 1 make `lags` columns.")
def one_lag_too_many(series, lags):
    return np.column_stack([_days_ago(series, lag) for lag in range(lags + 1)])


@lagged_features.mistake("You filled the time before the record with 0, which claims that it did not rain. Nobody "
                         "knows: NaN.")
def zero_before_the_record(series, lags):
    return np.column_stack([_days_ago(series, lag, 0.0) for lag in range(lags)])


@lagged_features.mistake("You filled the time before the record with its first value, an invented week of the same "
                         "rain: NaN.")
def first_value_repeated(series, lags):
    return np.column_stack([_days_ago(series, lag, series[0]) for lag in range(lags)])


@lagged_features.mistake("The rows without a full past are gone, so row 10 is no longer day 10, and the discharge no "
                         "longer fits beside it. Keep them, as NaN.")
def rows_dropped(series, lags):
    return np.column_stack([_days_ago(series, lag) for lag in range(lags)])[max(lags - 1, 1):]


@lagged_features.mistake("Your oldest day comes first. Column k was to hold the rain of k days ago.")
def oldest_first(series, lags):
    return np.column_stack([_days_ago(series, lag) for lag in reversed(range(lags))])


@lagged_features.mistake("Days run across and lags run down: transpose it, so that each day has its own row.")
def lying_on_its_side(series, lags):
    return np.stack([_days_ago(series, lag) for lag in range(lags)])
