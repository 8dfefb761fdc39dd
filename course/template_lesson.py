# ---
# jupyter:
#   dla:
#     title: Where does the rain go?
#     objectives:
#       - Work out what share of the rain leaves a basin through its river
#       - Say why a gap in one record must be a gap in both
#     minutes: 20
#     prerequisites:
#       - "Python: you can write a function, and index an array with a mask"
#     seconds: 6
# ---

# %% [markdown]
r"""
## Two gauges, one question

A rain gauge says how much water came. A stream gauge says how much left. The share that leaves through the river is the
**runoff ratio**, and it tells you what kind of place you are in: near 1 on cold wet mountains, under a tenth in the desert.
"""

# %% [markdown] advisor
r"""
*Copy this file to `course/<project>/NN_name.py`, change every word, and run `autograder build` on it. A note like this one
is in the advisor's notebook only: what goes wrong here, what to ask, how long to wait for an answer.*

Nearly everybody sums the two series with `nansum` first. Do not give it away: ask what the rain was like on the days on which
the stream gauge failed.
"""

# %%
import numpy as np

from dla_widgets import check, hint, simulated_basins

basins = simulated_basins(n=4, years=4, seed=1)
print(*(f"{name:10} {basins[name].attrs['units']:8} {basins[name].attrs['long_name']}" for name in ("prcp", "discharge")),
      sep="\n")

# %% [markdown]
r"""
## The share that runs off

Gauges fail, and they fail in floods: the day with the most water is the day without a number. Decide what to do with the rain
of such a day before you write a line.

**Write** `runoff_ratio`. If you are stuck, `hint("runoff_ratio")` is a nudge, and `hint("runoff_ratio", 2)` a push.
"""

# %% solution="runoff_ratio"
def runoff_ratio(discharge, prcp):
    """Share of the precipitation `prcp` [mm/day] that left as `discharge` [mm/day]; NaN where a gauge failed."""
    ### BEGIN SOLUTION
    both = np.isfinite(prcp) & np.isfinite(discharge)
    return discharge[both].sum() / prcp[both].sum()
    ### END SOLUTION

# %% tests="runoff_ratio" points=2
check("runoff_ratio", runoff_ratio)

# %% demo="runoff_ratio"
for basin in basins["basin"].values:
    one = basins.sel(basin=basin)
    print(f"{basin}: {runoff_ratio(one['discharge'].values, one['prcp'].values):.2f}")

# %% [markdown] answer="above_one" points=2
r"""
**In your own words.** For some rivers the ratio comes out above 1: more water leaves than fell. Name two ways in which that can
be true, and one in which a gauge is lying.

### BEGIN SOLUTION
Snow or groundwater of earlier years runs off; groundwater comes in under the divide, or a canal brings water from next door.
The rain gauge stands in the valley and misses the rain on the ridges.
### END SOLUTION
"""
