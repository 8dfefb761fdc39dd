# ---
# jupyter:
#   dla:
#     title: Skill
#     objectives:
#       - Write NSE, KGE and a volume bias, and say what each of them compares a forecast with
#       - Tell from the parts of a score what is wrong with a hydrograph
#       - Name a fault that a score forgives, and a river where that fault would matter
#       - Say how far a score from ten years of one river can be trusted
#     minutes: 90
#     seconds: 10
#     prerequisites:
#       - "Lesson 01: discharge in mm/day, gaps are NaN"
# ---

# %% [markdown]
r"""
## Which forecast is better?

Sooner or later you will have two models and one question. This lesson is about answering it honestly, before there is
anything that you would like to be true.

Here is a river that rises and falls within days, the quickest of our basins. Two forecasts of it are drawn around its
largest flood of ten years. **Decide before you read on: A or B? Write it on paper, with one reason.** You live beside
the river.
"""

# %%
import numpy as np
import pandas as pd
import xarray as xr

from dla_widgets import SkillExplorer, check, hint
from dla_widgets.panels.picture import Picture
from dla_widgets.streamflow.basins import PERIODS, open_basins
from dla_widgets.streamflow.figures import flow_duration_curves
from dla_widgets.streamflow.skill import scores

# %%
basins = open_basins()
discharge = basins.discharge.astype("float64")
truth = discharge.sel(time=PERIODS["test"])

flashiness = np.abs(truth.diff("time")).sum("time") / truth.sum("time")  # how much it changes from day to day [-]
flashy = truth.isel(basin=flashiness.argmax("basin"))
calm = truth.isel(basin=flashiness.argmin("basin"))

a = flashy.shift(time=1)
b = flashy.rolling(time=7, center=True, min_periods=1).mean()

flood = flashy.idxmax("time").values
around = slice(flood - np.timedelta64(20, "D"), flood + np.timedelta64(20, "D"))
picture = Picture(8, 3.6, alt="Forty days around a flood: A has its shape a day late, B is a low, wide hump.")
ax = picture.subplots()
for name, series, colour in (("observed", flashy, "black"), ("A", a, "#0072B2"), ("B", b, "#D55E00")):
    ax.plot(series.sel(time=around).time, series.sel(time=around), color=colour, label=name)
ax.set(ylabel="discharge [mm/day]", title=f"basin {flashy.basin.values}", ylim=(0, None))
ax.legend()
picture

# %% [markdown] advisor
r"""
**Session plan (90 minutes).** The vote (10): hands up for A and for B, one reason from each side, write the count on
the board and come back to it after NSE. NSE and bias in pairs (25). KGE and the table of faults (25). Damping, low
flows (15): this is the live demo. Chance together (15).

**The vote matters.** Expect a majority for A, because it has the peak. NSE takes B. Let that stand for a minute. Nobody
made a mistake: the score has an opinion about what a river is for, and it is not theirs.
"""

# %% [markdown]
r"""
## The mean is a forecast too

Before you trust a network, beat someone. The laziest forecaster of all says *the same number every day*: the mean of
what was observed. Its errors are the spread of the river itself. A skill score asks how much of that spread you
explained.

The **Nash-Sutcliffe efficiency** (NSE; Nash and Sutcliffe 1970, doi:10.1016/0022-1694(70)90255-6) is the score that
hydrologists have used for half a century:

$$\mathrm{NSE} = 1 - \frac{\sum_t (q^o_t - q^s_t)^2}{\sum_t (q^o_t - \overline{q^o})^2}$$

with observed discharge $q^o$, simulated discharge $q^s$, and the observed mean $\overline{q^o}$. It is 1 for a perfect
forecast and 0 for one that is no better than the mean. There is no lower end.

Your rivers have gaps. Use only the days on which both series have a value.
"""

