"""The second half of lesson 02: the mean of a window, the Lee filter, and the ratio image that judges both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ...exercise import Exercise, Probe
from .speckle import decibels, estimate_enl_answer, grainy


def _scenes(rng) -> Iterator[tuple[np.ndarray, int, str]]:
    """Power (y, x), size of the window, and the part of the exercise that it tests."""
    for shape, size, part in (((4, 5), 3, "a complete image"), ((9, 10), 5, "a complete image"), ((7, 8), 3, "gaps")):
        power = grainy(rng, *shape)
        power[shape[0] // 2, shape[1] // 3] = rng.uniform(3, 5)  # a house
        if part == "gaps":
            power[2, 5] = power[4, 0] = np.nan
        yield power, size, part


def _windows(power, size, before=None, **padding):
    """The window around each pixel, (y, x, size, size)."""
    half = size // 2
    before = half if before is None else before
    around = [(before, size - 1 - before)] * 2
    return sliding_window_view(np.pad(power, around, **(padding or {"constant_values": np.nan})), (size, size))


def _mean(windows):
    """Mean of the measured pixels of each window; every window here has one."""
    seen = np.isfinite(windows)
    return np.where(seen, windows, 0).sum(axis=(2, 3)) / seen.sum(axis=(2, 3))


def _as_seen(power, result):
    return np.where(np.isfinite(power), result, np.nan)


# --- boxcar_mean ---------------------------------------------------------------------------------------------------


def boxcar_mean_answer(power, size):
    """The mean of the window around each pixel; windows end at the border, gaps are in nobody's and stay gaps."""
    return _as_seen(power, _mean(_windows(power, size)))


def _boxes(rng) -> Iterator[Probe]:
    for power, size, part in _scenes(rng):
        yield Probe((power, size), part)


boxcar_mean = Exercise("boxcar_mean", boxcar_mean_answer, _boxes, hints=[
    "Around each pixel lies a square of `size` x `size` pixels. At the border a part of it is missing: then it is smaller.",
    "Put a frame of NaN around the image, `np.pad(power, size // 2, constant_values=np.nan)`, and every pixel has a whole"
    " window.",
    "`np.lib.stride_tricks.sliding_window_view(framed, (size, size))` gives (y, x, size, size); `np.nanmean` over the last"
    " two axes leaves out the frame and the gaps.",
    "Last, `np.where(np.isnan(power), np.nan, mean)`: what was not measured stays unknown.",
])  # fmt: skip


@boxcar_mean.mistake("Beyond the border you counted zeros, and so the image has a dark frame. There is nothing there: divide by"
                     " the number of pixels that are.")
def dark_frame(power, size):
    box = _windows(power, size, mode="constant", constant_values=0.0)
    seen = np.isfinite(box)
    return _as_seen(power, np.where(seen, box, 0).sum(axis=(2, 3)) / seen.sum(axis=(2, 3)))


@boxcar_mean.mistake("You mirrored the image at its border, as SciPy's `uniform_filter` does unless told otherwise. The border"
                     " pixels then count twice: here a window ends where the image ends.")
def mirrored(power, size):
    return _as_seen(power, _mean(_windows(power, size, mode="symmetric")))


@boxcar_mean.mistake("Your windows go round the corner: the left border is averaged with the right one (`np.roll` does that, and"
                     " so does a Fourier transform).")
def around_the_world(power, size):
    return _as_seen(power, _mean(_windows(power, size, mode="wrap")))


@boxcar_mean.mistake("The pixel sits in the corner of its window, not in the middle, so the image moves by half a window: start"
                     " at `-(size // 2)`.")
def from_the_corner(power, size):
    return _as_seen(power, _mean(_windows(power, size, before=0)))


@boxcar_mean.mistake("You took `size` for half of the window: yours is 2 size + 1 pixels wide.")
def size_is_half(power, size):
    return boxcar_mean_answer(power, 2 * size + 1)


@boxcar_mean.mistake("You averaged decibels. The logarithm pulls bright pixels down, and your image is darker than the ground by"
                     " half a decibel. Average power, then look at it in decibels.")
def mean_of_decibels(power, size):
    return 10 ** (boxcar_mean_answer(decibels(power), size) / 10)


@boxcar_mean.mistake("That is the median. It keeps edges well, but speckle is lopsided, and the median of power lies below its"
                     " mean: the image is too dark.")
def median_filter(power, size):
    return _as_seen(power, np.nanmedian(_windows(power, size), axis=(2, 3)))


@boxcar_mean.mistake("The pixels near the border were left as they were. They have neighbours too, only fewer.")
def border_untouched(power, size):
    result, half = power.copy(), size // 2
    inner = (slice(half, -half),) * 2
    result[inner] = boxcar_mean_answer(power, size)[inner]
    return result


@boxcar_mean.mistake("Right without gaps, but each gap now has the size of your window: one NaN makes every mean around it NaN."
                     " Leave gaps out of the mean.")
