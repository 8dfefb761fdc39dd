# ---
# jupyter:
#   dla:
#     title: Many basins
#     objectives:
#       - Score many rivers by one number that no single river decides
#       - Train one LSTM for all rivers, with static attributes that tell them apart
#       - Explain what the input gate of an entity-aware LSTM does
#       - Test a model on rivers that it has never seen, and say when attributes hurt
#       - Let a model say how sure it is, and check whether it is honest
#     minutes: 120
#     seconds: 55
#     prerequisites:
#       - "Lesson 02: NSE"
#       - "Lesson 03: climatology and the conceptual model, leakage"
#       - "Lesson 04: an LSTM on one basin"
# ---

# %% [markdown]
r"""
## A river is a small data set

In lesson 04 you gave a network one river and nine years. That sounds like a lot: more than three thousand days. But
how many *floods* are in nine years? How many droughts, how many springs in which the snow went all at once? A network
learns a rule from its exceptions, and a single river has few of them.

Hydrologists are used to calibrating a model on each basin by itself. It works, because a conceptual model brings the
physics along and has only a dozen numbers left to find. A network brings nothing along. In 2024 four of the people
who made the LSTM popular in hydrology wrote a paper whose title is its message: *Never train a Long Short-Term Memory
(LSTM) network on a single basin* (Kratzert et al. 2024, doi:10.5194/hess-28-4187-2024). Lesson 04 did precisely that.
This one puts it right.

**Write down a guess before you go on.** You train one network on all rivers at once, deserts and rain forests
together. On a river of your choice, will it be better or worse than a network that has learnt this one river and
nothing else? Why?
"""

# %%
import os

import numpy as np
import pandas as pd
import xarray as xr

from dla_widgets import BasinMapExplorer, check, hint
from dla_widgets.panels.picture import Picture
from dla_widgets.streamflow.baselines import Conceptual
from dla_widgets.streamflow.basins import PERIODS, open_basins
from dla_widgets.streamflow.figures import calibration, hydrograph, skill_cdf
from dla_widgets.streamflow.models import (
    entity_aware_lstm,
    load_reference,
    lstm,
    predict,
    quantile_lstm,
    regional_lstm,
    scaler_of,
    train,
)
from dla_widgets.streamflow.pairs import by_basin
from dla_widgets.streamflow.sequences import ATTRIBUTES
from dla_widgets.streamflow.skill import nse

# %%
basins = open_basins()
observed = basins.discharge.sel(time=PERIODS["test"])

training = basins.discharge.sel(time=PERIODS["train"])
high = training > training.quantile(0.99, "time")
floods = (high & ~high.shift(time=1, fill_value=False)).sum("time")
print(f"{basins.sizes['basin']} basins, {training.sizes['time']} days of training")
print(f"rises above the 99th percentile in that time: {int(floods.min())} to {int(floods.max())} in one river, "
      f"{int(floods.sum())} in all of them")

# %% [markdown] advisor
r"""
**Session plan (120 minutes).** The guess and the score (20): collect the guesses, for and against, on the board. One
for each, one for all (25): the training cells run while you talk. Attributes (20). The gate (15). Unseen rivers (25):
this is the wall of the lesson, leave time for it. Quantiles (15).

**If the room is short of time**, leave out the gate; its exercise can be homework.

**What people believe.** Nearly every hydrologist expects the local model to win, and has a good reason: that is how
it is for conceptual models, which get *worse* when one set of parameters has to serve all. Do not correct it. Ask
instead what a network would need in order to treat two rivers differently.
"""

# %% [markdown]
r"""
## One number for many rivers

Before you compare models you need a score for *all* rivers. The obvious way is to put all days of all rivers into one
pot and compute one NSE. Here is an office that cares for a quarter of its rivers only, those with the most violent
floods. For these it is nearly clairvoyant: we hand it the three-day mean of the truth. For every other river it says
that river's mean, every day, and goes home.
"""

# %%
variance = training.var("time")
cared_for = variance >= variance.quantile(0.75)
nearly_true = observed.rolling(time=3, center=True, min_periods=1).mean()
lazy = nearly_true.where(cared_for, training.mean("time")).transpose("basin", "time")

