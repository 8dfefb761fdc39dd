# ---
# jupyter:
#   dla:
#     title: Segmentation
#     objectives:
#       - Cut scenes into patches, and split them so that no pixel is tested beside one that was trained on
#       - Measure how much a split by single pixels flatters a model
#       - Turn, mirror and shake a patch, and say which of that the radar would allow
#       - Build and train a U-Net, and compare it with an honest pixel-wise opponent
#       - Map a scene from overlapping tiles without seams
#     minutes: 120
#     seconds: 50
#     prerequisites:
#       - "Lesson 02: speckle, and what a filter costs"
#       - "Lesson 03: macro F1, and why a network must be shown rare classes more often"
# ---

# %% [markdown]
r"""
## What a single pixel cannot know

Below is a radar scene of two and a half kilometres, and beside it what a land-cover product says is there. Cover the
right half with your hand and try to draw the map from the radar alone.

You will find that you can, roughly. A field has straight edges. A river is long, thin and dark. A village is a handful of
bright dots along a road. None of this is a property of *a pixel*: a pixel is one number in VV and one in VH, and
speckle has shaken both. (The labels are squares of ten by ten pixels: the product that they come from has cells of
100 m, and the radar's pixels have 10.)

**Write down first:** how far around a pixel, in pixels, does your eye look to decide what it is? And which classes can
you tell from the brightness of one pixel alone?
"""

# %% [markdown] advisor
r"""
**Session plan (two sessions of 60 minutes).** First: drawing the map by eye on the projector (10), patches in pairs
(15), the split and its experiment together (25), what may be turned as the live demo (10). Second: building the
network in pairs (20), training together, bets on the macro F1 first (10), looking at maps and at single classes (15),
tiles (15). Written answer at home.

**The two moments.** The three lines of the leak experiment: same model, same test pixels, another score. And the table
after the training. Have the class bet on both; write the bets down.

**Where they hit the wall:** the learners' network maps the large classes better than the pixel-wise forest and may miss
the rarest class altogether. Do not rescue them: lesson 05 asks which class loses where, and lesson 06 is about what
can be done in little time.

**What goes wrong:** `split_blocks` at the upper and left edge (negative slices). Let them print
`np.arange(10)[-2:4]`.
"""

# %%
import keras
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from dla_widgets import AugmentationExplorer, check, hint
from dla_widgets.landcover.baselines import AllForest, PixelForest
from dla_widgets.landcover.figures import class_map, side_by_side
from dla_widgets.landcover.layers import Decibels
from dla_widgets.landcover.legend import IGNORE, NAMES
from dla_widgets.landcover.losses import combined, cross_entropy, dice
from dla_widgets.landcover.prediction import predict, predict_logits
from dla_widgets.landcover.scenes import arrays, decibel, open_scenes, select_scenes
from dla_widgets.landcover.skill import Confusion
from dla_widgets.landcover.speckle import boxcar
from dla_widgets.landcover.tiling import tiled
from dla_widgets.landcover.training import train
from dla_widgets.panels.picture import Picture

# %%
scenes = open_scenes()
training, validation = select_scenes(scenes, "train"), select_scenes(scenes, "valid")
power, labels = arrays(training)
valid_power, valid_labels = arrays(validation)
print(f"{len(labels)} scenes to train on, {len(valid_labels)} to choose with, {labels.shape[1]} by {labels.shape[2]} pixels each")

forested = [(each[each != IGNORE] == 0).mean() for each in valid_labels]
shown = str(validation.scene.values[np.argmin(forested)])  # the one with the least forest
side_by_side(validation, name=shown)

# %% [markdown]
r"""
## First the opponent

Before a network, beat someone. The honest opponent looks at one pixel at a time: a **random forest** that gets the
decibels of the pixel and, because lesson 02 was not in vain, those of the Lee-filtered scene with two windows. So it
does know a little about the surroundings, but only their *brightness*. And below it stands the opponent who says
"forest" everywhere.

All scores in this lesson are those of the **validation** scenes, until the last cell. What the lesson's settings are
(how many steps, which learning rate, which loss) was chosen on them, too, and never on the test scenes. Whatever you
change, change it here.
"""

# %%
board, maps = {}, {}


