# ---
# jupyter:
#   dla:
#     title: Basins
#     objectives:
#       - Read a gauge's record, with its units and its gaps, and turn it into a depth of water over the basin
#       - Say why a river remembers, and for how long, from its own data
#       - Close the water balance of a basin, and see in one figure which basins cannot be right
#       - Name the attributes that a model may see and those that would give the answer away
#     minutes: 90
#     seconds: 10
#     prerequisites:
#       - "Python: functions and NumPy arrays"
#       - No hydrology
# ---

# %% [markdown]
r"""
## What this project is about

Rain falls on a piece of land. Some of it comes back out through a river, at one place, where somebody has put a gauge.
The land that drains to that gauge is its **basin** (also catchment, or watershed): everything uphill of one point.

Your task in this project is to predict the river from the weather: how much water passes the gauge tomorrow, and on
every day of ten years. A neural network will do the work. But a network learns whatever you hand it, mistakes included,
and it never complains. So this first lesson has no network in it. You look at the rivers, you turn a gauge's record
into numbers that can be trusted, and you check them with a law that no data set may break: water does not vanish.
"""

# %% [markdown] advisor
r"""
**Session plan (90 minutes).** Map and first hydrographs together on the projector (15). Units and gaps in pairs (30).
Water years and the balance in pairs (25). The ranking of attributes and its shuffle together (10). Written answer at
home.

**The live moment** is the mean of the raw file: run that cell in front of everybody and wait. Somebody will say that a
river cannot run uphill. Ask the room what a network would have learned from the same file. It would not have
complained.

**Ask early:** what is the unit on the axis? Make it a habit in the first hour and you will be asked it back in the
sixth.
"""

# %%
import numpy as np
import pandas as pd
import xarray as xr

from dla_widgets import BasinMapExplorer, HydrographExplorer, check, hint
from dla_widgets.panels.picture import Picture
from dla_widgets.streamflow.basins import PERIODS, attributes, cfs_to_mm_per_day, forcings, open_basins
from dla_widgets.streamflow.figures import water_balance

# %% [markdown]
r"""
## All rivers in one table

One line opens everything. As it stands you get **simulated** basins: invented weather over invented land, so that you
need no download and no network. Real rivers of the CAMELS-US collection have exactly the same form. To work through the
lesson on them, change the line to `open_basins("camels")` and run all cells again.
"""

# %%
basins = open_basins()
basins

# %%
print(f"{basins.sizes['basin']} basins, {basins.sizes['time']} days each, from {basins.attrs['source']}")
print("forcings  :", ", ".join(f"{name} [{basins[name].attrs['units']}]" for name in forcings(basins)))
print("target    :", f"discharge [{basins.discharge.attrs['units']}]")
print("attributes:", len(attributes(basins)), "numbers per basin that do not change in time")

# %% [markdown]
r"""
Three kinds of data, and you will meet them in every lesson:

- **Forcings** are the weather, day by day: precipitation, sunshine, temperature, humidity. They are a model's input.
- **Discharge** is what passes the gauge. It is the **target**: what the model has to predict.
- **Static attributes** describe the land, one number per basin: its area, its slope, its forest, its soil.

Click on the small page icon beside a variable above. There is its unit. *A number without its unit is not data yet.*

## Where are they?

**Before you run the cell**: where on the map would you look for the wettest basins, and where for those with most
snow?

**Try it.** Colour the basins by `p_mean`, then by `frac_snow`, each time with *Leave out the lowest* at 75 %. Were you
right? Then show all again and compare `frac_snow` with one attribute after the other. High basins have more snow, but
there is an attribute that goes with it far more closely. Which one, and why?
"""

# %% demo="where"
BasinMapExplorer(basins, state="colour=p_mean;across=elev_mean")

# %% [markdown]
r"""
Snow is a matter of cold. Height is one way to be cold, the north another: New England lies low and has much snow. The
potential evaporation, `pet_mean`, knows both, since it follows the warmth.

Now the basins with the most and the least snow. A year of a river drawn against time is its **hydrograph**; the
precipitation hangs from above. **Look for** a day with heavy precipitation on which the river does nothing at all, and
for a day on which it rises under a dry sky.

**Try it.** The *runoff ratio* says how much of the rain of the days shown ran off. Show 91 days from 1 April, in both
rivers, in a year or two. (Drag the window in the strip; arrow keys move a slider day by day.) Which of the two gives
more water than falls, and where does it come from?
"""

