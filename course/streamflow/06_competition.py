# ---
# jupyter:
#   dla:
#     title: Competition
#     objectives:
#       - Keep years back to choose a model with, and say why the leaderboard is no place to choose
#       - Decide what to tune first, and whether a gain is more than luck
#       - Combine several networks into an ensemble
#       - Write a submission file, check it as the leaderboard does, and read its refusals
#       - Describe a model so that someone else can decide whether to trust it
#     minutes: 120
#     seconds: 82
#     prerequisites:
#       - "Lesson 02: NSE"
#       - "Lesson 03: leakage"
#       - "Lesson 05: regional models"
# ---

# %% [markdown]
r"""
## The rules

From here on you are a team. You get basins with all their weather, all their attributes, and their discharge, except
in one period: there it has been withheld. Predict it, every day of every basin, and hand in **one file**. Teams are
ranked by the median NSE over the basins.

Everything that you are given may be used, and nothing else. There is a benchmark row on the leaderboard, a model that
a sensible person would have used without you. If you end below it, the sensible person was right.

You practise first, on rivers of which you can open the envelope yourself. At the end you enter the competition of your
cohort, whose envelope your advisor keeps.
"""

# %%
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from dla_widgets import BoardExplorer, HyperparameterExplorer, SubmitPanel, check, hint, joined
from dla_widgets.competition import (
    SubmissionError,
    competition_basins,
    practice_truth,
    validate_submission,
    write_submission,
)
from dla_widgets.streamflow.baselines import Conceptual
from dla_widgets.streamflow.basins import CFS_TO_MM_KM2, PERIODS
from dla_widgets.streamflow.figures import hydrograph, score_bars
from dla_widgets.streamflow.models import lstm, predict, regional_lstm, train
from dla_widgets.streamflow.pairs import by_basin
from dla_widgets.streamflow.sequences import ATTRIBUTES
from dla_widgets.streamflow.skill import nse

# %%
basins = competition_basins()

measured = basins.discharge.notnull()
record = basins.indexes["time"]
print(f"{basins.sizes['basin']} basins, {basins.attrs['source']}: {record[0]:%Y-%m-%d} to {record[-1]:%Y-%m-%d}")
print(f"withheld: {basins.attrs['withheld'].replace('/', ' to ')}")
known = measured.sum("time")
print(f"days with discharge, of {record.size}: {int(known.min())} to {int(known.max())} per basin")

# %% [markdown]
r"""
**A word about honour.** These are simulated basins, made on your own computer from a seed. Whoever wants to know the
withheld discharge can have it with one call. That is all right for practice, and only you would be cheated. In a real
competition the truth is on your advisor's server and nowhere else, and your file is scored there.

On real basins, `competition_basins("camels")`, the test period is that of the published papers, and its discharge is
on the internet. The rule is the same: do not look.
"""

# %% [markdown] advisor
r"""
**Session plan.** Two sessions of 60 minutes with a week between them, or one of 120. First: rules, validation, what
to tune (the training cells run while you talk), the 25 entries. Second: ensemble, file, envelope, model card.

**Running it for real.** `autograder competition new streamflow rivers` draws other simulated basins from a secret seed, and
`autograder board serve rivers` shows the board; *A competition* in the advisor's guide has the rest. Five entries a day are
plenty: the section on 25 entries is the reason. Announce the benchmark row *with* its score.

**Teams.** Pairs. Ask each pair to agree on one sentence before they train anything: "we believe that ... will help,
because ...". It makes the model card easy and the discussion afterwards good.
"""

# %% [markdown]
r"""
## Keep some years back

You will try many things. To choose between them you need a score, and there are two places where you could get one:
the leaderboard, and your own training years. Only one of them is yours to wear out.

Keep the last water years of the training period back. (A *water year* begins on 1 October, when in most of the
country the snow is gone and the rivers are low, so that each year has its own snow. It is called by the year in which
it ends: 1 October 2007 belongs to 2008.) Fit on the others, choose on these.

`time` is an array of days, `datetime64`. Return True for the days of the last `years` water years.
"""

