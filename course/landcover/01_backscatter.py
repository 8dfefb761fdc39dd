# ---
# jupyter:
#   dla:
#     title: Backscatter
#     objectives:
#       - Say what a side-looking radar measures, and read a scene in VV and in VH
#       - Turn power into decibels and back, and know which of the two to average
#       - Describe a land class by its signature, and say which classes one pixel cannot tell apart
#       - Name what else makes a class bright or dark, the angle above all
#       - Scale the inputs of a network without letting the test scenes in
#     minutes: 90
#     seconds: 11
#     prerequisites:
#       - Python with NumPy arrays; no radar, no deep learning
# ---

# %% [markdown]
r"""
## A flash in the dark

A radar brings its own light. Sentinel-1 flies at 700 km, looks down to its right, sends a pulse of microwaves of 5.5 cm
wavelength and listens to what comes back. It needs no sun and sees through clouds, which is why the rain forests of the world,
where a cloudless day is rare, are mapped by radar.

Below is one scene of it, 2.5 by 2.5 km. Nobody has told you what is on it. **Before you read on: find a river, a field,
and a village. Write down how sure you are of each, in percent.**
"""

# %%
import numpy as np
import pandas as pd

from dla_widgets import BackscatterExplorer, check, hint
from dla_widgets.landcover.figures import class_bars, radar_image, side_by_side
from dla_widgets.landcover.legend import CLASSES, IGNORE, NAMES, colours, label
from dla_widgets.landcover.scenes import BANDS, arrays, open_scenes, select_scenes
from dla_widgets.panels.picture import Picture

# %%
scenes = open_scenes(n=35)  # simulated; open_scenes("the folder of your chips") for real ones, and nothing else changes
train, test = select_scenes(scenes, "train"), select_scenes(scenes, "test")

water = np.mean(train["landcover"].values == label("water"), axis=(1, 2))
kinds = [len(np.unique(scene[scene != IGNORE])) for scene in train["landcover"].values]
lively = str(train["scene"].values[np.argmax(kinds + np.minimum(water, 0.02) * 100)])  # many classes, and water among them
radar_image(train, lively)

# %%
side_by_side(train, name=lively)

# %% [markdown] advisor
r"""
**Session plan (90 minutes).** The guess (10): everybody writes percentages before the labels are shown. Compare: most people
are sure of the river and of nothing else, and they are right to be. Decibels in pairs (20). Mean of power or of decibels (20):
let them argue before they run it. Signatures and histograms (25). Scaling (15).

**If somebody asks why the labels are so blocky:** that is what they are, a product of 100 m laid over a radar of 10 m. It
comes back in lesson 03 with a price tag.
"""

# %% [markdown]
r"""
The labels are those of a global land-cover product, made from another satellite (PROBA-V) at 100 m. You see both at
once: what the radar tells, and what somebody says is there. The course is about the way from the first to the second.

What comes back depends on the surface:

- **Smooth water** is a mirror. The pulse bounces away from the satellite: dark. Wind makes waves, and waves send some back.
- **Bare soil and short grass** are rough at the scale of the wavelength and send back a little.
- **A forest** is a volume of twigs and leaves. The wave bounces around in it, and comes back in all polarisations.
- **Houses** have corners. A wall and a street are a mirror in two parts that sends the pulse straight back: very bright.

**VV and VH** are two ways to listen. Both pulses are sent with the wave swinging vertically (V). VV hears what comes back
swinging vertically, VH what comes back horizontally. A surface hardly turns the wave; a crown of twigs does. So VH is darker
everywhere, and textbooks say that forest stands out in it. Keep that sentence in mind: you will have the numbers to test it.

**Gamma nought** is what is stored here: the power that came back, per area seen from the satellite, with the slope of the
ground taken out as well as a terrain model allows (Small 2011, doi:10.1109/TGRS.2011.2120616). It has no unit.

## Ten times the logarithm

The numbers are small and spread over factors of a thousand:
"""

# %%
power, labels = arrays(train)  # (scene, y, x, band) linear power, (scene, y, x) labels
seen = power[np.isfinite(power).all(axis=-1)]
pd.DataFrame(np.nanquantile(seen, [0, 0.01, 0.5, 0.99, 1], axis=0), columns=BANDS,
             index=["least", "1 %", "median", "99 %", "most"]).round(5)

