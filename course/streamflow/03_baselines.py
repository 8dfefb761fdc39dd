# ---
# jupyter:
#   dla:
#     title: Baselines
#     objectives:
#       - Name the opponent that fits a task, build it, and say by how much a forecast beats it
#       - Write a climatology, lagged rain and an antecedent index, and fit a regression on them
#       - Split and scale a record so that no test day helps a model
#       - Measure on your own river how much each kind of leakage flatters a score
#     minutes: 90
#     seconds: 10
#     prerequisites:
#       - "Lesson 01: gaps are NaN, water years"
#       - "Lesson 02: NSE"
# ---

# %% [markdown]
r"""
## "Our network reaches 0.6"

Is that good? You cannot know. On one river the calendar alone comes close to it. On another nobody has ever reached
it. A score becomes a result only beside an **opponent**: the best that somebody could have done without your network,
on the same days of the same river.

A weak opponent flatters, and so does a test that has leaked into the training. This lesson builds three opponents,
from one that knows only the date to a hydrologist's model, and meets a fourth that plays another game. Then it cheats
in five ways *on purpose*, to see what each of them is worth.

**Write down a guess first.** Two rivers: one lives on snow, the other hardly sees any. The weather of every day is
known. What NSE must a network reach on each of them before you are impressed?
"""

# %% [markdown] advisor
r"""
**Session plan (90 minutes).** Guesses on the board (5). Periods and climatology in pairs (25). Persistence together,
as the live demo (10). Rain, memory and scaling in pairs (25). The hydrologist's model and the table together (10).
Leakage: guess the order on paper first, then run (15). The written answer is homework.

**Where they hit the wall:** their regression, with its dozens of columns, hardly beats the calendar on the snowy
river, if at all. Let them try to repair it for five minutes (more lags, more indices; nothing helps much). The reason
is worth the time: what snow does is a *product* of how much lies there and how warm it is, and a sum of columns
cannot say "only if it is warm". GR4J can, in one line, and so can a network.

**Keep the guesses.** They come back at the end of lesson 04.
"""

# %%
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from dla_widgets import HydrographExplorer, check, hint
from dla_widgets.panels.picture import Picture
from dla_widgets.streamflow.baselines import Conceptual, Persistence
from dla_widgets.streamflow.basins import INPUTS, PERIODS, open_basins
from dla_widgets.streamflow.figures import hydrograph, score_bars
from dla_widgets.streamflow.skill import nse

# %%
basins = open_basins()

measured = [basins.discharge.sel(time=period).notnull().mean("time") for period in PERIODS.values()]
usable = (measured[0] > 0.8) & (measured[1] > 0.8)
most_snow = int(basins.frac_snow.where(usable).argmax("basin"))
least_snow = int(basins.frac_snow.where(usable).argmin("basin"))
two = basins.isel(basin=[most_snow, least_snow])
rivers = {"snowy": two.isel(basin=0), "rainy": two.isel(basin=1)}

for name, river in rivers.items():
    print(f"{name}: {river.basin.values}, {float(river.frac_snow):.0%} of the precipitation is snow, "
          f"mean discharge {float(river.discharge.mean()):.2f} mm/day")

# %% [markdown]
r"""
## Two periods with a wall between them

Everybody in this project learns from the **training period** and is scored in the **test period**: the water years
2000 to 2008 and 1990 to 1999. (The test comes *first*. That is the custom of the papers that we compare with, and
nothing forbids it: we reconstruct discharge from known weather, we do not predict the future.)

Two things are easily got wrong.

- **Share no day.** A day in both periods is a question whose answer was on the board.
- **Warm up.** A model with memory starts with empty stores, or with arbitrary ones. The first year of each period is
run but not counted. *For all models alike*, those without a memory too: a contest needs the same days for everyone.

**Write** `split_periods`. It returns two masks over `time`, the days to fit on and the days to score. Periods are
pairs of dates, both included, as everywhere in xarray.
"""

# %% solution="split_periods"
def split_periods(time, train, test, warmup):
    """Masks (time,) of the days to fit on and of the days to score.

    time : (time,) dates, numpy datetime64
    train, test : ("1999-10-01", "2008-09-30"), first and last day, both included
    warmup : the first so many days of each period are left out
    Raises a ValueError if the periods share a day.
    """
    ### BEGIN SOLUTION
    (a, b), (c, d) = [[np.datetime64(day) for day in period] for period in (train, test)]
    if a <= d and c <= b:
        raise ValueError(f"train {train} and test {test} share days")
    fit = (time >= a + warmup) & (time <= b)
    scored = (time >= c + warmup) & (time <= d)
    return fit, scored
    ### END SOLUTION