each = by_basin(nse, observed, lazy)
print(f"all days in one pot: NSE {nse(observed.values.ravel(), lazy.values.ravel()):.2f}")
print(f"river by river:      {int((each <= 0).sum())} of {each.size} have an NSE of 0 or less")

# %% [markdown]
r"""
In one pot the office looks respectable. In three rivers out of four it has no skill whatever. Floods are where the
squares are, so **a pooled score belongs to a few big rivers.** And all the others it rewards for knowing that wet
rivers are wet, which everybody knew before. So score each river against its own mean, and then ask for the typical
river.

Typical is the *median*. NSE has no lower end: a single dry creek with an NSE of -30 would drag the mean of all others
under water. It is also what the papers report, so that you can compare.

Write `median_nse` for arrays of shape (basin, time). Discharge has gaps; a basin without any measurement, or with a
gauge that stuck at one value, cannot be scored and is left out. (Stuck? `hint("median_nse")` gives a nudge,
`hint("median_nse", 2)` a bigger one.)
"""

# %% solution="median_nse"
def median_nse(observed, simulated):
    """The median over basins of each basin's NSE [-]; arrays are (basin, time) in mm/day, with NaN in the gaps."""
    ### BEGIN SOLUTION
    scores = []
    for river, model in zip(observed, simulated):
        both = np.isfinite(river) & np.isfinite(model)
        o, s = river[both], model[both]
        spread = ((o - o.mean()) ** 2).sum() if o.size else 0
        scores.append(1 - ((o - s) ** 2).sum() / spread if spread > 0 else np.nan)
    return np.nanmedian(scores)
    ### END SOLUTION

# %% tests="median_nse" points=2
check("median_nse", median_nse)

# %%
def score(prediction):
    """Your median NSE of a prediction (basin, time), on the test days of its basins."""
    return median_nse(observed.sel(basin=prediction.basin).values, prediction.sel(time=PERIODS["test"]).values)


print(f"the lazy office, judged by you: {score(lazy):.2f}")

# %% [markdown]
r"""
## A model for each, or one for all?

First the old way, on every eighth river: a network for each, and beside it the conceptual model of lesson 03,
calibrated on each. One network takes a few seconds.
"""

# %%
some = basins.isel(basin=slice(3, None, 8))
alone = []
for basin in some.basin.values:
    river = some.sel(basin=[basin])
    model = lstm(32)
    train(model, river, progress=False)
    alone.append(predict(model, river, "test"))
alone = xr.concat(alone, "basin")
conceptual = Conceptual().fit(some.sel(time=PERIODS["train"])).predict(some)

# %% [markdown]
r"""
Now one network for all of them. It sees a river's weather and nothing else: nobody tells it *which* river it is
looking at.
"""

# %%
RECIPE = {"updates": 200, "batch": 32, "learning_rate": 2e-2}  # enough for a class; the reference took many more

blind = lstm(32)
train(blind, basins, **RECIPE)
without = predict(blind, basins, "test")

# %%
table = pd.DataFrame({
    "conceptual, one each": by_basin(nse, observed, conceptual.sel(time=PERIODS["test"])).to_series(),
    "LSTM, one each": by_basin(nse, observed, alone).to_series(),
    "LSTM, one for all": by_basin(nse, observed, without.sel(basin=some.basin)).to_series(),
})
table.loc["median"] = table.median()
table.round(2)

# %% [markdown]
r"""
It does not even know where it is, and it is not far from the specialists; perhaps it beats some. How can it treat a
desert and a rain forest differently, if nobody says which is which? Look at what it *does* see: a year of weather.
Where it has been hot and dry for months, the ground is dry, whatever the name of the place. **Much of what makes
rivers different is in their weather.**

Much, but not all. Two valleys can have the same rain, and one of them lies on gravel and the other on granite. No
network can see that in the weather. For that there are **static attributes**: numbers of a basin that do not change
from day to day, from maps and soil surveys.

## What the weather does not tell

CAMELS has dozens of them, and 27 are used in most papers. Take eight, of climate, shape, plants and ground:
"""

# %%
FEW = ("aridity", "frac_snow", "p_seasonality", "area_gages2", "slope_mean", "frac_forest", "soil_conductivity",
       "geol_permeability")

