"""The exercises of lesson 04 that turn a record into what an LSTM trains on: windows, pieces and the loss over them."""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe

# --- make_windows -----------------------------------------------------------------------------------------------------


def _ends(discharge, length):
    """The last days of the windows whose target was measured."""
    last = np.arange(length - 1, len(discharge))
    return last[np.isfinite(discharge[last])]


def _stacked(forcing, last, length):
    return forcing[last[:, None] + np.arange(1 - length, 1)]


def make_windows_answer(forcing, discharge, length):
    """Every `length` days in a row (window, length, feature), and the discharge of each window's last day (window,)."""
    last = _ends(discharge, length)
    return _stacked(forcing, last, length), discharge[last]


def _record(rng, days: int, features: int):
    return rng.normal(2.0, 1.0, (days, features)).round(2), rng.gamma(2.0, 1.0, days).round(3) + 0.1


def _window_probes(rng):
    yield np.array([[1.0], [2.0], [3.0], [4.0]]) + rng.integers(0, 9), rng.permutation(4) / 2 + 1.5, 2
    yield *_record(rng, 11, 3), int(rng.integers(4, 6))
    forcing, discharge = _record(rng, 14, 2)
    discharge[[int(rng.integers(5, 8)), int(rng.integers(9, 12))]] = np.nan
    yield Probe((forcing, discharge, int(rng.integers(3, 5))), "days without discharge")


make_windows = Exercise(
    "make_windows",
    make_windows_answer,
    _window_probes,
    hints=[
        "The first window ends on day length - 1, counted from 0, the last one on the last day. How many is that?",
        "For the window that ends on day t: `forcing[t - length + 1 : t + 1]`, and its target is `discharge[t]`.",
        "Cut the windows from the whole record first, then keep those with a measured target: `np.isfinite(target)`.",
        "`np.stack([forcing[t - length + 1 : t + 1] for t in range(length - 1, len(discharge))])`, the target is "
        "`discharge[length - 1 :]`; index both with `np.isfinite(target)`.",
    ],
)


@make_windows.mistake(
    "Each target is the day *after* its window: that is a forecast, without today's rain. Slice up "
    "to t + 1, since Python leaves the end out."
)
def target_after_the_window(forcing, discharge, length):
    last = np.arange(length - 1, len(discharge) - 1)
    last = last[np.isfinite(discharge[last + 1])]
    return _stacked(forcing, last, length), discharge[last + 1]


@make_windows.mistake(
    "Your target is the window's first day, so the inputs lie in its future: water would flow before it rains."
)
def target_of_the_first_day(forcing, discharge, length):
    last = np.arange(length - 1, len(discharge))
    last = last[np.isfinite(discharge[last - length + 1])]
    return _stacked(forcing, last, length), discharge[last - length + 1]


@make_windows.mistake(
    "The last window is lost. `len(discharge) - length + 1` windows fit into the record: Python's "
    "range leaves its end out."
)
def last_window_lost(forcing, discharge, length):
    last = np.arange(length - 1, len(discharge) - 1)
    last = last[np.isfinite(discharge[last])]
    return _stacked(forcing, last, length), discharge[last]


@make_windows.mistake(
    "Your windows lie end to end. Let each start one day after the one before, so that every measured day is a target."
)
def end_to_end(forcing, discharge, length):
    last = np.arange(length - 1, len(discharge), length)
    last = last[np.isfinite(discharge[last])]
    return _stacked(forcing, last, length), discharge[last]


@make_windows.mistake(
    "The days come last: sliding_window_view puts its window axis at the end. Keras wants (window, "
    "day, feature): swap the last two axes."
)
def days_come_last(forcing, discharge, length):
    last = _ends(discharge, length)
    return _stacked(forcing, last, length).swapaxes(1, 2), discharge[last]


@make_windows.mistake("Each window runs backwards: the oldest day must come first, as the water saw it.")
def backwards(forcing, discharge, length):
    last = _ends(discharge, length)
    return _stacked(forcing, last, length)[:, ::-1], discharge[last]


@make_windows.mistake(
    "You took the days without discharge out *before* cutting, which glues days together that were "
    "weeks apart. Their weather happened: only the target is missing."
)
def time_glued_together(forcing, discharge, length):
    measured = np.isfinite(discharge)
    forcing, discharge = forcing[measured], discharge[measured]
    last = np.arange(length - 1, len(discharge))
    return _stacked(forcing, last, length), discharge[last]


@make_windows.mistake(
    "Windows without a measured target are still there. One NaN in a loss makes every weight of the network NaN."
)
def gaps_kept(forcing, discharge, length):
    last = np.arange(length - 1, len(discharge))
    return _stacked(forcing, last, length), discharge[last]


@make_windows.mistake(
    "You filled missing discharge with 0, and the network would learn that the river runs dry. Leave those windows out."
)
def gaps_are_zero(forcing, discharge, length):
    last = np.arange(length - 1, len(discharge))
    return _stacked(forcing, last, length), np.nan_to_num(discharge[last])


