# ---
# jupyter:
#   dla:
#     title: Imbalance
#     objectives:
#       - Write a confusion matrix, precision, recall, F1 and macro F1, and say whom each of them listens to
#       - Explain why a model that minimises its loss can leave out every rare class, and be right to do so
#       - Weigh classes in a loss, and see what the weights cost
#       - Say how high the score of a perfect map is when the labels have faults
#     minutes: 110
#     seconds: 24
#     prerequisites:
#       - "Lesson 01: backscatter in decibel, the nine classes, 255 is ignored"
#       - "Lesson 02: speckle, and the mean over a window"
# ---

# %% [markdown]
r"""
## Two offers

A country of forests wants a land-cover map from radar. Two firms have mapped the same scenes for a trial, and the
ministry has compared their maps with the labels, pixel by pixel:

| | pixels that are right |
|---|---|
| firm A | nearly 96 in a hundred |
| firm B | a little over 94 in a hundred |

**Whom do you hire? Write a letter on paper, A or B, and one sentence: what would you have to hear to change your
mind?** Then run the next cells. The scenes of the trial are our *validation* scenes. All choices in this lesson are
made on training and validation scenes; the test scenes stay shut until the last section, and are looked at once.
"""

# %%
import numpy as np
import pandas as pd

from dla_widgets import ImbalanceExplorer, check, hint
from dla_widgets.landcover.figures import class_bars, class_map
from dla_widgets.landcover.legend import IGNORE, NAMES, label
from dla_widgets.landcover.scenes import arrays, decibel, open_scenes, select_scenes
from dla_widgets.landcover.skill import Confusion
from dla_widgets.landcover.speckle import boxcar
from dla_widgets.panels.picture import Picture

# %%
scenes = open_scenes()  # for real ones: open_scenes("the folder of your chips"), and nothing else changes
train, valid = select_scenes(scenes, "train"), select_scenes(scenes, "valid")
print({part: int((scenes["split"] == part).sum()) for part in ("train", "valid", "test")}, "scenes of",
      f"{scenes.sizes['y']} x {scenes.sizes['x']} pixels")

truth = arrays(valid)[1]  # labels (scene, y, x), 255 where nobody knows, or where the radar saw nothing
known = truth != IGNORE


def smooth_vh(part):
    """VH of a 7 x 7 neighbourhood [dB], (scene, y, x)."""
    return decibel(boxcar(part["backscatter"].isel(time=0).sel(band="VH").values, 7))


wet = smooth_vh(train)[(train["landcover"] == label("water")).values]
dark = float(np.nanquantile(wet, 2 / 3))  # two thirds of the training water is darker than this

map_a = np.full_like(truth, label("forest"))
map_b = np.where(smooth_vh(valid) < dark, label("water"), label("forest")).astype(np.uint8)

for firm, prediction in {"A": map_a, "B": map_b}.items():
    print(f"firm {firm}: {np.mean(prediction[known] == truth[known]):.1%} of the pixels are right")

# %% [markdown]
r"""
There they are, line by line. Firm A has never looked at a radar image. It has a rubber stamp that says *forest*. Firm B
has one line of code: what is dark in VH is water, all the rest is forest. It sees rivers, lakes and floods, and it
also takes some other things for water.

**Accuracy prefers the rubber stamp.** That is not a bug in the formula. It asks how often you are right, and in this
country forest is nearly always right:
"""

# %%
class_bars(arrays(train)[1])

# %% [markdown] advisor
r"""
**Session plan (110 minutes).** The vote (10): count hands before anyone runs a cell, and write the count on the board.
Confusion, precision, recall (30), in pairs; the threshold is the live demo. F1 and macro F1 (20). The perfect map (10):
do not skip it, it saves a week in the competition. The wall (15): stop everybody after the guess. Prices (25).

**The vote.** Nearly all hands go up for A, and the sentences are good: "if I heard what B gets wrong". Take one of them
as the plan of the session. If somebody asks "96 % of what?", give them the chalk.

**Real chips.** With `open_scenes(folder)` the lesson runs on Sentinel-1 chips. The country is then another one, forest
is less of it, and the section on the perfect map has nothing to show: nobody knows the truth behind real labels.
"""