rows = {name: basins[name] for name in FEW}
pd.DataFrame({
    "lowest": {name: float(values.min()) for name, values in rows.items()},
    "median": {name: float(values.median()) for name, values in rows.items()},
    "highest": {name: float(values.max()) for name, values in rows.items()},
    "unit": {name: values.attrs["units"] for name, values in rows.items()},
    "what": {name: values.attrs.get("long_name", "") for name, values in rows.items()},
}).round(2)

# %% [markdown]
r"""
The way to show them to an LSTM is almost too simple: put them beside the forcings, **the same numbers on every day**.
The network is free to use them in every gate.

Look at the table again. The area goes into the thousands, a forest fraction ends at 1. Bring them to the same size
first: subtract the mean, divide by the standard deviation. Over which basins? Over those that you **train** on. You
will soon hold basins back, and a scale that has seen them is a leak, small but real.

- `forcing` is (basin, time, forcing), `attributes` is (basin, attribute), `training` is (basin,) with True for the
  training basins.
- Return (basin, time, forcing + attribute): forcings first.
- An attribute that is the same in all training basins has the spread 0. Divide by 1 there.
"""

# %% solution="attach_attributes"
def attach_attributes(forcing, attributes, training):
    """Forcings with the standardised attributes of their basin on every day, (basin, time, forcing + attribute)."""
    ### BEGIN SOLUTION
    seen = attributes[training]
    spread = seen.std(axis=0)
    static = (attributes - seen.mean(axis=0)) / np.where(spread > 0, spread, 1)
    every_day = np.repeat(static[:, None, :], forcing.shape[1], axis=1)
    return np.concatenate([forcing, every_day], axis=-1)
    ### END SOLUTION

# %% tests="attach_attributes" points=2
check("attach_attributes", attach_attributes)

# %%
rain = basins[["prcp"]].to_dataarray("forcing").transpose("basin", "time", "forcing").values[:, :5]
static = basins[list(FEW)].to_dataarray("attribute").transpose("basin", "attribute").values
print("one basin, five days: rain [mm/day], then eight attributes")
print(attach_attributes(rain, static, np.ones(len(static), bool))[0].round(2))

# %% [markdown]
r"""
`regional_lstm` does the same inside, and keeps the scale in the model's own file, so that it can never be used with
another.
"""

# %%
regional = regional_lstm(32, attributes=FEW)
train(regional, basins, **RECIPE)
with_attributes = predict(regional, basins, "test")

# %%
reference = load_reference("simulated" if basins.attrs["source"].startswith("simulated") else "camels")
long_trained = predict(reference, basins, "test")

table["with attributes"] = by_basin(nse, observed, with_attributes.sel(basin=some.basin)).to_series()
table["reference"] = by_basin(nse, observed, long_trained.sel(basin=some.basin)).to_series()
table.loc["median"] = table.drop("median").median()
print(table.round(2).to_string())

everywhere = {"without attributes": without, "with attributes": with_attributes, "reference": long_trained}
print("\nmedian NSE over all basins:", {name: round(float(score(p)), 3) for name, p in everywhere.items()})
skill_cdf({name: by_basin(nse, observed, p) for name, p in everywhere.items()})

# %% [markdown]
r"""
Read such a figure from right to left. At a height of 0.5 you find the median, the number in the papers. At the foot,
on the left, are the rivers in which the model fails, and those are the interesting ones. The reference is nothing
else than your regional model with more memory cells, all 27 attributes and many more updates. It comes with the kit,
so that you can see what patience brings. Is it much?

Now back to your guess. The winner has never been told to care about *your* river. It has seen more floods than your
river will have in a century, in other places, and it has learnt what floods have in common.

**Try it.** Where do attributes help? The map shows the gain, NSE with attributes less NSE without. Compare it with one
attribute after the other (*Against*) and write down the strongest rank correlation that you find. How many did you try?
Then colour by `reference` and keep the worst quarter (*Keep up to* 25 %): what do these rivers share?
"""