def enter(name, prediction):
    """Put a map of the validation scenes on the board."""
    maps[name] = prediction
    board[name] = Confusion().add(valid_labels, prediction.values)
    print(f"{name:18s} accuracy {board[name].accuracy:.3f}   macro F1 {board[name].macro_f1:.3f}")


forest = PixelForest().fit(scenes)
enter("all forest", AllForest().fit(scenes).predict(validation))
enter("pixel by pixel", forest.predict(validation))

# %%
side_by_side(validation, {"pixel by pixel": maps["pixel by pixel"]}, name=shown)

# %% [markdown]
r"""
Look at the texture of its map. The labels come in patches; the forest's opinion changes from pixel to pixel, and it
has no idea that a single pixel of one class in the middle of another is nonsense. What it lacks is a look around.

## Patches

A network that looks around is shown **patches**: squares small enough to put many of them into one step of training,
and large enough that a field and what lies beside it fit in. Here 64 pixels, 640 metres.

Cut a scene into patches side by side, row by row; what is left over at the right and below stays out. Patches that
nobody has labelled teach nothing: keep those of which at least the share `least` has a label that is not 255.
"""

# %% solution="cut_patches"
def cut_patches(power, labels, size, least):
    """Power (patch, size, size, band) and labels (patch, size, size) of the patches with enough labels.

    power : (y, x, band) linear power
    labels : (y, x), 255 where nobody knows
    size : side of a patch [pixel]
    least : share of its pixels that must have a label [-]
    """
    ### BEGIN SOLUTION
    kept_power, kept_labels = [], []
    for row in range(0, labels.shape[0] - size + 1, size):
        for column in range(0, labels.shape[1] - size + 1, size):
            place = slice(row, row + size), slice(column, column + size)
            if (labels[place] != 255).mean() >= least:
                kept_power.append(power[place])
                kept_labels.append(labels[place])
    return np.stack(kept_power), np.stack(kept_labels)
    ### END SOLUTION

# %% tests="cut_patches" points=2
check("cut_patches", cut_patches)

# %%
cut = [cut_patches(p, each, 64, 0.5) for p, each in zip(power, labels)]
patches, patch_labels = (np.concatenate(part) for part in zip(*cut))

only_forest = np.mean([(each[each != IGNORE] == 0).all() for each in patch_labels])
print(f"{len(patches)} patches of {patches.shape[1]} pixels, {patches.nbytes / 1e6:.0f} MB")
print(f"{only_forest:.0%} of them are forest and nothing else")
pd.Series({name: np.mean([(each == k).any() for each in patch_labels]) for k, name in enumerate(NAMES)},
          name="patches in which the class occurs").map("{:.1%}".format).to_frame()

# %% [markdown]
r"""
Sixteen patches go into one step of training. Work out from the table how many of sixteen, drawn at random, would show
you a wetland. This is why the kit's `train` does not draw from a fixed list: it cuts patches anywhere, and with
`how="balanced"` it draws a class first and then a place where it occurs (lesson 03).

## Neighbours are not witnesses

How good is a model? Ask it about pixels that it has not seen. The simplest way is to set aside a quarter of the pixels
at random, and it is in many papers. On a map it is a trap. A pixel has neighbours. They lie in the same field, so they
have the same label. They were filtered with the same window, so they share even their *speckle*. Whoever was trained on
three neighbours of a pixel need not understand anything to know the fourth. The test has **leaked** into the training.

Set **blocks** aside instead, and leave a margin around each, so that no window looks across. Blocks are numbered row by
row, the last ones may be cut off by the edge.

Write a map of the parts: 0 for training, 1 for a block that is held back, 2 for a pixel within `margin` rows and
columns of such a block, which is for neither.
"""