# %% solution="validation_split"
def validation_split(time, years):
    """True on the days of the last `years` water years of `time`, (time,)."""
    ### BEGIN SOLUTION
    months = time.astype("datetime64[M]").astype(int)  # since January 1970
    water_year = 1970 + (months + 3) // 12
    return water_year > water_year.max() - years
    ### END SOLUTION

# %% tests="validation_split" points=2
check("validation_split", validation_split)

# %%
days = basins.time.sel(time=PERIODS["train"]).values
held_back = validation_split(days, 2)
fit_days = slice(days[~held_back][0], days[~held_back][-1])
choose_days = slice(days[held_back][0], days[held_back][-1])
for name, period in (("fit on", fit_days), ("choose on", choose_days)):
    print(f"{name:10s}{str(period.start)[:10]} to {str(period.stop)[:10]}")

kept = basins.discharge.sel(time=choose_days)


def scores(prediction):
    """NSE of each basin in the years that were kept back."""
    return by_basin(nse, kept, prediction.sel(time=choose_days))

# %% [markdown]
r"""
## First the opponent

Before anything clever: the benchmark. It is the conceptual model of lesson 03, calibrated on each basin. Its score on
the years that you kept back is the number to beat.
"""

# %%
conceptual = Conceptual().fit(basins.sel(time=fit_days)).predict(basins)
board = {"benchmark (conceptual)": scores(conceptual)}
print(f"benchmark, median NSE in the years kept back: {float(board['benchmark (conceptual)'].median()):.3f}")

# %% [markdown]
r"""
## What to tune first

There are a dozen knobs, and an evening is short. Experience has an order:

1. **What goes in.** Which basins, which years, which forcings, which attributes. A wrong unit or a forgotten
   attribute costs more than any knob can bring back.
2. **How long and how fast it learns.** Updates and learning rate. Too short is the commonest fault of all, because it
   looks like a result.
3. **How large it is.** Twice the memory cells for four times the work; try it when 1 and 2 are settled.
4. **Several of them.** An ensemble nearly always brings something, and it can wait until the end.
5. **Another architecture.** Last, although it is what everybody wants to begin with.

You need not believe this order. Hundreds of trainings of one small LSTM, on two simulated rivers, were run
and stored; the sliders look up the nearest of them, and never make up a number between two.

**Try it.** The grey band is luck: eight seeds of one recipe. Move one slider at a time, *Reset* in between. Which two
sliders of the snow river hardly leave the band? The bars say that the forget-gate bias matters no more than dice.
Move it: can both be right? (Batch and dropout. And yes: the bars look at the whole space, where most settings learn
too little for the memory to matter. Near a good recipe the bias moves NSE from 0.4 to 0.7. On the rain river nothing
is gained beyond 3, so tune on your own river.)
"""

# %% demo="hyperparameters"
HyperparameterExplorer()

# %% [markdown]
r"""
Back to the competition, and to the top of the list: a first round about what goes in. Three networks, the same recipe.
"""

# %%
FEW = ("aridity", "frac_snow", "p_seasonality", "area_gages2", "slope_mean", "frac_forest", "soil_conductivity",
       "geol_permeability")
RECIPE = {"updates": 200, "batch": 32, "learning_rate": 2e-2}


def no_attributes(seed):
    return lstm(32, seed=seed)


def few_attributes(seed):
    return regional_lstm(32, attributes=FEW, seed=seed)


def all_attributes(seed):
    return regional_lstm(32, attributes=ATTRIBUTES, seed=seed)


first_round = {}
for build in (no_attributes, few_attributes, all_attributes):
    model = build(seed=0)
    train(model, basins, fit_days, **RECIPE)
    first_round[build] = predict(model, basins, choose_days)
    board[build.__name__] = scores(first_round[build])

MEDIAN = "median NSE in the years kept back [-]"
score_bars({name: float(values.median()) for name, values in board.items()}, label=MEDIAN)

# %% [markdown]
r"""
The differences are small, and every one of these numbers would be a little different with another seed. Which of them
do you believe? A median hides *how many* rivers got better. So count: in how many basins is one model ahead of the
other?

If only luck decided, a model would win about half of the basins, a few more or a few less. How many is "a few", you
see below.

`mine` and `theirs` are scores of the same basins, (basin,). A basin that is not scored for both took no part; a tie
is half a win.
"""