# %% demo="two_rivers"
snowiest = basins.isel(basin=basins.frac_snow.argmax("basin"))
warmest = basins.isel(basin=basins.frac_snow.argmin("basin"))
pair = basins.sel(basin=[str(snowiest.basin.values), str(warmest.basin.values)])
HydrographExplorer(pair.sel(time=slice("1995-10-01", None)), state="length=366;weather=both")

# %% [markdown]
r"""
The snowy river ignores the winter. What falls then stays on the ground, and runs off months later, on sunny days
without a drop of rain: in most springs more than twice what falls in these days. The other answers within days. Yet
neither simply copies the rain.

## A river remembers

How far back does a river look? Take the precipitation of the last day, of the last 3, 10, 30 ... days, and ask how well
each goes together with *today's* discharge. Below, a line is a basin; its height is the correlation.

**Before you run the cell**: what will the line of the snowiest basin look like?
"""

# %%
windows = np.array([1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 365])
memory = xr.concat([xr.corr(basins.discharge, basins.prcp.rolling(time=int(k)).mean(), "time") for k in windows],
                   pd.Index(windows, name="window"))
slowest = basins.isel(basin=memory.sel(window=slice(60, 180)).mean("window").argmax("basin"))

picture = Picture(8, 3.8, alt="Correlation of discharge with the precipitation of the last 1 to 365 days, one line per "
                  "basin: most peak at a few days, the slowest at months, the snowiest starts low.")
ax = picture.subplots()
ax.plot(windows, memory, color="#BBBBBB", lw=0.8)
for name, river in {"least snow": warmest, "most snow": snowiest, "slowest": slowest}.items():
    ax.plot(windows, memory.sel(basin=river.basin), lw=2.2, label=f"{name}: {river.basin.values}")
ax.set(xscale="log", xlabel="precipitation of the last ... days", ylabel="correlation with today's discharge [-]")
ax.set_xticks([1, 3, 10, 30, 100, 365], ["1", "3", "10", "30", "100", "365"])
picture.legend(loc="outside upper right", ncols=3)
picture

# %%
one_day, best = memory.sel(window=1), memory.max("window")
length = memory.idxmax("window")
print(f"one day of precipitation explains {float((one_day**2).median()):.0%} of the discharge (r2, median basin),")
print(f"that of each basin's best window {float((best**2).median()):.0%}; these windows are {int(length.min())} to "
      f"{int(length.max())} days long")

# %% [markdown]
r"""
A line that peaks on the left is a river that answers at once and forgets. One that is still high at 90 days lives on
water that went underground first. And the snowiest? Last week tells it next to nothing. What it carries in June fell in
winter, and waited until it was *warm*: precipitation alone cannot say when.

Keep this figure in mind. It is why a formula with today's rain in it cannot be good, and why lesson 04 uses a network
with a memory. A network of that kind has to find out for itself what you just saw.

## What the gauge really says

Everything so far was in millimetres per day, and without a hitch. No gauge delivers that. Here is a record the way the
US Geological Survey publishes it: gauge, date, discharge in **cubic feet per second**, and a letter for its quality.

(The kit has a function that converts such a record. Here it is used backwards, to write the file. You will write your
own in a moment; while your work is checked, the kit's is put away.)
"""

# %%
cfs = basins.discharge / cfs_to_mm_per_day(1.0, basins.area)
file_means = cfs.fillna(-999.0).mean("time")
river = basins.isel(basin=file_means.argmin("basin"))
gauge = str(river.basin.values)

published = cfs.sel(basin=gauge, drop=True).astype("float64").fillna(-999.0).round(2).to_pandas().to_frame("discharge")
published["flag"] = np.where(published.discharge == -999.0, "M", "A")

edge = int(np.argmax(published.flag.values[1:] != published.flag.values[:-1]))  # where the first gap begins or ends
for day, row in published.iloc[max(0, edge - 3):edge + 5].iterrows():
    print(f"{gauge} {day:%Y %m %d} {row.discharge:8.2f} {row.flag}")

# %%
print(f"mean discharge of gauge {gauge}, of the file as it stands: {published.discharge.mean():.1f} ft3/s")

