"""The exercises of lesson 04: a bucket that leaks, one step of an LSTM, and the network around it."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

from ...exercise import Exercise

# --- leaky_bucket -----------------------------------------------------------------------------------------------------


def leaky_bucket_answer(rain, leak, storage):
    """Rain falls in, then the part `leak` of what is there runs out: storage [mm] and outflow [mm/day] of each day."""
    left, out = np.empty(len(rain)), np.empty(len(rain))
    for day, fallen in enumerate(rain):
        storage = storage + fallen
        out[day] = leak * storage
        left[day] = storage = storage - out[day]
    return left, out


def _bucket_probes(rng):
    yield np.array([rng.integers(5, 10), 0.0, 0.0, 2.0]), 0.25, 10.0
    yield rng.gamma(0.5, 9.0, 12).round(1) + 0.1, round(rng.uniform(0.1, 0.35), 2), float(rng.integers(10, 40))


leaky_bucket = Exercise(
    "leaky_bucket",
    leaky_bucket_answer,
    _bucket_probes,
    hints=[
        "A number `storage` walks through the days. Each day: add the rain, let a part run out, remember both.",
        "The outflow is `leak * storage`, computed after the rain has fallen in, and is then taken out of the storage.",
        "In the loop: `storage = storage + rain[day]`, `out = leak * storage`, `storage = storage - out`. Write both down, day "
        "by day, in two arrays of zeros of the rain's length.",
    ],
)


def _bucket(rain, leak, storage, order="rain, out", leaves=1.0):
    """The bucket with its steps in another order, or with an outflow that leaves only in part."""
    left, full, out = np.empty(len(rain)), np.empty(len(rain)), np.empty(len(rain))
    for day, fallen in enumerate(rain):
        before = storage
        storage = full[day] = storage + fallen
        out[day] = leak * (storage if order == "rain, out" else before)
        left[day] = storage = storage - leaves * out[day]
    return left, full, out


@leaky_bucket.mistake(
    "Let it rain first: you drained the bucket of yesterday, so today's rain reaches the river only tomorrow."
)
def drained_before_the_rain(rain, leak, storage):
    left, _, out = _bucket(rain, leak, storage, order="out, rain")
    return left, out


@leaky_bucket.mistake(
    "Your bucket never loses what runs out of it, and fills for ever: take the outflow off the storage."
)
def nothing_leaves(rain, leak, storage):
    left, _, out = _bucket(rain, leak, storage, leaves=0.0)
    return left, out


@leaky_bucket.mistake(
    "You wrote the storage down before the outflow had left it. Write down what is there at the end of the day."
)
def storage_before_the_outflow(rain, leak, storage):
    _, full, out = _bucket(rain, leak, storage)
    return full, out


@leaky_bucket.mistake("Your bucket starts empty. It had `storage` millimetres in it before the first day.")
def starts_empty(rain, leak, storage):
    left, _, out = _bucket(rain, leak, 0.0)
    return left, out


@leaky_bucket.mistake("Storage first, then outflow: you returned them the other way round.")
def outflow_first(rain, leak, storage):
    left, _, out = _bucket(rain, leak, storage)
    return out, left


@leaky_bucket.mistake("`leak` is the part that runs out. You let that part stay and the rest run out.")
def leak_is_what_stays(rain, leak, storage):
    left, _, out = _bucket(rain, 1 - leak, storage)
    return left, out


@leaky_bucket.mistake(
    "Every day starts from the same storage again: yesterday is forgotten. Carry `storage` over to "
    "the next turn of the loop."
)
def forgets_every_night(rain, leak, storage):
    full = storage + np.asarray(rain)
    return full * (1 - leak), full * leak


@leaky_bucket.mistake(
    "A fixed amount runs out each day. Let the outflow be a part of the storage: the fuller, the faster."
)
def same_outflow_every_day(rain, leak, storage):
    out = np.full(len(rain), leak * storage)
    return storage + np.cumsum(rain - out), out


# --- lstm_step --------------------------------------------------------------------------------------------------------


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _gates(x, h, W, U, b):
    """The four blocks of units, i f c o, as Keras lays them out in its weights."""
    return np.split(x @ W + h @ U + b, 4)


def lstm_step_answer(x, h, c, W, U, b):
    """One day of ``keras.layers.LSTM``: from inputs x, hidden state h and cell state c to the new (h, c).

    Hochreiter and Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735; the forget gate is Gers et al. (2000),
    doi:10.1162/089976600300015015.
    """
    i, f, g, o = _gates(x, h, W, U, b)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _step_probes(rng):
    def step(features, units):
        shapes = ((features,), (units,), (units,), (features, 4 * units), (units, 4 * units), (4 * units,))
        return [(rng.uniform(0.3, 1.5, shape) * rng.choice([-1, 1], shape)).round(2) for shape in shapes]

    yield step(1, 1)
    yield step(3, 4)


lstm_step = Exercise(
    "lstm_step",
    lstm_step_answer,
    _step_probes,
    hints=[
        "All four gates in one go: `z = x @ W + h @ U + b`, then `i, f, g, o = np.split(z, 4)`.",
        "i, f and o are taps between 0 and 1: squash them with a sigmoid. g is what may be added, between -1 and 1: tanh.",
        "The bucket: `c = f * c + i * g`. What the network shows of it: `h = o * np.tanh(c)`, with the new c.",
    ],
)


@lstm_step.mistake(
    "Keras orders the blocks input, forget, candidate, output. You took the third for the output gate "
    "and the fourth for the candidate."
)
def output_before_candidate(x, h, c, W, U, b):
    i, f, o, g = _gates(x, h, W, U, b)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


@lstm_step.mistake(
    "You took the second block for the candidate and the third for the forget gate: that is the order "
    "of TensorFlow's fused kernel. Keras has input, forget, candidate, output."
)
def candidate_before_forget(x, h, c, W, U, b):
    i, g, f, o = _gates(x, h, W, U, b)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


@lstm_step.mistake("Input and forget gate are swapped: i lets the new in, f keeps the old.")
def forget_before_input(x, h, c, W, U, b):
    f, i, g, o = _gates(x, h, W, U, b)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


@lstm_step.mistake("The candidate went through a sigmoid, so it can only add. tanh lets it take away as well.")
def candidate_only_adds(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = _sigmoid(f) * c + _sigmoid(i) * _sigmoid(g)
    return _sigmoid(o) * np.tanh(c), c


@lstm_step.mistake("The old cell state came through whole: without its forget gate the bucket never drains.")
def never_forgets(x, h, c, W, U, b):
    i, _, g, o = _gates(x, h, W, U, b)
    c = c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


@lstm_step.mistake("The hidden state shows the *new* cell state. You used the old one, so the river is a day late.")
def shows_the_old_cell(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    return _sigmoid(o) * np.tanh(c), _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)


@lstm_step.mistake("The cell state goes through a tanh on its way out: h = o * tanh(c).")
def cell_not_squashed(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * c, c


@lstm_step.mistake("The gates do not see yesterday's hidden state: add h @ U.")
def no_recurrence(x, h, c, W, U, b):
    return _plain_step(x, 0 * h, c, W, U, b)


@lstm_step.mistake("The bias is missing: add b before the gates are squashed.")
def no_bias(x, h, c, W, U, b):
    return _plain_step(x, h, c, W, U, 0 * b)


@lstm_step.mistake("Right, but return the hidden state first: (h, c).")
def cell_first(x, h, c, W, U, b):
    return _plain_step(x, h, c, W, U, b)[::-1]


def _plain_step(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


# --- build_lstm -------------------------------------------------------------------------------------------------------
# Building a network takes Keras a twentieth of a second, so this check takes about one. What the course builds is kept.


@cache
def _network(
    features, units, layer="LSTM", sees="past", days=None, sequences=True, head=1, activation=None, inside="tanh"
):
    import keras

    recurrent = getattr(keras.layers, layer)(units, activation=inside, return_sequences=sequences)
    if sees == "future too":
        recurrent = keras.layers.Bidirectional(recurrent)
    heads = [keras.layers.Dense(head, activation=activation)] if head else []
    return keras.Sequential([keras.layers.Input((days, features)), recurrent, *heads])


def build_lstm_answer(features, units):
    """An untrained network, (batch, days, features) to (batch, days, 1): an LSTM with a linear head."""
    return _network(features, units)


@lru_cache(maxsize=128)
def _facts(model, features):
    """What can be said of a network from outside: shapes, size, and what it answers when its weights are set."""
    import keras

    facts = {
        "input shape": str(model.input_shape),
        "output shape": str(model.output_shape),
        "number of weights": model.count_params(),
    }
    if model.input_shape[1] is not None:
        return facts
    days = 7
    forcing = np.cos(np.arange(days * features)).reshape(1, days, features)
    before = model.get_weights()
    answers = []
    for sign in (1, -1):  # one of them is a river that flows uphill, which a relu would hide
        model.set_weights([0.8 * sign * np.sin(1 + np.arange(w.size)).reshape(w.shape) for w in before])
        answers.append(keras.ops.convert_to_numpy(model(forcing))[0])
    model.set_weights(before)
    return facts | {"answers with known weights": np.stack(answers)}


def _observe_network(model, features, units):
    if not hasattr(model, "count_params") or not hasattr(model, "input_shape"):
        return f"{type(model).__name__}, not a Keras model"
    return _facts(model, features)


def _sizes(rng):
    yield 3, 4
    yield int(rng.choice([4, 6])), int(rng.choice([5, 8]))  # few, because each is built once for every mistake


build_lstm = Exercise(
    "build_lstm",
    build_lstm_answer,
    _sizes,
    hints=[
        "`keras.Sequential([...])` takes a list of layers: an Input, an LSTM, a Dense.",
        "`keras.layers.Input((None, features))`: None is any number of days. return_sequences=True: a hidden state a day.",
        "The head turns `units` numbers into one discharge, without an activation: `keras.layers.Dense(1)`.",
    ],
    observe=_observe_network,
    rtol=1e-4,
    atol=1e-5,
    seconds=60.0,
)


@build_lstm.mistake(
    "There is no head: out come the hidden states, `units` numbers a day. A Dense(1) makes one discharge of them."
)
def no_head(features, units):
    return _network(features, units, head=0)


@build_lstm.mistake("Only the last day comes out. return_sequences=True hands a hidden state to the head every day.")
def last_day_only(features, units):
    return _network(features, units, sequences=False)


@build_lstm.mistake(
    "The head has a relu: where it says 0 its gradient is 0 too, and it may never come back. Leave the head linear."
)
def relu_head(features, units):
    return _network(features, units, activation="relu")


@build_lstm.mistake("The head is squashed between 0 and 1 by a sigmoid. A flood goes above 1: leave the head linear.")
def sigmoid_head(features, units):
    return _network(features, units, activation="sigmoid")


@build_lstm.mistake("The head is squashed by a tanh, so it never exceeds 1, however high the flood. Leave it linear.")
def tanh_head(features, units):
    return _network(features, units, activation="tanh")


@build_lstm.mistake(
    "A bidirectional layer reads the record from behind as well: today's discharge would know next week's rain."
)
def sees_the_future(features, units):
    return _network(features, units, sees="future too")


@build_lstm.mistake(
    "A SimpleRNN has no cell state: what it knows is overwritten daily, and snow from January is "
    "gone by April. Use LSTM."
)
def simple_rnn(features, units):
    return _network(features, units, layer="SimpleRNN")


@build_lstm.mistake("That is a GRU, a cousin with one gate fewer and no separate cell state. Build an LSTM.")
def gru(features, units):
    return _network(features, units, layer="GRU")


@build_lstm.mistake("The head gives one number for each input. There is one discharge: Dense(1).")
def head_of_features(features, units):
    return _network(features, units, head=features)


@build_lstm.mistake("Your network accepts records of 365 days and no others. Input((None, features)) takes any length.")
def fixed_length(features, units):
    return _network(features, units, days=365)


@build_lstm.mistake(
    "activation='relu' inside the LSTM lets the state grow without bound over a long record. Keep its own tanh."
)
def relu_inside(features, units):
    return _network(features, units, inside="relu")