@make_windows.mistake(
    "Only the last day of a window must have been measured. You threw away every window with a gap "
    "anywhere in its discharge."
)
def any_gap_throws_out(forcing, discharge, length):
    last = np.arange(length - 1, len(discharge))
    whole = np.isfinite(discharge[last[:, None] + np.arange(1 - length, 1)]).all(axis=1)
    return _stacked(forcing, last[whole], length), discharge[last[whole]]


# --- cut_pieces -------------------------------------------------------------------------------------------------------


def _days_of(starts, length):
    return np.asarray(starts)[:, None] + np.arange(length)


def cut_pieces_answer(forcing, discharge, starts, length, warmup):
    """Pieces of the record (piece, length, feature); their discharge (piece, length), NaN on the first `warmup` days."""
    days = _days_of(starts, length)
    return forcing[days], np.where(np.arange(length) < warmup, np.nan, discharge[days])


def _piece_probes(rng):
    forcing = np.array([[1.0], [2.0], [3.0], [4.0]]) + rng.integers(0, 9)
    yield forcing, rng.permutation(4) / 2 + 1.5, np.array([0, 1]), 3, 1
    forcing, discharge = _record(rng, 24, 3)
    yield forcing, discharge, rng.integers(1, 13, 3), int(rng.integers(7, 10)), int(rng.integers(2, 4))
    forcing, discharge = _record(rng, 20, 2)
    discharge[9:11] = np.nan
    yield forcing, discharge, np.array([int(rng.integers(1, 4)), 7, 4]), 8, 3


cut_pieces = Exercise(
    "cut_pieces",
    cut_pieces_answer,
    _piece_probes,
    hints=[
        "A piece is a plain slice, `forcing[start : start + length]`, and the same slice of the discharge.",
        "The warm-up is there for the network to read, not to be judged by: the forcing stays, the target becomes NaN.",
        "`target = np.stack([discharge[s : s + length] for s in starts])`, then `target[:, :warmup] = np.nan`.",
    ],
)


@cut_pieces.mistake(
    "The warm-up counts in your loss: on those days the state is still a guess, and the network "
    "would learn to live without memory. Set their target to NaN."
)
def warm_up_counts(forcing, discharge, starts, length, warmup):
    days = _days_of(starts, length)
    return forcing[days], discharge[days]


@cut_pieces.mistake(
    "You hid the last days of each piece. It is the first ones on which the network has not read enough yet."
)
def warm_up_at_the_end(forcing, discharge, starts, length, warmup):
    days = _days_of(starts, length)
    return forcing[days], np.where(np.arange(length) >= length - warmup, np.nan, discharge[days])


@cut_pieces.mistake("You hid the weather of the warm-up too. The network must read it: that is how its stores fill.")
def weather_hidden_too(forcing, discharge, starts, length, warmup):
    days = _days_of(starts, length)
    hidden = np.arange(length) < warmup
    return np.where(hidden[:, None], np.nan, forcing[days]), np.where(hidden, np.nan, discharge[days])


@cut_pieces.mistake(
    "You cut the warm-up off the target, so day 0 of the output faces day `warmup` of the target. "
    "Keep the length and put NaN there."
)
def target_cut_short(forcing, discharge, starts, length, warmup):
    days = _days_of(starts, length)
    return forcing[days], discharge[days][:, warmup:]


@cut_pieces.mistake(
    "You wrote 0 over the warm-up's discharge: that is a river run dry, and the loss would count it. "
    "NaN means not judged."
)
def warm_up_is_zero(forcing, discharge, starts, length, warmup):
    days = _days_of(starts, length)
    return forcing[days], np.where(np.arange(length) < warmup, 0.0, discharge[days])


@cut_pieces.mistake("The target is a day ahead of the weather. Both slices begin at `start`.")
def target_a_day_ahead(forcing, discharge, starts, length, warmup):
    days = _days_of(starts, length)
    ahead = np.minimum(days + 1, len(discharge) - 1)
    return forcing[days], np.where(np.arange(length) < warmup, np.nan, discharge[ahead])


@cut_pieces.mistake(
    "You hid one day too many: the warm-up is `warmup` days, so day `warmup`, counted from 0, is judged."
)
def warm_up_a_day_long(forcing, discharge, starts, length, warmup):
    days = _days_of(starts, length)
    return forcing[days], np.where(np.arange(length) <= warmup, np.nan, discharge[days])


@cut_pieces.mistake(
    "Your pieces ignore `starts` and follow one another from the first day. Random starts are what "
    "lets every day be judged now and then."
)
def starts_ignored(forcing, discharge, starts, length, warmup):
    days = (np.arange(len(starts))[:, None] * length + np.arange(length)) % len(discharge)
    return forcing[days], np.where(np.arange(length) < warmup, np.nan, discharge[days])


