"""The exercises of lesson 06 on the file that is handed in: its rows, and what may be wrong with its numbers."""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe

# --- submission_table ------------------------------------------------------------------------------------------------


def _columns(table, *_):
    """The columns of a mapping or a DataFrame; dates of any kind as they would stand in the file."""
    if not hasattr(table, "keys"):
        return table
    columns = {str(name): np.asarray(table[name]) for name in table}
    for name, values in columns.items():
        if values.dtype.kind == "M":
            midnight = values == values.astype("datetime64[D]")
            columns[name] = np.datetime_as_string(values, unit="D" if midnight.all() else "s")
        elif values.dtype.kind == "O":
            columns[name] = values.astype(str)
    return columns


def submission_table_answer(discharge, basins, time):
    """The rows of a submission as columns: basin by basin, each day in order; below 0 mm/day there is no discharge."""
    return {
        "basin": np.repeat(basins, len(time)),
        "date": np.tile(np.datetime_as_string(time, unit="D"), len(basins)),
        "discharge": np.maximum(discharge, 0).ravel(),
    }


def _prediction(rng, n: int, days: int):
    regions = np.sort(rng.permutation(9)[:n] + 1)
    basins = np.array([f"{k:02d}{rng.integers(100, 999)}{rng.integers(10, 99)}0" for k in regions])
    time = np.datetime64(f"{rng.integers(1989, 1998)}-02-26", "D") + np.arange(days)
    return rng.gamma(1.5, 1.0, (n, days)).round(3) + 0.6, basins, time.astype("datetime64[ns]")


def _prediction_probes(rng):
    discharge, basins, time = _prediction(rng, 2, 3)
    yield discharge.round(1), basins, time
    yield _prediction(rng, 3, 5)
    discharge, basins, time = _prediction(rng, 2, 4)
    discharge[rng.integers(0, 2), rng.integers(0, 4)] = -0.03
    yield Probe((discharge, basins, time), "a network below zero")


submission_table = Exercise("submission_table", submission_table_answer, _prediction_probes, observe=_columns, hints=[
    "One row for each basin and day: all days of the first basin, then all days of the second.",
    "`np.repeat` repeats each basin, `np.tile` repeats the whole list of days, `discharge.ravel()` reads row by row.",
    "`np.datetime_as_string(time, unit='D')` writes 1989-10-01. Gauge ids stay text: '01022500' is not 1022500.",
    "Return `{'basin': ..., 'date': ..., 'discharge': np.maximum(discharge, 0).ravel()}`.",
])


def _rows(water, basins, time, **instead):
    days = np.datetime_as_string(time, unit="D")
    rows = {"basin": np.repeat(basins, len(days)), "date": np.tile(days, len(basins)),
            "discharge": np.where(water < 0, 0, water).ravel()}
    return rows | instead


@submission_table.mistake("Each basin got another's water: the columns run basin by basin, but you read the array day "
                          "by day.")
def read_day_by_day(discharge, basins, time):
    return _rows(discharge, basins, time, discharge=np.where(discharge < 0, 0, discharge).T.ravel())


@submission_table.mistake("np.tile and np.repeat are swapped: days and basins no longer meet their own discharge.")
def tile_and_repeat_swapped(discharge, basins, time):
    days = np.datetime_as_string(time, unit="D")
    return _rows(discharge, basins, time, basin=np.tile(basins, len(days)), date=np.repeat(days, len(basins)))


@submission_table.mistake("The gauge ids became numbers and lost their leading zero: 01022500 is a name, not a "
                          "quantity.")
def ids_as_numbers(discharge, basins, time):
    return _rows(discharge, basins, time, basin=np.repeat(basins.astype(int), len(time)))


@submission_table.mistake("The leading zeros are gone: '1022500' is no gauge. Leave the ids as they are.")
def leading_zero_lost(discharge, basins, time):
    return _rows(discharge, basins, time, basin=np.repeat([b.lstrip("0") for b in basins], len(time)))