# %% demo="where"
gain = by_basin(nse, observed, with_attributes) - by_basin(nse, observed, without)
scores = {"gain": gain, "reference": by_basin(nse, observed, long_trained)}
where = BasinMapExplorer(basins, scores, state="across=aridity")
where

# %% [markdown]
r"""
Be slow to explain the gain. With 32 rivers, one attribute in twenty reaches a rank correlation of 0.35 by luck alone,
and there are almost thirty to try. Who looks long enough always finds a reason. The worst quarter is safer ground. On
the simulated basins all eight have an aridity above 1, and little more than half of all rivers have. (`where.selected`
are the ids that you have kept or picked, `where.selection()` is their data set, to look at or to train on.)

## Who rules the loss?

You wrote `nse_loss` in lesson 04, and there it seemed fussy to divide by the spread of the river when there was only
one. Here is what it is for. Suppose a model had the same NSE in every river. How much of the plain squared error
would come from each?
"""

# %%
share = (variance / variance.sum()).sortby(variance, ascending=False)
weighted = (variance / (variance**0.5 + 0.1) ** 2).sortby(variance, ascending=False)
weighted = weighted / weighted.sum()

picture = Picture(8, 3.2, alt="Share of each river in the loss: a few wet rivers make up most of the squared error, "
                  "while divided by their spread all rivers have about the same share.")
left, right = picture.subplots(1, 2, sharey=True)
for ax, values, title in ((left, share, "squared error"), (right, weighted, "divided by the river's spread")):
    ax.bar(np.arange(values.size), 100 * values, width=0.9)
    ax.set(title=title, xlabel="rivers, the most variable first")
left.set_ylabel("share of the loss [%]")
picture

# %%
quarter = share.size // 4
print(f"the {quarter} most variable rivers make up {float(share[:quarter].sum()):.0%} of the squared error, "
      f"and {float(weighted[:quarter].sum()):.0%} of the loss that is divided by the spread")

# %% [markdown]
r"""
With plain squared errors you train a model for a few wet rivers and hope for the rest. With each error divided by its
river's spread (plus 0.1 mm/day, so that a creek that hardly moves does not count for more than all others) every
river has about the same say. It is the NSE turned round into a loss (Kratzert et al. 2019,
doi:10.5194/hess-23-5089-2019), and `train` uses it.

## A gate that knows the basin

Attributes beside the forcings work well, but they are hard to look into: they disappear in the same sums as the rain.
The same paper has an LSTM with a door of its own for them, the **entity-aware LSTM** (EA-LSTM; an entity is whatever
you have many of, here a basin).

You know the input gate from lesson 04: it says how much of the new is let into each memory cell. In an ordinary LSTM
it opens and closes with the weather. In an EA-LSTM it depends on the static attributes *only*:

$$i = \sigma(W x_s + b)$$

with the basin's attributes $x_s$ in standard units, and the logistic function $\sigma(z) = 1 / (1 + e^{-z})$.
Computed once for each basin, it never moves again. A snowy basin opens the cells that hold snow, a desert keeps them
shut. All basins share one network, and each uses its own part of it.

Write the gate for many basins at once: `attributes` is (basin, attribute), `kernel` is (attribute, unit), `bias` is
(unit,).
"""

# %% solution="entity_gate"
def entity_gate(attributes, kernel, bias):
    """The input gate of an EA-LSTM, (basin, unit), each number between 0 (shut) and 1 (open)."""
    ### BEGIN SOLUTION
    return 1 / (1 + np.exp(-(attributes @ kernel + bias)))
    ### END SOLUTION

# %% tests="entity_gate" points=1
check("entity_gate", entity_gate)

# %% [markdown]
r"""
Train an EA-LSTM for a moment. Each update takes several times as long as before, because nobody has written a fast
kernel for this gate. So be content with few updates: this one is for looking into, not for winning.
"""

# %%
aware = entity_aware_lstm(16, attributes=FEW)
train(aware, basins, updates=60, batch=16, learning_rate=2e-2)

kernel, bias = aware.get_layer("gate").get_weights()
units = scaler_of(aware).transform(basins)[list(FEW)].to_dataarray("attribute").transpose("basin", "attribute").values
gates = entity_gate(units, kernel, bias)  # yours, with the weights that were learnt
print(f"gates of {len(gates)} basins, {gates.shape[1]} cells each, from {gates.min():.2f} to {gates.max():.2f}")