# %% [markdown]
r"""
So everybody speaks in **decibels**: $10 \log_{10}$ of the power. Twice the power is 3 dB more, ten times is 10 dB, a hundred
times is 20 dB.

Write it. Where nothing came back the power is 0, and its logarithm would be minus infinity: there, and where nothing was
measured at all, say NaN.
"""

# %% solution="to_decibel"
def to_decibel(power):
    """Decibels of linear power, an array of any shape; NaN where the power is 0 or was not measured."""
    ### BEGIN SOLUTION
    return 10 * np.log10(np.where(power > 0, power, np.nan))
    ### END SOLUTION

# %% tests="to_decibel" points=2
check("to_decibel", to_decibel)

# %%
decibels = to_decibel(power)
picture = Picture(8, 3, alt="Histograms of VV: linear power has a long tail to the right, decibels are nearly a bell.")
for axes, values, unit in zip(picture.subplots(1, 2), (power[..., 0], decibels[..., 0]), ("linear power [-]", "decibel [dB]")):
    inside = values[np.isfinite(values)]
    axes.hist(inside, np.linspace(*np.quantile(inside, [0.0005, 0.998]), 90), color="#0051AF")
    axes.set(xlabel=f"VV, {unit}", yticks=[])
picture

# %%
middle = np.nanmedian(power[..., 0])
print(f"below the median of VV there is room for {middle:.2f}, above it the brightest pixel is "
      f"{np.nanmax(power[..., 0]) - middle:.2f} away")
for name in ("water", "grassland", "forest"):
    typical = np.nanmedian(power[..., 0][labels == label(name)])
    print(f"{name:10s} median {typical:.3f} = {float(to_decibel(typical)):6.1f} dB")

# %% [markdown]
r"""
A network begins with weighted sums of its inputs. On the left all that is dark, water, fields, bare ground, is crowded into the
lower corner, and a few houses reach far beyond everything else. On the right, *twice as much* is the same step everywhere, from
water to grass as from grass to a house. That is why networks are fed with decibels.

## Which of the two do you average?

You want the backscatter of a whole forest, not of a pixel. There are two ways: average the decibels, or average the power and
take decibels of that. **Do they give the same? If not, which is larger, and which one would a radar with pixels as large as
your forest have measured? Decide before you write the function.**
"""

# %% solution="mean_backscatter"
def mean_backscatter(decibels):
    """Mean backscatter of an area [dB], from its pixels in dB, an array of any shape with NaN in the gaps."""
    ### BEGIN SOLUTION
    return to_decibel(np.nanmean(10 ** (decibels / 10)))
    ### END SOLUTION

# %% tests="mean_backscatter" points=2
check("mean_backscatter", mean_backscatter)

# %%
forest = decibels[labels == label("forest")]
table = pd.DataFrame({"mean of decibels": np.nanmean(forest, axis=0),
                      "decibel of the mean power": [mean_backscatter(forest[:, band]) for band in range(2)]}, index=BANDS)
table["difference"] = table["decibel of the mean power"] - table["mean of decibels"]
table.round(2)

# %% [markdown]
r"""
Half a decibel does not look like much. It is more than a tenth of the power, and it is a *bias*: a million pixels more do not
make it smaller. Most of it comes from speckle, the grain that you saw, and lesson 02 is about that. The rule is short: **energy
adds up, logarithms do not. Average power, then take decibels.**

## The signature of a class

How bright is water, how bright is a field? Write the mean and the spread of each class, in dB. (Here the plain mean of the
decibels is meant: what a network is fed with are single pixels in dB, and this is where their cloud lies.)
"""

# %% solution="class_signature"
def class_signature(decibels, labels, classes):
    """Mean and standard deviation of `decibels` (y, x) [dB] for each label 0 ... classes - 1, an array (classes, 2).

    Pixels that were not measured (NaN) do not count; a class that does not occur has NaN.
    """
    ### BEGIN SOLUTION
    table = np.full((classes, 2), np.nan)
    for number in range(classes):
        values = decibels[(labels == number) & np.isfinite(decibels)]
        if values.size:
            table[number] = values.mean(), values.std()
    return table
    ### END SOLUTION