# %% tests="split_periods" points=2
check("split_periods", split_periods)

# %%
time, day_of_year = basins.time.values, basins.time.dt.dayofyear.values
train, test = [(period.start, period.stop) for period in (PERIODS["train"], PERIODS["test"])]
fit, scored = split_periods(time, train, test, warmup=365)

for name, mask in (("fit on", fit), ("score ", scored)):
    print(f"{name}: {mask.sum()} days, {str(time[mask][0])[:10]} to {str(time[mask][-1])[:10]}")

forecasts = {name: {} for name in rivers}  # river -> model -> (time,) discharge [mm/day]


def score(name, forecast, days=scored):
    """NSE of a forecast (time,) for the river called `name`, on these days."""
    return nse(rivers[name].discharge.values[days], np.asarray(forecast)[days])


# %% [markdown]
r"""
## Opponent 1: the calendar

What does this river usually do on 15 May? Average that date over the training years, and you have a **climatology**.
It knows nothing about this year. It has no weather, no memory and no mathematics.

Nine training years give nine numbers for a date, and one flood among them makes a spike. So take the days around it
as well: all training days whose date lies at most `half_width` days away, *whichever side of new year they are on*.
"""

# %% solution="climatology"
def climatology(discharge, day_of_year, fit, half_width):
    """The usual discharge of each day's date [mm/day], (time,).

    discharge : (time,) [mm/day], NaN in the gaps
    day_of_year : (time,) 1 to 366; days 366 and 1 are neighbours
    fit : (time,) mask of the days that may be looked at
    half_width : the mean takes in dates up to so many days away, both sides
    """
    ### BEGIN SOLUTION
    forecast = np.full(discharge.size, np.nan)
    for day in np.unique(day_of_year):
        apart = np.abs(day_of_year - day)
        apart = np.minimum(apart, 366 - apart)
        forecast[day_of_year == day] = np.nanmean(discharge[fit & (apart <= half_width)])
    return forecast
    ### END SOLUTION

# %% tests="climatology" points=2
check("climatology", climatology)

# %% [markdown]
r"""
How wide should the window be? The tempting way is to try some and keep the one that scores best in the *test* period.
Then the test would have chosen, and the score would no longer be one of a model that never saw it.

So cut the training period once more. Fit on its first years, judge on its last ones: a **validation period**. The
test stays locked until everything is decided.
"""

# %%
early = fit & (time < np.datetime64("2006-10-01"))
late = fit & ~early
widths = [0, 3, 7, 15, 30, 60, 120]
validation = pd.DataFrame({name: [score(name, climatology(river.discharge.values, day_of_year, early, width), late)
                                  for width in widths] for name, river in rivers.items()}, index=widths)
validation.index.name = "half_width [days]"
validation.round(3)

# %%
half_width = int(validation.mean(axis=1).idxmax())
for name, river in rivers.items():
    forecasts[name]["climatology"] = climatology(river.discharge.values, day_of_year, fit, half_width)
    print(f"{name}: climatology with half_width {half_width}, "
          f"NSE {score(name, forecasts[name]['climatology']):.2f} in the test period")

# %% [markdown]
r"""
**Try it.** Here are both rivers in the test period, with your climatology and, from lesson 02, the forecast *as
yesterday*. Show one year, then another, then all ten (*Days shown*), and watch the three bars of what NSE lost. Which
bar does the climatology have in single years but not over ten? And which is the only one that *as yesterday* has?
"""

# %% demo="calendar"
calendar = two.discharge.copy(data=np.array([forecasts[name]["climatology"] for name in rivers]))
yesterday = Persistence(1).fit(two.sel(time=PERIODS["train"])).predict(two)
HydrographExplorer(two.sel(time=PERIODS["test"]), {"climatology": calendar, "as yesterday": yesterday})