def gap_grows(power, size):
    framed = _windows(power, size)
    spoilt = _windows(np.isnan(power), size, mode="constant", constant_values=False).any(axis=(2, 3))
    return np.where(spoilt, np.nan, _mean(framed))


@boxcar_mean.mistake("You filled the gaps with the mean of what is around them. That looks like a measurement, and is none: a gap"
                     " stays NaN.")
def gap_filled(power, size):
    return _mean(_windows(power, size))


@boxcar_mean.mistake("A gap counts as a pixel without power, so that it darkens its surroundings: divide by the number of pixels"
                     " that were measured.")
def gap_is_dark(power, size):
    box = _windows(power, size)
    beyond = _windows(np.ones(power.shape), size)
    return _as_seen(power, np.nansum(box, axis=(2, 3)) / np.nansum(beyond, axis=(2, 3)))


# --- lee_filter ----------------------------------------------------------------------------------------------------


def _moments(power, size):
    """Mean and squared coefficient of variation of each window."""
    mean = boxcar_mean_answer(power, size)
    return mean, boxcar_mean_answer(power**2, size) / mean**2 - 1


def _between(power, mean, weight):
    return mean + np.clip(weight, 0, 1) * (power - mean)


def lee_filter_answer(power, size, looks):
    """Lee's filter: the mean of the window plus (1 - Cv2 / Cz2), at least 0, of what the pixel is above it."""
    mean, cz2 = _moments(power, size)
    return _between(power, mean, 1 - 1 / looks / cz2)


def _speckled(rng) -> Iterator[Probe]:
    for power, size, part in _scenes(rng):
        yield Probe((power, size, float(rng.choice([3.0, 4.0, 5.0]))), part)


lee_filter = Exercise("lee_filter", lee_filter_answer, _speckled, hints=[
    "How much does the window vary, and how much would it vary if there were nothing in it but speckle? Compare the two.",
    "Both as squared coefficients of variation: Cz2 is variance over mean squared of the window, Cv2 is 1 / looks.",
    "The variance of a window is the mean of its squares minus the square of its mean, so `boxcar_mean` does all the work.",
    "`weight = np.clip(1 - (1 / looks) / Cz2, 0, 1)`, and the answer is `mean + weight * (power - mean)`.",
])  # fmt: skip


@lee_filter.mistake("You compare each window with the variance of the *whole image*. This version is copied all over the"
                    " internet, and it is not Lee's: a city at one end of the scene changes what happens to a field at the"
                    " other. Compare with what speckle alone would do, (mean of the window) squared over looks.")
def variance_of_the_whole_image(power, size, looks):
    mean, cz2 = _moments(power, size)
    variance = cz2 * mean**2
    return mean + variance / (variance + np.nanvar(power)) * (power - mean)


@lee_filter.mistake("Speckle's variance is 1 / looks. You took its standard deviation, 1 / sqrt(looks), where a squared"
                    " coefficient of variation is needed: far too much is smoothed away.")
def root_of_the_looks(power, size, looks):
    mean, cz2 = _moments(power, size)
    return _between(power, mean, 1 - 1 / np.sqrt(looks) / cz2)


@lee_filter.mistake("Both coefficients of variation are squared in the weight, 1 - Cv2 / Cz2. You took their plain ratio.")
def without_squares(power, size, looks):
    mean, cz2 = _moments(power, size)
    return _between(power, mean, 1 - np.sqrt(1 / looks / np.maximum(cz2, 1e-12)))


@lee_filter.mistake("Turned around: where the window is uneven there is something in it, and the *pixel* is kept. You keep the"
                    " grain and blur the houses.")
def turned_around(power, size, looks):
    mean, cz2 = _moments(power, size)
    return power + np.clip(1 - 1 / looks / cz2, 0, 1) * (mean - power)


@lee_filter.mistake("Where a window varies less than speckle would, by chance, your weight is negative and the pixel is thrown to"
                    " the other side of the mean. Clip the weight at 0.")
def negative_weight(power, size, looks):
    mean, cz2 = _moments(power, size)
    return mean + (1 - 1 / looks / cz2) * (power - mean)


@lee_filter.mistake("You compare the window's variance with 1 / looks, as if speckle were added. It multiplies: the brighter the"
                    " ground, the larger its variance. Divide the variance by the squared mean first.")
def speckle_is_added(power, size, looks):
    mean, cz2 = _moments(power, size)
    return _between(power, mean, 1 - 1 / looks / (cz2 * mean**2))


@lee_filter.mistake("That is Kuan's filter: its weight is Lee's over 1 + 1 / looks. It is a good one, and not the one asked"
                    " for.")
def kuan(power, size, looks):
    mean, cz2 = _moments(power, size)
    return _between(power, mean, (1 - 1 / looks / cz2) / (1 + 1 / looks))


@lee_filter.mistake("You filtered decibels. There the mean can be near 0 or negative, and a coefficient of variation means"
                    " nothing: filter power.")