# %% solution="nse"
def nse(observed, simulated):
    """Nash-Sutcliffe efficiency [-] of two discharge series [mm/day], (time,) arrays with NaN in the gaps."""
    ### BEGIN SOLUTION
    both = np.isfinite(observed) & np.isfinite(simulated)
    o, s = observed[both], simulated[both]
    return 1 - ((o - s) ** 2).sum() / ((o - o.mean()) ** 2).sum()
    ### END SOLUTION

# %% tests="nse" points=2
check("nse", nse)

# %%
mean = xr.full_like(flashy, float(flashy.mean()))
for name, forecast in {"the mean": mean, "A": a, "B": b, "the river itself": flashy}.items():
    height = float(forecast.sel(time=around).max())
    print(f"{name:16s} NSE {nse(flashy.values, forecast.values):6.2f}   height of the flood {height:6.1f} mm/day")

# %% [markdown]
r"""
Compare with what you wrote on paper. A has the height of every flood to the last digit and comes one day late. B does
not have a single peak, and it even looked into the future to be so smooth. NSE squares the errors of each day, and a
sharp flood on the wrong day is punished twice: once where it is missing, once where it should not be. A low, wide hump
is never very wrong.

**And A is not even a model.** It is *yesterday's discharge*: no rain, no soil, no computer. How far does that get you
in other rivers?
"""

# %%
# Your function, on one basin after the other.
yesterday = xr.apply_ufunc(nse, truth, truth.shift(time=1), input_core_dims=[["time"], ["time"]], vectorize=True)

picture = Picture(7, 3.6, alt="NSE of yesterday's discharge as a forecast, against flashiness: high in calm rivers.")
ax = picture.subplots()
ax.scatter(flashiness, yesterday, s=30)
ax.axhline(0, color="#888888", lw=0.8)
for river, name in ((flashy, "the river above"), (calm, "the calmest")):
    ax.annotate(name, (float(flashiness.sel(basin=river.basin)), float(yesterday.sel(basin=river.basin))),
                xytext=(0, 12), textcoords="offset points", ha="center", fontsize=9)
ax.set(xlabel="flashiness: change per day over flow [-]", ylabel="NSE of yesterday's discharge [-]")
ax.margins(0.12)
picture

# %%
print(f"NSE of doing nothing: {float(yesterday.min()):.2f} to {float(yesterday.max()):.2f}, "
      f"median {float(yesterday.median()):.2f}")

# %% [markdown]
r"""
So what is an NSE of 0.7 worth? In a flashy river it is a fine model. In a calm one it may be worse than doing nothing.
**A score says nothing until you know what was easy.** Lesson 03 is about honest opponents; here, remember to ask for
one.

## Is it the right amount of water?

A reservoir does not care on which day the water comes, only how much. Its score is the **percent bias**: the error of
the whole volume in percent of what was observed. Here positive means *too much water*. (Some papers have the sign the
other way round. Always say which.)
"""

# %% solution="percent_bias"
def percent_bias(observed, simulated):
    """Error of the simulated volume in percent of the observed one; positive is too much water."""
    ### BEGIN SOLUTION
    both = np.isfinite(observed) & np.isfinite(simulated)
    return 100 * (simulated[both] - observed[both]).sum() / observed[both].sum()
    ### END SOLUTION

# %% tests="percent_bias" points=1
check("percent_bias", percent_bias)

# %% [markdown]
r"""
## Three questions instead of one

One number cannot say *what* is wrong. In 2009 Hoshin Gupta and colleagues took NSE apart, found three ingredients, and
put them together again in another way (doi:10.1016/j.jhydrol.2009.08.003). With standard deviations $\sigma$ and means
$\mu$:

| part | question | |
|---|---|---|
| $r$ | are the ups and downs in step? | correlation of the two series |
| $\alpha = \sigma_s / \sigma_o$ | are they as large? | below 1: too tame, above 1: too wild |
| $\beta = \mu_s / \mu_o$ | is it as much water? | below 1: too dry, above 1: too wet |

All three are 1 in a perfect simulation. The **Kling-Gupta efficiency** is 1 minus the distance from there:

$$\mathrm{KGE} = 1 - \sqrt{(r - 1)^2 + (\alpha - 1)^2 + (\beta - 1)^2}$$

Return all four in a dictionary: `{"kge": ..., "r": ..., "alpha": ..., "beta": ...}`. The parts are worth more than the
sum.
"""