# %% demo="relations"
snowy = int(basins.frac_snow.argmax("basin"))
distance = np.sqrt(((gates - gates[snowy]) ** 2).sum(axis=1))
order = np.argsort(distance)
columns = ["frac_snow", "aridity", "slope_mean", "frac_forest"]
near = basins[columns].isel(basin=order).to_dataframe()[columns].assign(**{"distance of gates": distance[order]})
print("the snowiest basin, its three nearest and its three furthest relations:")
near.iloc[[0, 1, 2, 3, -3, -2, -1]].round(2)

# %% [markdown]
r"""
Nobody told the network that snow matters. It was asked for discharge, and in order to answer it had to sort the
basins. Which attribute do the nearest relations share? Change `snowy` to the driest basin
(`int(basins.aridity.argmax("basin"))`) and look again: has it learnt to sort those, too?

## A river without a gauge

So far every river was seen in training, only in other years. But most rivers of the world have no gauge at all, and
those are the ones for which a model would be worth most. To know how good it would be *there*, hold back whole
basins: train on some, test on others. (Hydrologists call it prediction in ungauged basins.)

Split the basins into folds. With four folds you can train four times, each time without one of them, and every basin
is a stranger once.

Training samples are windows, thousands of them, each from one basin. `basins` is the gauge id of each window. Return
the fold of each window: sort the ids, and the k-th basin goes to fold `k % folds`, **with all its windows**.
"""

# %% solution="basin_folds"
def basin_folds(basins, folds):
    """The fold, 0 to folds - 1, of every window; `basins` (window,) holds the gauge id of each."""
    ### BEGIN SOLUTION
    _, k = np.unique(basins, return_inverse=True)
    return k % folds
    ### END SOLUTION

# %% tests="basin_folds" points=2
check("basin_folds", basin_folds)

# %% [markdown]
r"""
Hold one fold back, and train three networks on the rest: one that is blind, one with your eight attributes, and one
with all 27.

**Guess first**: which of the three does best on strangers? Write it down.
"""

# %% demo="strangers"
fold = basin_folds(basins.basin.values, 4)
known, strangers = basins.isel(basin=fold != 0), basins.isel(basin=fold == 0)

candidates = {"no attributes": lstm(32), f"{len(FEW)} attributes": regional_lstm(32, attributes=FEW),
              f"{len(ATTRIBUTES)} attributes": regional_lstm(32, attributes=ATTRIBUTES)}
results = {}
for name, model in candidates.items():
    train(model, known, **RECIPE)
    results[name] = {"rivers it knows": score(predict(model, known, "test")),
                     "strangers": score(predict(model, strangers, "test"))}
print(f"median NSE, {known.sizes['basin']} rivers to learn from, {strangers.sizes['basin']} strangers")
pd.DataFrame(results).T.round(2)

# %% [markdown]
r"""
This is a wall, and it is worth running into. On rivers that they know, attributes help or do no harm. On strangers
the network with all of them falls apart. **Why?** Count before you read on: how many training basins are there, and
how many attributes?

With as many numbers as basins, attributes are a *fingerprint*. The network need not learn what steep slopes do. It is
enough to recognise each basin and to know it by heart. A stranger has a fingerprint that it has never seen, and the
network believes it anyway. You have met this before, in every course on regression: more columns than rows. It hides
here, because there are a hundred thousand days; but for an attribute the number of samples is the number of *basins*.

Three ways out, in the order in which to try them:

1. **More basins.** With hundreds of them a fingerprint is no use any more, and the network has to learn what
   attributes mean.
2. **Fewer attributes**, chosen for a reason that you can name.
3. No attributes. Compare with it always: it is the honest opponent of this experiment.

The papers took the first way. With hundreds of basins to learn from, and 27 attributes, an LSTM predicts rivers that
it has never seen better, in the median, than a conceptual model that was calibrated *on* them (Kratzert et al. 2019,
doi:10.1029/2019WR026065). If you work on real basins, the scores of that paper stand beside yours here:
"""