@submission_table.mistake("The dates carry hours or nanoseconds. A day is written as 1989-10-01: unit='D'.")
def dates_with_hours(discharge, basins, time):
    return _rows(discharge, basins, time, date=np.tile(np.datetime_as_string(time, unit="s"), len(basins)))


@submission_table.mistake("Those dates are the other way round; 03-02-1991 is February in one country and March in the "
                          "next. Write year-month-day.")
def day_first(discharge, basins, time):
    days = ["-".join(reversed(day.split("-"))) for day in np.datetime_as_string(time, unit="D")]
    return _rows(discharge, basins, time, date=np.tile(days, len(basins)))


@submission_table.mistake("Your network said less than nothing on some days, and no river does: lift negative "
                          "discharge to 0.")
def below_zero(discharge, basins, time):
    return _rows(discharge, basins, time, discharge=discharge.ravel())


@submission_table.mistake("You made negative discharge positive. A little below zero means dry: lift it to 0.")
def sign_dropped(discharge, basins, time):
    return _rows(discharge, basins, time, discharge=np.abs(discharge).ravel())


@submission_table.mistake("You rounded to whole millimetres: low flow is gone. Keep the decimals.")
def rounded(discharge, basins, time):
    return _rows(discharge, basins, time, discharge=np.maximum(discharge, 0).round().ravel())


@submission_table.mistake("That is a wide table, a column for each basin. One row for each basin and day was asked "
                          "for.")
def wide(discharge, basins, time):
    lifted = np.maximum(discharge, 0)
    return {"date": np.datetime_as_string(time, unit="D")} | {b: row for b, row in zip(basins.tolist(), lifted)}


@submission_table.mistake("The columns are right, their names are not: basin, date, discharge, in small letters.")
def other_names(discharge, basins, time):
    return dict(zip(("gauge_id", "time", "qobs"), _rows(discharge, basins, time).values()))


# --- spot_problems ---------------------------------------------------------------------------------------------------


def _ratio(discharge, usual):
    """Mean over the finite days of each basin, in parts of its usual mean, (basin,)."""
    there = np.isfinite(discharge)
    return np.where(there, discharge, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1) / usual


def spot_problems_answer(discharge, usual):
    """What is wrong with discharge (basin, time) [mm/day]: days missing, infinite, negative; basins with a wrong unit.

    A unit is suspected where the mean of the finite days is more than 10 times `usual` (basin,), or less than a tenth.
    """
    ratio = _ratio(discharge, usual)
    return {
        "missing": int(np.isnan(discharge).sum()),
        "infinite": int(np.isinf(discharge).sum()),
        "negative": int((np.isfinite(discharge) & (discharge < 0)).sum()),
        "unit": int(((ratio > 10) | (ratio < 0.1)).sum()),
    }


def _sound(rng, n: int, days: int):
    usual = rng.permutation((np.array([6.0, 0.03, 0.05, 0.3])[:n] * rng.uniform(0.8, 1.2, n)).round(3))
    discharge = usual[:, None] * rng.uniform(0.4, 1.6, (n, days))
    discharge[:, 0] = 0.0  # a dry day is no fault
    discharge[0, 1] = 12 * usual[0]  # nor is a flood
    return discharge.round(3), usual


def _flaw_probes(rng):
    yield np.array([[1.0, 0.0, 2.0], [rng.integers(30, 45), 71.0, 35.0]]), np.array([1.1, 1.3])  # the second is in cfs
    discharge, usual = _sound(rng, 3, 8)
    discharge[0, 2:4] = discharge[1, 5] = np.nan
    yield Probe((discharge, usual), "missing")
    discharge, usual = _sound(rng, 3, 8)
    discharge[[0, 1, 2, 2], [3, 4, 6, 5]] = [np.inf, -np.inf, np.nan, -0.02]
    yield Probe((discharge, usual), "infinite and negative")
    discharge, usual = _sound(rng, 4, 8)
    discharge[0] *= 35.3
    discharge[1] /= 25.4
    discharge[2, [3, 5]] = [np.nan, 20 * usual[2]]
    yield Probe((discharge, usual), "unit")


