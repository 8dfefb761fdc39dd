# ---
# jupyter:
#   dla:
#     title: Speckle
#     objectives:
#       - Say where the grain of a radar image comes from, and why it multiplies
#       - Estimate the number of looks, and say what a correlation between neighbours does to it
#       - Write the mean of a window and the Lee filter, and recognise the false Lee filter that is copied everywhere
#       - Judge a filter by what it takes away, and by what a classifier can do afterwards
#     minutes: 120
#     seconds: 14
#     prerequisites:
#       - "Lesson 01: power and decibels, mean of power, VV and VH, the nine classes"
# ---

# %% [markdown]
r"""
## The same forest, twice

Below are 640 by 640 metres of an unbroken forest. Left on one day, right a few weeks later. It was neither cut nor
burnt in between.

**Before you read on:** choose a bright dot on the left and look for it on the right. Then another one. What are these
dots? Write down a guess, and what you would need to see to drop it.
"""

# %%
import numpy as np
import pandas as pd
from scipy.ndimage import maximum_filter, minimum_filter
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

from dla_widgets import SpeckleExplorer, check, hint
from dla_widgets.landcover.legend import IGNORE, NAMES, colours, label
from dla_widgets.landcover.radar import LOOKS
from dla_widgets.landcover.scenes import decibel, open_scenes, select_scenes
from dla_widgets.landcover.simulated import simulated_scenes
from dla_widgets.landcover.speckle import boxcar, lee, quegan, refined_lee
from dla_widgets.panels.picture import Picture