# %% solution="win_rate"
def win_rate(mine, theirs):
    """The share of basins, scored for both, in which `mine` is higher; a tie is half a win."""
    ### BEGIN SOLUTION
    both = np.isfinite(mine) & np.isfinite(theirs)
    mine, theirs = mine[both], theirs[both]
    return ((mine > theirs) + 0.5 * (mine == theirs)).mean()
    ### END SOLUTION

# %% tests="win_rate" points=1
check("win_rate", win_rate)

# %%
names = list(board)
tosses = np.random.default_rng(0).binomial(basins.sizes["basin"], 0.5, 10_000) / basins.sizes["basin"]
low, high = np.quantile(tosses, [0.05, 0.95])
print(f"nine times in ten, luck alone wins {low:.0%} to {high:.0%} of {basins.sizes['basin']} basins")
pd.DataFrame({b: {a: win_rate(board[a].values, board[b].values) for a in names} for b in names}).round(2)

# %% [markdown]
r"""
Read it as "the model of the row is ahead of the model of the column in this share of basins". Is the best median also
the one that wins most basins?

**Your turn.** Change one thing at a time, in the order of the list, and write down what you expect before you look.
Some ideas: more `updates` (do you see where it stops to help?); the years *before* and *after* the training period,
as far as their discharge was not withheld; a larger `batch`; the log of the rain.

## Twenty-five entries

Why not simply hand in everything and keep what the leaderboard likes best? Here are twenty-five entries. All are the
same forecast of yours, multiplied by a little random noise, a different factor for each basin. No entry knows
anything that the others do not. Suppose the leaderboard scores the first of your two years, and after the competition
somebody uses the winner in the second.
"""

# %%
rng = np.random.default_rng(5)
forecast = first_round[few_attributes]
last_year = validation_split(days, 1)  # yours again
years = {"public": days[held_back & ~last_year], "later": days[last_year]}

entries = {name: [] for name in years}
for _ in range(25):
    factor = xr.DataArray(rng.lognormal(0, 0.15, forecast.sizes["basin"]), dims="basin")
    for name, year in years.items():
        entries[name].append(float(by_basin(nse, kept.sel(time=year), (forecast * factor).sel(time=year)).median()))

public, later = np.array(entries["public"]), np.array(entries["later"])
winner = public.argmax()
print(f"the winner leads the average entry by {public[winner] - public.mean():+.3f} on the leaderboard,")
place = 1 + (later > later[winner]).sum()
print(f"and by {later[winner] - later.mean():+.3f} a year later, where it is number {place} of {later.size}")

# %% [markdown]
r"""
The best of many entries is the best *and the luckiest*, and its luck stays behind. This is why entries per day are
limited, why you choose on your own years, and why your score on the years that you used for choosing is a little too
good as well. The more you try, the more so.

Your cohort's board defends itself as well. It scores some basins in public, and the others decide in the end. And it tells
you a new score only if the entry is better than your best **by more than chance**; otherwise you hear the old one again
(Blum and Hardt 2015, arXiv:1502.04585). Such a board cannot be climbed by noise, for there is nothing to hear.

## Several heads

Two networks with different first weights make different mistakes. Where they disagree, at least one of them is wrong,
and their mean is wrong by less. It is the cheapest gain there is, and every result at the top of every list that you
have seen is an ensemble.

Average the *discharge*, not the scores. `members` is (member, basin, time). A member may have no number for a day;
then take the mean of the others. Where none has one, leave NaN.
"""

