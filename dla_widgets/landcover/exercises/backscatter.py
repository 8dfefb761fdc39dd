"""The exercises of lesson 01: decibels, means of power, the signature of a class, scaling."""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe
from ..legend import IGNORE


def scene(rng: np.random.Generator, rows: int, columns: int, bands: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """A little scene: power (y, x, band) with speckle, labels (y, x) of three classes."""
    labels = rng.choice([0, 3, 6], (rows, columns)).astype(np.uint8)
    labels.flat[:3] = (0, 3, 6)
    level = np.array([0.2, 0, 0, 0.1, 0, 0, 0.03])[labels][..., None] * rng.uniform(0.2, 1.0, bands)
    return (level * rng.gamma(4, 0.25, (rows, columns, bands))).round(5) + 1e-4, labels


# --- to_decibel --------------------------------------------------------------------------------------------------------


def to_decibel_answer(power):
    """Decibels of linear power; where nothing was measured, or nothing came back, NaN."""
    seen = power > 0
    return 10 * np.log10(np.where(seen, power, 1)) + np.where(seen, 0, np.nan)


def _powers(rng):
    yield Probe((scene(rng, 1, 4)[0][0, :, 0],), "measured power")
    yield Probe((scene(rng, 3, 4)[0],), "measured power")
    power = scene(rng, 3, 4)[0][..., 0]
    power[0, 1] = np.nan
    power[2, 0] = 0
    yield Probe((power,), "pixels without a measurement")


to_decibel = Exercise("to_decibel", to_decibel_answer, _powers, hints=[
    "A decibel is a tenth of a bel, and a bel is a factor of ten: ten times the power is 10 dB more.",
    "10 times the logarithm to base 10: `np.log10`, not `np.log`.",
    "Where the power is 0 the logarithm is minus infinity, which spoils every mean: make it NaN, for example with "
    "`np.where(power > 0, power, np.nan)` before the logarithm.",
])  # fmt: skip


def _logarithm(power, factor=10.0, function=np.log10, zero=np.nan):
    seen = power > 0
    values = factor * function(np.where(seen, power, 1)) + np.where(seen, 0, np.nan)
    return np.where(power == 0, zero, values)


@to_decibel.mistake("That factor is for amplitudes. Power already is the square of the amplitude: 10 times the logarithm, "
                    "not 20.")
def amplitude(power):
    return _logarithm(power, 20)


@to_decibel.mistake("`np.log` is the natural logarithm. Decibels count factors of ten: `np.log10`.")
def natural(power):
    return _logarithm(power, 10, np.log)


@to_decibel.mistake("That is in bel. A decibel is a tenth of it, so there are ten times as many.")
def bel(power):
    return _logarithm(power, 1)


@to_decibel.mistake("The sign is the wrong way round: less power is a lower, more negative decibel value.")
def turned(power):
    return _logarithm(power, -10)


@to_decibel.mistake("A power of 0 became minus infinity. One such pixel makes the mean of a scene minus infinity: "
                    "nothing came back, so nothing is known, NaN.")
def minus_infinity(power):
    return _logarithm(power, zero=-np.inf)


@to_decibel.mistake("A power of 0 became 0 dB, which is as bright as a city. Where nothing came back it has to be NaN.")
def zero_is_bright(power):
    return _logarithm(power, zero=0.0)


@to_decibel.mistake("You shifted the power by 1 before the logarithm, so that 0 fits in. Power is far below 1: hardly "
                    "anything is left of the differences.")
def shifted(power):
    return 10 * np.log10(1 + power)


# --- mean_backscatter --------------------------------------------------------------------------------------------------


def mean_backscatter_answer(decibels):
    """Mean backscatter of an area [dB]: the mean of the power, as decibel; gaps left out."""
    return 10 * np.log10(np.nanmean(10 ** (decibels / 10)))


def _areas(rng):
    for shape, part in (((4,), "no gaps"), ((5, 6), "no gaps"), ((5, 6), "gaps")):
        values = (-10 + rng.normal(0, 3, shape)).round(2)
        if part == "gaps":
            values[1, 2:4] = np.nan
        yield Probe((values,), part)


mean_backscatter = Exercise("mean_backscatter", mean_backscatter_answer, _areas, hints=[
    "Energy adds up, logarithms do not: what would the radar have measured, had its pixel been as large as the area?",
    "Back to power with 10 ** (decibels / 10), then the mean, then decibels again.",
    "`np.nanmean` leaves the gaps out.",
])  # fmt: skip


@mean_backscatter.mistake("That is the mean of the decibels. It is always too low, for the logarithm pulls the bright pixels"
                          " down: with the speckle of five looks by nearly half a decibel. Average power.")
def mean_of_decibels(decibels):
    return np.nanmean(decibels)


@mean_backscatter.mistake("The mean is right, and it is still power: give decibels back.")
def still_power(decibels):
    return np.nanmean(10 ** (decibels / 10))


@mean_backscatter.mistake("That is the median. It is hardly disturbed by a bright house, but it is not the energy that came "
                          "back.")
def median(decibels):
    return np.nanmedian(decibels)


@mean_backscatter.mistake("You turned decibels into amplitude, with 20 in the exponent, and averaged that.")
def of_amplitude(decibels):
    return 20 * np.log10(np.nanmean(10 ** (decibels / 20)))


@mean_backscatter.mistake("10 ** decibels counts in bel: a decibel is a tenth of that, so divide by 10 first.")
def of_bel(decibels):
    return 10 * np.log10(np.nanmean(10.0**decibels))


@mean_backscatter.mistake("A gap was counted as power 0: divide by the number of measured pixels only.")
def gaps_are_dark(decibels):
    return 10 * np.log10(np.nansum(10 ** (decibels / 10)) / decibels.size)


@mean_backscatter.mistake("One gap makes your whole mean NaN. Leave the gaps out.")
def gaps_spread(decibels):
    return 10 * np.log10(np.mean(10 ** (decibels / 10)))


# --- class_signature ---------------------------------------------------------------------------------------------------


def class_signature_answer(decibels, labels, classes):
    """Mean and standard deviation of the decibels of each class, (classes, 2); NaN for a class that does not occur."""
    return _signature(decibels, labels, classes, np.mean, np.std)


def _signature(decibels, labels, classes, centre, spread, measured=np.isfinite):
    out = np.full((classes, 2), np.nan)
    for c in range(classes):
        values = decibels[(labels == c) & measured(decibels)]
        if values.size:
            out[c] = centre(values), spread(values)
    return out


def _labelled(rng):
    for rows, part in ((5, "every pixel known"), (6, "gaps and ignored pixels")):
        power, labels = scene(rng, rows, 6, 1)
        decibels = (10 * np.log10(power[..., 0])).round(2)
        if part != "every pixel known":
            decibels[1, 1:3] = np.nan
            labels[2, 0:2] = IGNORE
        yield Probe((decibels, labels, 7), part)


class_signature = Exercise("class_signature", class_signature_answer, _labelled, hints=[
    "`decibels[labels == c]` is all that the radar saw of class c.",
    "A pixel may be labelled and yet not measured: keep only `np.isfinite` ones.",
    "Start from `np.full((classes, 2), np.nan)` and fill the rows of the classes that occur.",
])  # fmt: skip


@class_signature.mistake("That is the variance. Take its root: a spread is in dB, as the mean is.")
def variance(decibels, labels, classes):
    return _signature(decibels, labels, classes, np.mean, np.var)


@class_signature.mistake("That is the spread of the whole scene for every class. How far one class scatters is the question.")
def spread_of_all(decibels, labels, classes):
    everything = np.nanstd(decibels)
    return _signature(decibels, labels, classes, np.mean, lambda values: everything)


@class_signature.mistake("You used medians instead of means.")
def medians(decibels, labels, classes):
    return _signature(decibels, labels, classes, np.median, np.std)


@class_signature.mistake("The columns are the wrong way round: the mean first, then the spread.")
def columns_swapped(decibels, labels, classes):
    return class_signature_answer(decibels, labels, classes)[:, ::-1]


@class_signature.mistake("A class that does not occur got 0 and 0. That is a backscatter of 0 dB, brighter than any "
                         "forest: NaN says that nothing is known.")
def absent_is_zero(decibels, labels, classes):
    return np.nan_to_num(class_signature_answer(decibels, labels, classes))


@class_signature.mistake("A pixel that was not measured makes its whole class NaN. Leave it out.")
def one_gap_spoils(decibels, labels, classes):
    return _signature(decibels, labels, classes, np.mean, np.std, lambda values: np.ones(values.shape, bool))


@class_signature.mistake("Your table has a row for the classes that occur only. Then nobody knows which row is which: one row"
                         " per label, NaN where there is none.")
def only_present(decibels, labels, classes):
    table = class_signature_answer(decibels, labels, classes)
    return table[np.isfinite(table[:, 0])]


# --- scale_bands -------------------------------------------------------------------------------------------------------


def scale_bands_answer(train, other):
    """`other` in standard units of `train`, band by band; both (pixel, band) decibels, gaps become 0."""
    scaled = (other - np.nanmean(train, axis=0)) / np.nanstd(train, axis=0)
    return np.where(np.isfinite(scaled), scaled, 0)


def _two_sets(rng):
    for part in ("no gaps", "gaps"):
        train = (rng.normal(0, 1, (12, 2)) * (2.0, 3.5) + (-9, -15)).round(2)
        other = (rng.normal(0, 1, (7, 2)) * (3.0, 2.5) + (-12, -17)).round(2)
        if part == "gaps":
            train[3, 1] = other[2, 0] = np.nan
        yield Probe((train, other), part)


scale_bands = Exercise("scale_bands", scale_bands_answer, _two_sets, hints=[
    "Standard units: minus the mean, over the standard deviation. Of what? Of what you are allowed to know.",
    "Mean and spread come from `train` alone, one per band: `np.nanmean(train, axis=0)`.",
    "After scaling, 0 is the mean: a good stand-in for a pixel that nobody measured.",
])  # fmt: skip


def _scale(values, mean, spread):
    scaled = (values - mean) / spread
    return np.where(np.isfinite(scaled), scaled, 0)


@scale_bands.mistake("You measured mean and spread on `other` itself. Then a dark, flooded scene looks as bright as any: what "
                     "makes it different was scaled away. Use those of `train`.")
def own_scale(train, other):
    return _scale(other, np.nanmean(other, axis=0), np.nanstd(other, axis=0))


@scale_bands.mistake("You measured mean and spread on both sets together. The test scenes have leaked into the scaling.")
def both_together(train, other):
    both = np.concatenate([train, other])
    return _scale(other, np.nanmean(both, axis=0), np.nanstd(both, axis=0))


@scale_bands.mistake("One mean and one spread for both bands. VH is always some 7 dB darker than VV: each band needs its own, "
                     "`axis=0`.")
def one_for_all(train, other):
    return _scale(other, np.nanmean(train), np.nanstd(train))


@scale_bands.mistake("You divided by the variance, not by the standard deviation.")
def by_variance(train, other):
    return _scale(other, np.nanmean(train, axis=0), np.nanvar(train, axis=0))


@scale_bands.mistake("The mean is gone, the spread is not: divide by the standard deviation of `train`.")
def only_centred(train, other):
    return _scale(other, np.nanmean(train, axis=0), 1.0)


@scale_bands.mistake("That squeezes the bands between the lowest and the highest value of `train`. One bright house moves"
                     " the whole scale; use mean and standard deviation.")
def lowest_to_highest(train, other):
    low, high = np.nanmin(train, axis=0), np.nanmax(train, axis=0)
    return _scale(other, low, high - low)


@scale_bands.mistake("A gap stayed NaN. One NaN makes the loss of a whole batch NaN: put 0, the mean, in its place.")
def gaps_stay(train, other):
    return (other - np.nanmean(train, axis=0)) / np.nanstd(train, axis=0)


@scale_bands.mistake("Gaps became 0 *before* the scaling: 0 dB is brighter than a city. Scale first, then fill.")
def filled_before(train, other):
    return (np.nan_to_num(other) - np.nanmean(train, axis=0)) / np.nanstd(train, axis=0)