# %% [markdown]
r"""
## What was taken for what

One number is too few. Count every pair instead. Each pixel makes one stroke in a table: the **row** is what it truly
is, the **column** what the map says. The diagonal holds what is right, everything else is a mistake with a name and an
address: row *wetland*, column *forest*.

Write it for arrays of any shape, with labels 0 to `classes` - 1. Where the truth is 255 nobody knows what is there, and
the pixel does not count. (Stuck? `hint("confusion_counts")` gives a nudge, `hint("confusion_counts", 2)` a bigger one.)
"""

# %% solution="confusion_counts"
def confusion_counts(truth, prediction, classes):
    """How many pixels of each true class (row) were mapped as each class (column), (classes, classes)."""
    ### BEGIN SOLUTION
    known = truth != 255
    cells = truth[known].astype(int) * classes + prediction[known]
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)
    ### END SOLUTION

# %% tests="confusion_counts" points=2
check("confusion_counts", confusion_counts)

# %%
tables = {"A": confusion_counts(truth, map_a, 9), "B": confusion_counts(truth, map_b, 9)}
pd.DataFrame(tables["B"], index=NAMES, columns=NAMES)[["forest", "water"]].assign(A_says_forest=tables["A"][:, 0])

# %% [markdown]
r"""
Read the row *water* first: B finds most of it. Then read the column *water* from top to bottom. Even B's worst habit is
only a small part of the forest. But a small part of a forest this large is more than all the water there is.

Keep that in mind, because it is the arithmetic of everything rare. **A rare class drowns in small percentages of the
common one.**

## Relevant and selected

For one class at a time there are two fair questions, and they have two names:

- Of all that I *said* is water, how much is? That is **precision**. It suffers from false alarms.
- Of all that *is* water, how much did I find? That is **recall**. It suffers from misses.

Librarians put it this way: of the documents selected, how many are relevant; of the relevant ones, how many were
selected? Here it is on the map, for the scene with the most water:
"""

# %%
def hits_and_misses(name, prediction, scene):
    """Where a map finds a class (blue), misses it (orange), or raises a false alarm (black)."""
    is_it, said = truth[scene] == label(name), prediction[scene] == label(name)
    colours = np.full((*is_it.shape, 3), 238, np.uint8)  # light grey: neither true nor said
    for where, colour in ((is_it & said, (0, 114, 178)), (is_it & ~said, (230, 159, 0)), (said & ~is_it, (40, 40, 40))):
        colours[where] = colour
    shares = [int(where.sum()) for where in (is_it & said, is_it & ~said, said & ~is_it)]
    words = f"{shares[0]} pixels found, {shares[1]} missed, {shares[2]} false alarms"
    picture = Picture(8, 4, alt=f"The {name} of a scene: {words}.")
    left, right = picture.subplots(1, 2)
    left.imshow(smooth_vh(valid.isel(scene=[scene]))[0], cmap="gray", vmin=-24, vmax=-8)
    left.set_title("VH, dark to bright")
    right.imshow(colours)
    right.set_title(f"{name}: found (blue), missed (orange),\nfalse alarm (black)")
    for ax in (left, right):
        ax.set_axis_off()
    return picture


most_water = int((truth == label("water")).sum(axis=(1, 2)).argmax())
hits_and_misses("water", map_b, most_water)

# %% [markdown]
r"""
Precision is blue over (blue + black), recall is blue over (blue + orange). In the table: the hit on the diagonal over
the sum of its **column**, and over the sum of its **row**.

Write both for all classes at once. Where there is nothing to divide by, because a class was never predicted, or is not
there, the answer is unknown: NaN. (The kit's own table writes 0 for a class that is there and was never predicted, as
scikit-learn does. You will see in a moment which of the two matters.)
"""

# %% solution="precision_recall"
def precision_recall(confusion):
    """Precision and recall of each class, two arrays (class,); NaN where there is nothing to divide by."""
    ### BEGIN SOLUTION
    hits, predicted, true = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    nothing = np.full(len(hits), np.nan)
    precision = np.divide(hits, predicted, out=nothing.copy(), where=predicted > 0)
    recall = np.divide(hits, true, out=nothing.copy(), where=true > 0)
    return precision, recall
    ### END SOLUTION