# %%
if basins.attrs["source"].startswith("simulated"):
    print("Nobody has published a score on simulated basins. On real ones, open_basins('camels'), a table stands here.")
elif "DLA_DATA" not in os.environ:
    print("The published scores were not found: set DLA_DATA to the folder that holds published_scores/.")
else:
    from dla_widgets.streamflow.published import published_scores

    yours = by_basin(nse, observed, with_attributes).to_series().rename("yours, with attributes")
    both = published_scores().join(yours, how="inner").dropna()
    print(f"median NSE over the {len(both)} basins that all have a score for:")
    print(both.median().round(3).to_string())

# %% [markdown] advisor
r"""
**The wall.** Most learners have bet on "all attributes". Let them find the reason themselves: ask how many
*different* rows the attribute table has. Then let them swap the fingerprints of known basins, `known.assign({a:
known[a].roll(basin=1) for a in ATTRIBUTES})`, and predict with each of the three networks: the blind one does not
notice, the others break.

**How to see it in the wild**: skill on known basins rises with each attribute that is added, skill on strangers
falls. Without a split by basin nobody would notice, because the usual split by time shows only the first half.

**Live demo**: change `FEW` to three attributes, then to twenty, and draw both columns against their number. On
simulated basins you can also ask for more of them, `from dla_widgets.streamflow.simulated import simulated_basins;
simulated_basins(120)`: its first 32 are the same as before, so the strangers stay strangers. Give the network with
all attributes twice the updates, and see how the second column changes.

**Numbers wander.** Eight strangers are few, and one odd river moves a median. Rotate the fold before anyone draws a
conclusion from 0.05.
"""

# %% [markdown]
r"""
## How sure are you?

A single number for tomorrow's discharge hides something: whether the model would bet on it. Instead of one number,
ask for **quantiles**. The 0.95 quantile is a discharge so high that the model expects to stay below it on 19 days of
20.

To learn a quantile you need another loss. The *pinball loss* charges different prices for the two sides. For the
level $\tau$ (0.95, say), with $u$ = observed - predicted:

$$L_\tau = \max(\tau\, u,\ (\tau - 1)\, u)$$

To lie 1 mm/day under the observation costs 0.95, to lie 1 mm/day over it costs 0.05. Where will a network go that
pays these prices? Upwards, until it is undercut on one day of twenty only.

`observed` is (time,) with gaps, `predicted` is (time, level), `levels` is (level,). Return the mean loss of each
level, (level,).
"""

# %% solution="pinball_loss"
def pinball_loss(observed, predicted, levels):
    """Mean quantile loss of each level [mm/day], (level,), over the measured days."""
    ### BEGIN SOLUTION
    measured = np.isfinite(observed)
    under = observed[measured, None] - predicted[measured]
    return np.maximum(levels * under, (levels - 1) * under).mean(axis=0)
    ### END SOLUTION

# %% tests="pinball_loss" points=2
check("pinball_loss", pinball_loss)

# %%
sure = quantile_lstm(32, attributes=FEW)  # gives the quantiles 0.05, 0.25, 0.5, 0.75 and 0.95
train(sure, basins, **RECIPE)
ranges = predict(sure, basins, "test")
levels = ranges["quantile"].values

some_river = int(basins.frac_snow.argmax("basin"))
loss = pinball_loss(observed[some_river].values, ranges[some_river].values, levels)
print("pinball loss [mm/day]:", {float(level): round(float(value), 3) for level, value in zip(levels, loss)})

# %%
wettest = str(observed[some_river].resample(time="YS").mean().idxmax("time").dt.year.values)
lines = ranges[some_river]
hydrograph(observed[some_river], {"median": lines.sel(quantile=0.5, drop=True)}, period=wettest,
           band=(lines.sel(quantile=0.05, drop=True), lines.sel(quantile=0.95, drop=True)))

# %% [markdown]
r"""
The band should be wide where the model is unsure and narrow where it is not. Where is that in your picture: on the
rise, at the peak, in the long fall?

A wide band is easy: say "between nothing and everything" and you are never wrong. An honest one keeps its promise. If
the model says 0.95, then 95 % of the observations should lie at or below it: not fewer, **and not more**. Count them,
for each level, over the measured days.
"""