# %% [markdown]
r"""
A climatology has the right volume over ten years, for it is a mean. In a single year it has not: it cannot tell a wet
year from a dry one. *As yesterday* is the river itself, a day late. Its volume and its variability are right, and all
that it loses is timing.

Where snow rules, the calendar is a serious opponent: the melt comes every spring. A network that is proud of its
score there may have learnt the date and nothing else. On the rainy river the calendar knows next to nothing.

## Persistence plays another game

In lesson 02 you met a strong forecast that was no model: *as yesterday*. Its name is **persistence**. Here it is for
longer leads: the discharge of 1, 2, 3 ... 30 days ago, offered as today's.
"""

# %% demo="persistence"
leads = [1, 2, 3, 5, 7, 10, 15, 20, 30]
skill = {name: [] for name in rivers}
for lead in leads:
    held = Persistence(lead).fit(two.sel(time=PERIODS["train"])).predict(two)
    for k, name in enumerate(rivers):
        skill[name].append(score(name, held.isel(basin=k).values))

picture = Picture(7, 3.6, alt="NSE of persistence by lead time. " + " ".join(
    f"{name}: {values[0]:.2f} for 1 day, {values[-1]:.2f} for {leads[-1]} days." for name, values in skill.items()))
ax = picture.subplots()
for (name, values), colour in zip(skill.items(), ("#0072B2", "#D55E00")):
    ax.plot(leads, values, "o-", ms=4, color=colour, label=f"{name}, persistence")
    ax.axhline(score(name, forecasts[name]["climatology"]), color=colour, ls="--", lw=1, label=f"{name}, climatology")
ax.set(xlabel="as it was ... days ago", ylabel="NSE [-]", ylim=(-1, 1))
picture.legend(ncols=2, loc="outside upper right")
picture

# %% [markdown]
r"""
**Look for** the lead at which each river's persistence falls below its climatology. Beyond it, the date tells you
more than the last measurement. That is a rough length of the river's own memory.

But persistence *reads the gauge*. It is the right opponent for a flood service that measures this morning and warns
for tomorrow. Our task is another: from weather to discharge, for years without a gauge, for rivers that have none. A
model that sees yesterday's discharge is not better at our task. It is playing another. Whenever you read a high
score, ask first: **did it see the river?**

## Opponent 2: a regression with a memory

Now the weather. A **regression** writes today's discharge as a sum: so many times today's rain, so many times
yesterday's, and so on. For that each day needs one row with the past spread out in columns. Column 0 is today, column
1 is yesterday. Rows stay rows: day 10 remains row 10.
"""

# %% solution="lagged_features"
def lagged_features(series, lags):
    """The series 0, 1, ... lags - 1 days ago as columns (time, lags); NaN where the record had not begun yet."""
    ### BEGIN SOLUTION
    table = np.full((len(series), lags), np.nan)
    for lag in range(lags):
        table[lag:, lag] = series[:len(series) - lag]
    return table
    ### END SOLUTION

# %% tests="lagged_features" points=2
check("lagged_features", lagged_features)

# %% [markdown]
r"""
Ten lags remember ten days. In lesson 01 you saw rivers that look back for months, and a column for each of 200 days
is too many to fit. Hydrologists had a better idea long before computers: let *one number* carry the past.

The **antecedent precipitation index** (API; Kohler and Linsley 1951) is what is left of all earlier rain. Each day a
fixed part of it is kept, and today's rain is added:

$$a_t = k\, a_{t-1} + p_t, \qquad a_{-1} = 0$$

With $k = 0.9$ half is forgotten within a week; with $k = 0.99$ the autumn is still there in spring. Let a missing day
count as dry. (One recurrence, one number that carries the past. Remember its shape: lesson 04 is about nothing else.)
"""

# %% solution="antecedent_rain"
def antecedent_rain(rain, keep):
    """What is left of all rain so far [mm], (time,); the part `keep` of it survives a day."""
    ### BEGIN SOLUTION
    index, left = np.zeros(len(rain)), 0.0
    for day in range(len(rain)):
        left = keep * left + (0.0 if np.isnan(rain[day]) else rain[day])
        index[day] = left
    return index
    ### END SOLUTION

# %% tests="antecedent_rain" points=2
check("antecedent_rain", antecedent_rain)

# %%
def weather_table(river):
    """(time, column): every forcing today and on the 9 days before, and what three memories make of it."""
    columns = []
    for name in INPUTS:
        values = river[name].values.astype("float64")
        columns += [lagged_features(values, 10)]
        columns += [antecedent_rain(values, keep)[:, None] * (1 - keep) for keep in (0.9, 0.97, 0.99)]
    return np.hstack(columns)