# %% [markdown]
r"""
Compare that mean with the lines of the file. Can a river do this?

Nothing failed, nothing warned. The number is simply wrong, and two things are wrong with it: a unit and a code. You
repair both.

## Units first: why millimetres?

A big river carries more water than a small one. That says nothing about the weather. Spread the water of a day evenly
over the basin that it came from, and measure how deep it stands: a depth in **mm/day**. Now the discharge of a creek
and of a stream fifty times as large can be compared, with each other *and with the rain*, which is a depth too. A model
that is to learn from many basins at once needs its target in a unit that means the same everywhere.

You need: a foot is 0.3048 m, a day has 86 400 seconds, and you are given the area in km².
"""

# %% solution="cfs_to_mm"
def cfs_to_mm(discharge, area):
    """Discharge [ft3/s] of a basin of `area` [km2] as a depth of water over it [mm/day]."""
    ### BEGIN SOLUTION
    volume = discharge * 0.3048**3 * 86_400  # m3 per day
    return volume / (area * 1e6) * 1000
    ### END SOLUTION

# %% tests="cfs_to_mm" points=2
check("cfs_to_mm", cfs_to_mm)

# %% [markdown]
r"""
Stuck? `hint("cfs_to_mm")` gives a nudge, `hint("cfs_to_mm", 2)` a bigger one.

Now look at two rivers, the one with the largest basin and the one with the smallest, in both units. **Which carries
more water? And which of the two pieces of land is wetter?** They need not be the same.
"""

# %%
largest = basins.isel(basin=basins.area.argmax("basin"))
smallest = basins.isel(basin=basins.area.argmin("basin"))
for r in (largest, smallest):
    volume = cfs.sel(basin=r.basin)
    depth = cfs_to_mm(volume, r.area)
    print(f"{r.basin.values}: {float(r.area):7.0f} km2   {float(volume.mean()):8.1f} ft3/s   "
          f"{float(depth.mean()):5.2f} mm/day")

# %%
year = slice("1995-10-01", "1996-09-30")
picture = Picture(8, 3.4, alt="One year of the largest and the smallest basin, left in ft3/s, right in mm/day.")
for ax, unit in zip(picture.subplots(1, 2, sharex=True), ("ft3/s", "mm/day")):
    for r in (largest, smallest):
        volume = cfs.sel(basin=r.basin, time=year)
        ax.plot(volume.time, volume if unit == "ft3/s" else cfs_to_mm(volume, r.area), lw=1, label=f"{r.basin.values}")
    ax.set(ylabel=f"discharge [{unit}]", ylim=(0, None))
    ax.tick_params(axis="x", rotation=30)
picture.axes[1].legend()
picture

# %% [markdown] advisor
r"""
**What goes wrong here.** Most slips are powers of ten, and the check names them. If a pair is stuck on `km2`, let them
draw one square kilometre and write the length of its side in metres. People who look up "cfs to mm" on the web find
2.447 / area and pass: fine, but ask them to derive it, because the next data set will be in litres.

**Ask:** CAMELS has *two* areas per basin (`area_gages2` and `area_geospa_fabric`), and for some basins they differ by
more than a tenth. What happens to the water balance if you take the wrong one? (Every mm of discharge is off by the
same factor; no score on discharge alone would show it.)
"""

# %% [markdown]
r"""
## Then the gaps

`-999` is not a discharge. It is a code for *nobody knows*, and its flag is `M`, missing. Python's own word for that is
`np.nan`, "not a number". NaN is a good citizen: it spoils every sum that it gets into, so you notice. -999 sums up
quietly.

The other flags are `A`, approved, and `A:e`, approved but *estimated*: the gauge stood under ice, and a hydrographer
worked out the flow from the weather and the neighbours.

Write a function that returns the discharge with NaN where nothing was measured, **the same length**, and everything
else untouched. Think about these before you start: what about a day with discharge 0? What about `A:e`?
"""

# %% solution="mask_missing"
def mask_missing(discharge, flag):
    """Discharge with NaN on the days that were not measured; `discharge` and `flag` are (time,) arrays."""
    ### BEGIN SOLUTION
    return np.where(flag == "M", np.nan, discharge)
    ### END SOLUTION

# %% tests="mask_missing" points=2
check("mask_missing", mask_missing)

# %% [markdown]
r"""
Your two functions together rebuild the data set from the file. **Order matters**: what would come out if you converted
first, and masked afterwards with `discharge == -999`?
"""

