"""The first half of lesson 02: looks, multilooking, and how far the grain reaches. Filters are in :mod:`.filters`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe


def grainy(rng: np.random.Generator, rows: int, columns: int, looks: int = 4) -> np.ndarray:
    """Power (y, x) of dark ground on the left and bright ground on the right, with speckle."""
    surface = np.where(np.arange(columns) < columns // 2, 0.05, 0.25) * rng.uniform(0.8, 1.2)
    return (surface * rng.gamma(looks, 1 / looks, (rows, columns))).round(4) + 0.001


def decibels(power):
    return 10 * np.log10(power)


# --- estimate_enl --------------------------------------------------------------------------------------------------


def estimate_enl_answer(power):
    """Equivalent number of looks of a homogeneous area: the squared mean over the variance; gaps left out."""
    return np.nanmean(power) ** 2 / np.nanvar(power)


def _areas(rng) -> Iterator[Probe]:
    for shape, gaps in (((2, 3), False), ((6, 7), False), ((6, 7), True)):
        power = (0.1 * rng.uniform(0.5, 2) * rng.gamma(4, 0.25, shape)).round(4) + 0.001
        if gaps:
            power[1, 2:4] = np.nan
        yield Probe((power,), "gaps" if gaps else "no gaps")


estimate_enl = Exercise("estimate_enl", estimate_enl_answer, _areas, hints=[
    "Speckle multiplies, so its strength is the spread *over the mean*: the coefficient of variation.",
    "With L looks the variance is mean squared over L. Solve that for L.",
    "`np.nanmean` and `np.nanvar` leave the gaps out.",
])  # fmt: skip


@estimate_enl.mistake("That is mean over standard deviation, the root of it. Looks go with the square: twice as smooth"
                      " takes four times as many.")
def not_squared(power):
    return np.nanmean(power) / np.nanstd(power)


@estimate_enl.mistake("That is upside down: more looks mean less variance.")
def upside_down(power):
    return np.nanvar(power) / np.nanmean(power) ** 2


@estimate_enl.mistake("That is the coefficient of variation C. The number of looks is 1 / C squared.")
def coefficient_of_variation(power):
    return np.nanstd(power) / np.nanmean(power)


@estimate_enl.mistake("You did it in decibels. Their mean depends on what 0 dB happens to mean, so its square over the"
                      " variance says nothing: looks are counted in power.")
def in_decibels(power):
    values = decibels(power)
    return np.nanmean(values) ** 2 / np.nanvar(values)


@estimate_enl.mistake("The mean itself, squared, and not the mean of the squares.")
def mean_of_squares(power):
    return np.nanmean(power**2) / np.nanvar(power)


@estimate_enl.mistake("You divided by the mean of the squares. The variance is what is left of it when the squared mean is"
                      " taken off.")
def over_the_mean_of_squares(power):
    return np.nanmean(power) ** 2 / np.nanmean(power**2)


@estimate_enl.mistake("You took the variance over n - 1 (`ddof=1`, as pandas does). On thousands of pixels nobody would"
                      " notice; here it is that over n, as `np.var` gives it.")
def n_minus_1(power):
    return np.nanmean(power) ** 2 / np.nanvar(power, ddof=1)


@estimate_enl.mistake("Right without gaps, but one missing pixel makes it NaN: leave the gaps out.")
def gaps_spread(power):
    return np.mean(power) ** 2 / np.var(power)


@estimate_enl.mistake("You counted gaps as pixels of no power. That is the deepest shadow there is, and it looks like a lot"
                      " of speckle: leave the gaps out.")
def gaps_are_dark(power):
    return estimate_enl_answer(np.nan_to_num(power))


# --- multilook -----------------------------------------------------------------------------------------------------


def _blocks(power, factor):
    """(row, column, pixel of the block); what is left over at the right and below is dropped."""
    rows, columns = (n // factor for n in power.shape)
    cut = power[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    return cut.swapaxes(1, 2).reshape(rows, columns, factor**2)


def multilook_answer(power, factor):
    """Means of blocks of `factor` x `factor` pixels; gaps left out, what does not fill a block is dropped."""
    return np.nanmean(_blocks(power, factor), axis=2)


def _images(rng) -> Iterator[Probe]:
    for shape, factor, part in (((4, 6), 2, "whole blocks"), ((6, 6), 3, "whole blocks"), ((7, 11), 3, "a rest"),
                                ((6, 8), 2, "gaps")):  # fmt: skip
        power = grainy(rng, *shape)
        if part == "gaps":
            power[2, 1] = power[3, 6] = power[3, 7] = np.nan
        yield Probe((power, factor), part)


multilook = Exercise("multilook", multilook_answer, _images, hints=[
    "Each pixel of the small image is the mean of `factor` x `factor` pixels of the large one. How many rows does it have?",
    "Cut off what does not fill a block, then `reshape(rows, factor, columns, factor)`: two of the four axes count inside"
    " a block.",
    "The mean over axes 1 and 3, with `np.nanmean`, so that gaps are left out.",
])  # fmt: skip


@multilook.mistake("You took every n-th pixel. The image is smaller, and as grainy as before: what was not looked at cannot"
                   " calm anything. Average the block.")
def every_nth(power, factor):
    rows, columns = (n // factor for n in power.shape)
    return power[: rows * factor : factor, : columns * factor : factor]


@multilook.mistake("You averaged decibels. The logarithm pulls bright pixels down, so the image gets darker the more it is"
                   " averaged. Energy adds up: average power.")
def of_decibels(power, factor):
    return 10 ** (np.nanmean(decibels(_blocks(power, factor)), axis=2) / 10)


@multilook.mistake("That is the sum. The small image is then brighter than the large one, by the number of pixels in a"
                   " block: take the mean.")
def summed(power, factor):
    return np.nansum(_blocks(power, factor), axis=2)


@multilook.mistake("That is the median. Speckle is lopsided, many dark pixels and few bright ones, so the median lies below the"
                   " mean: your image is darker than the ground.")
def medians(power, factor):
    return np.nanmedian(_blocks(power, factor), axis=2)


@multilook.mistake("The reshape mixes pixels that are no neighbours: the axes have to be (rows, factor, columns, factor), each"
                   " pair in this order, and the mean goes over 1 and 3.")
def far_pixels(power, factor):
    rows, columns = (n // factor for n in power.shape)
    return np.nanmean(power[: rows * factor, : columns * factor].reshape(factor, rows, factor, columns), axis=(0, 2))


@multilook.mistake("You averaged along the rows only. A block has `factor` rows too.")
def one_direction(power, factor):
    rows, columns = (n // factor for n in power.shape)
    cut = power[: rows * factor, : columns * factor]
    return np.nanmean(cut.reshape(rows * factor, columns, factor), axis=2)


@multilook.mistake("You kept the rest at the right and below as blocks of its own. They have fewer pixels, so they are grainier"
                   " than all the others: drop them.")
def rest_kept(power, factor):
    more = [(0, -n % factor) for n in power.shape]
    return np.nanmean(_blocks(np.pad(power, more, constant_values=np.nan), factor), axis=2)


@multilook.mistake("One gap makes its whole block NaN. The other pixels of the block were measured: `np.nanmean`.")
def gap_spoils_the_block(power, factor):
    return np.mean(_blocks(power, factor), axis=2)


@multilook.mistake("A gap was counted as no power at all, so its block is too dark. Divide by the pixels that were measured.")
def gap_darkens_the_block(power, factor):
    return np.mean(np.nan_to_num(_blocks(power, factor)), axis=2)


# --- lag_correlation -----------------------------------------------------------------------------------------------


def lag_correlation_answer(power, lag):
    """Correlation of each pixel with the one `lag` columns to its right, over the pairs that were both measured."""
    return _correlation(power[:, :-lag], power[:, lag:])


def _correlation(left, right):
    both = np.isfinite(left) & np.isfinite(right)
    return np.corrcoef(left[both], right[both])[0, 1]


def _grains(rng) -> Iterator[Probe]:
    """Speckle blurred along rows, more than along columns."""
    for shape, lag, gaps in (((6, 7), 1, False), ((9, 9), 2, False), ((8, 9), 1, True)):
        noise = rng.gamma(2, 0.5, (shape[0], shape[1] + 2))
        power = (0.1 * (noise[:, :-2] + 1.5 * noise[:, 1:-1] + noise[:, 2:])).round(4)
        if gaps:
            power[2, 3] = power[5, 0] = np.nan
        yield Probe((power, lag), "gaps" if gaps else "no gaps")


lag_correlation = Exercise("lag_correlation", lag_correlation_answer, _grains, hints=[
    "Lay the image over itself, `lag` columns further. Where both are, you have pairs.",
    "The left partners are `power[:, :-lag]`, the right ones `power[:, lag:]`; `np.corrcoef(a, b)[0, 1]` wants flat arrays.",
    "Keep the pairs of which both are finite, then correlate.",
])  # fmt: skip


@lag_correlation.mistake("`np.roll` goes round the corner: the left border is compared with the right one. Cut the image"
                         " instead, `power[:, :-lag]` and `power[:, lag:]`.")
def around_the_corner(power, lag):
    return _correlation(power, np.roll(power, -lag, axis=1))


@lag_correlation.mistake("That is the neighbour below. The one to the right was asked for: columns are the second axis.")
def the_neighbour_below(power, lag):
    return _correlation(power[:-lag], power[lag:])


@lag_correlation.mistake("That is the covariance. It grows with brightness squared: divide by the two standard deviations, or"
                         " dark and bright places cannot be compared.")
def covariance(power, lag):
    left, right = power[:, :-lag], power[:, lag:]
    both = np.isfinite(left) & np.isfinite(right)
    return np.cov(left[both], right[both], ddof=0)[0, 1]


@lag_correlation.mistake("You did not take the mean off before multiplying. Power is never negative, so everything then looks"
                         " correlated with everything.")
def not_centred(power, lag):
    left, right = power[:, :-lag], power[:, lag:]
    both = np.isfinite(left) & np.isfinite(right)
    a, b = left[both], right[both]
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


@lag_correlation.mistake("That is r squared. It cannot tell alike from opposite, and looks too harmless: r itself.")
def squared(power, lag):
    return lag_correlation_answer(power, lag) ** 2


@lag_correlation.mistake("You correlated decibels. Close, but it is power that adds up in a window, so it is the correlation of"
                         " power that says how much averaging helps.")
def correlation_of_decibels(power, lag):
    return lag_correlation_answer(decibels(power), lag)


@lag_correlation.mistake("You divided by mean and variance of the whole image. That is how a long time series is usually done,"
                         " and on a large image it is nearly the same; asked is the correlation of the pairs (`np.corrcoef`).")
def whole_image_moments(power, lag):
    off = power - np.nanmean(power)
    return np.nanmean(off[:, :-lag] * off[:, lag:]) / np.nanvar(power)


@lag_correlation.mistake("Right without gaps, but one missing pixel makes it NaN: keep the pairs of which both were measured.")
def missing_pair(power, lag):
    return np.corrcoef(power[:, :-lag].ravel(), power[:, lag:].ravel())[0, 1]


@lag_correlation.mistake("You filled the gaps with 0. A gap is then the darkest pixel of all, and it is made up: leave the pair"
                         " out.")
def gaps_filled(power, lag):
    return lag_correlation_answer(np.nan_to_num(power), lag)


@lag_correlation.mistake("You took the gaps out first and joined what was left, so pixels became neighbours that are none. Build"
                         " the pairs first, then drop those with a gap.")
def gaps_closed(power, lag):
    if np.isfinite(power).all():
        return lag_correlation_answer(power, lag)
    rest = power[np.isfinite(power)]
    return np.corrcoef(rest[:-lag], rest[lag:])[0, 1]