# %% solution="kge"
def kge(observed, simulated):
    """Kling-Gupta efficiency of 2009 [-] and its parts, as a dictionary with the keys kge, r, alpha, beta."""
    ### BEGIN SOLUTION
    both = np.isfinite(observed) & np.isfinite(simulated)
    o, s = observed[both], simulated[both]
    r = np.corrcoef(o, s)[0, 1]
    alpha = s.std() / o.std()
    beta = s.mean() / o.mean()
    distance = np.sqrt((r - 1) ** 2 + (alpha - 1) ** 2 + (beta - 1) ** 2)
    return {"kge": 1 - distance, "r": r, "alpha": alpha, "beta": beta}
    ### END SOLUTION

# %% tests="kge" points=3
check("kge", kge)

# %% [markdown]
r"""
## What does a score forgive?

Take the true river and spoil it, one fault at a time. Then you know what is wrong, and can see who notices.

**Before you run the cell**, guess for each row: which of the columns will give it away? And which row will NSE like
best?
"""

# %%
def spoil(river, late=0, volume=1.0, damping=0.0):
    """The river `late` days late, with `volume` times its water, its ups and downs smaller by `damping` (0 to 1)."""
    changed = river.shift(time=late) * volume
    return changed.mean() + (1 - damping) * (changed - changed.mean())


faults = {
    "two days late": spoil(flashy, late=2),
    "20 % too much water": spoil(flashy, volume=1.2),
    "ups and downs halved": spoil(flashy, damping=0.5),
    "a tenth of the mean added every day": flashy + 0.1 * float(flashy.mean()),
    "floods cut off": flashy.clip(max=float(flashy.quantile(0.99))),
    "weekly mean (B)": b,
}
table = pd.DataFrame({name: {"NSE": nse(flashy.values, s.values), "bias [%]": percent_bias(flashy.values, s.values),
                             **kge(flashy.values, s.values)} for name, s in faults.items()}).T
table.round(2)

# %% [markdown]
r"""
Read it row by row. Lateness shows in $r$, damped or cut-off floods in $\alpha$, water in $\beta$. Only the 20 % show
twice: with more water every flood grows too, so $\alpha$ rises with $\beta$. (A version of 2012 takes that out,
doi:10.1016/j.jhydrol.2012.01.011.) That is how you read a score: not "0.71", but *in step, too tame, right volume*.

**Try it.** Below, the simulation is the river itself until you spoil it. Can you make a forecast that has an NSE above 0.5, no
bias at all, and would be useless to warn of floods? What did you have to do? Then undo it, and drag single days with the mouse (or
click into the picture and use the arrow keys): how much is *one* flood worth, to NSE and to log NSE?
"""

# %% demo="skill"
SkillExplorer(flashy)

# %% [markdown]
r"""
## NSE loves a coward

Suppose your model is a day late in this river, and you cannot change that. How large should it make its floods? You
could leave them as they are. Or you could multiply every deviation from the mean by a factor, half for instance, and
see what the scores say.
"""

# %%
factors = np.linspace(0.02, 1.5, 75)
tamed = [spoil(flashy, late=1, damping=1 - f) for f in factors]
by_nse = np.array([nse(flashy.values, s.values) for s in tamed])
by_kge = np.array([kge(flashy.values, s.values)["kge"] for s in tamed])

picture = Picture(7, 3.6, alt="NSE and KGE of a forecast that is a day late, against the factor on its ups and downs: "
                  "NSE is best well below 1, KGE at 1.")
ax = picture.subplots()
for name, values in (("NSE", by_nse), ("KGE", by_kge)):
    line, = ax.plot(factors, values, label=name)
    ax.plot(factors[values.argmax()], values.max(), "o", color=line.get_color())