# %%
rebuilt = cfs_to_mm(mask_missing(published.discharge.values, published.flag.values), float(river.area))
difference = np.nanmax(np.abs(rebuilt - river.discharge.values))
print(f"mean of the file as it stands : {cfs_to_mm(published.discharge.mean(), float(river.area)):6.2f} mm/day")
print(f"mean of the measured days     : {np.nanmean(rebuilt):6.2f} mm/day")
print(f"largest difference from the kit's discharge: {difference:.4f} mm/day; gaps agree: "
      f"{np.array_equal(np.isnan(rebuilt), np.isnan(river.discharge.values))}")

# %% [markdown]
r"""
A small difference is left: the file has two decimals. If yours is large, or the gaps do not agree, go back; everything
from here on would be built on it.

## Who was measured when?

Gaps are not sprinkled evenly. Gauges fail in floods and freeze in winter, are moved, lose their money. So before you
train anything, look at the **coverage**: the part of the days that was measured. A dark month is complete, a white one
is empty.

The two lines enclose the **test period**: ten years on which the models of this project will be scored. They may never
see its discharge while they learn. What comes after is the **training period**. (Yes, the future trains and the past
tests. Published studies of these basins do so, and we want our scores to stand beside theirs.)
"""

# %%
coverage = basins.discharge.notnull().resample(time="MS").mean().transpose("basin", "time")

picture = Picture(8, 4.2, alt="Part of the days of each month that have discharge, one row per basin.")
ax = picture.subplots()
shades = ax.pcolormesh(coverage.time, np.arange(coverage.basin.size), coverage, cmap="YlGnBu", vmin=0, vmax=1)
for edge in (PERIODS["test"].start, PERIODS["test"].stop):
    ax.axvline(np.datetime64(edge), color="#D55E00", lw=2)
ax.set(ylabel="basin (in the order of the table)")
ax.grid(False)
picture.colorbar(shades, label="part of the days with discharge [-]")
picture

# %%
for name, period in PERIODS.items():
    measured = basins.discharge.sel(time=period).notnull().mean("time")
    worst = str(measured.idxmin("basin").values)
    print(f"{name:5s} {period.start} to {period.stop}: {float(measured.mean()):.1%} measured, "
          f"least in {worst}: {float(measured.min()):.1%}")

# %% [markdown]
r"""
## Years that begin in October

How much water did a river carry in 1996? Not a fair question, if 1996 begins in January. A good part of what ran off in
May fell as snow in the December before, in another year's book. Hydrologists therefore begin their year when the stores
are emptiest, in the United States on **1 October**. The **water year** 1996 runs from 1 October 1995 to 30 September
1996: it has the name of the year in which it *ends*.

Write the mean of each water year, over the days that were measured. Return a dictionary, such as
`{1995: 1.62, 1996: 2.31}`.
"""

# %% solution="water_year_means"
def water_year_means(time, discharge):
    """Mean of each water year over its measured days.

    time : (time,) dates, numpy datetime64
    discharge : (time,) [mm/day], NaN where nothing was measured
    """
    ### BEGIN SOLUTION
    time = pd.DatetimeIndex(time)
    water_year = time.year + (time.month >= 10)
    return pd.Series(discharge).groupby(water_year).mean().to_dict()
    ### END SOLUTION

# %% tests="water_year_means" points=2
check("water_year_means", water_year_means)

# %% [markdown]
r"""
Does it matter? In a wetter year more should run off. Here is how well the years' precipitation and discharge go
together in the snowiest basin, by the two calendars.
"""

# %%
days = snowiest.time.values
yearly = pd.DataFrame({name: water_year_means(days, snowiest[name].values) for name in ("prcp", "discharge")})
daily = snowiest[["prcp", "discharge"]].to_dataframe()[["prcp", "discharge"]]
calendar = daily.groupby(daily.index.year).mean()
whole = yearly.index[1:-1]
print(f"correlation of precipitation and discharge, water years   : {yearly.loc[whole].corr().iloc[0, 1]:.2f}")
print(f"                                            calendar years: {calendar.loc[whole].corr().iloc[0, 1]:.2f}")

picture = Picture(8, 3, alt="Mean precipitation and discharge of each water year in the snowiest basin, pairs of bars.")
ax = picture.subplots()
ax.bar(yearly.index - 0.2, yearly.prcp, 0.4, label="precipitation", color="#56B4E9")
ax.bar(yearly.index + 0.2, yearly.discharge, 0.4, label="discharge", color="#0072B2")
ax.set(xlabel="water year", ylabel="mean [mm/day]", xticks=yearly.index[::2])
ax.set_title(f"Snowiest basin, {snowiest.basin.values}")
ax.margins(y=0.2)
ax.legend(ncols=2, loc="upper right")
picture

