"""The exercises of lesson 01 about the water balance: what leaves through the river, and what evaporates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe
from .. import signatures

# --- the runoff ratio ----------------------------------------------------------------------------------------------


def rain_and_rivers(rng: np.random.Generator) -> Iterator[Probe]:
    """Discharge and precipitation [mm/day]: complete, with a failed stream gauge, with both gauges failing."""
    short = rng.uniform(2, 20, 4).round(1)
    short[2] = 0.0
    yield Probe((rng.uniform(0.5, 4, 4).round(1), short), part="complete record")
    prcp = np.where(rng.random(60) < 0.4, rng.gamma(0.9, 12, 60), 0.0).round(1)
    prcp[:6] = rng.uniform(10, 30, 6).round(1)  # the flood in which the gauge fails
    discharge = rng.gamma(2, 0.9, 60).round(2)
    discharge[:4] = np.nan
    yield Probe((discharge, prcp), part="gaps in the record")
    prcp = prcp.copy()
    prcp[[8, 9, 30]] = np.nan
    yield Probe((discharge, prcp), part="gaps in the record")


runoff_ratio = Exercise("runoff_ratio", answer=signatures.runoff_ratio, probes=rain_and_rivers,
                        away=[signatures.runoff_ratio.__wrapped__], hints=[
    "Of all the water that fell, how much left through the river? Two sums and a division.",
    "If the stream gauge failed for a month, the rain of that month must not count either: take the days that have "
    "both.",
    "both = np.isfinite(prcp) & np.isfinite(discharge), then the sum of discharge[both] over the sum of prcp[both].",
])


@runoff_ratio.mistake("Upside down: the runoff ratio is what left through the river over what fell, mostly between 0 "
                      "and 1.")
def upside_down(discharge, prcp):
    both = np.isfinite(prcp) & np.isfinite(discharge)
    return prcp[both].sum() / discharge[both].sum()


@runoff_ratio.mistake("You let the rain of the missing days count, but not their discharge. Sum both over the same "
                      "days.")
def sums_over_different_days(discharge, prcp):
    return np.nansum(discharge) / np.nansum(prcp)


@runoff_ratio.mistake("Each mean is over its own days: the rain of the flood that broke the gauge counts, the flood "
                      "does not. Take only days that have both.")
def means_over_different_days(discharge, prcp):
    return np.nanmean(discharge) / np.nanmean(prcp)


@runoff_ratio.mistake("One missing day and the ratio of the whole record is NaN. Take only days that have both "
                      "numbers.")
def missing_day_spoils_the_ratio(discharge, prcp):
    return discharge.sum() / prcp.sum()


@runoff_ratio.mistake("That is the mean of daily ratios. A river runs on dry days too, from rain of weeks ago: sum "
                      "first, then divide.")
def mean_of_daily_ratios(discharge, prcp):
    wet = prcp > 0
    return np.nanmean(discharge[wet] / prcp[wet])


@runoff_ratio.mistake("On a dry day that divides by zero. Today's river is not today's rain: sum over the record, "
                      "then divide.")
def daily_ratios_with_dry_days(discharge, prcp):
    return np.nanmean(discharge / prcp)


@runoff_ratio.mistake("That is the part that did *not* reach the gauge: the evaporation ratio, if nothing was stored.")
def the_part_that_evaporates(discharge, prcp):
    both = np.isfinite(prcp) & np.isfinite(discharge)
    return 1 - discharge[both].sum() / prcp[both].sum()


@runoff_ratio.mistake("That is in percent. A ratio has no unit here: 0.6, not 60.")
def in_percent(discharge, prcp):
    both = np.isfinite(prcp) & np.isfinite(discharge)
    return 100 * discharge[both].sum() / prcp[both].sum()


# --- the Budyko curve ---------------------------------------------------------------------------------------------


def budyko_curve(aridity: np.ndarray) -> np.ndarray:
    r"""Evaporation ratio E/P [-] that Budyko's curve gives for an aridity PET/P [-].

    .. math:: E/P = \sqrt{\phi \tanh(1/\phi) \, (1 - e^{-\phi})}

    Budyko (1974), Climate and Life; discussed in Gerrits et al. (2009), doi:10.1029/2008WR007286
    """
    return np.sqrt(aridity * np.tanh(1 / aridity) * (1 - np.exp(-aridity)))


def climates(rng: np.random.Generator) -> Iterator[tuple]:
    """Aridity PET/P [-]: four climates from wet to dry, then many, then a single number."""
    yield (np.sort(np.array([0.3, 0.7, 1.4, 3.0]) * rng.uniform(0.85, 1.15, 4)).round(2),)
    yield (rng.uniform(0.1, 6, 20),)
    yield (round(rng.uniform(0.4, 2), 2),)


budyko = Exercise("budyko", answer=budyko_curve, probes=climates, hints=[
    "Three factors under one root: the aridity, the tanh of its inverse, and one minus an exponential.",
    "np.sqrt, np.tanh and np.exp work on whole arrays; 1 / aridity goes into the tanh, -aridity into the exp.",
])


@budyko.mistake("The square root is missing: Budyko took the geometric mean of two older curves.")
def no_root(aridity):
    return aridity * np.tanh(1 / aridity) * (1 - np.exp(-aridity))


@budyko.mistake("You turned the aridity round. It is PET over P: above 1 the air could take up more than falls.")
def humidity_instead(aridity):
    return np.sqrt(np.tanh(aridity) / aridity * (1 - np.exp(-1 / aridity)))


@budyko.mistake("That is the part that runs off, Q/P. The curve gives the other one, E/P: what evaporates.")
def runoff_instead(aridity):
    return 1 - np.sqrt(aridity * np.tanh(1 / aridity) * (1 - np.exp(-aridity)))


@budyko.mistake("The tanh wants 1 / aridity. With the aridity itself a desert would evaporate more than falls on it.")
def tanh_of_the_aridity(aridity):
    return np.sqrt(aridity * np.tanh(aridity) * (1 - np.exp(-aridity)))


@budyko.mistake("The sign in the exponent is lost: exp(aridity) grows, 1 minus it is negative, and the root is NaN.")
def exponent_without_its_sign(aridity):
    return np.sqrt(aridity * np.tanh(1 / aridity) * (1 - np.exp(aridity)))


@budyko.mistake("Those are the two limits, water and energy. Real rivers stay below them; the curve says by how much.")
def only_the_limits(aridity):
    return np.minimum(aridity, 1.0)


@budyko.mistake("That is the older curve by Schreiber, one of the two that Budyko averaged. The tanh is missing.")
def schreiber(aridity):
    return 1 - np.exp(-aridity)


@budyko.mistake("That is the older curve by Ol'dekop, one of the two that Budyko averaged. The exponential is missing.")
def oldekop(aridity):
    return aridity * np.tanh(1 / aridity)
