"""Recurrent networks for discharge: plain Keras models that take forcings in physical units and give discharge in
mm/day.

========================  ==================================================================================
:func:`lstm`              one basin, or many without saying which: forcings -> LSTM -> linear head
:func:`regional_lstm`     many basins: the static attributes stand beside the forcings on every day
:func:`entity_aware_lstm` many basins: the static attributes set the input gate, once per basin
:func:`quantile_lstm`     not one number but a range of them
========================  ==================================================================================

Inputs are called ``forcings`` (sample, day, input) and ``attributes`` (sample, attribute); the output is (sample,
day, 1), or (sample, day, quantile). The head is linear, so a model may dip below zero; :func:`predict` cuts that off,
as in Kratzert et al. (2019). A cut inside the network would stop it from learning wherever it is wrong on the dry
side.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras

from ..model_files import ModelError, load, save
from .basins import INPUTS, TARGET
from .layers import EntityAwareCell, EveryDay, Quantiles, Scale
from .prediction import predict
from .sequences import ATTRIBUTES, Scaler
from .training import train

__all__ = [
    "ModelError",
    "entity_aware_lstm",
    "load",
    "load_reference",
    "lstm",
    "predict",
    "quantile_lstm",
    "references",
    "regional_lstm",
    "save",
    "scaler_of",
    "train",
]

WEIGHTS = Path(__file__).parent / "weights"


def lstm(
    hidden: int = 64, inputs: Sequence[str] = INPUTS, *, dropout: float = 0.0, forget_bias: float = 3.0, seed: int = 0
) -> keras.Model:
    """An LSTM with a linear head from hidden state to discharge.

    Parameters
    ----------
    hidden : number of memory cells
    inputs : names of the forcings
    dropout : share of the hidden states that the head does not see, while training
    forget_bias : where the forget gate begins; at 3 a new network remembers 95 % from day to day, so that it can find
        out about snow before it has learnt to remember
    seed : the same seed, the same first weights

    References
    ----------
    Hochreiter and Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735; on discharge Kratzert et al. (2018),
    doi:10.5194/hess-22-6005-2018
    """
    daily, scaled = _forcings(inputs)
    states = _recurrent(hidden, forget_bias, seed)(scaled)
    return keras.Model(daily, _discharge(states, dropout, seed), name="lstm")


def regional_lstm(
    hidden: int = 64,
    inputs: Sequence[str] = INPUTS,
    attributes: Sequence[str] = ATTRIBUTES,
    *,
    dropout: float = 0.0,
    forget_bias: float = 3.0,
    seed: int = 0,
) -> keras.Model:
    """One LSTM for all basins: it sees the static attributes of a basin beside its forcings on every day.

    Parameters as in :func:`lstm`; `attributes` are names of static attributes.

    References
    ----------
    Kratzert et al. (2019), doi:10.5194/hess-23-5089-2019
    """
    daily, scaled = _forcings(inputs)
    static, scaled_static = _attributes(attributes)
    states = _recurrent(hidden, forget_bias, seed)(EveryDay()(scaled, scaled_static))
    return keras.Model([daily, static], _discharge(states, dropout, seed), name="regional_lstm")


def entity_aware_lstm(
    hidden: int = 64,
    inputs: Sequence[str] = INPUTS,
    attributes: Sequence[str] = ATTRIBUTES,
    *,
    dropout: float = 0.0,
    forget_bias: float = 3.0,
    seed: int = 0,
) -> keras.Model:
    """An EA-LSTM: the static attributes decide once which memory cells a basin may write to, the weather decides the
    rest.

    Its layer ``gate`` gives the input gate (sample, hidden): basins with alike gates are alike to the network.

    References
    ----------
    Kratzert et al. (2019), doi:10.5194/hess-23-5089-2019, eqs. 7-12
    """
    daily, scaled = _forcings(inputs)
    static, scaled_static = _attributes(attributes)
    glorot = keras.initializers.GlorotUniform(seed + 3)
    gate = keras.layers.Dense(hidden, "sigmoid", kernel_initializer=glorot, name="gate")(scaled_static)
    cell = EntityAwareCell(hidden, seed=seed)
    states = keras.layers.RNN(cell, return_sequences=True, name="entity_aware_lstm")(EveryDay()(scaled, gate))
    cell.bias.assign(keras.ops.concatenate([keras.ops.full((hidden,), forget_bias), keras.ops.zeros((2 * hidden,))]))
    return keras.Model([daily, static], _discharge(states, dropout, seed), name="entity_aware_lstm")


def quantile_lstm(
    hidden: int = 64,
    inputs: Sequence[str] = INPUTS,
    attributes: Sequence[str] = (),
    quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    *,
    dropout: float = 0.0,
    forget_bias: float = 3.0,
    seed: int = 0,
) -> keras.Model:
    """An LSTM that says how sure it is: it gives quantiles of discharge, trained with the pinball loss.

    `attributes` as in :func:`regional_lstm`, or none for a single basin. Whether the ranges hold is a question for
    :func:`~dla_widgets.streamflow.calibration.calibration`.
    """
    daily, scaled = _forcings(inputs)
    seen, sources = scaled, [daily]
    if attributes:
        static, scaled_static = _attributes(attributes)
        seen, sources = EveryDay()(scaled, scaled_static), [daily, static]
    states = _recurrent(hidden, forget_bias, seed)(seen)
    if dropout:
        states = keras.layers.Dropout(dropout, seed=seed)(states)
    ranges = Quantiles(quantiles, seed=seed + 2, name="quantiles")(states)
    return keras.Model(sources, Scale([TARGET], inverse=True, name=TARGET)(ranges), name="quantile_lstm")


def _forcings(inputs: Sequence[str]):
    """The input of forcings, as it comes and in standard units."""
    daily = keras.Input((None, len(inputs)), name="forcings")
    return daily, Scale(inputs, name="scale_forcings")(daily)


def _attributes(attributes: Sequence[str]):
    """The input of static attributes, as it comes and in standard units."""
    static = keras.Input((len(attributes),), name="attributes")
    return static, Scale(attributes, name="scale_attributes")(static)


def _recurrent(hidden: int, forget_bias: float, seed: int) -> keras.layers.LSTM:
    """A Keras LSTM with first weights from `seed` and a forget gate that starts nearly open."""
    bias = keras.initializers.Constant([0.0] * hidden + [float(forget_bias)] * hidden + [0.0] * 2 * hidden)
    return keras.layers.LSTM(
        hidden, return_sequences=True, unit_forget_bias=False, bias_initializer=bias, name="lstm",
        kernel_initializer=keras.initializers.GlorotUniform(seed),
        recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 1),
    )  # fmt: skip


def _discharge(states, dropout: float, seed: int):
    """The linear head: hidden state -> standard units -> mm/day."""
    if dropout:
        states = keras.layers.Dropout(dropout, seed=seed)(states)
    head = keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed + 2), name="head")
    return Scale([TARGET], inverse=True, name=TARGET)(head(states))


# ----------------------------------------------------------------------------------------------------------- files


def references() -> list[str]:
    """Names of the bundled models; each has a card beside it, ``weights/<name>.md``."""
    return sorted(path.stem for path in WEIGHTS.glob("*.keras"))


def load_reference(name: str = "simulated") -> keras.Model:
    """A bundled model: ``"simulated"`` for the simulated basins, ``"camels"`` for real ones.

    Both are regional LSTMs with static attributes, trained on PERIODS["train"]; data, scores and limits are on their
    cards.
    """
    if name not in references():
        raise ModelError(f"no bundled model {name!r}; there are {', '.join(references()) or 'none'}")
    return load(WEIGHTS / f"{name}.keras")


def scaler_of(model: keras.Model) -> Scaler:
    """The scaling inside `model`, printable: means, spreads, units, and the days that they were measured on."""
    layers = [layer for layer in model.layers if isinstance(layer, Scale) and layer.saw]
    if not layers:
        raise ModelError("this model has no fitted scaling inside; train(model, basins) fits it on the training period")
    columns = [
        (n, u, float(m), float(s))
        for layer in layers
        for n, u, m, s in zip(layer.names, layer.units, layer.mean.numpy(), layer.spread.numpy(), strict=True)
    ]
    days, basins = layers[0].saw.split(", ")
    names, units, mean, spread = zip(*columns, strict=True)
    return Scaler(names, units, mean, spread, tuple(days.split(" ... ")), int(basins.split()[0]))
