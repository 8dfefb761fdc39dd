# ---
# jupyter:
#   dla:
#     title: LSTM
#     objectives:
#       - Write a leaking bucket and one step of an LSTM, and say which part of the one is which part of the other
#       - Turn a record into windows and into pieces, with gaps and warm-up left out of the loss
#       - Build, train and judge a network that turns weather into discharge, and compare it with honest opponents
#       - Work out why one way of sampling needs a hundred times fewer steps than another
#     minutes: 120
#     seconds: 34
#     prerequisites:
#       - "Lesson 02: NSE"
#       - "Lesson 03: opponents, standardising, the wall between training and test"
# ---

# %% [markdown]
r"""
## What a river needs to remember

In lesson 03 a regression with dozens of columns met six parameters of a hydrologist, and on the snowy river even the
calendar. It had the same weather. What it did not have was a **state**: something that fills, empties, and decides
what the next rain will do.

This lesson begins with the simplest state there is, a bucket with a hole. Then the hole gets a valve, the weather
learns to turn the valve, and that is already a recurrent neural network. You write one day of it yourself. In the end
you open a trained network with your own function and look for the snow in it.

**Write down first:** how many days of weather does a network have to see to know today's discharge of a snowy river?
And of a rainy one?
"""

# %% [markdown] advisor
r"""
**Session plan (two sessions of 60 minutes).** First: buckets together (15), gates in pairs (30), the one-unit network
as the live demo (5), building the network (10). Second: windows and pieces in pairs (25), training together,
everybody presses the button at the same time (10), judging and the memory figure (15), opening the network (10).
Written answer at home.

**The live moment** is the training cell: seconds, on a laptop. Ask for bets on the test NSE before. Afterwards ask
who would have trained for an hour had nobody told them otherwise.

**Where they hit the wall:** a network with thousands of weights does not clearly beat GR4J on one river, and may
lose. Do not rescue them. It is the finding of the literature too (one river has too few floods to learn from), and
lesson 05 is the answer to it.

**What goes wrong:** `lstm_step` with the right formulas and the wrong order of blocks. Let them print the four blocks
of the bias of a fresh `keras.layers.LSTM(3)`: Keras starts the forget gate's bias at 1, the others at 0. Which block
is it?
"""

# %%
import logging

import keras
import numpy as np

from dla_widgets import MemoryExplorer, TrainingMonitor, check, hint
from dla_widgets.panels.picture import Picture
from dla_widgets.streamflow.baselines import Climatology, Conceptual, RidgeLags
from dla_widgets.streamflow.basins import INPUTS, PERIODS, TARGET, open_basins
from dla_widgets.streamflow.conceptual import PARAMETERS
from dla_widgets.streamflow.figures import hydrograph, learning_curve, score_bars
from dla_widgets.streamflow.layers import Scale
from dla_widgets.streamflow.losses import BasinNSE
from dla_widgets.streamflow.models import predict, scaler_of, train
from dla_widgets.streamflow.skill import nse

# %%
basins = open_basins()

measured = [basins.discharge.sel(time=period).notnull().mean("time") for period in PERIODS.values()]
usable = (measured[0] > 0.8) & (measured[1] > 0.8)
snowy = basins.isel(basin=[int(basins.frac_snow.where(usable).argmax("basin"))])
rainy = basins.isel(basin=[int(basins.frac_snow.where(usable).argmin("basin"))])
rivers = {"snowy": snowy, "rainy": rainy}

first_scored = np.datetime64(PERIODS["test"].start) + 365  # a year of warm-up, as in lesson 03
scored = slice(first_scored, PERIODS["test"].stop)
print(f"snowy: {snowy.basin.values[0]}, rainy: {rainy.basin.values[0]}; scored from {first_scored} to {scored.stop}")


def score(river, forecast):
    """NSE over the scored days of a forecast (basin, time) that has dates."""
    return nse(river[TARGET].sel(time=scored).values[0], forecast.sel(time=scored).values[0])


# %% [markdown]
r"""
## A bucket with a hole

Rain falls into a bucket. The bucket leaks: each day a fixed part of what is in it runs out, so the fuller it is, the
faster it runs. That is all. It is also what a hillside does, roughly: water goes into the soil, and the soil lets go
of it slowly.

Write it down day by day. In the morning the rain falls in; in the evening the part `leak` of the contents has run
out. Return the storage at the end of each day and the outflow of each day, both from the first day on.
"""