# %% solution="split_blocks"
def split_blocks(shape, block, held, margin):
    """What each pixel is for, (y, x) uint8: 0 to train on, 1 held back, 2 neither.

    shape : rows and columns of the scene
    block : side of a block [pixel]
    held : numbers of the blocks to hold back
    margin : how many rows and columns around them are for neither [pixel]
    """
    ### BEGIN SOLUTION
    parts = np.zeros(shape, np.uint8)
    across = -(-shape[1] // block)  # rounded up
    corners = [(number // across * block, number % across * block) for number in held]
    for top, left in corners:
        parts[max(top - margin, 0):top + block + margin, max(left - margin, 0):left + block + margin] = 2
    for top, left in corners:
        parts[top:top + block, left:left + block] = 1
    return parts
    ### END SOLUTION

# %% tests="split_blocks" points=2
check("split_blocks", split_blocks)

# %% [markdown]
r"""
Now measure the leak. The model is a random forest that gets the mean brightness in windows of 5, 11 and 21 pixels. It
is tested on the *same pixels* three times; what changes is only where its training pixels may lie, and they are equally
many.

- **anywhere**: any other pixel of these scenes. That is the random split.
- **outside the blocks**: up to the border of the blocks that the test pixels lie in, but not within them.
- **beyond the margin**: far enough away that no window sees both.

**Bet before you run it**: what is the macro F1 of each?
"""

# %%
def looks(power):
    """Mean backscatter [dB] around each pixel in windows of three sizes, (scene, y, x, feature)."""
    bands = np.moveaxis(power, -1, 0)
    means = np.concatenate([boxcar(bands, size) for size in (5, 11, 21)])
    return np.nan_to_num(decibel(np.moveaxis(means, 0, -1)), nan=-60.0)


rng = np.random.default_rng(1)
some, size = slice(0, 8), labels.shape[1]
block, margin = size // 4, 21
held = [rng.choice(16, 4, replace=False) for _ in labels[some]]
near, far = (np.stack([split_blocks(labels.shape[1:], block, numbers, width) for numbers in held]) for width in (0, margin))

features, known = looks(power[some]), labels[some] != IGNORE
tested = known & (far == 1) & (rng.random(known.shape) < 0.25)
may_train = {"anywhere": known & ~tested, "outside the blocks": known & (near == 0), "beyond the margin": known & (far == 0)}

leak, count = {}, min(40_000, *(int(allowed.sum()) for allowed in may_train.values()))
for name, allowed in may_train.items():
    drawn = rng.choice(np.flatnonzero(allowed), count, replace=False)
    model = RandomForestClassifier(20, n_jobs=2, random_state=0)
    model.fit(features.reshape(-1, features.shape[-1])[drawn], labels[some].ravel()[drawn])
    leak[name] = Confusion().add(labels[some][tested], model.predict(features[tested]))
    print(f"training pixels {name:20s} accuracy {leak[name].accuracy:.3f}   macro F1 {leak[name].macro_f1:.3f}")

# %%
picture = Picture(8, 3.2, alt="Three scenes: blocks held back, a margin around each, and the rest for training.")
for axes, parts, name in zip(picture.subplots(1, 3), far, training.scene.values):
    axes.imshow(np.array([0.75, 0.0, 1.0])[parts], cmap="gray", vmin=0, vmax=1)
    axes.set(title=str(name), xticks=[], yticks=[])
    axes.grid(visible=False)
picture.suptitle("Black: held back. White: neither. Grey: for training.", fontsize=10)
picture

# %% [markdown]
r"""
Same model, same test pixels. The first line is what a random split promises; the last is nearer to what you get in a
place where nobody has drawn labels. **The difference is not skill, it is memory.** And it hits the macro F1 far harder
than the accuracy, for forest is forest everywhere, while a rare class in these scenes is two or three patches, and one
of them was in the training.

How much the margin adds depends on how far your windows look; without it you would have to trust that it adds nothing.

Even the last line flatters: it is the same eight scenes, taken on the same day. That is why the scenes of this course are
split as wholes, and why real data should be split by regions. (The kit's `spatial_blocks` draws such blocks for a scene
that is too large to be held back.)

## More patches out of the same ones

Labels are dear, patches are few, and a network can learn them by heart. But a field that is turned by ninety degrees is
still a field. **Augmentation** shows the network each patch in another position and a little brighter or darker, so
that it cannot rely on either.

What is fair? Ask the physics, not the library.

- **Turned and mirrored.** A square has eight positions. A radar looks *sideways*, though: slopes that face it are
  bright and their backs are dark, and mirroring moves the sun, so to speak. In flat country that is no loss. In
  mountains, mirror only along the flight path.
- **Brighter and darker** by a fraction of a decibel: calibration and soil moisture do that every day.
- **Not** stretched or blurred: pixels are ten metres, and texture is evidence. **Not** rain of random noise added to
  the power: speckle multiplies.

Write it. Mirror first (left to right), then turn by quarters, as `np.rot90` turns, then make each band brighter by its
own gain in decibel.
"""

# %% solution="augment_pair"
def augment_pair(power, labels, mirror, turns, gain):
    """The patch in another position and brightness: power (y, x, band) and labels (y, x).

    mirror : True to mirror left to right, before it is turned
    turns : quarter turns, counter-clockwise
    gain : (band,) [dB]
    """
    ### BEGIN SOLUTION
    if mirror:
        power, labels = power[:, ::-1], labels[:, ::-1]
    power, labels = np.rot90(power, turns), np.rot90(labels, turns)
    return power * 10 ** (gain / 10), labels
    ### END SOLUTION

# %% tests="augment_pair" points=2
check("augment_pair", augment_pair)

# %% [markdown]
r"""
**Try it.** Hills, lit by the radar from the west. Which of the eight positions could some pass of the satellite have measured,
which only the pass that you had, and which none? What changes if the land is flat, or its slopes have been divided out?
"""

# %% demo="positions"
AugmentationExplorer()

# %% [markdown]
r"""
Is it fair *here*? If the side from which the radar looks left a trace in these scenes, forest would be brighter on one
side than on the other. Measure it: the mean of all training scenes, one third against the opposite one.
"""

# %%
trees = np.where((labels == 0)[..., None], decibel(power), np.nan)
third = trees.shape[1] // 3
for name, one, other in (("left minus right", trees[:, :, :third], trees[:, :, -third:]),
                         ("upper minus lower", trees[:, :third], trees[:, -third:])):
    difference = np.nanmean(one, axis=(0, 1, 2)) - np.nanmean(other, axis=(0, 1, 2))
    print(f"forest, {name:18s} VV {difference[0]:+.2f} dB, VH {difference[1]:+.2f} dB")
print(f"forest, from pixel to pixel: standard deviation {np.nanstd(trees[..., 0]):.1f} dB in VV")

# %% [markdown]
r"""
Compare the differences with the scatter of single pixels, and decide. In a mountain range the answer would be another
one. And thirds of a scene don't see everything: where forest ends at a field, the trees that face the radar stand as a bright
wall (Bouvet et al. 2018, doi:10.3390/rs10081250), in these scenes too. Ascending and descending passes light walls to the west
and to the east. A quarter turn makes walls that no pass has lit; the kit does it all the same, and only a validation can say
whether that costs more than it brings.

Do not expect wonders of augmentation in a training as short as ours. Work out how often 200 steps of 16 patches show
the network the same place twice. It is in long trainings that a network begins to know its patches.

## A network that goes down and comes up again

Look around far, and yet draw sharp borders: these two wishes pull in opposite directions. To look far, a network halves
the image again and again; a convolution on an image that was halved three times sees eight times as far. But a
halved image has lost where exactly the border was.

The **U-Net** (Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28) does both. On the way down it keeps what it saw
at each level. On the way up it doubles the image, lays what it had kept beside it, and lets a convolution make one of
the two. Drawn with the way down at the left and the way up at the right, with the bridges between them, it looks like
a U.

```
image -> block 16 -------------------------------> [16 + 32] -> block 16 -> 1x1 convolution: 9 logits
           | half                                     ^ double
         block 32 --------------> [32 + 64] -> block 32
           | half                    ^ double
           +------- block 64 --------+
```

**Build it** in the functional way of Keras: `x = layer(x)`, and in the end `keras.Model(inputs, outputs)`.

- A block is `Conv2D(features, 3, padding="same")`, then `BatchNormalization(momentum=0.9)`, then `ReLU()`. The
  normalisation brings the features of each step's patches to standard units; without it, training takes far longer.
- Level k has `base * 2**k` features, and the bottom `base * 2**depth`, where `depth` is how often the image is halved.
- Down with `MaxPooling2D()`, up with `UpSampling2D()`, beside each other with `Concatenate()`.
- The head is `Conv2D(classes, 1)`: linear, for the losses take logits.
- It must take images of any size.
"""

# %% solution="build_unet"
def build_unet(channels, classes, base, depth):
    """An untrained Keras model: (batch, y, x, channels) -> logits (batch, y, x, classes)."""
    ### BEGIN SOLUTION
    def block(x, level):
        x = keras.layers.Conv2D(base * 2**level, 3, padding="same")(x)
        return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))

    x = inputs = keras.layers.Input((None, None, channels))
    kept = []
    for level in range(depth):
        x = block(x, level)
        kept.append(x)
        x = keras.layers.MaxPooling2D()(x)
    x = block(x, depth)
    for level in reversed(range(depth)):
        x = keras.layers.UpSampling2D()(x)
        x = keras.layers.Concatenate()([x, kept[level]])
        x = block(x, level)
    return keras.Model(inputs, keras.layers.Conv2D(classes, 1)(x))
    ### END SOLUTION

# %% tests="build_unet" points=3
check("build_unet", build_unet)

# %% [markdown]
r"""
Three things remain.

**Decibels.** The network wants them in standard units, and radar is stored as linear power. The kit's layer `Decibels`
does both; `train` measures mean and spread on the training scenes, and they are saved inside the model. So it takes
what the satellite gives, and nobody can scale it twice.

**Half the size.** The product that we learn from has cells of 100 m, so 20 m are fine enough. The mean of two by two
pixels, of their *power*, is multilooking (lesson 02): less speckle, and a quarter of the work. In the end the logits
are doubled again.

**The loss**, after lesson 03: patches with every class drawn equally often, and cross-entropy plus **Dice**, which
looks at each class as a whole: one minus twice the overlap of prediction and truth, over the sum of both.
"""

# %%
def for_radar(network):
    """Your network with what radar needs: multilooking and decibels before it, the full size again behind it."""
    inputs = keras.Input((None, None, network.input_shape[-1]))
    image = Decibels()(keras.layers.AveragePooling2D(2)(inputs))
    return keras.Model(inputs, keras.layers.UpSampling2D(interpolation="bilinear")(network(image)))


keras.utils.set_random_seed(0)
unet = for_radar(build_unet(channels=2, classes=len(NAMES), base=16, depth=2))
print(f"{unet.count_params()} weights")
history = train(unet, scenes, combined((cross_entropy(), 1.0), (dice(), 1.0)), how="balanced", steps=200, batch=16, size=64,
                learning_rate=1e-2, valid=validation, every=50)
print(f"{len(history['loss'])} steps of 16 patches in {history['seconds'][-1]:.0f} s")

# %%
smooth = np.convolve(history["loss"], np.ones(15) / 15, mode="valid")
picture = Picture(8, 3.2, alt=f"The loss falls from {smooth[0]:.2f} to {smooth[-1]:.2f}; the macro F1 on the validation scenes "
                  f"goes from {history['macro_f1'][0]:.2f} to {history['macro_f1'][-1]:.2f}.")
left, right = picture.subplots(1, 2)
left.plot(np.arange(len(smooth)) + 15, smooth)
left.set(xlabel="step", ylabel="loss, mean of 15 steps [-]")
right.plot(history["step"], history["macro_f1"], "o-", color="#D55E00", label="U-Net")
right.axhline(board["pixel by pixel"].macro_f1, color="#666666", ls="--", label="pixel by pixel")
right.set(xlabel="step", ylabel="macro F1, validation scenes [-]", ylim=(0, None))
right.legend()
picture

# %% [markdown]
r"""
Now the scores. **You bet on the macro F1. Which single class did you expect to gain most?**
"""

# %%
enter("U-Net", predict(unet, validation))
pd.DataFrame({name: confusion.f1 for name, confusion in board.items()}, index=NAMES).dropna(how="all").round(2)

# %%
side_by_side(validation, {"pixel by pixel": maps["pixel by pixel"], "U-Net": maps["U-Net"]}, name=shown,
             truth="truth" in validation)  # only simulated scenes know what is really there

# %% [markdown]
r"""
The accuracies lie close together, and the macro F1 tells the three apart. The map is rounder than its labels: it was
taught with squares of 100 m and has learnt from hundreds of them what the radar sees. *Where* something is it often knows
better than *what* it is: compare the outlines first, and the colours after that. Look at the table class by class: where the
brightness alone decides, the opponent is not bad. Where shape decides, it has nothing to say. And there may be a class
that neither finds. Is it rare, or does the radar not see it? Lesson 05 takes the errors apart.

How far does the network look? Change a single pixel, and see how far away the logits move.
"""

# %%
flat = np.full((1, 128, 128, 2), 0.1, "float32")
dotted = flat.copy()
dotted[0, 64, 64] = 1.0
moved = np.abs(predict_logits(unet, dotted) - predict_logits(unet, flat)).max(axis=-1)[0] > 1e-4
rows, columns = np.nonzero(moved)
reach = max(abs(rows - 64).max(), abs(columns - 64).max())
print(f"one pixel moves logits up to {reach} pixels away; your network looks at {2 * reach + 1} by {2 * reach + 1} pixels at most")

# %% [markdown]
r"""
Compare with the number that you wrote down. A deeper network looks further (`depth=3` doubles it, roughly), and needs
larger patches and more of them. Try it on the validation scenes if you have the time.

## A map has no seams

Our scenes are small enough to go through the network at once. A real one is ten thousand pixels wide and goes through
in **tiles**. At the edge of a tile the network sees only half of what is around, and knows less there: the next tile
begins with another opinion, and a seam runs through the map.

So let the tiles overlap and **blend** them: at each pixel the mean of the logits of all tiles that cover it, weighted
by a window that is large in the middle of a tile and small at its edge. Decide which class it is once, at the very end.
"""

# %% solution="blend_tiles"
def blend_tiles(tiles, corners, window, shape):
    """Logits of the whole map, (y, x, class): the weighted mean of the tiles; NaN where no tile lies.

    tiles : (tile, size, size, class) logits
    corners : (tile, 2) row and column of the upper left pixel of each
    window : (size, size) weights, above 0
    shape : rows and columns of the map
    """
    ### BEGIN SOLUTION
    size = len(window)
    total, weight = np.zeros((*shape, tiles.shape[-1])), np.zeros((*shape, 1))
    for tile, (row, column) in zip(tiles, corners):
        place = slice(row, row + size), slice(column, column + size)
        total[place] += window[..., None] * tile
        weight[place] += window[..., None]
    return np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight > 0)
    ### END SOLUTION