ax.set(xlabel="factor on the ups and downs [-]", ylabel="score [-]")
ax.legend()
picture

# %%
late_only = kge(flashy.values, a.values)
print(f"a day late, floods as they are   : NSE {nse(flashy.values, a.values):.2f}, r {late_only['r']:.2f}")
print(f"a day late, best factor for NSE  : {factors[by_nse.argmax()]:.2f} gives NSE {by_nse.max():.2f}")
print(f"a day late, best factor for KGE  : {factors[by_kge.argmax()]:.2f} gives KGE {by_kge.max():.2f}")

# %% [markdown]
r"""
NSE is best where the factor equals the correlation $r$. That is no accident. Without a bias,

$$\mathrm{NSE} = 2 \alpha r - \alpha^2$$

and the top of that parabola is at $\alpha = r$. **Whoever is not sure when the flood comes, and is paid by NSE, does
best to make it smaller.** A network that is trained on squared errors is paid in the same coin. When you train one in
lesson 04, look at the height of its floods. If they are too low, that is no bug.

KGE does not reward that. Is it the better score, then? It has its own surprise. The mean as a forecast has $r = 0$ by
convention, $\alpha = 0$ and $\beta = 1$:
"""

# %%
print(f"KGE of the observed mean: {1 - np.sqrt((0 - 1) ** 2 + (0 - 1) ** 2 + (1 - 1) ** 2):.2f}")

# %% [markdown]
r"""
So a KGE of 0 is *better* than the mean, and an NSE of 0 is not (Knoben et al. 2019, doi:10.5194/hess-23-4323-2019).
Never compare the one with the other, and never call a model good because its KGE is positive.

## The river in August

Look again at the table of faults. A tenth of the mean added to every day is nearly invisible to NSE. In August, when
the river is down to a trickle, it may be more than the river itself. Whoever takes drinking water from it, or is a
trout, would disagree with NSE.

The remedy is to score the **logarithms**. Then twice too much counts the same in a flood and in a drought. A river that
falls dry has no logarithm, so a little is added to both series first: a hundredth of the mean *observed* flow
(Pushpalatha et al. 2012, doi:10.1016/j.jhydrol.2011.11.055).
"""

# %% solution="log_nse"
def log_nse(observed, simulated):
    """NSE of the logarithms [-], with a hundredth of the observed mean added to both series."""
    ### BEGIN SOLUTION
    small = np.nanmean(observed) / 100
    return nse(np.log(observed + small), np.log(simulated + small))
    ### END SOLUTION

# %% tests="log_nse" points=2
check("log_nse", log_nse)

# %%
wet = faults["a tenth of the mean added every day"]
cut = faults["floods cut off"]
for name, s in {"a tenth of the mean added every day": wet, "floods cut off": cut}.items():
    print(f"{name:36s} NSE {nse(flashy.values, s.values):5.2f}   log-NSE {log_nse(flashy.values, s.values):5.2f}")

# %% [markdown]
r"""
The figure below shows why. A **flow-duration curve** sorts all days from the highest flow to the lowest and forgets
when they were. On the left are the floods, on the right the droughts. One fault sits on the left, the other on the
right, and each score looks at its own end.
"""

# %%
flow_duration_curves({"a tenth of the mean added": wet, "floods cut off": cut, "observed": flashy})

# %% [markdown]
r"""
## One score is not enough

The kit computes the usual ones together. **FHV** is the bias of the highest 2 % of the flow-duration curve and **FLV**
that of the lowest 30 % (Yilmaz et al. 2008, doi:10.1029/2007WR006716); **peak timing** is how many days the floods are
off.

Here are the spoilt rivers and two lazy forecasts. For each column, who wins?
"""

# %%
month_means = discharge.sel(basin=flashy.basin, time=PERIODS["train"]).groupby("time.month").mean()
monthly = month_means.sel(month=flashy.time.dt.month).drop_vars("month")
contest = faults | {"yesterday (A)": a, "monthly means of other years": monthly}
columns = ["nse", "kge", "log_nse", "percent_bias", "fhv", "flv", "peak_timing"]
results = pd.DataFrame({name: scores(flashy, s)[columns] for name, s in contest.items()}).T
results.round(2)