# %% solution="leaky_bucket"
def leaky_bucket(rain, leak, storage):
    """Storage at the end of each day [mm] and outflow of each day [mm/day], both (time,).

    rain : (time,) [mm/day]
    leak : part of the contents that runs out in a day [-], after the day's rain has fallen in
    storage : what is in the bucket before the first day [mm]
    """
    ### BEGIN SOLUTION
    left, out = np.zeros(len(rain)), np.zeros(len(rain))
    for day in range(len(rain)):
        storage = storage + rain[day]
        out[day] = leak * storage
        storage = storage - out[day]
        left[day] = storage
    return left, out
    ### END SOLUTION

# %% tests="leaky_bucket" points=2
check("leaky_bucket", leaky_bucket)

# %% [markdown]
r"""
Does the bucket make a river? Part of the rain never reaches the gauge, so it is first multiplied by the runoff ratio
of the training years (lesson 01). Then there is one number left to choose, the leak, and the training years choose
it.
"""

# %%
def values(river, name):
    """(time,) numbers of one variable of a river."""
    return river[name].values[0].astype("float64")


def in_training(river, series):
    """Observed and simulated discharge on the training days after a year of warm-up."""
    start = np.datetime64(PERIODS["train"].start) + 365
    days = (river.time.values >= start) & (river.time.values <= np.datetime64(PERIODS["train"].stop))
    return values(river, TARGET)[days], series[days]


def best_bucket(river, water):
    """Outflow of the bucket whose leak fits the training years best, and its leak; `water` (time,) falls in."""
    observed, fallen = in_training(river, water)
    both = np.isfinite(observed)
    water = water * observed[both].sum() / fallen[both].sum()
    runs = {leak: leaky_bucket(water, leak, 0.0)[1] for leak in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)}
    leak = max(runs, key=lambda leak: nse(*in_training(river, runs[leak])))
    return river[TARGET].copy(data=runs[leak][None]), leak


outflow = {}
for name, river in rivers.items():
    outflow[name], leak = best_bucket(river, values(river, "prcp"))
    print(f"{name}: the best bucket leaks {leak:.1%} a day, NSE {score(river, outflow[name]):.2f} in the test period")

# %% [markdown]
r"""
One bucket, one parameter. On the rainy river that is a start. On the snowy one it is a failure, and no other leak
will help: the bucket lets January's snow run out as if it were rain.

It needs a **valve that the weather turns**. Below a second bucket stands upstream of the first. When it is cold, what
falls stays in it. When it is warm, it leaks, and the warmer it is the faster.
"""

# %%
def snow_bucket(prcp, temperature):
    """Snow on the ground [mm] and water that reaches the soil [mm/day], both (time,)."""
    pack, water, snow = np.zeros(len(prcp)), np.zeros(len(prcp)), 0.0
    for day in range(len(prcp)):
        if temperature[day] < 0:
            snow = snow + prcp[day]  # the valve is shut
        else:
            melt = min(snow, 3.0 * temperature[day])  # 3 mm per degree and day
            snow, water[day] = snow - melt, prcp[day] + melt
        pack[day] = snow
    return pack, water


packs = {}
for name, river in rivers.items():
    temperature = (values(river, "tmin") + values(river, "tmax")) / 2
    packs[name], water = snow_bucket(values(river, "prcp"), temperature)
    with_snow, leak = best_bucket(river, water)
    print(f"{name}: NSE {score(river, outflow[name]):.2f} with one bucket, "
          f"{score(river, with_snow):.2f} with another one for the snow")
    outflow[name] = with_snow

# %%
hydrograph(snowy[TARGET], {"two buckets": outflow["snowy"]}, forcing=snowy.prcp, period=("1994-10-01", "1996-09-30"),
           title=f"Two buckets and a valve, {snowy.basin.values[0]}")