tables = {name: weather_table(river) for name, river in rivers.items()}
table = tables["snowy"]
sizes = np.nanstd(table, axis=0)
print(f"{table.shape[0]} days x {table.shape[1]} columns; their spreads reach from {sizes.min():.2g} to "
      f"{sizes.max():.2g}")

# %% [markdown]
r"""
## One scale, from the training days

Millimetres beside pascals: the columns differ in size by a factor of a hundred and more, which says nothing about
their importance. Both a regression with a penalty and a network need them on one scale: **standardised**, less their
mean, over their standard deviation.

Mean and standard deviation of *which days*? Of the training days, and of no others. Measure them on `values[fit]`,
apply them to all rows. A test day must not even have helped to decide what "warm" means.

Two traps are in the data: missing values, and a column that never changes (divide by 1 there).
"""

# %% solution="standardise"
def standardise(values, fit):
    """Columns (time, feature) in standard units, by the mean and standard deviation of the days in the mask `fit`."""
    ### BEGIN SOLUTION
    mean, spread = np.nanmean(values[fit], axis=0), np.nanstd(values[fit], axis=0)
    return (values - mean) / np.where(spread > 0, spread, 1.0)
    ### END SOLUTION

# %% tests="standardise" points=2
check("standardise", standardise)

# %% [markdown]
r"""
Now the regression itself. **Ridge** is least squares with a penalty on large coefficients. It needs one, since
neighbouring lags carry nearly the same news and plain least squares would play them off against each other.
"""

# %%
def regression(river, columns, fit, model=None):
    """Discharge [mm/day], (time,), of a model fitted to the `columns` (time, feature) on the days `fit`."""
    model = model or Ridge(alpha=100.0)
    known = fit & np.isfinite(river.discharge.values) & np.isfinite(columns).all(axis=1)
    model.fit(columns[known], river.discharge.values[known])
    return np.maximum(model.predict(np.nan_to_num(columns)), 0)  # the first nine rows have gaps, and are never scored


for name, river in rivers.items():
    forecasts[name]["regression"] = regression(river, standardise(tables[name], fit), fit)
    only_rain = standardise(lagged_features(river.prcp.values.astype("float64"), 10), fit)
    print(f"{name}: ten days of rain alone {score(name, regression(river, only_rain, fit)):.2f}, "
          f"all weather with its memories {score(name, forecasts[name]['regression']):.2f}, "
          f"climatology {score(name, forecasts[name]['climatology']):.2f}")

# %% [markdown]
r"""
The memory pays. But look at the snowy river: dozens of columns, ten days of five variables, memories of weeks and
months, against a forecast that knows the date and nothing else. Try to make it better if you like: more lags, other
values of `keep`, another `alpha`. (Choose by the *validation* years!) You will not get far. **Why?** Think about what
rain in January does there, and in May, before you read on.

## Opponent 3: the hydrologist's model

A regression *adds*. Snow does not add. Precipitation counts in January only if it is warm; warmth counts in April
only if snow is left. What happens depends on what is **stored**, and no sum of columns can say "if".

Hydrologists have written that down for fifty years as **conceptual models**: a few stores, water that moves between
them by simple laws, and a handful of parameters that are **calibrated**, tried out until the discharge fits. The
kit's is GR4J (Perrin et al. 2003, doi:10.1016/S0022-1694(03)00225-7) behind a snow store: six parameters, and each of
them means something.
"""

# %%
conceptual = Conceptual().fit(two.sel(time=PERIODS["train"]))
simulated = conceptual.predict(two)
for k, name in enumerate(rivers):
    forecasts[name]["conceptual"] = simulated.isel(basin=k).values

found = conceptual.parameters
pd.DataFrame({name: found.isel(basin=k).to_array().values for k, name in enumerate(rivers)},
             index=[f"{p}: {v.attrs['long_name']} [{v.attrs['units']}]" for p, v in found.items()]).round(2)

# %%
snowy = rivers["snowy"]
lines = {model: snowy.discharge.copy(data=values) for model, values in forecasts["snowy"].items()}
hydrograph(snowy.discharge, lines, forcing=snowy.prcp, period=("1994-10-01", "1995-09-30"),
           title=f"One year of the snowy river, {snowy.basin.values}")