# %% solution="ensemble_mean"
def ensemble_mean(members):
    """Mean discharge [mm/day] of the members that have a number, (basin, time); NaN where none has."""
    ### BEGIN SOLUTION
    there = np.isfinite(members)
    count = there.sum(axis=0)
    total = np.where(there, members, 0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
    ### END SOLUTION

# %% tests="ensemble_mean" points=1
check("ensemble_mean", ensemble_mean)

# %%
candidates = list(first_round)
best = max(candidates, key=lambda build: float(board[build.__name__].median()))
print(f"best in the first round: {best.__name__}; two more of it, with other seeds")

members = [first_round[best]]
for seed in (1, 2):
    model = best(seed)
    train(model, basins, fit_days, seed=seed, **RECIPE)
    members.append(predict(model, basins, choose_days))

together = members[0].copy(data=ensemble_mean(np.stack(members)))
bars = {f"seed {seed}": float(scores(member).median()) for seed, member in enumerate(members)}
bars["mean of the three"] = float(scores(together).median())
score_bars(bars, label=MEDIAN, benchmark=float(board["benchmark (conceptual)"].median()))

# %%
ahead = win_rate(scores(together).values, scores(members[0]).values)
print(f"the mean of the three is ahead of seed 0 in {ahead:.0%} of the basins")

# %% [markdown]
r"""
The squared error of a mean is never larger than the mean of the members' squared errors. That is arithmetic, not
luck. Yet the median over basins need not move: it is the score of one or two rivers. Count the basins as well.

Look at the three seeds first. Nothing differs between them but the dice. **The spread of your seeds is the size of a
gain that means nothing.** Whoever reports an improvement smaller than that has reported a seed.

## The entry

Choosing is over. The years that were kept back have done their work, so give them back: train the chosen recipe on
*all* training years, with three seeds, and predict the withheld period.
"""

# %%
def enter(rivers):
    """The chosen recipe on all training years, with three seeds: their mean in the withheld period, and each of them."""
    members = []
    for seed in range(3):
        model = best(seed)
        train(model, rivers, PERIODS["train"], seed=seed, **RECIPE)
        members.append(predict(model, rivers, PERIODS["test"]))
    return members[0].copy(data=ensemble_mean(np.stack(members))), members


final, final_members = enter(basins)
print(f"{final.sizes['basin']} basins, {final.sizes['time']} days")

# %% [markdown]
r"""
The leaderboard wants a table with one row for each basin and day:

```
basin,date,discharge
01022500,1989-10-01,0.4210433
01022500,1989-10-02,0.4105218
```

It is a dull format, and more entries fail on it than on anything else. `discharge` is (basin, time), `basins` are the
gauge ids, `time` is `datetime64`. Return a dictionary with the three columns: all days of the first basin, then all
days of the second. Dates look like `1989-10-01`, ids stay text, and no river runs backwards: lift what is negative to
0.
"""

# %% solution="submission_table"
def submission_table(discharge, basins, time):
    """The columns basin, date and discharge [mm/day] of a submission, basin by basin, as a dictionary."""
    ### BEGIN SOLUTION
    return {
        "basin": np.repeat(basins, len(time)),
        "date": np.tile(np.datetime_as_string(time, unit="D"), len(basins)),
        "discharge": np.maximum(discharge, 0).ravel(),
    }
    ### END SOLUTION

# %% tests="submission_table" points=2
check("submission_table", submission_table)

# %%
table = pd.DataFrame(submission_table(final.values, final.basin.values, final.time.values))
print(f"{len(table)} rows")
table.head(3)

# %% [markdown]
r"""
## Look before you send

A leaderboard uses a file as a whole or not at all. Better that you find the fault than that it does: write the
inspector. Given discharge (basin, time) and the mean discharge that each basin usually has, count four things:

- `missing`: days that are NaN,
- `infinite`: days that are plus or minus infinity,
- `negative`: finite days below 0,
- `unit`: **basins** whose mean over the finite days is more than 10 times their usual mean, or less than a tenth of
  it. Cubic feet per second, inches and metres all show up here.
"""

# %% solution="spot_problems"
def spot_problems(discharge, usual):
    """How many days are missing, infinite and negative, and how many basins seem to be in another unit."""
    ### BEGIN SOLUTION
    there = np.isfinite(discharge)
    mean = np.where(there, discharge, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return {
        "missing": int(np.isnan(discharge).sum()),
        "infinite": int(np.isinf(discharge).sum()),
        "negative": int((there & (discharge < 0)).sum()),
        "unit": int(((mean > 10 * usual) | (mean < usual / 10)).sum()),
    }
    ### END SOLUTION

# %% tests="spot_problems" points=2
check("spot_problems", spot_problems)

# %%
usual = basins.discharge.mean("time").values
area = basins.area.values[:, None]
spoilt = {
    "ours": final.values,
    "in cubic feet per second": final.values / CFS_TO_MM_KM2 * area,
    "in metres per day": final.values / 1000,
    "nothing in the first year": np.where(np.arange(final.sizes["time"]) < 365, np.nan, final.values),
    "0.05 subtracted": final.values - 0.05,
}
pd.DataFrame({name: spot_problems(values, usual) for name, values in spoilt.items()}).T

# %% [markdown]
r"""
Now let the kit look at the same entries, with the very function that the leaderboard uses. Read its refusals once in
peace; you will meet them again at five to midnight.
"""

# %%
def verdict(entry):
    """What the leaderboard says to a table of rows."""
    try:
        validate_submission(entry, basins, name="entry.csv")
    except SubmissionError as error:
        return str(error)
    return "fine"


for name, values in spoilt.items():
    print(f"{name}:\n    {verdict(table.assign(discharge=values.ravel()))}\n")

# %% demo="refusals"
slips = {
    "ids went through a spreadsheet": table.assign(basin=table["basin"].str.replace("^(sim-)?0", "", regex=True)),
    "the last basin was forgotten": table[table["basin"] != table["basin"].iloc[-1]],
    "saved twice into one file": pd.concat([table, table.head(100)]),
    "columns in German": table.rename(columns={"discharge": "Abfluss"}),
}
for name, entry in slips.items():
    print(f"{name}:\n    {verdict(entry)}\n")

# %% [markdown]
r"""
`write_submission` does all of this and the table, too: it cuts the prediction to the days that are asked for, checks
it, and writes the file only if it is right. What it writes is what you hand in.
"""

# %%
path = write_submission(final, Path("submissions") / "my_team.csv", basins)
print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
entry = validate_submission(path, basins)

# %% [markdown]
r"""
## The envelope

Before you open it, **write two numbers on paper**: the score that you expect, and the benchmark's. Your years kept
back are the best estimate you have. Will it be higher or lower than there? (Think of two things. You chose on those
years. And the final models have learnt from more years.)

In practice the envelope is one call. Make it once.
"""

# %%
truth = practice_truth()


def final_score(prediction):
    return by_basin(nse, truth, prediction.sel(time=truth.time))


results = {
    "benchmark (conceptual)": final_score(conceptual),
    "one of our networks": final_score(final_members[0]),
    "our entry": final_score(entry),
}
benchmark = results["benchmark (conceptual)"].values
leaderboard = pd.DataFrame({
    "median NSE": {team: float(values.median()) for team, values in results.items()},
    "basins below 0": {team: int((values < 0).sum()) for team, values in results.items()},
    "ahead of the benchmark": {team: win_rate(values.values, benchmark) for team, values in results.items()},
}).sort_values("median NSE", ascending=False)
print(f"in the years kept back: benchmark {float(board['benchmark (conceptual)'].median()):.3f}, "
      f"our ensemble {float(scores(together).median()):.3f}")
leaderboard.round(3)

# %%
each = results["our entry"]
worst = each.idxmin("basin")
wet_year = str(truth.sel(basin=worst).resample(time="YS").mean().idxmax("time").dt.year.values)
maps = {name: round(float(basins[name].sel(basin=worst)), 2) for name in FEW}
print(f"our worst basin, NSE {float(each.min()):.2f}, and what the maps say of it: {maps}")
hydrograph(truth.sel(basin=worst), {"our entry": entry.sel(basin=worst)}, basins.prcp.sel(basin=worst), period=wet_year)

# %% [markdown]
r"""
Look longer at the worst river than at the best. What is it: dry, small, snowy, quick? Did the benchmark fail there,
too? If so, perhaps the *rain* is wrong, and no model can help. If not, there is something to learn.

## The entry that counts

That was practice: you have opened the envelope, and whatever you change now, you change knowing what was in it. The
competition of your cohort has other rivers. Their withheld discharge is on your advisor's server and nowhere else.

The same recipe, their rivers. (If you are not signed in yet: the panel below takes the address and the token that your
advisor gave you. Then run the cell again.)
"""

# %%
contest, path = joined("streamflow"), None
if contest:
    rivers = competition_basins(contest.inputs() / "basins.nc")
    path = write_submission(enter(rivers)[0], Path("submissions") / f"{contest.name}.csv", rivers)
    print(f"{contest.rules['title']}: {path} is ready, {rivers.sizes['basin']} basins")

# %% [markdown]
r"""
*Check only* looks at the file with the leaderboard's own function and costs nothing; *Hand in* costs one of today's entries, but a
file that is refused costs none. Say what you tried and what you learned: your team reads it now, everybody after the end.
"""

# %%
SubmitPanel(contest, path)

# %% [markdown]
r"""
And the board. Drag the day back to see how it came about. (Without a competition you see a recorded one.) Who climbed in a few
large steps, and who in many small ones? Whom would you trust with a river that nobody has gauged?
"""

# %% demo="board"
BoardExplorer(contest)

# %% [markdown]
r"""
## What goes wrong, and how to see it

| what you see | what it often is |
|---|---|
| far better in the years kept back than in the envelope | chosen too often, or days kept back instead of years |
| the ensemble is worse than each member | one member diverged, or their basins are in a different order |
| the first year of the period is poor | no warm-up: where there are no earlier days, run the first year twice |
| "there is no basin '1022500'" | ids went through a spreadsheet or `int()` and lost their zero |
| "These look like cubic feet per second" | the conversion of lesson 01 was forgotten |
| all scores a little low, none terrible | too few updates: the commonest fault of all |
| the benchmark wins | look at single rivers before you look at knobs |
| the board tells you your old score again | the entry is not better by more than chance: think, do not resend |
"""

# %% [markdown] advisor
r"""
**The envelope** is the moment of the session. Have the expected numbers of all teams on the board first, and ask why
each team expects what it expects.

**What learners learn here**: the difference between years kept back and the envelope can go either way (other years,
other floods), and it is often larger than the differences they tuned for. Ask: how many years would you need to see a
gain of 0.01? (`block_bootstrap`, lesson 02.)

**If a team is below the benchmark**: it is almost always too few updates, or fitting days that are not what they
think. Look at `fit_days` and at the learning curve with them, not at the architecture.

**Live demo**: the refusals. Let a learner break the file in a way that is not in the list, and see whether the
message helps. If it does not, write to whoever maintains the kit.
"""

# %% [markdown] answer="model_card" points=4
r"""
**Model card.** Half a page for somebody who may use your entry and will never meet you. Say what it is and what it
was trained on (basins, years, inputs); how you chose it, and how many things you tried; its score with the opponent's
score and the worst basins beside it; and where it must not be used.

### BEGIN SOLUTION
*What.* Mean of three LSTMs with 32 memory cells and the static attributes named above, daily discharge in mm/day from
precipitation, radiation, temperature and vapour pressure. *Trained on* all basins of the practice competition, water
years 2000 to 2008; scaling from the same years. *Chosen* among three sets of attributes by the median NSE in water
years 2007 and 2008, which were given back for the final training; three networks were tried, so the score in those
years is slightly flattering. *Score* in 1989 to 1999: median NSE as in the table, beside the conceptual model's,
ahead of it in the share of basins given there; the worst basins are listed, they are dry or react within a day. The
spread between seeds is about as large as the differences between the sets of attributes, so it is not shown that this
set is the best. *Not for* rivers without a gauge (never tested by basin), for regulated rivers, for floods larger
than any in the training years, for times steps below a day, nor for another climate. Ranges are not given, so it must
not be used for warnings by itself.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, one point each.**

1. Data and inputs, precise enough to train it again: basins, years, forcings, attributes, ensemble.
2. How it was chosen: on which years, and *how many* things were tried. "We optimised the hyperparameters" gets
   nothing.
3. A score with an opponent beside it and the tail of the distribution (worst basins, or the share below 0), not the
   median alone.
4. At least two concrete limits that follow from how it was trained or tested. "May not generalise" is no limit;
   "never tested on basins that it had not seen" is.
"""

# %% [markdown]
r"""
## Take away

- Choose on years of your own. The leaderboard is for being surprised.
- Inputs, then learning, then size, then ensembles, then architecture.
- The spread of your seeds is the smallest gain that you may believe in.
- Count basins, look at the worst, and name what you beat.
- Check the file yourself, with the leaderboard's own function.

That was the streamflow project. You began with cubic feet, and you end with a model, a score that you can defend, and
a card that says where not to trust it.
"""