# %% [markdown]
r"""
A bucket **remembers**; a valve **decides** what it remembers, and the weather turns the valve. To invent this one we
had to know that snow exists. A frozen soil wants another valve, a thirsty forest a third. How many do we miss in a
river that we do not know?

## A bucket whose valves are learnt

An **LSTM** (long short-term memory; Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735) is a row of such
buckets. Each has three valves, called **gates**, and each gate looks at today's weather $x_t$ and at yesterday's
outflow $h_{t-1}$ of *all* buckets to decide how far it opens. What makes it look where is a matter of weights, and
the weights are learnt.

| bucket | LSTM | |
|---|---|---|
| storage | cell state $c_t$ | one number per bucket, carried from day to day |
| what stays overnight, 1 - leak | forget gate $f_t = \sigma(\ldots)$ | 1 keeps all, 0 empties the bucket |
| what falls in | candidate $g_t = \tanh(\ldots)$ | may also take away |
| how much of it is let in | input gate $i_t = \sigma(\ldots)$ | |
| what the river sees | hidden state $h_t = o_t \tanh(c_t)$ | through the output gate $o_t = \sigma(\ldots)$ |

The day itself is one line, and you know it:

$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$

The dots in the brackets are the same for all four: $x_t W + h_{t-1} U + b$, with weights of their own. Keras keeps
the four side by side in one matrix, in the order **i, f, g, o** (it calls g "c"), so that one product serves them
all. $\sigma(z) = 1/(1+e^{-z})$ squashes everything to between 0 and 1, tanh to between -1 and 1, and $\odot$
multiplies number by number.

**Write one day.** Seven lines are enough. `np.split(z, 4)` cuts an array into four.
"""

# %% solution="lstm_step"
def lstm_step(x, h, c, W, U, b):
    """One day of an LSTM: the new hidden state h and cell state c, both (units,).

    x : (inputs,) today's weather, in standard units
    h, c : (units,) hidden state and cell state of yesterday
    W, U, b : (inputs, 4 units), (units, 4 units), (4 units,) weights; blocks i, f, g, o
    """
    ### BEGIN SOLUTION
    i, f, g, o = np.split(x @ W + h @ U + b, 4)
    i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
    c = f * c + i * np.tanh(g)
    h = o * np.tanh(c)
    return h, c
    ### END SOLUTION

# %% tests="lstm_step" points=3
check("lstm_step", lstm_step)

# %% [markdown]
r"""
Is that the LSTM of Keras, all of it? Run sixty days of noise through a Keras layer and through your function with the
same weights.
"""