# %% [markdown]
r"""
**Look for** what the regression does under the winter's precipitation, and what the river does. Six numbers stand
against dozens, found on the same training days. Structure beats columns: the model *knows* that snow stays where it
is cold. (It also took a community some decades to invent. Keep that in mind for the next lesson, where a network has
to find out the same from nine years of data, without having heard of snow.)

## By how much?

"0.81 against 0.62" hides how much there was to win: from 0.90 to 0.95 *halves* the error. So ask for the part of the
opponent's squared error that is gone:

$$S = 1 - \frac{\sum_t (q^o_t - q^s_t)^2}{\sum_t (q^o_t - q^{opp}_t)^2}$$

NSE is this very score against one opponent, the observed mean. Use the days that all three have.
"""

# %% solution="skill_over"
def skill_over(observed, simulated, opponent):
    """Part of the opponent's squared error that the simulation avoids; 0 is a draw. (time,) arrays with NaN."""
    ### BEGIN SOLUTION
    all_three = np.isfinite(observed) & np.isfinite(simulated) & np.isfinite(opponent)
    o, s, p = observed[all_three], simulated[all_three], opponent[all_three]
    return 1 - ((o - s) ** 2).sum() / ((o - p) ** 2).sum()
    ### END SOLUTION

# %% tests="skill_over" points=2
check("skill_over", skill_over)

# %%
for name, river in rivers.items():
    q = river.discharge.values[scored]
    models = {model: values[scored] for model, values in forecasts[name].items()}
    print(f"\n{name}: part of the squared error that the model on the left avoids, against the one above")
    print(pd.DataFrame({opponent: {model: skill_over(q, models[model], models[opponent]) for model in models}
                        for opponent in models}).round(2).to_string())

# %%
score_bars({f"{name}: {model}": score(name, values) for name in rivers for model, values in forecasts[name].items()},
           title="What a network has to beat")

# %% [markdown]
r"""
That is your yardstick for lesson 04. Compare it with the guess that you wrote down at the beginning.

## Now cheat

**Leakage** is any way in which the answers of the test get into the model. Nobody does it on purpose. It gives no
error message: it gives a *better score*, which is why it survives. Here are five leaks that happen to careful people.
Put them in order on paper, from harmless to outrageous, before you run the cell:

- **A** the scale: mean and spread of the columns measured on training *and* test days
- **B** the calendar: a climatology averaged over all years, the test years included
- **C** the wrong split: instead of two periods, each day is thrown into training or test by a coin. The model is an
honest one that looks for the five most similar days in the training data (*analogues*)
- **D** the wrong split again, and a model that knows **nothing but the date**, as a running number of days: it
repeats the nearest training days
- **E** yesterday's discharge slipped in among the columns of the regression
"""

# %%
river, q = rivers["snowy"], rivers["snowy"].discharge.values
columns, both = standardise(tables["snowy"], fit), fit | scored

coin = np.random.default_rng(0).random(time.size) < fit.sum() / both.sum()
heads, tails = both & coin, both & ~coin
date = np.arange(time.size)[:, None].astype("float64")
gauge = standardise(np.column_stack([tables["snowy"], lagged_features(q.astype("float64"), 2)[:, 1]]), fit)


def nearest():
    return KNeighborsRegressor(5)


leaks = {
    "A scale of all days": (regression(river, columns, fit), scored,
                            regression(river, standardise(tables["snowy"], both), fit), scored),
    "B calendar of all years": (forecasts["snowy"]["climatology"], scored,
                                climatology(q, day_of_year, both, half_width), scored),
    "C analogues, split by coin": (regression(river, columns, fit, nearest()), scored,
                                   regression(river, columns, heads, nearest()), tails),
    "D the date, split by coin": (regression(river, date, fit, nearest()), scored,
                                  regression(river, date, heads, nearest()), tails),
    "E yesterday's discharge": (regression(river, columns, fit), scored, regression(river, gauge, fit), scored),
}
measured_leaks = pd.DataFrame({leak: {"honest": score("snowy", a, on), "leaky": score("snowy", b, at)}
                               for leak, (a, on, b, at) in leaks.items()}).T
measured_leaks["flattered by"] = measured_leaks.leaky - measured_leaks.honest
measured_leaks.round(3)

# %%
picture = Picture(8, 3, alt="Honest and leaky NSE of five leaks. " + " ".join(
    f"{leak}: {row.honest:.2f} becomes {row.leaky:.2f}." for leak, row in measured_leaks.iterrows()))