def show(images, alt, columns=3, low=-16, high=-2):
    """Images of power beside each other, dark to bright [dB]."""
    rows = -(-len(images) // columns)
    picture = Picture(8, 8 / columns * rows + 0.3 * rows, alt=alt)
    grid = picture.subplots(rows, columns, squeeze=False).flat
    for ax in grid:
        ax.set_axis_off()
    for ax, (title, image) in zip(picture.axes, images.items()):
        ax.imshow(decibel(image), cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        ax.set_title(title)
    return picture


# %%
year = simulated_scenes(n=1, dates=12).isel(scene=0)  # one place, twelve dates
days = [str(day)[:10] for day in year["acquired"].values]
forested = year["truth"].values == label("forest")

corners = [(r, c) for r in range(0, 193, 16) for c in range(0, 193, 16)]
row, column = max(corners, key=lambda at: forested[at[0] : at[0] + 64, at[1] : at[1] + 64].mean())
wood = year["backscatter"].sel(band="VV").values[:, row : row + 64, column : column + 64]  # (date, y, x)
print(f"{forested[row : row + 64, column : column + 64].mean():.0%} of it is forest")
show({days[0]: wood[0], days[1]: wood[1]}, "The same forest on two dates: both grainy, the grains in other places.", columns=2)

# %% [markdown] advisor
r"""
**Session plan (two sessions of 60 minutes).** First: the two dates (5), waves on the blackboard (10), looks in pairs (20),
blocks and the bet on the table (25). Second: boxcar (10), Lee in pairs (20), the copied Lee as the live demo (10), ratio (10),
the classifier (10). Written answer at home.

**The first minute.** Nearly everybody says "trees", and means single crowns. Let them look for the same dots. Do not
explain; the next cell does it with a number.

**If a session is short**, leave out the last section (many dates). Never leave out the table of blocks: whoever has seen it
does not believe an error bar of neighbouring pixels again.
"""

# %% [markdown]
r"""
Trees do not walk. Here is the same in numbers: how alike are the two dates, pixel by pixel? And how alike are
neighbours on *one* date?
"""

# %%
between_dates = np.corrcoef(wood[0].ravel(), wood[1].ravel())[0, 1]
between_neighbours = np.corrcoef(wood[0][:, 1:].ravel(), wood[0][:, :-1].ravel())[0, 1]
print(f"correlation of one date with the other  {between_dates:.2f}")
print(f"correlation of neighbours on one date   {between_neighbours:.2f}")

# %% [markdown]
r"""
So the grain has no memory, and yet it comes in lumps. Keep both facts. The first says that it is not the forest. The
second will spoil a calculation in half an hour.

## Where it comes from

A pixel of 10 metres holds thousands of leaves and twigs, and the wave is 5.5 cm long. Each of them sends back a little
wave of its own, a bit earlier or later than the others. The radar hears the **sum**. If crests meet crests it is loud;
if crests meet troughs, nearly nothing is left. Which of the two is a matter of centimetres, and so of pure chance.

Nothing is wrong with the instrument, then. This is what coherent light does: point a laser at a wall and you see it
too. It is called **speckle**.

**Try it.** Below, each pixel is a sum of waves with random phases. What is the spread over the mean with 1 wave? With 2? From how
many on does it hardly change any more? Then set `looks` to 5: the mean of five such powers, taken from five parts of the
radar's beam.
"""

# %% demo="waves"
waves, looks = 50, 1

rng = np.random.default_rng(0)
phases = rng.uniform(0, 2 * np.pi, (4000, looks, waves))
sums = np.exp(1j * phases).sum(axis=2) / np.sqrt(waves)
toy = (np.abs(sums) ** 2).mean(axis=1)
print(f"{waves} waves, {looks} looks: mean {toy.mean():.2f}, spread over mean {toy.std() / toy.mean():.2f}")

picture = Picture(5.5, 2.6, alt="Histogram of the power of sums of random waves: with one look it falls from nought on.")
ax = picture.subplots()
ax.hist(toy, np.linspace(0, 5, 60), color="#0072B2")
ax.set(xlabel="power over its mean [-]", yticks=[])
picture

# %% [markdown]
r"""
With many waves and one look the spread is as large as the mean itself: a pixel of power 1 may just as well be a pixel of
power 3 that had bad luck. That is **fully developed speckle** (Goodman 1976, doi:10.1364/JOSA.66.001145). The mean
of $L$ independent looks has a spread of $1/\sqrt{L}$ of the mean.

Note what this says: *of the mean*. A city that sends back a hundred times more has a hundred times more spread. **Speckle
multiplies.** Does it, on our scenes? Take little patches of 8 by 8 pixels, each of one class, and look at mean and spread.
"""

# %%
scenes = open_scenes(n=35)  # simulated; open_scenes("the folder of your chips") for real ones, and nothing else changes
train, valid = select_scenes(scenes, "train"), select_scenes(scenes, "valid")
reference = "truth" if "truth" in scenes else "landcover"  # the true classes, where somebody knows them

vv = train["backscatter"].isel(time=0).sel(band="VV").values  # (scene, y, x) linear power
classes = np.where(train["valid"], train[reference], IGNORE)


def patches(images, number, size):
    """All squares (n, size, size) of `images` that lie side by side and are wholly of the class `number`."""
    rows, columns = (n // size for n in images.shape[1:])

    def cut(a):
        a = a[:, : rows * size, : columns * size].reshape(len(a), rows, size, columns, size)
        return a.swapaxes(2, 3).reshape(-1, size, size)

    return cut(images)[(cut(classes) == number).all(axis=(1, 2))]


rng = np.random.default_rng(1)
picture = Picture(6, 4.4, alt="Spread against mean of small patches of all classes, both logarithmic: one straight line.")
ax = picture.subplots()
for number, name in enumerate(NAMES):
    found = patches(vv, number, 8)
    if len(found):
        found = found[rng.choice(len(found), min(40, len(found)), replace=False)]
        ax.scatter(found.mean(axis=(1, 2)), found.std(axis=(1, 2)), s=14, color=colours()[number], label=name)
line = np.array([0.015, 0.6])
ax.plot(line, line / np.sqrt(5), color="black", lw=1, label="mean / root of 5")
ax.set(xscale="log", yscale="log", xlabel="mean of the patch, VV [-]", ylabel="spread in the patch [-]")
ax.set_xticks([0.02, 0.05, 0.1, 0.2, 0.5], ["0.02", "0.05", "0.1", "0.2", "0.5"])
ax.set_xticks([], minor=True)
ax.legend(ncols=2)
picture

# %% [markdown]
r"""
Over a factor of ten and more, the patches lie along one line: spread proportional to mean, whatever grows there. Houses
lie above it, because a village varies by itself, not only by speckle. Remember that; a filter will live on it.

That is a second reason for decibels. The logarithm makes a sum of a product, and so speckle has the *same* spread in dB
everywhere, on a lake and in a forest.

## How many looks?

The looks are the quality of a radar image in one number, and you can measure them. Where the ground is all the
same, the variance is the squared mean over $L$. So

$$\mathrm{ENL} = \frac{\overline{z}^2}{\mathrm{var}(z)}$$

with the power $z$: the **equivalent number of looks**. Leave out what was not measured.
"""

# %% solution="estimate_enl"
def estimate_enl(power):
    """Equivalent number of looks of an area, an array of linear power with NaN in the gaps."""
    ### BEGIN SOLUTION
    return np.nanmean(power) ** 2 / np.nanvar(power)
    ### END SOLUTION

# %% tests="estimate_enl" points=1
check("estimate_enl", estimate_enl)

# %% [markdown]
r"""
"Where the ground is all the same" is easily said. **Which area would you take: all you have, or the smallest one?** Bet before
you run the cell.
"""

# %%
forest = label("forest")
print(f"all pixels of all scenes         {estimate_enl(vv):5.2f} looks")
print(f"all pixels of forest             {estimate_enl(vv[classes == forest]):5.2f}")
for size in (32, 16, 8, 4):
    each = [estimate_enl(patch) for patch in rng.permutation(patches(vv, forest, size))[:1000]]
    print(f"patches of forest, {size:2d} x {size:2d}       {np.median(each):5.2f}   (nine of ten between "
          f"{np.quantile(each, 0.05):.1f} and {np.quantile(each, 0.95):.1f})")
print(f"\nthe simulator was told           {LOOKS:5.2f}")

# %% [markdown]
r"""
Neither. A large area has hills and old and young trees, which count as speckle: too few looks. In a tiny one neighbours
are alike, remember the lumps, so it does not vary as much as it should: too many. In between the number is about
right. When somebody quotes you an ENL, ask: of which area?

## Buying looks with pixels

If five looks are too grainy, make more: average blocks of pixels, and give up the resolution for it. This is **multilooking**. If
each pixel has $L$ looks, a block of $n$ by $n$ has $L n^2$ of them. Simple enough.

Write it. What does not fill a whole block is dropped, gaps are left out. (Power or decibels? You know that since lesson 01.)
"""

# %% solution="multilook"
def multilook(power, factor):
    """Means of blocks of `factor` x `factor` pixels of power (y, x); gaps (NaN) are left out."""
    ### BEGIN SOLUTION
    rows, columns = power.shape[0] // factor, power.shape[1] // factor
    blocks = power[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    return np.nanmean(blocks, axis=(1, 3))
    ### END SOLUTION

# %% tests="multilook" points=2
check("multilook", multilook)

# %% [markdown]
r"""
Now the test. We take the largest patches of pure forest, and beside them something that every textbook uses: **white** speckle,
in which each pixel is drawn for itself.

**Guess first**: how many looks will a block of 4 by 4 have?
"""

# %%
large = next(found for size in (64, 32, 16) if len(found := patches(vv, forest, size)) > 20)
white = rng.gamma(LOOKS, 1 / LOOKS, large.shape)

factors = [1, 2, 3, 4, 6, 8]
rows = {}
for factor in factors:
    looks_of = {name: np.median([estimate_enl(multilook(patch, factor)) for patch in images])
                for name, images in {"white speckle": white, "forest": large}.items()}
    rows[f"{factor} x {factor}"] = {"promised": LOOKS * factor**2} | looks_of
table = pd.DataFrame(rows).T
table.round(1)

# %% [markdown]
r"""
White speckle keeps the promise to the letter. The forest does not even come near it.

So there is something in it that white speckle has not, and you have already seen it: neighbours are alike. What a pixel
says, its neighbour has half said already. The radar's image of a point is wider than a pixel, and so each grain of speckle is,
too.

Measure it. How well does a pixel correlate with the one `lag` columns to its right? (Lay the image over itself. No
going round the corner.)
"""

# %% solution="lag_correlation"
def lag_correlation(power, lag):
    """Correlation of the pixels of `power` (y, x) with those `lag` columns to their right; pairs with a gap do not count."""
    ### BEGIN SOLUTION
    left, right = power[:, :-lag], power[:, lag:]
    both = np.isfinite(left) & np.isfinite(right)
    return np.corrcoef(left[both], right[both])[0, 1]
    ### END SOLUTION

# %% tests="lag_correlation" points=2
check("lag_correlation", lag_correlation)

# %%
lags = np.arange(1, 8)
correlation = {name: np.array([np.median([lag_correlation(patch, lag) for patch in images]) for lag in lags])
               for name, images in {"white speckle": white, "forest": large}.items()}

picture = Picture(5.5, 3, alt="Correlation with the neighbour against distance: nought for white speckle; in the forest high "
                  "at 1 pixel and gone after 3.")
ax = picture.subplots()
for name, values in correlation.items():
    ax.plot([0, *lags], [1, *values], "o-", ms=4, label=name)
ax.set(xlabel="distance [pixel]", ylabel="correlation [-]")
ax.legend()
picture

# %% [markdown]
r"""
With that the broken promise can be *computed*. The variance of a mean is the mean of all covariances in the block. For a block
of $n$ by $n$, if the correlation $\rho$ is the same along rows and columns,

$$L_n = L_1 \Big/ \Big[\frac{1}{n}\Big(1 + 2 \sum_{k=1}^{n-1} \big(1 - \tfrac{k}{n}\big)\, \rho(k)\Big)\Big]^2$$
"""

# %%
def looks_of_block(looks, rho, n):
    """Looks of the mean of n x n pixels that correlate by `rho` at the distances 1, 2, ..."""
    k = np.arange(1, n)
    return looks / ((1 + 2 * ((1 - k / n) * rho[: n - 1]).sum()) / n) ** 2


table["from the correlation"] = [looks_of_block(table["forest"].iloc[0], correlation["forest"], n) for n in factors]
table.round(1)

# %% [markdown]
r"""
The last two columns nearly agree. Nothing mysterious was going on: sixteen pixels in a square are not sixteen measurements.

Whoever tries a filter on *white* speckle, as most tutorials do, sees it work far better than it ever will on a real
image. The real chips that this course was compared with are correlated like the forest here (`simulated_scenes.md` has
the table). The same arithmetic waits for you wherever you count pixels as if they were votes: in error bars, in splits into
training and test (lesson 04), in any p-value of a map.

## The sliding mean

Blocks give up resolution. Instead, let the window *slide*: each pixel becomes the mean of what is around it, and the image stays
as large as it was. That is the **boxcar**. Windows end where the image ends, gaps are in nobody's window, and what was not
measured stays unknown.
"""

# %% solution="boxcar_mean"
def boxcar_mean(power, size):
    """The mean of the window of `size` x `size` pixels (odd) around each pixel of `power` (y, x); NaN stays NaN."""
    ### BEGIN SOLUTION
    framed = np.pad(power, size // 2, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(framed, (size, size))
    return np.where(np.isnan(power), np.nan, np.nanmean(windows, axis=(2, 3)))
    ### END SOLUTION

# %% tests="boxcar_mean" points=2
check("boxcar_mean", boxcar_mean)

# %%
complete = train["valid"].values.all(axis=(1, 2))
houses, lakes = ((classes == label(name)).mean(axis=(1, 2)) for name in ("built-up", "water"))
chosen = int(np.argmax(complete * np.minimum(houses, lakes)))  # a scene with a lot of both
image = vv[chosen].astype(float)
print(f"scene {train['scene'].values[chosen]}: {', '.join(NAMES[c] for c in np.unique(classes[chosen]) if c != IGNORE)}")

smooth = boxcar_mean(image, 7)
show({"as it came": image, "boxcar, 7 x 7": smooth}, "A scene before and after the boxcar: calm, and blurred.", columns=2)

# %% [markdown]
r"""
Calm, and blurred. The forest looks like velvet now. But the river has paled, for it is narrower than the window, each bright
house is spread over 70 metres, and whether there are streets nobody can tell any more.

And one more mistake, because so many make it. If you have the scene in decibels already, it is tempting to filter
*that*. What happens?
"""

# %%
of_decibels = 10 ** (boxcar_mean(decibel(image), 7) / 10)
for name, filtered in {"mean of power": smooth, "mean of decibels": of_decibels}.items():
    print(f"{name:18s} the whole scene got {decibel(filtered.mean()) - decibel(image.mean()):+.2f} dB brighter")

# %% [markdown]
r"""
The scene got darker, all of it, without anybody having touched the light. Compare such a map with one that was filtered
properly, and you will find a "change" that is nothing but a logarithm.

## Lee's idea

Jong-Sen Lee asked in 1980 (doi:10.1109/TPAMI.1980.4766994): must it be the same everywhere? Look at a window. If it varies as
much as speckle must, there is nothing else in it: take the mean. If it varies more, something is in there, a house or an
edge: keep the pixel. You know how much speckle must vary. Its squared coefficient of variation is $C_v^2 = 1/L$, and that
of the window is $C_z^2 = \mathrm{var}(z) / \overline{z}^2$. So

$$\hat R = \overline{z} + w\,(z - \overline{z}), \qquad w = \max\left(0,\; 1 - \frac{C_v^2}{C_z^2}\right)$$

Write it, with your `boxcar_mean`. (The variance of a window is the mean of the squares minus the square of the mean.)
"""

# %% solution="lee_filter"
def lee_filter(power, size, looks):
    """Lee's filter of `power` (y, x) in windows of `size` x `size` pixels; `looks` is L, the number of looks."""
    ### BEGIN SOLUTION
    mean = boxcar_mean(power, size)
    variance = boxcar_mean(power**2, size) - mean**2
    weight = np.clip(1 - (1 / looks) / (variance / mean**2), 0, 1)
    return mean + weight * (power - mean)
    ### END SOLUTION

# %% tests="lee_filter" points=3
check("lee_filter", lee_filter)

# %%
calm = lee_filter(image, 7, LOOKS)
y, x = (int(np.median(at)) for at in np.nonzero(classes[chosen] == label("built-up")))
zoom = np.s_[max(0, y - 40) : y + 40, max(0, x - 40) : x + 40]
show({"as it came": image[zoom], "boxcar": smooth[zoom], "Lee": calm[zoom]}, "The town, enlarged: the boxcar blurs houses and "
     "river, Lee's filter leaves them as they are and smoothes what is around.")

# %%
print(f"your boxcar and the kit's differ by at most {np.abs(smooth / boxcar(image, 7) - 1).max():.0e} of the power")
print(f"your Lee filter and the kit's, by at most   {np.abs(calm / lee(image, 7, LOOKS) - 1).max():.0e}")

# %% [markdown]
r"""
The kit has the same two, compiled, so that a scene takes milliseconds. From here on we use those.

## The Lee filter that is not one

Search for "lee filter python", and this is what you will find, on page after page:
"""

# %%
def copied_lee(power, size):
    """The Lee filter as it is copied everywhere. What is wrong with it?"""
    mean = boxcar(power, size)
    variance = boxcar(power**2, size) - mean**2
    weight = variance / (variance + power.var())
    return mean + weight * (power - mean)


show({"Lee": calm[zoom], "copied": copied_lee(image, 7)[zoom]}, "Lee's filter and the copied one, enlarged.", columns=2)

# %% [markdown]
r"""
It looks like a filter, and nobody is ever told that it is none. Find the line. Then look at the experiment: a quiet piece of
forest is cut out of the scene and filtered **alone**, and once more as a **part of the scene**, with everything else
around it. Away from the cut, the windows hold the very same pixels. **Should it make a difference?**
"""

# %%
squares = [np.s_[r : r + 96, c : c + 96] for r in range(0, image.shape[0] - 95, 8) for c in range(0, image.shape[1] - 95, 8)]
quiet = min(squares, key=lambda at: image[at].var())  # the most even piece of the scene
inner = np.s_[8:-8, 8:-8]

for name, function in {"Lee": lambda power: lee(power, 7, LOOKS), "copied": lambda power: copied_lee(power, 7)}.items():
    alone, within = function(image[quiet].copy())[inner], function(image)[quiet][inner]
    apart = np.abs(decibel(alone) - decibel(within))
    print(f"{name:7s} looks alone {estimate_enl(alone):5.1f}, within the scene {estimate_enl(within):5.1f}; "
          f"pixels differ by up to {apart.max():.2f} dB")

# %% [markdown]
r"""
`power.var()` is the variance of the *whole image*. The filter is strong where there is a town at the other end of the
scene, and weak where there is none. Map a country tile by tile with it, and every tile is filtered differently. In a
quiet forest it is at its weakest: there the window varies as much as the scene does, and half of the speckle stays.

It is also blind to what Lee's filter lives on. Speckle multiplies, so what the window *should* vary by depends on how bright it
is. The copy compares a lake and a town with the same number.

## What did you take away?

How do you judge a filter, if nobody has ever seen the ground without speckle? Look at what it *took away*, the **ratio
image**, power over filtered power. If all was speckle, the ratio has a mean of 1 and about the looks of the image. And there is
nothing to be recognised in it. Whatever you can recognise there, you have destroyed.

Write the two numbers.
"""

# %% solution="ratio_check"
def ratio_check(power, filtered):
    """The ratio power / filtered as a dictionary: its "mean" and its "looks"; arrays of any shape, gaps do not count."""
    ### BEGIN SOLUTION
    ratio = power / filtered
    return {"mean": np.nanmean(ratio), "looks": estimate_enl(ratio)}
    ### END SOLUTION

# %% tests="ratio_check" points=1
check("ratio_check", ratio_check)

# %%
def copied_scenes(images, size):
    return np.stack([copied_lee(np.where(np.isnan(each), np.nanmean(each), each), size) for each in images])


filters = {"boxcar": lambda z: boxcar(z, 7),  # the kit's filters refuse decibels, so these are shifted above nought and back
           "boxcar of decibels": lambda z: 10 ** ((boxcar(decibel(z) + 100, 7) - 100) / 10),
           "copied Lee": lambda z: copied_scenes(z, 7), "Lee": lambda z: lee(z, 7, LOOKS),
           "refined Lee": lambda z: refined_lee(z, LOOKS)}
filtered = {name: function(vv) for name, function in filters.items()}

water = classes == label("water")
shore = water & (minimum_filter(water, (1, 3, 3)) == 0)  # water that touches something else
rows = {}
for name, result in filtered.items():
    taken = ratio_check(vv[classes == forest], result[classes == forest])
    rows[name] = {"looks that are left": np.median([estimate_enl(p) for p in patches(result, forest, 16)]),
                  "forest: mean of the ratio": taken["mean"], "looks of the ratio": taken["looks"],
                  "shore: mean of the ratio": ratio_check(vv[shore], result[shore])["mean"]}
pd.DataFrame(rows).T.round(2)

# %% [markdown]
r"""
Read it by columns. The boxcar leaves the most looks, that is what it is for. The mean of decibels gives itself away in the second
column. The looks of the ratio say how much was taken: about what the image has (a little more, since each pixel is part of
its own mean) if the filter took all the speckle, many more if it left most of it where it was. The last column is the price:
the mean of the ratio along the shores. Below 1, the filtered water is too bright there, because land has been mixed in.

And here is the ratio itself. What can you recognise?
"""

# %%
show({name: vv[chosen] / filtered[name][chosen] for name in ("boxcar", "Lee", "refined Lee")},
     "Ratio images of three filters: in that of the boxcar houses, tracks and shores can be seen, in the others less.",
     low=-6, high=6)

# %% [markdown]
r"""
**Try it.** Here the surface under the speckle is known, so errors can be measured. Which window has the smallest error with
the boxcar, and which with Lee's filter? Then tell Lee's filter the wrong number of looks: which lie costs more, too many or too few?
"""

# %% demo="filters"
SpeckleExplorer()

# %% [markdown] advisor
r"""
**What to point at.** In the first ratio image one can still see the map: every house has a dark ring, every river a dark line.
Ask: "if this picture is what you threw away, what did you throw away?" In the second it is fainter, but look along the
edges: there Lee keeps the pixels *with their speckle*, so the ratio is calm (grey) along every edge. The refined filter looks for
the direction of the edge and averages on the pixel's own side.

**A fair question:** why not take the filter with the ratio nearest to 1? Because doing nothing has a ratio of exactly 1. Two
columns, always: what was taken, and what is left.

**Live demo.** The copied Lee. Set `size` to 3 and 15 with the room; ask where a town's influence ends. (Nowhere.)

**Real chips.** With `open_scenes(folder)` the two dates and the last section stay simulated, all between them is real. The table
of blocks comes out the same, and it is worth running for that alone. The curves of the classifier do not: the chips have wide
fields and labels of their own, so wider windows pay, and the boxcar may be ahead of Lee.
"""

# %% [markdown]
r"""
## What is it good for?

A filtered image is nicer to look at. Is it also worth more to somebody who has to say *what is there*? Let a simple classifier
decide: it sees the two numbers VV and VH of one pixel, nothing else, and has learnt for each class how its pixels
scatter in that plane (the signatures of lesson 01, with their correlation). For this test every class counts the
same: we draw as many pixels of each and count the share that is right, class by class.

It learns on training scenes and is asked on validation scenes. We ask separately for pixels **near a border** (another class
within two pixels) and **inside**.

**Bet before you run it.** Draw four lines on paper, boxcar and Lee, inside and at the border: share that is right, against the
width of the window from 1 (no filter) to 21. Where does each go up, where does it turn?
"""

# %%
def draw(part, most=2000, seed=0):
    """Places of at most so many pixels of each class, their classes, and whether a border is near."""
    known = np.where(part["valid"], part[reference], IGNORE)
    border = maximum_filter(known, (1, 5, 5)) != minimum_filter(known, (1, 5, 5))
    rng = np.random.default_rng(seed)
    of = [np.flatnonzero(known.ravel() == c) for c in range(len(NAMES))]
    at = np.concatenate([rng.choice(places, min(most, len(places)), replace=False) for places in of if len(places) > 200])
    return at, known.ravel()[at], border.ravel()[at]


def right(said, true, where):
    """Share that is right, the mean over the classes."""
    return np.mean([(said[where & (true == c)] == c).mean() for c in np.unique(true[where])])


drawn = {"train": draw(train), "valid": draw(valid)}


def classify(function):
    """Share of the validation pixels that are right after this filter, inside and near borders."""
    seen = {}
    for name, part in {"train": train, "valid": valid}.items():
        both = function(part["backscatter"].isel(time=0).values)  # (scene, band, y, x)
        seen[name] = decibel(np.moveaxis(both, 1, -1).reshape(-1, both.shape[1])[drawn[name][0]])
    true, border = drawn["valid"][1:]
    number = len(np.unique(drawn["train"][1]))
    model = QuadraticDiscriminantAnalysis(priors=np.full(number, 1 / number)).fit(seen["train"], drawn["train"][1])
    said = model.predict(seen["valid"])
    return {"inside": right(said, true, ~border), "border": right(said, true, border)}


sizes = [1, 3, 5, 7, 9, 13, 21]
curves = {"boxcar": [classify(lambda z, s=s: boxcar(z, s)) for s in sizes],
          "Lee": [classify(lambda z, s=s: lee(z, s, LOOKS)) for s in sizes]}

picture = Picture(6.5, 3.8, alt="Share that is right against the window: inside it rises and falls again; near borders the "
                  "boxcar soon falls, and Lee's filter stays above it.")
ax = picture.subplots()
for (name, results), colour in zip(curves.items(), ("#D55E00", "#0072B2")):
    for place, style in (("inside", "-"), ("border", "--")):
        ax.plot(sizes, [r[place] for r in results], style, marker="o", ms=4, color=colour, label=f"{name}, {place}")
ax.axhline(1 / len(np.unique(drawn["train"][1])), color="#888888", lw=1, label="guessing")
ax.set(xlabel="width of the window [pixel]", ylabel="share that is right [-]", xticks=sizes, ylim=(0, None))
ax.legend(ncols=2, loc="lower left")
picture

# %%
table = pd.DataFrame({(name, place): [r[place] for r in results] for name, results in curves.items()
                      for place in ("inside", "border")}, index=pd.Index(sizes, name="window"))  # fmt: skip
print(f"{drawn['valid'][2].mean():.0%} of the drawn pixels are near a border")
table.round(3)

# %% [markdown]
r"""
Inside a field, looks are what is missing, and a filter is worth a lot. Up to a point: rare things are small, and a
window that is wider than they are averages them with what lies around. Near a border the boxcar gains next to nothing, and
soon it loses. Lee's filter keeps what it has gained on both sides, and so its windows may be wider. But look at what it gains
*there*: little. Near a border it mostly keeps the pixel, speckle and all.

Look also at the height of the curves. Even the best of them is wrong about most of the pixels. Speckle was *one* reason why
single pixels cannot be told apart. It was not the only one: crops look like grassland, and no filter will change that.
What is left is shape and neighbourhood, and for that we shall need networks.

Do not carry the best window away as a number, either. It belongs to *this* country, with its narrow rivers and small fields, and
where fields are wide it is another one.

Will a network need the filter? Think about what its first layer is: a sliding, weighted mean with *learnt* weights. In lesson
04 you can try both.
"""

# %% [markdown] answer="filter_choice" points=3
r"""
**In your own words.** A colleague wants to map narrow rivers and villages from Sentinel-1, filters all scenes with a boxcar of
11 by 11 "because that gives the most looks", and shows with an artificial image of white speckle that it gives over 500. Write
the reply: which two things are wrong with the argument, which filter and which test do you propose, and which number from this
lesson supports you?

### BEGIN SOLUTION
First, looks are not the aim: a river narrower than the window is mixed with its banks. The mean of the ratio along shores is
farthest below 1 for the boxcar, and near borders the classifier gets worse as the window grows. Second, real speckle is
correlated between neighbours, so n by n pixels do not give n squared times the looks: see the table of blocks, forest against
white speckle. Proposal: Lee (or refined Lee), with the looks measured in homogeneous patches of the scenes themselves; test:
the ratio image, what can be recognised in it, and the share of right pixels near borders on held-out scenes.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, 3 points.** One for the mixing at narrow things, with a number (shore column or border curve). One for the
correlation, with a number (table of blocks). One for a proposal that can be *tested*: a filter **and** a check of it on this kind
of image. "Use Lee because it is better" without a test is half a point.
"""

# %% [markdown]
r"""
## Looks from other days

There is one more way to get looks, and it costs no resolution at all. The grain had no memory: another date is another
throw of the dice. So average in *time*. The mean of twelve dates also averages the seasons, though. Quegan and Yu
(2001, doi:10.1109/36.964973) found how to lend looks and keep each date's own brightness: average the *ratio images* of
all dates, and put the local mean of the one date back.

$$J_k = \overline{z_k} \; \frac{1}{N} \sum_{i=1}^{N} \frac{z_i}{\overline{z_i}}$$
"""

# %%
dates = year["backscatter"].sel(band="VV").values  # the place from the beginning, (date, y, x)
together = {"one date": dates[0], "Lee, one date": lee(dates[0], 7, LOOKS), "twelve dates, Quegan": quegan(dates, 7)[0]}

for name, result in together.items():
    wooded = result[row : row + 64, column : column + 64].reshape(4, 16, 4, 16).swapaxes(1, 2).reshape(16, 16, 16)
    print(f"{name:22s} {np.median([estimate_enl(patch) for patch in wooded]):5.1f} looks in patches of the forest")
show(together, "One date as it came, after Lee's filter, and with the looks of eleven other dates, which is calm and sharp.")

# %% [markdown]
r"""
Forests and towns stay where they are. Where things *move*, on fields and floods, borrowed looks are looks at something
else: look for a place in the right image where you would not trust it.

## What goes wrong, and how you see it

| what you see | what it was |
|---|---|
| the filtered scene is darker than the original | decibels were averaged, or medians taken |
| a dark frame around the scene | zeros beyond the border |
| holes as large as the window | one NaN, and a mean that does not leave it out |
| a filter that is excellent in the paper and not here | it was tried on white speckle |
| tiles of one map that do not match | the filter uses the variance of the whole tile: the copied Lee |
| an ENL of 40 for an unfiltered image | it is filtered, or the patch is too small |
| houses and rivers in the ratio image | that is what you threw away |

## What you take along

- Speckle is not an error of the instrument. It multiplies, it has no memory, and it comes in lumps.
- Neighbours are alike. Count looks, not pixels.
- A filter pays for looks with edges. Ask what it took away.
- The best filter for the eye need not be the best one for a map.

Next: **03 imbalance**, where a rubber stamp that says *forest* wins.
"""