# %% tests="precision_recall" points=2
check("precision_recall", precision_recall)

# %%
rows = {}
for firm, table in tables.items():
    precision, recall = precision_recall(table)
    rows[f"precision {firm}"], rows[f"recall {firm}"] = precision, recall
pd.DataFrame(rows, index=NAMES).round(2)

# %% [markdown]
r"""
**Try it.** Firm B's whole skill is one number, the brightness below which it says *water*. Change it and run the cell,
as often as you like. Can you get a precision above 0.6? A recall above 0.8? Both at once?
"""

# %% demo="threshold"
below = -18.0  # [dB] in VH, smoothed

candidate = np.where(smooth_vh(valid) < below, label("water"), label("forest")).astype(np.uint8)
precision, recall = precision_recall(confusion_counts(truth, candidate, 9))
print(f"below {below} dB it is water: precision {precision[label('water')]:.2f}, recall {recall[label('water')]:.2f}, "
      f"accuracy {np.mean(candidate[known] == truth[known]):.1%}")
hits_and_misses("water", candidate, most_water)

# %%
thresholds = np.arange(-24, -13.9, 0.5)
vh, lake = smooth_vh(valid)[known], truth[known] == label("water")
curve = pd.DataFrame({t: {"precision": lake[vh < t].mean(), "recall": (vh[lake] < t).mean(),
                          "false alarms": (vh[~lake] < t).mean()} for t in thresholds}).T

picture = Picture(7, 3.6, alt="Precision falls and recall rises as more and more is called water.")
ax = picture.subplots()
for column in ("precision", "recall"):
    ax.plot(curve.index, curve[column], label=column)
ax.axvline(dark, color="#888888", lw=1, ls="--", label="firm B")
ax.set(xlabel="VH below which it is water [dB]", ylabel="share [-]", ylim=(0, 1))
ax.legend()
picture

# %% [markdown]
r"""
You pay for one with the other. Where you stop is not a matter of statistics but of use. A flood service would rather
look at a false alarm than miss a river. Whoever sells the area of lakes by the hectare sees it the other way round.

Now a little arithmetic that you should carry with you. Suppose a detector of *anything* finds four fifths of it
(recall 0.8) and calls out wrongly in only 2 % of all other pixels. A fine instrument! What is its precision?
"""

# %%
for share in (0.5, 0.1, 0.02, 0.005):
    found, called_out = 0.8 * share, 0.02 * (1 - share)
    print(f"if the class covers {share:5.1%} of the land, precision is {found / (found + called_out):.2f}")

# %% [markdown]
r"""
The same instrument, the same radar, the same physics. Only the country is different. **A precision says nothing until
you know how rare the class is**, and a classifier that shone on a balanced data set may be useless on the map.

**Try it.** A network has mapped pieces of two validation scenes; look at its water. Guess first: if every forest
pixel counts more often, which of precision, recall, accuracy and macro F1 will stay? Then drag *Forest share* from 50 % to
99 %. Not one pixel of the map changes. Which of the four would you quote to another country?
"""

# %% demo="forest_share"
ImbalanceExplorer(state="prevalence")

# %% [markdown]
r"""
## One number for one class

A single number is wanted after all, for each class. The ordinary mean of precision and recall will not do. Who stamps
*water* on everything has a recall of 1 and next to no precision, and the mean of the two is above one half. The
**harmonic mean** is low as soon as one of them is:

$$F_1 = \frac{2 P R}{P + R} = \frac{2\, n_{cc}}{n_{c \cdot} + n_{\cdot c}}$$

with the hits $n_{cc}$ of class $c$, the sum of its row $n_{c\cdot}$ and that of its column $n_{\cdot c}$. The two
forms are the same but for one case, the most important one here: a class that is there and was **never predicted**.
Its precision is 0/0, so the first form gives NaN. The second gives 0, and 0 is right, for it was missed altogether. A
class that is neither there nor predicted did nothing wrong: that one is NaN.
"""