# %%
perfect = pd.Series({"nse": 1, "kge": 1, "log_nse": 1, "percent_bias": 0, "fhv": 0, "flv": 0, "peak_timing": 0})
misses = (results - perfect).abs().round(3)
for column in columns:
    print(f"{column:12s} best: {', '.join(misses.index[misses[column] == misses[column].min()])}")

# %% [markdown]
r"""
Different winners. None of these scores is wrong. Each is an opinion about what matters, with a number attached. So:

- Say **what the forecast is for** before you look at scores, and choose the score then. Afterwards it is shopping.
- Show at least one score for the whole (NSE or KGE), one for the floods, one for the low flows, and the volume.
- Look at the hydrograph. Most faults in the table above are seen by eye in a minute.

This project's leaderboard needs one number and uses NSE, because the published models of these rivers do. You know now
what it forgives.
"""

# %% [markdown] answer="forgives" points=2
r"""
**In your own words.** Name one fault of a hydrograph that NSE hardly notices, and a river or a use of the water where
that fault would matter. Say which score, or which part of one, would have shown it, and point to a number in this
lesson that supports you.

### BEGIN SOLUTION
Low flows that are too high: a tenth of the mean added every day costs NSE next to nothing, because the squares are
ruled by the floods. In a river that a town drinks from in summer the forecast promises water that is not there. log-NSE
shows it (see the two lines above), and so does FLV. (Also right: a small volume bias and a reservoir, shown by beta or
percent bias; damped floods and a flood warning, shown by alpha or FHV.)
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, 2 points.** Half a point each: a fault that NSE really forgives (not lateness in a flashy river: NSE
punishes that hard); a use or a river for which it matters, with the reason; a score or part that shows it; a number
from the notebook. Typical wrong answer: "a shift by a day". Ask them to run the demo with `late = 1` in the flashy
river, then in `calm`: there NSE takes it far more lightly.

**What goes wrong in this lesson.** People mask each series on its own (`nanmean` here, `nanstd` there) and get scores
that no longer fit together: the check names it. Others pass xarray objects to their function and find that it "handles
NaN by itself": it does, but with the mean of days that the errors do not have.

**Live demo.** The cell under "Try it", with the room calling out numbers. Start with damping 0.5 and ask for the NSE
before you run it.
"""

# %% [markdown]
r"""
## How sure are you?

You have ten years of one river. Ten other years would have given another score. How far apart might they be?

You cannot measure the river again. But you can draw, from your ten years, ten years *with replacement*: some come
twice, some not at all. Score that record. Do it a few hundred times, and the scores spread about as much as chance
would spread them. This is the **bootstrap**. Whole years are drawn, not single days, for a reason that you will see.

Write the scoring. `year` says for each day which water year it belongs to; each row of `drawn` lists the years of one
record.
"""

# %% solution="resampled_nse"
def resampled_nse(observed, simulated, year, drawn):
    """NSE of records that are put together from whole years.

    observed, simulated : (time,) discharge [mm/day]
    year : (time,) the water year of each day
    drawn : (draw, n) the years that make up each record, some of them more than once
    Returns (draw,) one NSE for each row of `drawn`
    """
    ### BEGIN SOLUTION
    results = []
    for row in drawn:
        days = np.concatenate([np.flatnonzero(year == y) for y in row])
        results.append(nse(observed[days], simulated[days]))
    return np.array(results)
    ### END SOLUTION

# %% tests="resampled_nse" points=2
check("resampled_nse", resampled_nse)

# %% [markdown]
r"""
The forecast to be judged is a very simple one: each month its mean of *other* years, twelve numbers for each river. Its
score is resampled twice, once by whole years and once by single days, as if each day were a new experiment. The
**width** is that of the range in which nine of ten draws lie.

**Before you run the cell**: ten years, or 3650 days. Which of the two will make you surer of your score, and which is
right?
"""

