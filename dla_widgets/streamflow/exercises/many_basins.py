"""The exercises of lesson 05: one model for many rivers, told apart by what does not change, and judged one by one."""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe
from .judging import coverage, median_nse, pinball_loss

__all__ = ["attach_attributes", "basin_folds", "coverage", "entity_gate", "median_nse", "pinball_loss"]

# --- attach_attributes -----------------------------------------------------------------------------------------------


def _beside(forcing, static):
    """`static` (basin, attribute) repeated on every day, to the right of `forcing` (basin, time, forcing)."""
    days = np.broadcast_to(static[:, None, :], (*forcing.shape[:2], static.shape[1]))
    return np.concatenate([forcing, days], axis=-1)


def _over(values, centre, spread):
    return (values - centre) / np.where(spread > 0, spread, 1)


def attach_attributes_answer(forcing, attributes, training):
    """Forcings and, on every day, the static attributes in standard units measured over the `training` basins."""
    seen = attributes[training]
    return _beside(forcing, _over(attributes, seen.mean(axis=0), seen.std(axis=0)))


def _basins(rng, n: int, days: int, unseen: int):
    forcing = rng.gamma(1.0, 4.0, (n, days, 2)).round(1)
    attributes = np.column_stack([rng.uniform(0.1, 1.9, n), rng.uniform(100, 2500, n), rng.uniform(0, 1, n)]).round(2)
    attributes[-1] *= [2, 1.5, 3]
    training = np.ones(n, bool)
    training[[-1, *range(unseen - 1)]] = False
    return forcing, attributes, training


def _attribute_probes(rng):
    dry = rng.integers(3, 9)
    yield np.array([[[4.0], [0.0]], [[1.0], [2.0]], [[6.0], [8.0]]]), np.array([[1.0], [dry], [20.0]]), np.arange(3) < 2
    yield _basins(rng, 6, 4, unseen=2)
    forcing, attributes, training = _basins(rng, 6, 3, unseen=2)
    attributes[training, 1] = 0.0  # no carbonate rock anywhere but in the unseen basins
    yield Probe((forcing, attributes, training), "an attribute that does not vary")


attach_attributes = Exercise("attach_attributes", attach_attributes_answer, _attribute_probes, hints=[
    "Two steps: bring each attribute to mean 0 and spread 1, then copy a basin's row onto each of its days.",
    "`seen = attributes[training]`; mean and standard deviation of `seen` over the basins (axis 0), applied to all "
    "basins.",
    "`static[:, None, :]` has a place for the days; `np.repeat(static[:, None, :], n_days, axis=1)` fills it.",
    "Where the standard deviation is 0 divide by 1: `np.where(spread > 0, spread, 1)`. Then `np.concatenate(..., "
    "axis=-1)`.",
])


@attach_attributes.mistake("You measured mean and spread over all basins, so the unseen ones helped to set the scale. "
                           "Use `attributes[training]` only.")
def scaled_over_all_basins(forcing, attributes, training):
    return _beside(forcing, _over(attributes, attributes.mean(axis=0), attributes.std(axis=0)))


@attach_attributes.mistake("The attributes are still in their own units: a mean elevation of 2000 m would shout down a "
                           "forest fraction of 0.8.")
def left_in_their_units(forcing, attributes, training):
    return _beside(forcing, attributes)


@attach_attributes.mistake("You took the mean off but left the spread: divide by the standard deviation as well.")
def centred_only(forcing, attributes, training):
    return _beside(forcing, attributes - attributes[training].mean(axis=0))


@attach_attributes.mistake("You divided by the variance. In standard units one step is one standard deviation.")
def over_the_variance(forcing, attributes, training):
    seen = attributes[training]
    return _beside(forcing, _over(attributes, seen.mean(axis=0), seen.var(axis=0)))


@attach_attributes.mistake("That is min-max scaling: one extreme basin squeezes all others together. Use mean and "
                           "standard deviation.")
def squeezed_between_0_and_1(forcing, attributes, training):
    seen = attributes[training]
    return _beside(forcing, _over(attributes, seen.min(axis=0), np.ptp(seen, axis=0)))


@attach_attributes.mistake("One mean and one spread for all attributes together mixes metres with fractions: take them "
                           "for each column, axis=0.")
def one_scale_for_all(forcing, attributes, training):
    seen = attributes[training]
    return _beside(forcing, _over(attributes, seen.mean(), seen.std()))


@attach_attributes.mistake("You scaled along the wrong axis: each basin by its own mean. An attribute is compared "
                           "across basins, axis=0.")
def across_a_basins_own(forcing, attributes, training):
    return _beside(forcing, _over(attributes, attributes.mean(axis=1)[:, None], attributes.std(axis=1)[:, None]))