# %% solution="f1_scores"
def f1_scores(confusion):
    """F1 of each class, (class,): 0 if it was missed altogether, NaN if it is neither there nor predicted."""
    ### BEGIN SOLUTION
    hits, everything = np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1)
    return np.divide(2 * hits, everything, out=np.full(len(hits), np.nan), where=everything > 0)
    ### END SOLUTION

# %% tests="f1_scores" points=2
check("f1_scores", f1_scores)

# %%
stamp = confusion_counts(truth, np.full_like(truth, label("water")), 9)
p, r, f1 = (values[label("water")] for values in (*precision_recall(stamp), f1_scores(stamp)))
print(f"a stamp that says water: precision {p:.3f}, recall {r:.2f}, their mean {(p + r) / 2:.2f}, F1 {f1:.3f}")
pd.DataFrame({f"F1 {firm}": f1_scores(table) for firm, table in tables.items()}, index=NAMES).round(2)

# %% [markdown]
r"""
## One vote for each class

Nine numbers, and the leaderboard wants one. How do you average classes? There are three ways, and papers mix them up:

| name | whom it listens to |
|---|---|
| **micro** | every *pixel* has a vote. With one class for each pixel it is the accuracy, under another name |
| **weighted** | every class has as many votes as it has pixels. Forest decides again |
| **macro** | every *class* has one vote, however few pixels it has |

Macro F1 is the score of this project. Average over the classes that are there or were predicted: one that is neither
has no vote, but one that was predicted by mistake has. And take F1 of each class *first*, then the mean. F1 of mean
precision and mean recall is another number, which flatters; papers use it under the same name (Opitz and Burst 2019,
arXiv:1911.03347).
"""

# %% solution="macro_f1"
def macro_f1(truth, prediction):
    """The mean F1 over the classes that are there or predicted; labels 0 to 8, 255 in the truth does not count."""
    ### BEGIN SOLUTION
    return np.nanmean(f1_scores(confusion_counts(truth, prediction, 9)))
    ### END SOLUTION

# %% tests="macro_f1" points=2
check("macro_f1", macro_f1)

# %%
def judge(prediction, truth=truth):
    """What the usual scores say of a map; the last column is yours."""
    c = Confusion().add(truth, prediction)
    return {"accuracy": c.accuracy, "weighted F1": c.weighted_f1, "kappa": c.kappa,
            "balanced accuracy": c.balanced_accuracy, "macro F1": macro_f1(truth, prediction)}


pd.DataFrame({"A, the stamp": judge(map_a), "B, dark is water": judge(map_b)}).T.round(3)

# %% [markdown]
r"""
The first two columns prefer A, the last prefers B. Kappa and balanced accuracy at least see that a stamp has no skill.
Now look at what macro F1 gives to the stamp: F1 of forest, divided by the number of classes. That is the floor, and no
leaderboard entry should be proud of being on it.

## How good is a perfect map?

Before you train anything: how high can the score be? 1, of course, if map and labels agree. But who made the labels?

They come from another map, a global product with cells of 100 m, made from other images and not free of mistakes
either. These scenes are simulated, so for once we know what is *really* there, in the variable `truth`. Score reality
itself as if it were somebody's map.

**Guess first**: which accuracy, and which macro F1, will a perfect map get?
"""

# %%
if "truth" in valid:
    reality = valid["truth"].values
    print(pd.Series(judge(reality)).round(3).to_string())
else:
    print("Nobody knows what is really there. Compare two products of the same land instead: the lesson is the same.")

# %%
lively = int(((truth != label("forest")) & known).sum(axis=(1, 2)).argmax())  # the scene with the most of the rest
class_map({"what the labels say": truth[lively]} | ({"what is there": reality[lively]} if "truth" in valid else {}))

# %%
if "truth" in valid:
    table = confusion_counts(truth, reality, 9)
    print(f"a perfect map: {np.trace(table) / table.sum():.1%} of the pixels agree with the labels; "
          f"A has {np.mean(map_a[known] == truth[known]):.1%}")
    print(pd.DataFrame({"label pixels": table.sum(axis=1), "F1 of a perfect map": f1_scores(table)}, NAMES).round(2))