# %%
def run_lstm(x, W, U, b):
    """Hidden and cell states (time, units) of your LSTM on the weather x (time, inputs), from empty buckets."""
    h = c = np.zeros(b.size // 4)
    states = []
    for today in x:
        h, c = lstm_step(today, h, c, W, U, b)
        states.append((h, c))
    return (np.array(series) for series in zip(*states))


noise = np.random.default_rng(0).normal(size=(60, 5))
layer = keras.layers.LSTM(8, return_sequences=True)
theirs = keras.ops.convert_to_numpy(layer(noise[None].astype("float32")))[0]
yours, _ = run_lstm(noise, *(w.astype("float64") for w in layer.get_weights()))
print(f"largest difference over 60 days and 8 units: {np.abs(yours - theirs).max():.1e}")

# %% [markdown]
r"""
And the bucket is still in there. Below is an LSTM with a single unit and weights set *by hand*: the input gate wide
open, the forget gate at 0.95 whatever the weather, the candidate a small multiple of the rain. **What will its cell
state be?**
"""

# %% demo="one_unit"
open_gate, keep = 10.0, np.log(0.95 / 0.05)  # the sigmoid of `keep` is 0.95
W = np.array([[0.0, 0.0, 0.001, 0.0]])  # only the candidate looks at the rain
U, b = np.zeros((1, 4)), np.array([open_gate, keep, 0.0, open_gate])

rain = values(rainy, "prcp")[:3 * 365]
_, cell = run_lstm(rain[:, None], W, U, b)
storage, _ = leaky_bucket(rain, 0.05, 0.0)
alike = np.corrcoef(cell[:, 0], storage)[0, 1]
print(f"correlation of its cell state with your bucket that leaks 5 % a day: {alike:.4f}")

# %% [markdown]
r"""
## The network

A network for discharge is short. Weather goes in, day by day. An LSTM with some `units` buckets hands on its hidden
state. A **linear head** (Keras: a Dense layer without activation) makes one discharge out of it: so much of this
bucket, so much of that.

```
forcings (days, 5)  ->  LSTM: hidden state (days, units)  ->  linear head: discharge (days, 1)
```

**Build it** with `keras.Sequential`. It must take records of any length, and give a discharge for *every* day.
"""

# %% solution="build_lstm"
def build_lstm(features, units):
    """An untrained Keras model: (batch, days, features) -> (batch, days, 1)."""
    ### BEGIN SOLUTION
    return keras.Sequential([
        keras.layers.Input((None, features)),
        keras.layers.LSTM(units, return_sequences=True),
        keras.layers.Dense(1),
    ])
    ### END SOLUTION

# %% tests="build_lstm" points=2
check("build_lstm", build_lstm)

# %%
network = build_lstm(len(INPUTS), 64)
for layer, parts in zip(network.layers, (("W", "U", "b"), ("weights", "bias"))):
    print(f"{type(layer).__name__}: " + ", ".join(f"{part} {w.shape}" for part, w in zip(parts, layer.get_weights())))
print(f"{network.count_params()} weights in all; GR4J and its snow store have {len(PARAMETERS)}")

# %% [markdown]
r"""
## What the network is shown: windows

How does one train a thing with a memory? The papers do it with **windows**: the weather of 365 days in a row, and the
discharge of the *last* of them as the target. (A year, because that is how far back a snowy river looks.) Shift by
one day, and there is the next window.

Two places to slip. A window ends **with** the day that it explains, today's rain included. And the gauge has gaps:
leave out windows whose *target* is missing, but cut them from the whole record, for the weather of a day without a
gauge has happened all the same.
"""

# %% solution="make_windows"
def make_windows(forcing, discharge, length):
    """Inputs (window, length, feature) and targets (window,), without the windows whose target is NaN.

    forcing : (time, feature) without gaps
    discharge : (time,) [mm/day], NaN in the gaps
    """
    ### BEGIN SOLUTION
    last_days = [t for t in range(length - 1, len(discharge)) if np.isfinite(discharge[t])]
    return np.stack([forcing[t - length + 1:t + 1] for t in last_days]), discharge[last_days]
    ### END SOLUTION

# %% tests="make_windows" points=2
check("make_windows", make_windows)

# %%
training = snowy.sel(time=PERIODS["train"])
forcing = np.stack([values(training, name) for name in INPUTS], axis=-1)
observed = values(training, TARGET)
window_inputs, window_targets = make_windows(forcing, observed, 365)

print(f"{len(observed)} days of record, {forcing.nbytes / 1e6:.1f} MB")
print(f"{len(window_targets)} windows of 365 days, {window_inputs.nbytes / 1e6:.0f} MB")
print(f"to show all of them once, a day of weather goes through the network "
      f"{window_targets.size * 365 / observed.size:.0f} times on average")

# %% [markdown]
r"""
Look at the last line. The network reads a year to answer *one* question, forgets everything, and reads nearly the
same year again. (The kit's own `windows` are views that copy nothing, so memory is no problem. The reading is.)

## Pieces

It gives a discharge every day. Why not ask every day? Cut **pieces** of 730 days at random places. On the first 365
the network only reads, so that its buckets fill: the **warm-up**, with no question asked. Then every day counts.

**Write** `cut_pieces`. A day that is not asked about has NaN as its target, whether by warm-up or by a gap in the
record: the loss will leave out both.
"""

# %% solution="cut_pieces"
def cut_pieces(forcing, discharge, starts, length, warmup):
    """Inputs (piece, length, feature) and targets (piece, length), NaN on the first `warmup` days of each piece.

    forcing, discharge : (time, feature), (time,) [mm/day] with NaN in the gaps
    starts : (piece,) the rows where the pieces begin
    """
    ### BEGIN SOLUTION
    inputs = np.stack([forcing[start:start + length] for start in starts])
    targets = np.stack([discharge[start:start + length] for start in starts])
    targets[:, :warmup] = np.nan
    return inputs, targets
    ### END SOLUTION

# %% tests="cut_pieces" points=2
check("cut_pieces", cut_pieces)

# %%
starts = np.random.default_rng(3).integers(0, len(observed) - 730, 12)
piece_inputs, piece_targets = cut_pieces(forcing, observed, starts, 730, 365)

picture = Picture(8, 3.2, alt="Above, windows: each reads 365 days and asks about the last one. Below, pieces: "
                  "each reads 365 days and asks about every one of the 365 that follow.")
ax = picture.subplots()
for row, first in enumerate(range(0, 360, 30)):
    ax.plot([first, first + 364], [row, row], color="#BBBBBB", lw=2)
    ax.plot([first + 364], [row], "s", ms=4, color="#D55E00")
for row, first in enumerate(starts, start=14):
    ax.plot([first, first + 365], [row, row], color="#BBBBBB", lw=2)
    ax.plot([first + 365, first + 730], [row, row], color="#D55E00", lw=2)
ax.set(xlabel="day of the training period", title="Grey: read. Red: asked about. (Every 30th window is drawn.)")
ax.set_yticks([5.5, 19.5], ["12 windows", "12 pieces"])
ax.invert_yaxis()
ax.grid(visible=False)
picture

# %% [markdown]
r"""
What is asked about is what the network learns from. So count the steps, days that go through the LSTM, for each day
that is asked about. **Estimate the ratio before you run the cell.**
"""

# %%
per_target = {"windows": window_inputs.shape[1] / 1, "pieces": 730 / (730 - 365)}
print(f"windows: {per_target['windows']:.0f} steps for each day asked about")
print(f"pieces : {per_target['pieces']:.0f} steps, {per_target['windows'] / per_target['pieces']:.0f} times fewer")

# %% [markdown]
r"""
That is why your network will be trained in seconds. (Neighbouring days resemble each other, so 365 of them in a row
are worth less than 365 windows from all over the record. You will measure below what remains of the advantage.)

## What it is told to make small

The network needs one number that says how wrong it is, the **loss**. Squared errors are the natural choice, but if
many rivers are to be learnt at once (lesson 05), the wettest would outshout all others. So divide each error by the
**spread** of its river, the standard deviation of its discharge over the training period. That is NSE, taken apart
into days (Kratzert et al. 2019, doi:10.5194/hess-23-5089-2019):

$$L = \frac{1}{N} \sum_{b,t} \left( \frac{q^s_{b,t} - q^o_{b,t}}{s_b + 0.1\ \mathrm{mm/day}} \right)^2$$

over the $N$ days that were asked about *and* measured. The 0.1 keeps a nearly dry river from dividing by nothing. A
forecast of the mean has a loss of about 1, less a little because of the 0.1; perfection is 0.
"""

# %% solution="nse_loss"
def nse_loss(observed, simulated, spread):
    """The loss above, one number [-].

    observed, simulated : (piece, day) discharge [mm/day]; `observed` is NaN on days that do not count
    spread : (piece,) standard deviation of the discharge of each piece's river in the training period [mm/day]
    """
    ### BEGIN SOLUTION
    return np.nanmean(((simulated - observed) / (spread[:, None] + 0.1)) ** 2)
    ### END SOLUTION

# %% tests="nse_loss" points=2
check("nse_loss", nse_loss)

# %% [markdown]
r"""
For training, the loss must be written in Keras' own functions, so that it can be differentiated: the kit's
`BasinNSE`. Do the two agree?
"""

# %%
spread = np.full(len(starts), np.nanstd(observed))
the_mean = np.full(piece_targets.shape, np.nanmean(observed))
for_keras = np.stack([piece_targets, np.broadcast_to(spread[:, None], piece_targets.shape)], axis=-1)
in_keras = float(BasinNSE()(for_keras.astype("float32"), the_mean[..., None].astype("float32")))
in_numpy = nse_loss(piece_targets, the_mean, spread)
print(f"loss of the mean on these pieces: yours {in_numpy:.4f}, in Keras {in_keras:.4f}")

# %% [markdown]
r"""
## Train

Two small things remain. Your network wants weather in standard units (lesson 03), and gives discharge in standard
units. A layer `Scale` before it and one behind it translate; `train` fits them, on the training period alone, and
they are saved *inside* the model. So it takes millimetres and pascals and answers in mm/day, and nobody can scale it
wrongly later.

And the forget gate: Keras starts its bias at 1. From there it is a long way to snow; set it to 3 before the first
update. What that means for a bucket, the cell prints. You know which block of the bias it is.

The `TrainingMonitor` draws the loss while it falls. In a project of your own, `monitor.fit(model, x, y, epochs=20)`
trains beside the notebook and leaves it free; Stop holds any training, and Resume goes on from there.
"""

# %%
for bias in (1.0, 3.0):
    keeps = 1 / (1 + np.exp(-bias))
    print(f"bias {bias:.0f}: {keeps:.0%} stay overnight, half is gone after {np.log(0.5) / np.log(keeps):.0f} days")

# %%
def scaled_network(units=64, seed=0):
    """Your network between two scaling layers, its forget gates nearly open: weather in, mm/day out."""
    keras.utils.set_random_seed(seed)
    network = build_lstm(len(INPUTS), units)
    W, U, b = network.layers[0].get_weights()
    b[units:2 * units] = 3.0  # i, f, g, o: the second block is the forget gate
    network.layers[0].set_weights([W, U, b])
    return keras.Sequential([keras.layers.Input((None, len(INPUTS))), Scale(INPUTS, name="scale_forcings"),
                             *network.layers, Scale([TARGET], inverse=True, name=TARGET)])


network = scaled_network()
monitor = TrainingMonitor()  # a Keras callback: it works in the `fit` of any model
history = train(network, snowy, scheme="pieces", updates=60, batch=12, callbacks=[monitor], progress=False)
print(f"60 updates of 12 pieces in {history.history['seconds'][-1]:.1f} s")

# %%
learning_curve({"loss": history.history["loss"]}, step="update", benchmark={"the mean": 1.0},
               title=f"60 updates on {snowy.basin.values[0]}")

# %%
print(scaler_of(network))

# %% [markdown]
r"""
Read what the model carries with it: numbers, units, and the days that they come from. No test day among them.

Now the test period, ten years that nothing in this network has ever seen. `predict` goes through the record once,
from the first day to the last, and carries the state along.
"""

# %%
forecast = predict(network, snowy)
hydrograph(snowy[TARGET], {"LSTM": forecast, "two buckets": outflow["snowy"]}, forcing=snowy.prcp,
           period=("1994-10-01", "1996-09-30"), title=f"Never seen: two test years of {snowy.basin.values[0]}")

# %%
forecasts = {"LSTM": forecast, "two buckets": outflow["snowy"]}
for opponent in (Climatology(), RidgeLags(), Conceptual()):
    forecasts[type(opponent).__name__] = opponent.fit(snowy.sel(time=PERIODS["train"])).predict(snowy)
scores = {name: score(snowy, series) for name, series in forecasts.items()}
score_bars(dict(sorted(scores.items(), key=lambda item: item[1])), title=f"Ten test years of {snowy.basin.values[0]}")

# %% [markdown]
r"""
What did you write down in lesson 03? Judge it coolly. The network was told nothing about snow, soil or rivers. It had
to find out from nine years of one gauge, in seconds, that there is something like storage. Against everything that
knows as little, it should stand well. And against the hydrologist's model, which was *given* the snow, the soil and
the routing?

## Learnt, or learnt by heart?

Compare the score on the days it was trained on with the score on those it was not. And train it again from other
first weights: which pieces were drawn, and where the weights began, was chance.
"""

# %%
networks = [network] + [scaled_network(seed=seed) for seed in (1, 2)]
for seed, other in enumerate(networks[1:], start=1):
    train(other, snowy, updates=60, batch=12, seed=seed, progress=False)
runs = [predict(each, snowy) for each in networks]

for seed, run in enumerate(runs):
    seen = nse(*in_training(snowy, run.values[0]))
    print(f"first weights {seed}: NSE {seen:.3f} on the training years, {score(snowy, run):.3f} on the test years")
together = sum(runs) / len(runs)
print(f"mean of the three forecasts: {score(snowy, together):.3f} on the test years")

# %% [markdown]
r"""
Two things to take from these lines. The gap between training and test is what the network has **learnt by heart**:
thousands of weights can remember the floods of nine years one by one. More updates close it the wrong way, by raising
the left number. And the scores of equal networks differ by chance, so a difference of that size between two *ideas*
is no news. Averaging several networks, an **ensemble**, costs nothing but seconds and rarely hurts.

## And the windows?

The scheme of the papers, on the same network, for about as long as the pieces took. An update shows it 256 windows.
"""

# %%
def seconds(history):
    return history.history["seconds"][-1]


windowed = scaled_network()
history_windows = train(windowed, snowy, scheme="windows", updates=12, batch=256)
for name, each, asked, run in (("pieces", history, 60 * 12 * 365, forecast),
                               ("windows", history_windows, 12 * 256, predict(windowed, snowy))):
    print(f"{name:7s}: {seconds(each):5.1f} s, {asked:6d} days asked about, NSE {score(snowy, run):.2f}")

# %% [markdown]
r"""
Nothing is wrong with windows: trained long enough, both arrive at the same skill. Windows are what you will find in
the papers, and their targets are scattered over the whole record, which makes each of them worth more than one of 365
neighbours. But it does not make up for what the reading costs. When somebody tells you how long a network trains, ask
*how it was fed* before you ask on which machine.

## How much past does it need?

You guessed at the beginning. Now ask the network. Let it forecast four test years *from windows* of different length:
365 days, 180, ... 3. Each day starts from empty buckets, reads so many days, and answers.
"""

# %% demo="memory"
lengths = [3, 7, 15, 30, 60, 90, 180, 365]
years = slice("1995-10-01", PERIODS["test"].stop)
rainy_network = scaled_network()
train(rainy_network, rainy, updates=60, batch=12, progress=False)

logging.getLogger("tensorflow").setLevel("ERROR")  # it would warn about windows of many lengths
picture, words = Picture(7, 3.4), []
ax = picture.subplots()
for (name, river), model in zip(rivers.items(), (network, rainy_network)):
    q = river[TARGET].sel(time=years).values[0]
    skill = [nse(q, predict(model, river, years, warmup=length, scheme="windows").values[0]) for length in lengths]
    ax.plot(lengths, skill, "o-", label=f"{name}, {river.basin.values[0]}")
    words.append(f"{name}: NSE {skill[0]:.2f} from {lengths[0]} days, {skill[-1]:.2f} from {lengths[-1]} days.")
picture.alt = "NSE by the number of days that the network may read. " + " ".join(words)
ax.set(xscale="log", xlabel="days that the network may read", ylabel="NSE [-]", ylim=(-0.5, 1))
ax.set_xticks(lengths, lengths)
ax.minorticks_off()
ax.legend()
picture

# %% [markdown]
r"""
Where does each curve level off? So far back does this network look. Compare it with your guess.

The left end of a curve does not say what a network *could* do with so few days. This one has learnt to count on full
buckets and is handed empty ones, and an empty bucket is not "no information". It is a wrong answer: no snow, no soil
moisture, a drought. That is why the warm-up matters.

Or follow a single day. Below, 30 mm of rain are added to 20 December on a snowy river, and a network that the kit
brings along answers. **Try it:** move the changed day through December and read the lag, the days until discharge
differs most. There is a rule, and it has exceptions. Which days are they, and what is different about them? ("Add:
warmth" shows the temperature.)
"""

# %% demo="one_day"
MemoryExplorer(state="snow")

# %% [markdown]
r"""
The rule: a day later, a lag of one day less. From 6 to 25 December every day's rain waits for the same 19 April, and
the melt. The exceptions are 27 to 30 December, a thaw: what falls then is in the river at once and forgotten within
three days. Nobody told the network where 0 °C is.

## Open it

A network is often called a black box. This one has 64 buckets and you own the function that fills them. Take the
trained weights, run your `lstm_step` over the twenty years, and put the head on top.
"""

# %%
scaler = scaler_of(network)
mean, size = scaler.of(INPUTS)
weather = (np.stack([values(snowy, name) for name in INPUTS], axis=-1) - mean) / size

lstm_weights, head_weights = network.layers[1].get_weights(), network.layers[2].get_weights()
hidden, cells = run_lstm(weather, *(w.astype("float64") for w in lstm_weights))
by_hand = np.maximum(scaler.inverse(hidden @ head_weights[0] + head_weights[1])[:, 0], 0)
print(f"largest difference between your discharge and Keras': {np.abs(by_hand - forecast.values[0]).max():.1e} mm/day")

# %% [markdown]
r"""
The same river, out of your own few lines. Now you can see what Keras does not show: the **cell states**, day by day.
Is one of the 64 buckets full when there is snow on the ground? Nobody told the network that snow exists; your
`snow_bucket` above says when there is some.
"""

# %%
winters = np.isfinite(packs["snowy"])
likeness = np.array([np.corrcoef(cells[winters, k], packs["snowy"][winters])[0, 1] for k in range(cells.shape[1])])
best = int(np.abs(likeness).argmax())

picture = Picture(8, 3.4, alt=f"Four years of cell {best} and of the snow, correlation {likeness[best]:.2f}.")
ax = picture.subplots()
shown = (snowy.time.values >= np.datetime64("1993-10-01")) & (snowy.time.values < np.datetime64("1997-10-01"))
days = snowy.time.values[shown]
ax.fill_between(days, packs["snowy"][shown], color="#56B4E9", alpha=0.6, label="snow bucket")
ax.set(ylabel="snow on the ground [mm]", ylim=(0, None))
other = ax.twinx()
other.plot(days, np.sign(likeness[best]) * cells[shown, best], color="#D55E00", label=f"cell {best}")
other.set_ylabel(f"cell state {best} [-]" + (" (sign turned)" if likeness[best] < 0 else ""))
other.grid(visible=False)
picture.legend(loc="outside upper right", ncols=2)
print(f"correlation of cell {best} with the snow on the ground: {likeness[best]:.2f}")
picture

# %% [markdown]
r"""
How good is the likeness in your network, and where does it fail? Do not read too much into it: with 64 cells one is
bound to be the most similar (lesson 01 had the same trap), a seasonal cycle alone makes a fair correlation, and
another seed stores snow elsewhere, or spread over ten cells. But the network cannot have its spring flood without
storing the winter *somewhere*.
"""

# %% [markdown] answer="why_memory" points=3
r"""
**In your own words.** Look at the bars of the opponents, at the training and test scores, and at the curve of the
memory.

1. What was the conceptual model given that the network had to find out by itself? Which figure shows that the network
did find it out?
2. Your network has learnt part of nine years by heart. You may give it *one* of these: twice the units, ten times the
updates, nine more years of the same river, or the records of thirty other rivers. What would each do to the two
scores, training and test? Which do you take?

### BEGIN SOLUTION
1. Structure: that precipitation below freezing is stored and melts later, that soil fills before it spills, that
water is neither made nor lost. The memory curve shows it: the score rises until the window covers the winter, and one
cell goes with the snow. 2. More units and more updates raise the training score and leave the test score, or lower
it: the network has room enough already. More years of the river raise the test score and lower the training score a
little. Other rivers show more floods, melts and droughts than one river has in a century; the test score rises if the
network can tell rivers apart (lesson 05). Nine more years or thirty rivers are both defensible; in practice the years
do not exist.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, 3 points.** Part 1, one point: names at least one process that is built into the conceptual model
(half) and points to the memory curve or to the cell state as evidence (half). Part 2, two points: half a point for
each of the four changes with the right direction for *both* scores; the final choice earns nothing by itself but must
not contradict them. "More updates make it better" is the answer to look for and to discuss: let them run
`updates=300` and look at both numbers.

**Ask:** what would happen if the test period came first in the network's life, as it does here, and the climate had
warmed in between?

**If the snowy river's network loses clearly to GR4J** and the room is disappointed: good. Ask what a hydrologist
would say who had spent a career on six equations. Then ask how long it would take her to write the equations of five
hundred rivers.
"""

# %% [markdown]
r"""
## What goes wrong, and how you see it

| what you see | what it was |
|---|---|
| the loss is NaN from the first update | a gap reached the loss, or a forcing has NaN: one is enough |
| the forecast stays a flat line near the mean | the inputs were not scaled, or the learning rate is far too high |
| every flood one day late | windows end the day before their target |
| wonderful floods, one day *early* | windows end the day after: the network sees tomorrow's rain |
| the first months of every forecast are wrong | no warm-up: the buckets start empty |
| good with `lstm_step`, bad against Keras | the order of the blocks |
| training 0.95, test 0.60 | learnt by heart: fewer updates, fewer units, more rivers |
| 0.74 yesterday, 0.72 today, nothing changed | another seed; set it, and compare several |

## What you take along

- A state remembers, a gate decides what. An LSTM is a row of buckets whose valves are learnt.
- Warm up, mask the gaps, keep the scaling inside the model.
- Ask of every training time how the network was fed.
- One river is too little to learn hydrology from. Nine years have nine springs.

Next: **05 many basins**. Never train on one.
"""