# %%
def width(draws):
    """Range that holds nine of ten draws."""
    return np.subtract(*np.quantile(draws, [0.95, 0.05]))


def whole_years(observed, year):
    """The years with at least 300 measured days; some records begin late."""
    return [y for y in np.unique(year) if np.isfinite(observed[year == y]).sum() >= 300]


other_years = discharge.sel(time=PERIODS["train"]).groupby("time.month").mean()
monthly_means = other_years.sel(month=truth.time.dt.month).transpose("basin", "time").values
year = (truth.time.dt.year + (truth.time.dt.month >= 10)).values
rng = np.random.default_rng(2)
drawn_days = rng.integers(0, year.size, (200, year.size))

rows = []
for basin, observed, simple in zip(truth.basin.values, truth.values, monthly_means):
    whole = whole_years(observed, year)
    by_years = resampled_nse(observed, simple, year, rng.choice(whole, (200, len(whole))))
    by_days = np.array([nse(observed[days], simple[days]) for days in drawn_days])
    rows.append((basin, nse(observed, simple), width(by_days), width(by_years)))
trust = pd.DataFrame(rows, columns=["basin", "NSE", "by days", "by years"]).set_index("basin")

picture = Picture(5.4, 4, alt="Width of the range of NSE by whole years against that by single days, one dot per "
                  "basin; most lie above the diagonal.")
ax = picture.subplots()
ax.scatter(trust["by days"], trust["by years"], s=30)
ax.axline((0, 0), slope=1, color="#888888", lw=1, ls="--")
ax.set(xlabel="width if days are drawn [NSE]", ylabel="width if years are drawn [NSE]", xlim=(0, None), ylim=(0, None))
picture

# %%
ratio = trust["by years"] / trust["by days"]
wider = str(ratio.idxmax())
print(f"wider by years in {np.mean(ratio > 1):.0%} of the basins, {ratio.median():.1f} times as wide in the median")
print(f"most in {wider}: NSE {trust['NSE'][wider]:.2f}, width {trust['by days'][wider]:.2f} by days, "
      f"{trust['by years'][wider]:.2f} by years")

observed, simple = truth.sel(basin=wider).values, monthly_means[list(truth.basin.values).index(wider)]
alone = [nse(observed[year == y], simple[year == y]) for y in whole_years(observed, year)]
print("its single years, each on its own:", ", ".join(f"{score:.2f}" for score in sorted(alone)))

# %% [markdown]
r"""
Drawing single days makes you too sure. If today is wetter than its month, so is tomorrow: a river *remembers*, and a
wet spring is one piece of news, not ninety. The years are nearly independent of each other. There are only ten of them.

Now read a table of models again, one river and ten years, "0.72 against 0.74". What does it tell you? Two things help.
Compare both models **on the same draws**, for a flood year is hard for both (the kit has `block_bootstrap` and
`bootstrap_difference` for that). And use **many rivers**: that is lesson 05.

## What goes wrong, and how you see it

| what you see | what it was |
|---|---|
| a score of NaN | one missing day; mask both series by the same days |
| NSE changes when you swap the arguments | it should: observed comes first, everywhere in this kit |
| KGE and its parts do not fit together | masked separately, or `std` of NumPy (n) against that of pandas (n - 1) |
| excellent NSE, and every flood too low | $\alpha$ below 1: look at it, it is what squared errors ask for |
| NSE of 0.95 on the first try | compare with yesterday's discharge before you celebrate |
| two papers, two signs of the bias | state yours |
| log-NSE is NaN or minus infinity | a dry day; add a little before the logarithm |

## What you take along

- A score compares with something. Ask: better than what?
- Read the parts: in step, as lively, as wet.
- Choose the score by the use of the water, before you see the numbers.
- Give it an interval. Ten years are ten experiments, not 3650.

Next: **03 baselines**, opponents that deserve to be beaten.
"""