# %% [markdown]
r"""
Read that twice. A perfect map and a rubber stamp have nearly the same accuracy. In macro F1 they are far apart. And the
perfect map is far from 1, because every mistake of the labels counts against it, and labels are worst where a class is
small: a river narrower than 100 m, a village, the edge of a swamp.

This is no quirk of a simulation. Put two versions of one and the same real product side by side, and they agree on
nearly all pixels and still have a low macro F1 against each other, for the same reasons. Two things follow:

- **Do not aim at 1.** A model whose score comes near that of the perfect map has learnt what these labels can teach.
  One that is *above* it has learnt the labels' mistakes by heart, or seen the test.
- A model may be *better than its labels*. Their mistakes are scattered, and what is scattered averages out in training.
  But a score against the same labels cannot show it.

## The wall

Time to train something. To keep the network of lesson 04 out of it, take the simplest thing that learns: a classifier
that sees one pixel at a time, its VV and VH, and the means of two neighbourhoods around it. Six numbers in decibel,
with their squares and products. It is a softmax over logits, just as a network's last layer, and it minimises the
cross-entropy over training pixels that are drawn at random.

**Guess before you run it**: the radar *sees* water and houses. How many of the eight classes of this country will the
trained model use for more than a handful of pixels?
"""

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler


def features(part):
    """Six numbers for each pixel, (scene, y, x, 6) [dB]: VV and VH alone, and means over 7 x 7 and 21 x 21 pixels."""
    power = part["backscatter"].isel(time=0).values  # (scene, band, y, x)
    layers = np.concatenate([power, boxcar(power, 7), boxcar(power, 21)], axis=1)
    return np.moveaxis(decibel(layers), 1, -1).astype(np.float32)


x_valid = features(valid)
y_all = arrays(train)[1].ravel()
x_all = features(train).reshape(-1, 6)[y_all != IGNORE]
y_all = y_all[y_all != IGNORE]
drawn = np.random.default_rng(3).choice(len(y_all), 30_000, replace=False)
x_train, y_train = x_all[drawn], y_all[drawn]


def fit(weights):
    """A pixel-wise classifier, (6 features) to a class; a mistake costs the weight of the true class."""
    price = weights[y_train]
    model = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler(),
                          LogisticRegression(solver="newton-cholesky", max_iter=50))
    return model.fit(x_train, y_train, logisticregression__sample_weight=price / price.mean())


def mapped(model, x):
    """The class that the model says, (scene, y, x), of the features x (scene, y, x, 6)."""
    return model.predict(np.nan_to_num(x).reshape(-1, 6)).reshape(x.shape[:-1])


plain = fit(np.ones(9))
map_plain = mapped(plain, x_valid)
table = Confusion().add(truth, map_plain)
print(f"accuracy {table.accuracy:.3f}, macro F1 {table.macro_f1:.3f}")
table.table().round(2)[["true pixels", "mapped pixels", "precision", "recall", "F1"]]

# %% [markdown]
r"""
That is the wall. Its accuracy is a little above the stamp's, and it would look respectable in a report. And it *knows*
a few words only. Look at the mapped pixels of shrubs and of built-up land. Look at the recall of wetland.

Is it too stupid? Is the radar too poor? Look at what it had to decide. Take one rare class, and the brightness of its
pixels beside that of forest:
"""

# %%
def seen_and_counted(rare, feature=3):
    """How bright forest and a rare class are: once with equal areas, once with as many pixels as there are."""
    bins = np.linspace(-26, -4, 67)
    middle = (bins[1:] + bins[:-1]) / 2
    counts = {name: np.histogram(x_all[y_all == label(name), feature], bins)[0] for name in ("forest", rare)}
    picture = Picture(8.4, 3.4, alt=f"Left, what the radar sees: {rare} and forest are different. Right, what the loss "
                      f"sees: {rare} lies far below forest.")
    left, right = picture.subplots(1, 2)
    for name, count in counts.items():
        left.plot(middle, 100 * count / count.sum(), label=name)
        right.plot(middle, count, label=name)
    left.set(title="what the radar sees", xlabel="VH, 7 x 7 mean [dB]", ylabel="share of the class [%]")
    right.set(title="what the loss sees", xlabel="VH, 7 x 7 mean [dB]", ylabel="training pixels")
    left.legend()
    share = counts[rare] / np.maximum(counts[rare] + counts["forest"], 1)
    enough = counts[rare] + counts["forest"] >= 500
    print(f"at its best brightness, {share[enough].max():.0%} of the pixels are {rare} and the others are forest")
    return picture