def lee_in_decibels(power, size, looks):
    values = decibels(power)
    mean, cz2 = _moments(values, size)
    return 10 ** (_between(values, mean, 1 - 1 / looks / np.maximum(cz2, 1e-12)) / 10)


@lee_filter.mistake("That is the mean of the window everywhere. Lee's filter gives way to the pixel where the window varies more"
                    " than speckle does.")
def only_the_mean(power, size, looks):
    return boxcar_mean_answer(power, size)


@lee_filter.mistake("You mirrored the image at its border, as SciPy's `uniform_filter` does. Inside all is right; at the border"
                    " the same pixels count twice. Use your `boxcar_mean`.")
def mirrored_border(power, size, looks):
    mean, squares = (mirrored(image, size) for image in (power, power**2))
    return _between(power, mean, 1 - 1 / looks / (squares / mean**2 - 1))


@lee_filter.mistake("Right without gaps, but each gap now has the size of your window. Leave gaps out of the mean and of the mean"
                    " of squares; your `boxcar_mean` does.")
def gaps_grow(power, size, looks):
    mean, squares = (gap_grows(image, size) for image in (power, power**2))
    return _between(power, mean, 1 - 1 / looks / (squares / mean**2 - 1))


@lee_filter.mistake("A gap was filled from its neighbours. That looks like a measurement, and is none: a gap stays NaN.")
def gaps_are_filled(power, size, looks):
    mean, squares = (gap_filled(image, size) for image in (power, power**2))
    known = np.where(np.isfinite(power), power, mean)
    return _between(known, mean, 1 - 1 / looks / np.maximum(squares / mean**2 - 1, 1e-12))


# --- ratio_check ---------------------------------------------------------------------------------------------------


def ratio_check_answer(power, filtered):
    """Mean and looks of what a filter took away, power over filtered; gaps left out."""
    return _judged(power / filtered)


def _judged(ratio):
    return {"mean": np.nanmean(ratio), "looks": estimate_enl_answer(ratio)}


def _filtered(rng) -> Iterator[Probe]:
    for power, size, part in _scenes(rng):
        yield Probe((power, (boxcar_mean_answer(power, size) * rng.uniform(0.8, 1.25)).round(4)), part)


ratio_check = Exercise("ratio_check", ratio_check_answer, _filtered, hints=[
    "Speckle multiplies. So what was taken away is found by dividing, not by subtracting.",
    "`ratio = power / filtered`; then its mean, and its looks with your `estimate_enl`.",
    'Return `{"mean": ..., "looks": ...}`; `np.nanmean` leaves gaps out.',
])  # fmt: skip


@ratio_check.mistake("Upside down: what was there over what is left of it, power / filtered.")
def filtered_over_power(power, filtered):
    return _judged(filtered / power)


@ratio_check.mistake("You subtracted. Speckle multiplies, so the difference is larger on bright ground, whatever the filter:"
                     " divide.")
def difference(power, filtered):
    return _judged(power - filtered)


@ratio_check.mistake("The mean of the ratio was asked for, pixel by pixel. You divided two means of the whole image, in which the"
                     " brightest house has most to say.")
def ratio_of_means(power, filtered):
    return _judged(power / filtered) | {"mean": np.nanmean(power) / np.nanmean(filtered)}


@ratio_check.mistake("The looks are those of the filtered image. Asked is what was *taken away*: the looks of the ratio.")
def looks_of_the_filtered(power, filtered):
    return _judged(power / filtered) | {"looks": estimate_enl_answer(filtered)}


@ratio_check.mistake("The looks are those of the image before the filter. Asked is what was *taken away*: looks of the ratio.")
def looks_of_the_image(power, filtered):
    return _judged(power / filtered) | {"looks": estimate_enl_answer(power)}


@ratio_check.mistake("You looked at the ratio in decibels. There an unbiased filter seems to have a mean below 0, which is the"
                     " logarithm's doing: stay with power.")
def ratio_in_decibels(power, filtered):
    return _judged(decibels(power / filtered))


@ratio_check.mistake("The looks are the squared mean over the *variance*. You took the mean over the standard deviation.")
def root_of_looks(power, filtered):
    ratio = power / filtered
    return {"mean": np.nanmean(ratio), "looks": np.nanmean(ratio) / np.nanstd(ratio)}


@ratio_check.mistake("The looks are 1 over the variance only where the mean is 1, and whether it is 1 is what you are testing:"
                     " squared mean over variance.")
def mean_taken_as_1(power, filtered):
    ratio = power / filtered
    return {"mean": np.nanmean(ratio), "looks": 1 / np.nanvar(ratio)}


@ratio_check.mistake("Right without gaps, but one missing pixel makes both NaN: leave the gaps out.")
def ratio_with_gaps(power, filtered):
    ratio = power / filtered
    return {"mean": np.mean(ratio), "looks": np.mean(ratio) ** 2 / np.var(ratio)}


@ratio_check.mistake("A gap became a ratio of 0, as if the filter had left all of it. Leave the gaps out.")
def gap_is_zero(power, filtered):
    return _judged(np.nan_to_num(power / filtered))