@attach_attributes.mistake("The columns are the other way round: forcings first, then attributes. A saved model counts "
                           "on it.")
def attributes_first(forcing, attributes, training):
    seen = attributes[training]
    both = _beside(forcing, _over(attributes, seen.mean(axis=0), seen.std(axis=0)))
    return np.roll(both, attributes.shape[1], axis=-1)


@attach_attributes.mistake("The attributes stand on the first day only. The LSTM would have to remember them: repeat "
                           "them on every day.")
def on_the_first_day_only(forcing, attributes, training):
    seen = attributes[training]
    both = _beside(forcing, _over(attributes, seen.mean(axis=0), seen.std(axis=0)))
    both[:, 1:, forcing.shape[2]:] = 0
    return both


@attach_attributes.mistake("The basins got mixed up: some days carry another basin's attributes. np.tile repeats the "
                           "whole table; np.repeat with axis=1 repeats each row.")
def tiled(forcing, attributes, training):
    seen = attributes[training]
    static = _over(attributes, seen.mean(axis=0), seen.std(axis=0))
    days = np.tile(static, (forcing.shape[1], 1)).reshape(*forcing.shape[:2], -1)
    return np.concatenate([forcing, days], axis=-1)


@attach_attributes.mistake("Your spread divides by n - 1, as pandas does. The kit's scaler and NumPy divide by n "
                           "(ddof=0); keep to one of them.")
def sample_spread(forcing, attributes, training):
    seen = attributes[training]
    return _beside(forcing, _over(attributes, seen.mean(axis=0), seen.std(axis=0, ddof=1)))


@attach_attributes.mistake("An attribute that does not vary over the training basins has the spread 0, and dividing by "
                           "it gives NaN or infinity: divide by 1 there.")
def divided_by_zero(forcing, attributes, training):
    seen = attributes[training]
    return _beside(forcing, (attributes - seen.mean(axis=0)) / seen.std(axis=0))


# --- basin_folds -----------------------------------------------------------------------------------------------------


def basin_folds_answer(basins, folds):
    """The fold of every window: the k-th basin, by gauge id, goes to fold k % folds with all its windows."""
    return np.unique(basins, return_inverse=True)[1] % folds


def _window_probes(rng):
    first, second, third = (f"{rng.integers(low, low + 400):04d}{rng.integers(10, 99)}00" for low in (1000, 3000, 9000))
    yield np.array([second, first, second, third, first, third]), 2
    ids = np.array([f"{k:02d}{rng.integers(10, 99)}{rng.integers(100, 999)}0" for k in rng.permutation(18)[:8] + 1])
    order = rng.permutation(8)
    windows = np.concatenate([ids[np.argsort(ids)[::-1]], np.repeat(ids[order], 1 + np.arange(8) % 4)])
    yield windows, 3
    yield windows[::-1], 5


basin_folds = Exercise("basin_folds", basin_folds_answer, _window_probes, hints=[
    "First give every basin a fold, then every window the fold of its basin.",
    "`names = np.unique(basins)` is sorted. The k-th name belongs to fold `k % folds`.",
    "`names, k = np.unique(basins, return_inverse=True)` also says for each window which name it has.",
])


@basin_folds.mistake("You dealt out the windows, not the basins: windows of one river lie in several folds, and the "
                     "model is tested on a river that it knows.")
def windows_dealt_out(basins, folds):
    return np.arange(len(basins)) % folds


@basin_folds.mistake("You cut the list of windows into blocks, so a river at a border lies in two folds. Split the "
                     "basins.")
def blocks_of_windows(basins, folds):
    return np.arange(len(basins)) * folds // len(basins)


@basin_folds.mistake("Neighbours share a fold in yours, because gauge ids follow the rivers. Whole regions unseen is a "
                     "harder test and a good one, but here the k-th basin goes to fold k % folds.")
def neighbours_together(basins, folds):
    names, k = np.unique(basins, return_inverse=True)
    return k * folds // len(names)


@basin_folds.mistake("You numbered the basins in the order in which they turn up, so the folds change when the windows "
                     "are shuffled. Sort the gauge ids first.")