seen_and_counted("wetland")

# %% [markdown]
r"""
On the left the two can be told apart, not perfectly, but you would take the bet. On the right the small curve crawls
along the floor. At *every* brightness there is more forest. So what is the right answer for a wetland-like pixel, if
each pixel costs the same? **Forest.** Always. Bayes' rule says it in one line:

$$\log p(c \mid x) = \underbrace{\log p(x \mid c)}_{\text{what the radar sees}} + \underbrace{\log p(c)}_{\text{how common}}
+ \text{something that is the same for all } c$$

The second term of wetland is several units below that of forest, and no pixel is so wetland-like as to make up for it.
The model is not lazy. It has found the best possible answer to the question that you asked: *be wrong in as few pixels
as possible*. If you do not like the answer, **change the question**.

Change `"wetland"` above to other classes. For which of them is there a brightness at which it wins?

## A price for each class

The usual way to change the question: a mistake costs more where the true class is rare. A hundred times as rare, a
hundred times as dear. Write these **inverse-frequency weights**.

- `labels` is (scene, y, x) with 255 to be ignored, `training` is (scene,), True for the training scenes.
- Return nine weights, proportional to 1 / pixels of the class, scaled so that their mean **over the classes that
  occur** is 1. A class that does not occur has the weight 0.
"""

# %% solution="weigh_classes"
def weigh_classes(labels, training):
    """Inverse-frequency weights (9,) of the training scenes, mean 1 over the classes that occur, 0 for the rest."""
    ### BEGIN SOLUTION
    found = labels[training]
    counts = np.bincount(found[found != 255], minlength=9)
    there = counts > 0
    weights = np.zeros(9)
    weights[there] = 1 / counts[there]
    return weights / weights[there].mean()
    ### END SOLUTION

# %% tests="weigh_classes" points=2
check("weigh_classes", weigh_classes)

# %%
weights = weigh_classes(arrays(scenes)[1], (scenes["split"] == "train").values)
pd.Series(weights, NAMES).round(3).to_frame("weight")

# %% [markdown]
r"""
Now the loss that uses them, the one that you will give to a network in lesson 05. Each pixel's surprise is minus the
logarithm of the probability that the model gave to the *true* class. The loss is the **weighted mean** of the
surprises:

$$L = \frac{\sum_i w_{y_i} \left(-\log p_{i, y_i}\right)}{\sum_i w_{y_i}}, \qquad
p_{i,c} = \frac{e^{z_{i,c}}}{\sum_k e^{z_{i,k}}}$$

`logits` $z$ is (..., class), `labels` is (...) with 255 to be ignored, `weights` is (class,). Logits may be large.
"""

# %% solution="weighted_loss"
def weighted_loss(logits, labels, weights):
    """Cross-entropy of logits (..., class), each pixel weighted by its true class; 255 does not count."""
    ### BEGIN SOLUTION
    known = labels != 255
    z, y = logits[known], labels[known]
    z = z - z.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    surprise = -log_p[np.arange(len(y)), y]
    return (weights[y] * surprise).sum() / weights[y].sum()
    ### END SOLUTION

# %% tests="weighted_loss" points=2
check("weighted_loss", weighted_loss)

# %% [markdown]
r"""
Train the same classifier on the same pixels once more, with these prices. **Guess**: what will become of the accuracy,
and what of macro F1?
"""

# %%
dear = fit(weights)
map_dear = mapped(dear, x_valid)


def logits(model, x):
    """What the model makes of pixels (pixel, 6): logits (pixel, 9), very low for a class that training has not."""
    found = np.full((len(x), 9), -50.0)
    found[:, model.classes_] = model.decision_function(x)
    return found


losses = {name: {"plain loss": weighted_loss(logits(model, x_train), y_train, np.ones(9)),
                 "weighted loss": weighted_loss(logits(model, x_train), y_train, weights)}
          for name, model in (("plain", plain), ("inverse frequency", dear))}