# %% tests="blend_tiles" points=2
check("blend_tiles", blend_tiles)

# %%
def in_tiles(scene, size, step, window):
    """Logits of a scene (y, x, band) from tiles of `size` pixels every `step` pixels."""
    starts = range(0, len(scene) - size + 1, step)
    corners = np.array([(row, column) for row in starts for column in starts])
    tiles = predict_logits(unet, np.stack([scene[row:row + size, column:column + size] for row, column in corners]))
    return blend_tiles(tiles, corners, window, scene.shape[:2])


one = valid_power[list(validation.scene.values).index(shown)]
side = len(one) // 4 // 8 * 8  # of a tile; a multiple of 8, since the network halves the scene three times
one = one[:len(one) // side * side, :len(one) // side * side]
whole = predict_logits(unet, one[None])[0]
edge = np.minimum(np.arange(1, side + 1), np.arange(side, 0, -1)) / side
flat, hill = np.ones((side, side)), np.outer(edge, edge)

versions = {"side by side": in_tiles(one, side, side, flat), "overlapping, plain mean": in_tiles(one, side, side // 2, flat),
            "overlapping, blended": in_tiles(one, side, side // 2, hill),
            "the kit's tiled()": tiled(lambda power: predict_logits(unet, power), one, tile=side, overlap=side)}
others = {name: logits.argmax(-1) != whole.argmax(-1) for name, logits in versions.items()}
for name, differs in others.items():
    print(f"{name:24s} {differs.mean():.2%} of the pixels get another class than from the whole scene")

# %%
picture = Picture(8, 3.4, alt="Where tiles say something else than the whole scene: along a grid of seams.")
for axes, (name, differs) in zip(picture.subplots(1, 3), others.items()):
    axes.imshow(differs, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.set(title=name, xticks=[], yticks=[])
    axes.grid(visible=False)
picture.suptitle(f"Black: another class than from the whole scene, {shown}", fontsize=10)
picture

# %% [markdown]
r"""
The kit's `tiled` throws the outermost pixels of each tile away before it blends. If what it throws away is as wide as
the network looks, nothing is left of the seams.

## Once, at the end

Everything so far was seen by us and by you: the validation scenes have been used to choose. Here are the **test**
scenes. Nothing was ever chosen on them. Map them once, write the numbers down, and do not come back.
"""

# %%
test = select_scenes(scenes, "test")
truth = arrays(test)[1]
final = {"all forest": AllForest().fit(scenes).predict(test), "pixel by pixel": forest.predict(test), "U-Net": predict(unet, test)}
rows = {name: Confusion().add(truth, prediction.values) for name, prediction in final.items()}
pd.DataFrame({"accuracy": {name: c.accuracy for name, c in rows.items()}, "macro F1": {name: c.macro_f1 for name, c in rows.items()},
              "macro F1, validation": {name: board[name].macro_f1 for name in rows}}).round(3)

# %% [markdown] answer="why_context" points=4
r"""
**In your own words.** Look at the leak experiment, at the table of classes, and at the maps.

1. A colleague maps land cover in one large scene and reports a macro F1 of 0.9. She set a random fifth of the pixels
aside for testing. Which two questions do you ask her, and what do you expect to happen to the number?
2. Name one class that the U-Net maps clearly better than the forest of trees, and one where it hardly helps. What does
the neighbourhood tell about the one that it does not tell about the other?
3. You are to train on a mountain range seen from one orbit. Which of the eight positions of a patch would you still
show to the network, and why?

### BEGIN SOLUTION
1. How far is the nearest training pixel from a test pixel, and does any window or filter see both? How would it do in
a scene that was not trained on at all? The number will fall: in the experiment above the same model on the same pixels
lost a good part of its macro F1 when the training pixels were moved beyond a margin, while the accuracy hardly moved. 2. For
example built-up: single bright points are speckle or trees, but bright points in rows beside a road are a village.
Water in lakes is dark in every pixel, so a filtered pixel is nearly enough; or shrubs, which neither finds, since their
brightness is that of grass and young forest and they have no shape of their own. (Any pair that the learner's own
table supports.) 3. The radar looks across the flight path, so slopes that face it are bright. Mirroring *along* the
flight path, that is top to bottom for a satellite that flies north or south, leaves that as it is. Mirroring left to
right and half turns move the bright side to where the other orbit, which is not in your data, would see it; quarter turns to where
none does. So two of eight: as it is, and mirrored top to bottom. Four, if scenes of the other orbit are to be mapped as well. Or
all eight, if the terrain's effect was taken out before and the statistics of facing slopes
agree.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, 4 points.** Part 1, two points: one for a question about distance or blocks (or other scenes), one for
the right direction with a reason from the experiment. Part 2, one point: the pair must agree with their table, and the
reason must name shape, size or arrangement, not "context" alone. Part 3, one point: mirroring along the flight path
only, with the side-looking geometry as the reason; "and those that the other orbit would see", if it says that they are another orbit's; "all eight, because of terrain correction" earns it too if the
condition is said.

**Ask:** why does the margin have 21 pixels? (Two windows of 21 pixels, around a test pixel and a training pixel, just
do not meet.) What would it have to be for the network?

**If the U-Net loses against the forest** in somebody's run: another seed, or too few steps because the cell was
stopped. Compare the learning curves side by side on the projector.
"""

# %% [markdown]
r"""
## What goes wrong, and how you see it

| what you see | what it was |
|---|---|
| 0.9 in the notebook, 0.3 in the next valley | a split by pixels: the test leaked |
| everything is forest after hundreds of steps | random patches: the network has hardly met another class |
| the loss falls and the map is shifted or mirrored | power turned, labels not |
| the loss does not fall at all | a softmax before a loss that takes logits, or powers instead of decibels |
| good on patches, poor on scenes | the normalisation's momentum: its memory is longer than the training |
| a grid in the map | tiles without overlap, or classes blended instead of logits |
| villages as wide smears | no bridges: the fine levels were lost on the way down |

## What you take along

- A pixel does not know what it is. Shape, size and neighbours do.
- Test far away from where you trained, or you test your memory.
- Augment with what the instrument could have seen.
- Down for context, across for borders, up for a map.
- Logits are blended, classes are not.

Next: **05 error maps**. Where is it wrong, and which cure helps which class?
"""