# %% tests="class_signature" points=2
check("class_signature", class_signature)

# %%
signature = {band: class_signature(decibels[..., k], labels, len(CLASSES)) for k, band in enumerate(BANDS)}
there = ~np.isnan(signature["VV"][:, 0])
table = pd.DataFrame({f"{band} {what}": signature[band][there, i] for band in BANDS
                      for i, what in enumerate(("mean [dB]", "spread [dB]"))}, index=np.array(NAMES)[there])
table["VV - VH [dB]"] = table["VV mean [dB]"] - table["VH mean [dB]"]
table.round(1)

# %% [markdown]
r"""
One line may surprise you: *built-up* is no brighter than a field. The corners of houses are bright, a few pixels of them. What
is labelled built-up is whole cells of 100 m, with gardens, roads and dark roofs between the walls.
"""

# %%
picture = Picture(6.4, 4.6, alt="Classes as crosses in the plane of VV and VH: water and bare ground lie apart, all others "
                                "overlap with each other and with forest.")
axes = picture.subplots()
for c in np.flatnonzero(there):
    (x, dx), (y, dy) = signature["VV"][c], signature["VH"][c]
    axes.errorbar(x, y, xerr=dx, yerr=dy, color=colours()[c], lw=2, marker="o", label=NAMES[c])
axes.set(xlabel="VV [dB]", ylabel="VH [dB]")
axes.legend(ncols=2, loc="upper left")
picture

# %% [markdown]
r"""
Now the textbook. How far does forest lie above grassland in VV, and how far in VH? And in which class is VH closest to VV?

On these scenes VH sets forest apart no better than VV does, and the table of the real chips that the scenes were made after
(`simulated_scenes.md`) says the same. One reason: the radar has a noise of its own, and what is dark in VH comes near it, so
dark classes look brighter than they are. **A rule from a textbook is a hypothesis about your data.**

The means are only half of it. **Try it.** Choose two classes and a band, and move the threshold: for which pair can one
threshold do most, and for which does it do no better than guessing? Then average over 7 by 7 pixels. Which pairs come apart,
and which don't?
"""

# %% demo="histograms"
BackscatterExplorer(train)

# %% [markdown] answer="overlap" points=3
r"""
**In your own words.** Look at the crosses, and at the spreads in the table. Name two classes that a single pixel can tell apart,
and two that it cannot. Then say what a person who looks at the *image* uses, beyond the brightness of one pixel, to tell the
second two apart.

### BEGIN SOLUTION
Forest and water can mostly be told apart: their means lie about 5 dB apart, which is more than the spread of either (though dark
forest and rough water do overlap). Grassland and cropland cannot: their means differ by less than 1 dB, and each spreads by 3. In
the image a field has straight borders and lies beside other fields and a road; natural grassland has round ones and lies in the
forest.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**A good answer** names water (or bare ground) against forest as easy, and any of shrubs, grassland, cropland, wetland
against each other as hopeless pixel by pixel: their means differ by a decibel or two, their spreads are about three. People use
shape (straight borders of fields), texture, neighbours (wetland lies along water, villages along roads), size. That
is exactly what a convolution can learn, and why lesson 04 is about networks that see neighbourhoods.
"""

# %% [markdown]
r"""
## The same forest from another side

Where does the spread come from? Some of it from geometry. Sentinel-1 looks to its side, so it sees the near edge of its
swath more from above and the far edge more slantingly: the **incidence angle** grows from some 30 to 45 degrees. Slopes add
to it: a hillside that faces the radar is hit steeply, one that faces away only grazed. A grazed surface sends less back.

**Guess:** between a steep and a grazing view of the *same* class, how many decibels? Compare your guess with the distances
between classes in the table above.
"""

# %%
picture = "The incidence angle of these scenes is not known."
if "incidence_angle" in train:
    angle = train["incidence_angle"].values
    edges = np.arange(26, 48, 4)
    picture = Picture(5.5, 3.2, alt="Mean VV against the incidence angle: forest and grassland get darker as it grows.")
    axes = picture.subplots()
    for name in ("forest", "grassland"):
        mean = [mean_backscatter(decibels[..., 0][(labels == label(name)) & (angle >= low) & (angle < low + 4)]) for low in edges]
        axes.plot(edges + 2, mean, "o-", color=colours()[label(name)], label=name)
        print(f"{name:10s} {mean[0]:6.1f} dB at {edges[0] + 2} degrees, {mean[-1]:6.1f} dB at {edges[-1] + 2}")
    axes.set(xlabel="incidence angle [degree]", ylabel="mean VV [dB]")
    axes.legend()