scores = {"plain": judge(map_plain), "inverse frequency": judge(map_dear)}
pd.concat([pd.DataFrame(losses).T, pd.DataFrame(scores).T[["accuracy", "macro F1"]]], axis=1).round(3)

# %%
found, _ = precision_recall(confusion_counts(truth, map_dear, 9))
lost = np.mean(map_dear[truth == label("forest")] != label("forest"))
print(f"inverse frequency: {lost:.0%} of the forest was given away; precision of wetland {found[label('wetland')]:.3f}")
class_map({"labels": truth[most_water], "plain": map_plain[most_water], "inverse frequency": map_dear[most_water]})

# %% [markdown]
r"""
Look at the two losses first. Each model is the better one *by its own loss*: nobody trained badly. Then look at the
scores, and at the map.

You have climbed the wall and landed in a bog. The rare classes are called out now, and much of the forest is called out
with them. Precision is miserable, and F1, which wants both, has gained nothing on the whole. You have seen why: a small
share of the forest is a large number of pixels. Inverse frequency asks the model to behave as if all
classes were *equally common*. They are not, and macro F1 is counted on the real map.

So the truth lies somewhere between. Raise the weights to a power: 0 is the plain loss, 1 is inverse frequency, 0.5 is
the square root. **Which power is a setting, and settings are chosen on validation scenes.** If you tried five of them
on the test scenes and kept the best, your score would be partly luck, and you could not say how much.
"""

# %%
maps = {0.0: map_plain, 1.0: map_dear}
models = {0.0: plain, 1.0: dear}
for power in (0.25, 0.5, 0.75):
    models[power] = fit(weights**power)
    maps[power] = mapped(models[power], x_valid)
results = pd.DataFrame({power: judge(maps[power]) for power in sorted(maps)}).T
chosen = float(results["macro F1"].idxmax())

picture = Picture(8.4, 3.4, alt="Against the power of the weights: accuracy falls, at first slowly; macro F1 rises and "
                  "falls again.")
left, right = picture.subplots(1, 2)
for ax, column in ((left, "accuracy"), (right, "macro F1")):
    ax.plot(results.index, results[column], "o-")
    ax.set(xlabel="power of the weights [-]", ylabel=column)
right.axvline(chosen, color="#888888", lw=1, ls="--")
picture

# %%
print(f"chosen on {valid.sizes['scene']} validation scenes: power {chosen:g}, "
      f"accuracy {results['accuracy'][chosen]:.3f}, macro F1 {results['macro F1'][chosen]:.3f}")
pd.DataFrame({f"F1, power {power:g}": f1_scores(confusion_counts(truth, maps[power], 9))
              for power in (0.0, chosen, 1.0)}, index=NAMES).round(2)

# %%
ridge = {"plain": map_plain, f"power {chosen:g}": maps[chosen], "what is there": reality if "truth" in valid else truth}
class_map({name: np.where(known[lively], answer[lively], IGNORE) for name, answer in ridge.items()})

# %% [markdown]
r"""
Between the stamp and the bog there is a ridge. The model on it has *less* accuracy than the stamp, so accuracy would
never have told you to look for it.

It is not a high ridge. A pixel and its neighbourhood's mean cannot know a village from a bright forest slope: for
shapes you need a network, and that is lesson 04. There are also better ways than weights to make it say rare words,
and lesson 05 lets them compete. What will *not* change is the wall. Every network that you train with a plain loss on
this country will run into it.

**Try it.** See for yourself: go back to the explorer above and press *Reset*. It now holds eight networks, each trained
with other weights and other crops. Which has the highest macro F1, and what did that cost in accuracy? Then back to the
plain one, and move only τ, which needs no training. How far up the ridge does that take you?

## Once

Everything is decided: the features, the classifier, the power. Only now open the test scenes. Once.
"""

# %%
test = select_scenes(scenes, "test")
unseen, x_test = arrays(test)[1], features(test)
final = {"forest everywhere": np.full_like(unseen, label("forest"))}
final |= {f"weights to the power {power:g}": mapped(models[power], x_test) for power in (0.0, chosen, 1.0)}
if "truth" in test:
    final["a perfect map"] = test["truth"].values