# %% [markdown]
r"""
## Water does not vanish

What falls on a basin leaves it through the river, or goes back into the air, or is still there:

$$P = Q + E + \Delta S$$

with precipitation $P$, discharge $Q$, evaporation $E$ (of soil, lakes and leaves) and the change $\Delta S$ of what is
stored as snow, soil moisture and groundwater. Over many years $\Delta S$ is small beside the rest: stores fill and
empty, they do not grow. Then one number says where the rain goes, the **runoff ratio** $Q/P$.

Here the gaps bite a second time. When the gauge fails in a flood, the flood's rain is still on record. Count it, and
your river seems to lose water.
"""

# %% solution="runoff_ratio"
def runoff_ratio(discharge, prcp):
    """Discharge over precipitation, of the days on which both are known; (time,) arrays [mm/day], NaN in the gaps."""
    ### BEGIN SOLUTION
    both = np.isfinite(discharge) & np.isfinite(prcp)
    return discharge[both].sum() / prcp[both].sum()
    ### END SOLUTION

# %% tests="runoff_ratio" points=2
check("runoff_ratio", runoff_ratio)

# %%
# Your function, on one basin after the other.
ratio = xr.apply_ufunc(runoff_ratio, basins.discharge, basins.prcp,
                       input_core_dims=[["time"], ["time"]], vectorize=True)
table = pd.DataFrame({"runoff ratio": ratio, "aridity": basins.aridity, "snow": basins.frac_snow, "area": basins.area},
                     index=basins.basin.values).sort_values("runoff ratio")
print(table.iloc[[0, 1, 2, -3, -2, -1]].round(2).to_string())

# %% [markdown]
r"""
Read the last line. A ratio near 1, or above it: can that be? A river cannot give more than it gets. Yet in steep, snowy
country there are such basins, simulated and real, **and nobody has mixed up a unit**. Write down a guess before you go
on: where could the missing precipitation be?

## The curve of all rivers

What can evaporate is limited twice. Never more than falls: the *water limit*, $E/P = 1$. And never more than the sun
can lift, the potential evaporation PET: the *energy limit*, $E/P = \mathrm{PET}/P$. The ratio $\phi = \mathrm{PET}/P$
is the **aridity**: below 1 a climate is humid, above 1 dry. Mikhail Budyko found that the rivers of the world lie close
to one curve between the limits:

$$\frac{E}{P} = \sqrt{\phi \, \tanh(1/\phi) \, \bigl(1 - e^{-\phi}\bigr)}$$
"""

# %% solution="budyko"
def budyko(aridity):
    """Evaporation ratio E/P that Budyko's curve gives for an aridity PET/P; a number or an array."""
    ### BEGIN SOLUTION
    return np.sqrt(aridity * np.tanh(1 / aridity) * (1 - np.exp(-aridity)))
    ### END SOLUTION

# %% tests="budyko" points=1
check("budyko", budyko)

# %% [markdown]
r"""
Over many years $E/P$ is $1 - Q/P$. So each basin becomes a point, your runoff ratios against the curve that you wrote.
The figure below is the kit's. The colour is the part of the precipitation that falls as snow. The ringed basin lies
farthest from the curve.
"""

# %%
off_the_curve = (1 - ratio) - budyko(basins.aridity)
farthest = str(np.abs(off_the_curve).idxmax("basin").values)
water_balance(basins, "frac_snow", "part that falls as snow [-]", highlight=farthest)

# %%
odd = basins.sel(basin=farthest)
print(f"{farthest}: 1 - Q/P is {1 - float(ratio.sel(basin=farthest)):.2f}, "
      f"Budyko's curve says {float(budyko(odd.aridity)):.2f}")
print(f"mean elevation {float(odd.elev_mean):.0f} m, slope {float(odd.slope_mean):.0f} m/km, "
      f"snow {float(odd.frac_snow):.0%} of the precipitation, area {float(odd.area):.0f} km2")