ax = picture.subplots()
rows = np.arange(len(measured_leaks))
ax.hlines(rows, measured_leaks.honest, measured_leaks.leaky, color="#BBBBBB", lw=3)
ax.plot(measured_leaks.honest, rows, "o", color="#0072B2", label="honest")
ax.plot(measured_leaks.leaky, rows, "D", color="#D55E00", label="leaky")
ax.set_yticks(rows, measured_leaks.index)
ax.invert_yaxis()
ax.set(xlabel="NSE [-]", title=f"The snowy river, {river.basin.values}")
picture.legend(loc="outside upper right", ncols=2)
picture

# %% [markdown]
r"""
Look at D. A model with no rain, no temperature, no physics, which could not say anything about a day outside its
record, gets the score of a serious one. The coin put yesterday and tomorrow of nearly every test day into the
training, and a river resembles its neighbours in time. **Days are not independent: a random split of a time series
tests interpolation.** If you remember one thing from this lesson, take this.

A is as good as nothing here, and people are right to shrug at it, *this* time. Keep the rule all the same: it costs
nothing, and you cannot see from the code alone whether it was harmless. With few training days, or a test decade that
is warmer, it is not.

(Compare also the honest score of C with that of your regression. A model that looks for similar days can say "if".)

Change `rivers["snowy"]` to `rivers["rainy"]` and `"snowy"` to `"rainy"` in the cell of the leaks. Which of them
shrink, and why?
"""

# %% [markdown] answer="leaked" points=3
r"""
**In your own words.** A colleague shows a random forest for a river of your choice. Inputs: rain and temperature of
the last 30 days, the month, and the year. Test: 20 % of the days, drawn at random; NSE 0.94. You have five minutes
and may change one thing.

1. Name two ways in which answers got into this model. 2. Which change do you make, and what do you expect to see? 3.
Is there a task for which this model, as it stands, would be useful?

### BEGIN SOLUTION
1. The neighbours in time of nearly every test day were trained on, and weather of the last 30 days is nearly the same
for neighbouring days, so the forest looks up the neighbours' discharge. The year, with the month, says when in the
record a day lies: a wet spring of one year is stored under that year. 2. Split by periods of whole years and leave
everything else as it is: the score drops, most on slow rivers. Leaving out the year alone is not enough, the rows of
neighbouring days still resemble each other.
3. Filling gaps of a few days in a record: there both neighbours are known, and the random split is the honest test of
it.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, 3 points.** One point for each part. Part 1: half a point for the neighbours in time, half for the
year as a key to the record (overlapping 30-day windows count as the first). Part 2: the point is for a split by
period *and* an expectation with a direction; "cross-validation" alone, without saying that the folds are blocks of
time, gets nothing. Part 3: gap filling, or any task where the days on both sides are known. "None" is wrong: a leak
is a leak only with respect to a task.

**Ask in the discussion:** is it a leak that the modeller has seen the test scores of twenty earlier attempts? (Yes, a
slow one. The competition in lesson 06 has a hidden set for this reason.)

**If somebody's D is not large:** the river is quick. Send them to the snowy one, and ask what the correlation between
today and tomorrow has to do with it.
"""

# %% [markdown]
r"""
## What goes wrong, and how you see it

| what you see | what it was |
|---|---|
| NSE above 0.9 on the first try | look for the river's own discharge among the inputs, then look at the split |
| a model that is better at test than at training | the periods are swapped, or they overlap |
| a regression whose floods come a day early | lags shifted the wrong way: it sees tomorrow's rain |
| a row too few or too many, "shapes do not match" | rows with gaps were dropped from one table and not from the other |
| a climatology that jumps at new year | 31 December and 1 January were not neighbours |
| coefficients in the thousands, alternating in sign | no penalty: neighbouring lags are played off against each other |
| great in the paper, poor in the office | it was tuned on the test; ask how many settings were tried |

## What you take along

- Name the opponent before you train. Where snow rules, begin with the calendar.
- Persistence is for those who have a gauge. Ask of every score: did it see the river?
- Split by time, in whole years; keep a validation period for your own choices; lock the test away.
- What a river does depends on what it has stored. A sum of columns cannot know that.

Next: **04 lstm**, a network with stores of its own.
"""