pd.DataFrame({name: judge(answer, unseen) for name, answer in final.items()}).T.round(3)

# %% [markdown]
r"""
Is your choice still the best? Then the validation scenes were a fair guide. If it is not, **do not change it now**.
Whoever goes back and chooses again has used up the test scenes, and there are no others.

Compare the first and the last row once more, column by column. Which of these scores would you put into a contract?
"""

# %% [markdown] answer="contract" points=3
r"""
**In your own words.** The ministry of the first section asks you to write the requirement for its new map: a flood
service, a settlement office and a conservation agency will use it. "The map shall be at least 95 % accurate" is the
draft. In five to eight sentences: say what is wrong with the draft, with a number from this lesson; write a better
requirement, and say for which of the three users you would ask for precision, for which for recall, and why; and say
which number you would *not* promise to anybody, given where the labels come from.

### BEGIN SOLUTION
The draft is met by a stamp that says forest everywhere: it has about 95 to 96 % on our scenes and knows no other
class. Better: macro F1 against labels of a stated product on scenes that nobody trained on, clearly above the stamp's
(about 0.12) and with the score of a second, independent map beside it, and a minimum for each class that somebody uses,
so that none can be given up quietly. The flood service needs recall of water, since a missed river costs more than a
look at a false alarm; the settlement office bills by area and needs precision of built-up land and recall of a similar
size, so that the sum is right; the agency needs recall of wetland to know where to send people, and a precision that
they can afford. I would not promise a macro F1 near 1, nor anything above what a perfect map gets against these labels
(a little over one half here), because whoever reaches that has learnt the mistakes of the labels.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, 3 points.** One: the stamp, with its accuracy as a number. One: a requirement by class or by macro F1
on unseen scenes, *and* at least one user with precision or recall and a reason in terms of what a mistake costs them
(any side is right if the reason is). One: the ceiling, that labels have faults and a score against them is limited; a
number from the section on the perfect map. "Use a better metric" without saying whom it protects gets nothing.

**What goes wrong in this lesson.** `table[t, p] += 1` with arrays counts each pair once; the check names it, and it is
worth five minutes, because NumPy does the same to them elsewhere. Many take class 0 for "no data". Many average over
nine classes although this country has no snow, and wonder why they are a ninth too low.

**The wall, live.** Before the plain model is run, ask everybody for the number of classes that it will use. Then draw
the right panel of "what the loss sees" by hand on the board, in true proportion: the wetland curve is thinner than the
chalk. After the weighted model ask: "So who has an idea?" Somebody will say "in between". Let them.

**Live demo.** The threshold under "Try it": let the room call for a precision of 0.6 *and* a recall of 0.8. Then
`dla demo landcover-03`. Recall alone stays when the forest share moves: it asks only about pixels of its own class.

**If asked**: focal loss does not help much here by itself; it lowers the weight of easy pixels, and forest-like wetland
is not easy, it is *outnumbered*.
"""

# %% [markdown]
r"""
## What goes wrong, and how you see it

| what you see | what it was |
|---|---|
| accuracy 0.95 on the first try | print the share of the commonest class beside it |
| macro F1 a ninth too low | classes that do not occur were averaged in as 0 |
| macro F1 is NaN | one class is neither there nor predicted: `np.nanmean` |
| macro F1 surprisingly high | missed classes were NaN and fell out; or F1 of the mean precision and recall |
| the confusion matrix holds almost nothing | `table[t, p] += 1` with arrays |
| a warning "undefined metric" of scikit-learn | a class was never predicted: do not silence it, read it |
| weights are inf or NaN | a class without a pixel |
| the weighted training hardly moves, or explodes | weights without a scale: make their mean 1 |
| great recall, and the map is confetti | the price is too high: look at precision |
| good on validation, bad on test | too many settings tried, or weights counted on all scenes |

## What you take along

- Ask of every accuracy: what would the stamp have got?
- Precision and recall are two questions. F1 wants both, macro F1 wants both from everyone.
- A plain loss answers a plain question. If rare classes matter, say so in the loss.
- A price can be too high. Choose it on validation scenes.
- Know what a perfect map would get.

Next: **04 segmentation**, a network that sees shapes.
"""