picture

# %% [markdown]
r"""
As much as lies between some classes. So a threshold that was found at one edge of the swath is wrong at the other, and a
network that has only seen one edge will find the other one strange. (Gamma nought has taken the larger part of this effect out
already.)

The rest of the spread is speckle for the most part, and the class itself: young and old forest, wet and dry fields, wind on
water. And some is in the labels, which call a cell of 100 m by the name of whatever covers most of it. Look again at the map
above: the river that you saw in the radar is hardly there.

How much of each class is there?
"""

# %%
class_bars(train["landcover"].values)

# %% [markdown]
r"""
Remember this picture. It is the subject of lesson 03.

## Scaling, and who is allowed to be measured

A network learns best from inputs with a mean near 0 and a spread near 1. VV lies around -9 dB and VH around -15: subtract a
mean, divide by a spread, band by band. It sounds harmless. But the mean and the spread are *learnt* from data like any other
parameter, and a test scene that has helped to choose them is no longer a test.

Write it for a table of pixels: `train` and `other` are (pixel, band) arrays in dB. Gaps become 0, the mean, *after* scaling.
"""

# %% solution="scale_bands"
def scale_bands(train, other):
    """`other` in standard units of `train`, band by band, both (pixel, band) [dB]; gaps (NaN) become 0."""
    ### BEGIN SOLUTION
    scaled = (other - np.nanmean(train, axis=0)) / np.nanstd(train, axis=0)
    return np.nan_to_num(scaled, nan=0.0)
    ### END SOLUTION

# %% tests="scale_bands" points=2
check("scale_bands", scale_bands)

# %%
def pixels(part):
    return to_decibel(arrays(part)[0]).reshape(-1, 2)


rows = {}
darkest = int(np.nanmean(to_decibel(arrays(test)[0])[..., 0], axis=(1, 2)).argmin())
for name, part in {"the darkest scene of the test part": test.isel(scene=[darkest]), "all of the test part": test}.items():
    ours, own = scale_bands(pixels(train), pixels(part)), scale_bands(pixels(part), pixels(part))
    rows[name] = {"scaled by the training scenes": ours[:, 0].mean(), "scaled by itself": own[:, 0].mean()}
pd.DataFrame(rows).T.round(2)

# %% [markdown]
r"""
Scaled by itself every scene has a mean of 0, the dark one too: its darkness, which tells of water and bare ground, is gone.
Scaled by the training scenes it stays darker than usual, and a network can see that.

From here on you need not do it by hand. The networks of this course take linear power, and their first layer makes decibels
and scales them, with numbers that were measured on the training scenes and are saved in the model.

**Try it on real radar.** Put chips of Sentinel-1 with their labels into a folder (`dla fetch landcover --help` says how to
get a place of your own), change the line `open_scenes(n=35)` to `open_scenes("that folder")`, and run the lesson again.
Which signatures stay, and which ones change?

## What goes wrong, and how you see it

| what you see | what it was |
|---|---|
| minus infinity as the mean of a scene | one pixel of power 0 went into the logarithm |
| everything half a decibel too dark | decibels were averaged |
| means twice as large as everybody else's | 20 log10, which is for amplitudes |
| a class with a signature of 0 dB | it does not occur, and nobody said NaN |
| a loss that is NaN from the first step | a gap in the input; scale first, then put 0 in its place |
| a flooded scene that looks like any other | it was scaled by its own mean |

## What to keep

- A radar pixel is a power. Decibels are for looking, and for feeding networks; averages are taken of power.
- VV listens to surfaces, VH to volumes; both are darker where the ground is smooth, and where the radar only grazes it.
- One pixel tells water from forest, and not a field from grassland. What is around it helps.
- Scaling is learnt, so it is learnt on the training scenes.

Next: **speckle**, the grain in everything that you have seen.
"""