# --- nse_loss ---------------------------------------------------------------------------------------------------------

FLOOR = 0.1  # [mm/day] added to the spread, as in Kratzert et al. (2019), doi:10.5194/hess-23-5089-2019


def _errors(observed, simulated):
    return (simulated - observed) ** 2


def nse_loss_answer(observed, simulated, spread):
    """Mean over the measured days of squared errors, each over the square of (its river's spread + 0.1 mm/day)."""
    return np.nanmean(_errors(observed, simulated) / (spread[:, None] + FLOOR) ** 2)


def _batches(rng, pieces: int, days: int):
    size = rng.uniform(0.5, 6.0, pieces)
    observed = rng.gamma(1.5, 1.0, (pieces, days)) * size[:, None]
    simulated = observed * rng.uniform(0.5, 1.4, (pieces, days)) + rng.uniform(0.1, 0.5)
    return observed.round(3), simulated.round(3), (size * rng.uniform(0.8, 1.5, pieces)).round(3)


def _loss_probes(rng):
    yield np.array([[1.0, 4.0, 2.0, 1.0]]), np.array([[1.0, 2.0, 3.0, rng.integers(2, 6)]]), np.array([1.9])
    yield _batches(rng, 3, 8)
    observed, simulated, spread = _batches(rng, 3, 9)
    observed[:, :2] = observed[1, 4:7] = np.nan
    yield Probe((observed, simulated, spread), "days without a target")


nse_loss = Exercise(
    "nse_loss",
    nse_loss_answer,
    _loss_probes,
    hints=[
        "NSE divides squared errors by the river's own spread. A loss does it day by day: error over spread, then squared.",
        "`spread[:, None]` gives each piece, a row, its own river's number. Add 0.1 mm/day to it.",
        "`np.nanmean` takes the mean over what was measured and steps over the rest.",
        "One line: `np.nanmean(((simulated - observed) / (spread[:, None] + 0.1)) ** 2)`.",
    ],
)


@nse_loss.mistake(
    "That is the plain mean squared error: the wettest river would rule all others. Divide each error "
    "by its river's spread."
)
def mean_squared_error(observed, simulated, spread):
    return np.nanmean(_errors(observed, simulated))


@nse_loss.mistake(
    "The errors are squared but the spread is not, so the loss still has a unit and big rivers count more."
)
def spread_not_squared(observed, simulated, spread):
    return np.nanmean(_errors(observed, simulated) / (spread[:, None] + FLOOR))


@nse_loss.mistake(
    "The 0.1 mm/day is missing: a river that hardly moves would divide by almost nothing and drown the others."
)
def no_floor(observed, simulated, spread):
    return np.nanmean(_errors(observed, simulated) / spread[:, None] ** 2)


@nse_loss.mistake(
    "Add the 0.1 mm/day to the spread before you square it: added afterwards it is another number, in another unit."
)
def floor_after_the_square(observed, simulated, spread):
    return np.nanmean(_errors(observed, simulated) / (spread[:, None] ** 2 + FLOOR))


@nse_loss.mistake(
    "You measured the spread on these very days. A dry piece would then weigh more than a wet one of "
    "the same river: use the `spread` given, from the whole training period."
)
def spread_of_the_batch(observed, simulated, spread):
    return np.nanmean(_errors(observed, simulated) / (np.nanstd(observed, axis=1)[:, None] + FLOOR) ** 2)


@nse_loss.mistake(
    "A loss must fall as the model improves. You returned 1 minus it, a score, and training would make it worse."
)
def a_score_that_rises(observed, simulated, spread):
    return 1 - np.nanmean(_errors(observed, simulated) / (spread[:, None] + FLOOR) ** 2)


@nse_loss.mistake("That is the sum over all days, so a longer piece is a worse one. Take the mean.")
def sum_instead_of_mean(observed, simulated, spread):
    return np.nansum(_errors(observed, simulated) / (spread[:, None] + FLOOR) ** 2)


@nse_loss.mistake(
    "One day without a target made the whole loss NaN, and after the next update every weight. Leave it out."
)
def gaps_kept_in_the_loss(observed, simulated, spread):
    return np.mean(_errors(observed, simulated) / (spread[:, None] + FLOOR) ** 2)


@nse_loss.mistake(
    "Days without a target are left out of the sum but still counted: divide by the number of measured days."
)
def divided_by_all_days(observed, simulated, spread):
    return np.nansum(_errors(observed, simulated) / (spread[:, None] + FLOOR) ** 2) / observed.size


@nse_loss.mistake(
    "A missing target became 0 mm/day, so the network is punished for saying that there is water. Leave the day out."
)
def missing_is_dry(observed, simulated, spread):
    return np.mean(_errors(np.nan_to_num(observed), simulated) / (spread[:, None] + FLOOR) ** 2)