# %% [markdown] answer="off_the_curve" points=2
r"""
**In your own words.** Take the basin that lies farthest from the curve (the cell above names it). Give one explanation
that is *hydrology* (the water really goes that way) and one that is *measurement* (a number is wrong). Then say which
data you would look at to tell the two apart.

### BEGIN SOLUTION
A basin below the curve gives more water than its climate allows. Hydrology: snow lies while the sun is weak and runs
off in a rush before plants can use it, so less evaporates; or groundwater crosses the divide from a neighbour; or a
glacier melts. Measurement: rain gauges stand in valleys and the wind blows snow past them, so P is too small
(undercatch); or the area is too small, which makes every depth too large. To tell: compare two precipitation products,
or look whether the error grows with elevation and snow (undercatch); compare the two areas in the tables; look at a
neighbour's balance (groundwater gained here is missing there); do the same for the water years, a store that empties
shows as a trend.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, 2 points.** Half a point each: a hydrological cause that has the right sign for *this* basin (below
the curve: too much water; above: too little); a fault of measurement that has the right sign; data that would tell the
two apart; a sentence on why these data would. A list of causes with no sign gets half a point at most. Typical wrong
answer: "the sensor is broken". Ask: in which direction would that move the point?

On the simulated basins the truth is known: their rain gauges miss snow and mountain storms, as real ones do. So the
balance breaks where it snows in steep country. Do not tell before they have written.
"""

# %% [markdown]
r"""
## Attributes: what the land says

Which attributes go with the distance from the curve? Rank correlations are quickly computed. Here are the strongest.
"""

# %%
names = attributes(basins)
land = basins[names].to_dataframe()[names]
strength = land.corrwith(pd.Series(off_the_curve.values, land.index), method="spearman").dropna()
print(strength.reindex(strength.abs().sort_values(ascending=False).index).head(6).round(2).to_string())

# %% [markdown]
r"""
Impressive? Be careful: there are many attributes and few basins, and *some* correlation is always the largest. How
large would the best one be if the attributes had nothing to do with it at all? Shuffle the basins, so that every
connection is cut, and look for the winner again. Do it 200 times.
"""

# %%
rng = np.random.default_rng(1)
ranks = land[strength.index].rank()
distance = pd.Series(off_the_curve.values).rank().values
winners = [ranks.corrwith(pd.Series(rng.permutation(distance), ranks.index)).abs().max() for _ in range(200)]
print(f"strongest of {len(strength)} correlations : {strength.abs().max():.2f}")
print(f"strongest when nothing is true: {np.median(winners):.2f} (median of 200 shuffles), "
      f"above {np.quantile(winners, 0.95):.2f} in one of twenty")

# %% [markdown]
r"""
What does not clearly beat the shuffle may be noise that was searched for. And those that do beat it come as a pack: steep,
high and snowy are often one and the same place, and a correlation cannot say which of them it was. The same will happen
to you with networks: try thirty of them and one will look good.

**And one trap that looks like a gift.** CAMELS also ships *signatures* as attributes: mean discharge, runoff ratio,
baseflow index and more. They go with the river splendidly, because they were **computed from its discharge**, the test
years included. A model that sees them has been told part of the answer, and no basin without a gauge will ever have
them. The kit marks such columns, and `attributes(basins)` leaves them out.
"""

# %%
signatures = [str(name) for name, values in basins.data_vars.items() if values.attrs.get("derived_from") == "discharge"]
print("computed from discharge, not for a model:", ", ".join(signatures) or "none in this data set")
print("known before any water is measured      :", ", ".join(names))

# %% [markdown]
r"""
## What goes wrong, and how you see it

| what you see | what it was |
|---|---|
| runoff ratios of 0.01, or of 40 | ft³/s against mm/day; a km² that was taken for 1000 m² |
| a mean discharge that is negative, or a loss that starts in the thousands | a -999 got through |
| the mean is NaN | NumPy's `mean` keeps NaN, xarray's and pandas' leave it out without a word |
| every flood is a day late in all your models | days were cut out; or local time against UTC |
| "no basin '1013500'" | gauge ids are *text*: read as a number, `01013500` loses its zero |
| a model that is brilliant in the test years and useless next year | an attribute that was computed from discharge |
| one river looks dry in one year only | look at the coverage of that year before you explain it |

## What you take along

- Discharge in mm/day over the basin compares with rain and between rivers; gaps are NaN and stay in their place.
- A river answers to days, to months, or to last winter. Whatever predicts it needs a memory.
- The water balance is a check that needs no model. Run it on every data set that you are given.

Next: **02 skill**. Before you build a forecast, decide how you would know that it is a good one.
"""