# %% solution="coverage"
def coverage(observed, predicted):
    """The share of the measured days at or below each predicted quantile, (level,); `predicted` is (time, level)."""
    ### BEGIN SOLUTION
    measured = np.isfinite(observed)
    return (observed[measured, None] <= predicted[measured]).mean(axis=0)
    ### END SOLUTION

# %% tests="coverage" points=1
check("coverage", coverage)

# %%
shares = np.array([coverage(o, p) for o, p in zip(observed.values, ranges.values)])
pooled = coverage(observed.values.ravel(), ranges.values.reshape(-1, levels.size))
calibration(levels, {"all rivers together": pooled, "one river": shares[some_river]})

# %%
inside = shares[:, -1] - shares[:, 0]
print("between the 0.05 and the 0.95 quantile should lie 90 % of the days")
print(f"all rivers together: {pooled[-1] - pooled[0]:.0%}; "
      f"river by river: {np.nanmin(inside):.0%} to {np.nanmax(inside):.0%}")

# %% [markdown]
r"""
All rivers together the line is close to the diagonal, and it would be easy to stop here and call the model
calibrated. River by river it is another story: too sure of itself in some, too modest in others, and the errors
cancel. It is the same trap as the pooled NSE at the beginning. **Whatever you promise to one river, check on that
river.**

## What goes wrong, and how to see it

| what you see | what it often is |
|---|---|
| a good score over all days, a bad one in nearly every river | a pooled score: take it river by river |
| a mean over basins far below the median | a few rivers far below 0: they are dry, or small, or regulated |
| the loss is low, but dry rivers are bad | plain squared errors: divide each by its river's spread |
| "has no usable frac_snow" | the model was built for an attribute that these basins do not have |
| superb on known basins, absurd on strangers | a fingerprint: too many attributes for too few basins |
| superb on strangers | windows of one river on both sides of the split: split the basins |
| NaN after a few updates | a missing forcing or attribute, or a learning rate that is too high |
| the band covers all days | it is too wide: above the diagonal at the top, below it at the bottom |
"""

# %% [markdown] answer="stranger" points=3
r"""
**In your own words.** A water authority has 40 gauged basins in the mountains and 60 attributes of each. It asks you
for a model for a valley without a gauge, and for a number that says how far the model can be trusted there. Describe
in five to eight sentences which model you would train, how you would test it, what you would compare it with, and
what you would tell the authority that your test cannot show.

### BEGIN SOLUTION
One LSTM for all 40 basins, with a handful of attributes that have a physical reason for this landscape, because 60
attributes of 40 basins are fingerprints. I test by basin: leave out a group of basins, train on the others, and
rotate until each has been a stranger once; scaling and choice of attributes are made without the strangers. Score:
NSE of each stranger on years that were not trained on either, median and the worst few. Opponents: the same network
without attributes, and what the authority would do otherwise, such as a conceptual model with the parameters of the
most similar gauged neighbour. If I give ranges, I check their coverage river by river. What the test cannot show:
that the valley is like one of the 40. If it has a glacier, a dam or karst and none of them has, no split of these
basins says anything about it; nor does it about a climate that none of the training years had.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, one point each.**

1. The split is by basin, with nothing of the strangers in training, scaling or the choice of attributes; and more
   than one basin is held back. ("I would test on the last years" gets nothing here.)
2. The number of attributes is related to the number of basins, or an opponent without attributes is named; *and*
   there is an opponent at all.
3. One honest limit of the test: the valley may be unlike all 40, regulated, glaciated, another climate. "More data
   would be better" is not a limit of the test.

**Questions for the end.** What did the local model have that the regional one has not? (Nothing but peace and quiet.)
When would you still train on one basin? (When you must not share the data; when the river is unlike all others, and
then a conceptual model is the better bet.) Who remembers the guess on the board?
"""

# %% [markdown]
r"""
## Take away

- One network for many rivers learns more floods than any river has. Train on one basin only if you must.
- Score river by river, report the median, look at the worst.
- For an attribute, the number of samples is the number of basins. Test on strangers, always against a model without
  attributes.
- A model that says how sure it is can be checked. Check it on each river.

In lesson 06 you put it all together, for a competition.
"""