spot_problems = Exercise("spot_problems", spot_problems_answer, _flaw_probes, hints=[
    "Four counts, each with its own question: np.isnan, np.isinf, below 0, and how far a basin's mean is from its "
    "usual one.",
    "`there = np.isfinite(discharge)` first: infinite days are not negative days, and they have no place in a mean.",
    "For the unit: mean of each basin's finite days over `usual`; count the basins above 10 or below 0.1.",
    "`np.nanmean(np.where(there, discharge, np.nan), axis=1) / usual` is that ratio.",
])


def _far(ratio) -> int:
    return int(np.sum((ratio > 10) | (ratio < 0.1)))


def _report(discharge, usual, **instead):
    holes, odd = np.isnan(discharge), np.isinf(discharge)
    counts = {"missing": holes.sum(), "infinite": odd.sum(), "negative": (~odd & (discharge < 0)).sum()}
    return {name: int(n) for name, n in counts.items()} | {"unit": _far(_ratio(discharge, usual))} | instead


@spot_problems.mistake("Infinite days are counted as missing as well. NaN is 'no answer', infinity is an answer gone "
                       "wrong: np.isnan for the first.")
def infinite_is_missing(discharge, usual):
    return _report(discharge, usual, missing=int((~np.isfinite(discharge)).sum()))


@spot_problems.mistake("Dry days are counted as negative. 0 mm/day is a river that has fallen dry: count below 0 only.")
def dry_is_negative(discharge, usual):
    return _report(discharge, usual, negative=int((np.isfinite(discharge) & (discharge <= 0)).sum()))


@spot_problems.mistake("Minus infinity is counted as negative too. It is in the count of the infinite days already.")
def minus_infinity_twice(discharge, usual):
    return _report(discharge, usual, negative=int((discharge < 0).sum()))


@spot_problems.mistake("You looked for minus infinity only, or for plus infinity only. np.isinf finds both.")
def one_infinity_only(discharge, usual):
    return _report(discharge, usual, infinite=int((discharge == np.inf).sum()))


@spot_problems.mistake("You took the highest day of a basin for its unit. A flood is ten times the mean and quite in "
                       "order: compare means.")
def flood_is_a_unit(discharge, usual):
    highest = np.where(np.isfinite(discharge), discharge, 0).max(axis=1)
    return _report(discharge, usual, unit=int(((highest / usual > 10) | (_ratio(discharge, usual) < 0.1)).sum()))


@spot_problems.mistake("You only look for units that are too large. Inches against millimetres are too small: below "
                       "0.1 counts as well.")
def too_small_is_fine(discharge, usual):
    return _report(discharge, usual, unit=int((_ratio(discharge, usual) > 10).sum()))


@spot_problems.mistake("A missing or infinite day spoilt the basin's mean, so its unit was never judged or always "
                       "blamed. Take the mean of the finite days.")
def mean_with_holes(discharge, usual):
    return _report(discharge, usual, unit=_far(discharge.mean(axis=1) / usual))


@spot_problems.mistake("You compared with one usual discharge for all. A desert river and a rainy coast differ by more "
                       "than ten anyway: each basin has its own.")
def one_usual_for_all(discharge, usual):
    return _report(discharge, usual, unit=_far(_ratio(discharge, usual) * usual / usual.mean()))


@spot_problems.mistake("You counted single days that are ten times off. Dry days and floods do that: a unit shows in "
                       "the mean of a basin.")
def days_instead_of_basins(discharge, usual):
    there = np.isfinite(discharge)
    return _report(discharge, usual, unit=_far(np.where(there, discharge / usual[:, None], 1)))


@spot_problems.mistake("You answered whether there is a problem. How many was asked: a count tells a slip from a "
                       "disaster.")
def yes_or_no(discharge, usual):
    return {name: count > 0 for name, count in _report(discharge, usual).items()}