def order_of_appearance(basins, folds):
    _, first, k = np.unique(basins, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[k] % folds


@basin_folds.mistake("Folds are counted from 0 to folds - 1, as everything in Python; yours begin with 1.")
def counted_from_one(basins, folds):
    return np.unique(basins, return_inverse=True)[1] % folds + 1


@basin_folds.mistake("Every basin has a fold of its own in yours. Take the remainder, k % folds.")
def a_fold_for_each_basin(basins, folds):
    return np.unique(basins, return_inverse=True)[1]


@basin_folds.mistake("You divided where the remainder was asked for: k // folds makes as many folds as fit, each with "
                     "`folds` basins.")
def divided_instead(basins, folds):
    return np.unique(basins, return_inverse=True)[1] // folds


@basin_folds.mistake("You returned one number per basin. Each window needs one, that of its basin.")
def one_number_per_basin(basins, folds):
    return np.arange(len(np.unique(basins))) % folds


@basin_folds.mistake("You counted with the gauge numbers themselves. Most of them end in 0, so some folds stay empty: "
                     "count the sorted basins.")
def gauge_number_itself(basins, folds):
    return np.array([int(b) for b in basins]) % folds


# --- entity_gate -----------------------------------------------------------------------------------------------------


def entity_gate_answer(attributes, kernel, bias):
    """The input gate of an EA-LSTM, (basin, unit): the logistic function of attributes @ kernel + bias, 0 to 1."""
    return 0.5 * (1 + np.tanh(0.5 * (attributes @ kernel + bias)))


def _gate_probes(rng):
    bias = np.array([0.5, rng.integers(1, 4) / 4])
    yield np.array([[1.0, -1.0], [0.0, 2.0]]), np.array([[0.5, 2.0], [1.0, -1.0]]), bias
    yield rng.normal(0, 1, (5, 4)), rng.normal(0, 0.8, (4, 3)), rng.normal(0, 1, 3)
    attributes = rng.normal(0, 1, (3, 2))
    attributes[1, 0] = 4000.0  # metres, forgotten to scale
    yield Probe((attributes, np.array([[0.6, -0.7], [1.0, 0.5]]), rng.normal(0, 1, 2)), "a basin that is far out")


entity_gate = Exercise("entity_gate", entity_gate_answer, _gate_probes, hints=[
    "A dense layer with a squashing function: weights times attributes, plus bias, squeezed between 0 (shut) and 1 "
    "(open).",
    "`attributes @ kernel + bias` is (basin, unit). The squashing function is the logistic one, 1 / (1 + exp(-x)).",
])


def _before(attributes, kernel, bias):
    return attributes @ kernel + bias


def _logistic(x):
    return 1 / (1 + np.exp(-x))


@entity_gate.mistake("tanh reaches from -1 to 1. A gate that goes below 0 would turn rain into drought: use the "
                     "logistic function.")
def tanh_instead(attributes, kernel, bias):
    return np.tanh(_before(attributes, kernel, bias))


@entity_gate.mistake("There is no squashing yet, so a gate can be 7 or -3. Put 1 / (1 + exp(-x)) around it.")
def not_squashed(attributes, kernel, bias):
    return _before(attributes, kernel, bias)


@entity_gate.mistake("The bias is missing: a basin that is average in everything would have every gate half open, "
                     "whatever is learnt.")
def bias_forgotten(attributes, kernel, bias):
    return _logistic(attributes @ kernel)


@entity_gate.mistake("The bias belongs inside the logistic function; added outside it pushes the gate beyond 0 and 1.")
def bias_outside(attributes, kernel, bias):
    return _logistic(attributes @ kernel) + bias


@entity_gate.mistake("That is softmax: opening one gate would close the others. Each gate opens by itself, with the "
                     "logistic function.")
def softmax_over_units(attributes, kernel, bias):
    x = _before(attributes, kernel, bias)
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@entity_gate.mistake("The sign in the exponent is wrong: yours shuts where it should open. It is 1 / (1 + exp(-x)).")
def shuts_where_it_should_open(attributes, kernel, bias):
    return _logistic(-_before(attributes, kernel, bias))


@entity_gate.mistake("You made one gate per basin. Each hidden unit has its own: that is how a basin picks the units "
                     "it uses.")
def one_gate_per_basin(attributes, kernel, bias):
    return _logistic(_before(attributes, kernel, bias)).mean(axis=1)


@entity_gate.mistake("You rounded the gate to open or shut. There is no slope to learn from on a step: leave it "
                     "between 0 and 1.")
def open_or_shut(attributes, kernel, bias):
    return (_before(attributes, kernel, bias) > 0).astype(float)


@entity_gate.mistake("ReLU has no upper end: a gate lets through at most all of it. Use the logistic function.")
def relu_instead(attributes, kernel, bias):
    return np.maximum(_before(attributes, kernel, bias), 0)


@entity_gate.mistake("exp(x) / (1 + exp(x)) overflows to NaN for a basin that is far out. 1 / (1 + exp(-x)) does not.")
def overflows(attributes, kernel, bias):
    e = np.exp(_before(attributes, kernel, bias))
    return e / (1 + e)
