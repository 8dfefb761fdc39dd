# ---
# jupyter:
#   dla:
#     title: Error maps
#     objectives:
#       - Read from a confusion matrix which classes a map loses, and to whom
#       - Find out where errors lie, at borders, in mixed cells, and how many of them are the labels' own
#       - Compare weighted loss, biased sampling and prior correction fairly, and say which differences are luck
#       - Estimate the area of a class with a confidence interval, from a map and a sample of checks
#     minutes: 120
#     seconds: 55
#     prerequisites:
#       - "Lesson 03: confusion matrix, macro F1, class weights, the perfect map"
#       - "Lesson 04: a U-Net that is trained on crops"
# ---

# %% [markdown]
r"""
## One week left

You have a network, and a week until the map must be delivered. Its macro F1 is not what you promised. The team has four
ideas for the week:

1. a larger network, trained for longer,
2. another loss, or another way to draw the crops,
3. better labels,
4. smoother borders.

**Vote, on paper: one idea, and how much macro F1 you expect from it.** A score cannot tell you which of them is right.
An *error map* can, and it takes an hour. Here is the patient, the reference network of this kit, on the validation
scenes. All looking around and all choosing in this lesson is done there; the test scenes are opened once, near the
end.
"""

# %%
from itertools import pairwise

import numpy as np
import pandas as pd

from dla_widgets import SceneExplorer, check, hint
from dla_widgets.landcover.class_weights import class_counts, class_weights
from dla_widgets.landcover.figures import class_map, confusion_picture
from dla_widgets.landcover.legend import IGNORE, NAMES, label
from dla_widgets.landcover.losses import combined, cross_entropy, dice
from dla_widgets.landcover.models import load_reference, unet
from dla_widgets.landcover.prediction import predict, predict_logits
from dla_widgets.landcover.scenes import arrays, open_scenes, select_scenes
from dla_widgets.landcover.skill import Confusion, confusion_matrix
from dla_widgets.landcover.training import train
from dla_widgets.panels.picture import Picture

# %%
scenes = open_scenes()
valid = select_scenes(scenes, "valid")
power, labels = arrays(valid)  # labels (scene, y, x), 255 where nobody knows
known = labels != IGNORE

reference = load_reference()
prediction = predict(reference, valid).values
patient = Confusion().add(labels, prediction)
print(patient)

# %%
lively = int(((labels > 0) & known).sum(axis=(1, 2)).argmax())  # the scene with the most pixels that are not forest
SceneExplorer(valid, prediction, str(valid["scene"].values[lively]), state="left=labels;right=prediction")

# %% [markdown]
r"""
**Try it.** Swipe the divider over the scene. Find one error that sits on a border, one patch that is missing altogether, and one
place where you would rather believe the network than the label: bring the radar to one side and look.
"""

# %% [markdown] advisor
r"""
**Session plan (120 minutes).** The vote (5), kept on the board. What and where (30): pairs, one takes the confusion
matrix, one the borders, and they tell each other. Whose fault (15): the quiet climax of the first half. The experiment
(40): start the trainings *before* the discussion of the guesses, they run while the room talks. Areas (20). Writing
(10).

**If the room is short of time**, leave `compare_runs` as homework, but show its table.

**What people believe.** Nearly all vote for 1 or 2. In the first half they learn that a good part of the errors cannot
be repaired by any network, since they are not the network's. It is a strange feeling. Give it a minute.
"""

# %% [markdown]
r"""
## What: who loses pixels to whom

The confusion matrix in percent of each true class: on the diagonal stands the recall. Read the first column from top to
bottom. That is the pull of the forest.
"""

# %%
confusion_picture(patient)

# %% [markdown]
r"""
A matrix of nine classes has 72 ways to be wrong. Make a list of the worst. Worst in which sense? Counted in pixels,
forest leads every list, because a small share of it is a large number. So take **shares of the true class**: of all the
wetland, how much came out as forest?

Return the `k` largest losses as an array (k, 3) with the true class, the class it was taken for, and the share of the
true class that was lost, the largest first. A class without pixels has lost nothing.
"""

# %% solution="confused_pairs"
def confused_pairs(confusion, k):
    """The k largest losses, (k, 3): true class, taken for, share of the true class (0 to 1), the largest first."""
    ### BEGIN SOLUTION
    true = confusion.sum(axis=1, keepdims=True)
    share = confusion / np.maximum(true, 1)
    np.fill_diagonal(share, 0)
    order = np.argsort(share, axis=None)[::-1][:k]
    rows, columns = np.unravel_index(order, share.shape)
    return np.column_stack([rows, columns, share[rows, columns]])
    ### END SOLUTION

# %% tests="confused_pairs" points=2
check("confused_pairs", confused_pairs)

# %%
for true, taken_for, share in confused_pairs(patient.matrix, 8):
    print(f"{share:4.0%} of {NAMES[int(true)]:12s} came out as {NAMES[int(taken_for)]}")

# %% [markdown]
r"""
Sort your list into two piles. Pairs that *look alike to the radar*: two kinds of low, dry vegetation, say. And pairs
with forest, which hardly look alike at all. The first pile is physics: more dates, or another sensor, would help. The
second pile has another cause, and you know it from lesson 03.

## Where: along the borders

Draw the errors as a map, black where the network is wrong. What do you see?
"""

# %%
def error_map(scene):
    """The labels of a scene, and in black where the network differs from them."""
    wrong = (prediction[scene] != labels[scene]) & known[scene]
    picture = Picture(8, 4.1, alt=f"Where the network is wrong: {wrong.sum()} pixels, patches and outlines of what is "
                      "not forest.")
    left, right = picture.subplots(1, 2)
    left.imshow(np.where(known[scene], labels[scene] > 0, np.nan), cmap="Greens_r", vmin=-0.5, vmax=1.2)
    left.set_title("labels: forest dark, the rest light")
    right.imshow(~wrong, cmap="gray")
    right.set_title("wrong (black)")
    for ax in (left, right):
        ax.set_axis_off()
    return picture


error_map(lively)

# %% [markdown]
r"""
Whole patches, and outlines. The patches are for the experiment below. First the outlines: put a number on them. A
pixel lies **at a border** if its neighbour above, below, left or right has another label. Pixels labelled 255 have no
label: they make no border, and they belong to no share.

Return two shares: of the border pixels, how many are wrong; and of all the others.
"""

# %% solution="border_errors"
def border_errors(labels, prediction):
    """The share of wrong pixels at borders between classes, and the share of wrong pixels elsewhere; maps (y, x)."""
    ### BEGIN SOLUTION
    known, border = labels != 255, np.zeros(labels.shape, bool)
    down = (labels[1:] != labels[:-1]) & known[1:] & known[:-1]
    across = (labels[:, 1:] != labels[:, :-1]) & known[:, 1:] & known[:, :-1]
    border[1:] |= down
    border[:-1] |= down
    border[:, 1:] |= across
    border[:, :-1] |= across
    wrong = labels != prediction
    return wrong[known & border].mean(), wrong[known & ~border].mean()
    ### END SOLUTION

# %% tests="border_errors" points=2
check("border_errors", border_errors)

# %%
some = [i for i in range(len(labels)) if ((labels[i] > 0) & known[i]).any()]  # scenes that have a border at all
rates = np.array([border_errors(labels[i], prediction[i]) for i in some])
print(f"wrong at borders: {rates[:, 0].mean():.0%} (mean of {len(some)} scenes); elsewhere: {rates[:, 1].mean():.1%}")

# %% [markdown]
r"""
How far does a border reach? Go away from it, pixel by pixel, and see how the errors fall. A pixel is 10 m.
"""

# %%
from scipy import ndimage


def border_distance(labels):
    """How far the next pixel with another label is [m], (y, x)."""
    padded = np.where(labels == IGNORE, label("forest"), labels)
    same = np.ones(labels.shape, bool)
    same[1:] &= padded[1:] == padded[:-1]
    same[:-1] &= padded[1:] == padded[:-1]
    same[:, 1:] &= padded[:, 1:] == padded[:, :-1]
    same[:, :-1] &= padded[:, 1:] == padded[:, :-1]
    return 10 * ndimage.distance_transform_edt(same)


distance = np.stack([border_distance(labels[i]) for i in some])
wrong = (prediction != labels)[some]
edges = np.array([0, 5, 15, 25, 35, 45, 55, 75, 100, 150, 250, 500])
steps = [(known[some] & (distance >= low) & (distance < high)) for low, high in pairwise(edges)]
picture = Picture(7, 3.4, alt="The share of wrong pixels falls with the distance from the next border of the labels.")
ax = picture.subplots()
for name, group in (("labelled as something else", labels[some] > 0), ("labelled as forest", labels[some] == 0)):
    there = [step & group for step in steps]
    shares = [100 * wrong[where].mean() if where.sum() >= 500 else np.nan for where in there]
    ax.plot((edges[1:] + edges[:-1]) / 2, shares, "o-", ms=4, label=name)
ax.set(xlabel="distance to the next other label [m]", ylabel="wrong [%]", ylim=(0, 100))
ax.legend()
picture

# %% [markdown]
r"""
For forest the trouble ends about where a cell of the labels ends, 100 m. That is a hint. The labels come from a product
whose cells are ten of our pixels wide, and every cell got *one* class, whatever is inside.

## Whose fault is it?

These scenes are simulated, so there is a map of what is really there. Look at it first.
"""

# %%
class_map({"labels": labels[lively], "network": prediction[lively]}
          | ({"what is there": valid["truth"].values[lively]} if "truth" in valid else {}))

# %% [markdown]
r"""
For each pixel, ask how **mixed** the hundred metres around it are: what is the share of the commonest class? Then count
errors twice: against the labels, and against what is really there.
"""

# %%
if "truth" in valid:
    truth = np.where(valid["valid"].values, valid["truth"].values, IGNORE)
    purest = np.zeros(truth.shape, np.float32)
    for c in np.unique(truth[truth != IGNORE]):
        purest = np.maximum(purest, ndimage.uniform_filter((truth == c).astype(np.float32), (0, 10, 10)))
    both = known & (truth != IGNORE)
    edges = np.array([0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.999])
    bins = [both & (purest >= low) & (purest < high) for low, high in zip(edges, [*edges[1:], 1.01])]
    picture = Picture(7, 3.4, alt="Errors against labels and against truth, by the share of the commonest class in the "
                      "100 m around a pixel: both are high where land is mixed.")
    ax = picture.subplots()
    middle = [f"{100 * low:.0f}-{100 * high:.0f}" for low, high in pairwise(edges)] + ["pure"]
    middle[-2] = "90-99"
    for name, against, mark in (("against the labels", labels, "o-"), ("against what is really there", truth, "s--")):
        ax.plot(middle, [100 * (prediction != against)[b].mean() for b in bins], mark, ms=5, label=name)
    ax.set(xlabel="share of the commonest class within 100 m [%]", ylabel="wrong [%]", ylim=(0, None))
    ax.legend()
else:
    picture = "Nobody knows what is really there: see below what you can do instead."
picture

# %%
if "truth" in valid:
    mixed = both & (purest < 0.9)
    errors = both & (prediction != labels)
    fault = {
        "the network is wrong, the label is right": errors & (labels == truth),
        "the label is wrong, the network is right": errors & (prediction == truth),
        "both are wrong": errors & (labels != truth) & (prediction != truth),
    }
    print(f"{mixed.sum() / both.sum():.0%} of the pixels lie in mixed land, "
          f"and {(errors & mixed).sum() / errors.sum():.0%} of the errors")
    for whose, where in fault.items():
        print(f"{whose}: {where.sum() / errors.sum():.0%} of the errors")

# %% [markdown]
r"""
A hundred metres with three kinds of land in them are a hard place for everybody. But look at the middle line of the
last list. **Those errors are none.** The network saw the river, the label did not, and the score took a point away for
it. Remember your vote: how much could a larger network have gained there?

On real land you have no truth. What you have is better images of a few places. Draw some errors at random, look at
each of them in an aerial photograph, and write down whose fault it was; fifty are enough to see whether labels are
your problem. The same scores against a truth instead of against labels, here:
"""

# %%
if "truth" in valid:
    against = {"network, by the labels": (labels, prediction), "network, by the truth": (truth, prediction),
               "labels, by the truth": (truth, np.where(known, labels, label("forest")))}
    rows = {name: Confusion().add(*pair) for name, pair in against.items()}
    print(pd.DataFrame({name: {"accuracy": c.accuracy, "macro F1": c.macro_f1} for name, c in rows.items()}).T.round(3))

# %% [markdown]
r"""
## The experiment

Now the errors that *are* the network's: rare classes that it gives to the forest. Three schools promise help.

| school | what it changes | what it believes |
|---|---|---|
| **weighted loss** | the price of a mistake | rare pixels must cost more |
| **biased sampling** | what the network gets to see | rare pixels must be seen more often |
| **prior correction** | the answer, *after* the training | the network knows them, and is only too shy to say so |

Each has papers in which it wins. Which of them wins *here*? To find out, change one thing at a time: the same network,
the same first weights, the same number of steps. They are few, so that you can wait for them. The reference took many
more.

- `plain`: cross-entropy, crops from anywhere.
- `weighted`: cross-entropy with the square root of inverse frequency, which won in lesson 03.
- `sampled`: plain cross-entropy, but each crop is drawn around a pixel of a class that is drawn first, every class as
  often as any other.
- `sampled + Dice`: the same crops, and half of the loss is Dice, which compares areas class by class.
- `plain, other luck`: as `plain`, with other first weights and other crops. What is it for?

**Fill in your guess**: rank the first four by macro F1, 1 is the best.
"""

# %%
guess = {"plain": None, "weighted": None, "sampled": None, "sampled + Dice": None}  # your ranks, 1 to 4

# %%
STEPS = 100
counts = class_counts(arrays(select_scenes(scenes, "train"))[1])  # of the training scenes only

runs = {
    "plain": {},
    "weighted": {"loss": cross_entropy(class_weights(counts, "sqrt"))},
    "sampled": {"how": "balanced"},
    "sampled + Dice": {"how": "balanced", "loss": combined((cross_entropy(), 0.5), (dice(), 0.5))},
    "plain, other luck": {"seed": 1},
}
networks = {}
for name, settings in runs.items():
    networks[name] = unet(channels=power.shape[-1], seed=settings.get("seed", 0))
    history = train(networks[name], scenes, steps=STEPS, size=48, progress=False, **settings)
    print(f"{name:18s} {history['seconds'][-1]:5.1f} s, loss at the end {np.mean(history['loss'][-10:]):.3f}")

# %% [markdown] advisor
r"""
**While it trains**: collect the guesses, and ask what `plain, other luck` is for. (It measures what no change at all
does to the score. Without it, every difference looks like a discovery.) Ask also what one must *not* compare in what
is being printed: the losses, since each network has its own.
"""

# %%
logits = {name: predict_logits(network, power) for name, network in networks.items()}
tables = {name: Confusion().add(labels, z.argmax(axis=-1).astype(np.uint8)) for name, z in logits.items()}
first = pd.DataFrame({name: {"accuracy": c.accuracy, "macro F1": c.macro_f1, "classes used": (c.mapped >= 200).sum()}
                      for name, c in tables.items()}).T.round(3)
first.assign(**{"your guess": pd.Series(guess)})

# %%
class_map({"labels": labels[lively]} | {name: z[lively].argmax(axis=-1).astype(np.uint8) for name, z in logits.items()})

# %% [markdown]
r"""
The accuracies hardly differ. By accuracy you would call the whole experiment a waste of electricity.

## For free

The third school needs no training. In lesson 03 you saw Bayes' rule at work. A network that is trained on a plain loss
learns

$$z_c(x) \approx \log p(x \mid c) + \log \pi_c + \text{something that is the same for all } c$$

with the share $\pi_c$ of class $c$ in the training labels. If the second term bothers you, subtract it, or a part
$\tau$ of it (Menon et al. 2021, arXiv:2007.07314):

$$z'_c = z_c - \tau \log \pi_c$$

`logits` is (..., class), `counts` (class,) are the training pixels of each class. A class that training has never seen
has no logarithm: leave its logits as they are.
"""

# %% solution="adjust_logits"
def adjust_logits(logits, counts, tau):
    """Logits (..., class) minus tau times the logarithm of each class's share of the training pixels."""
    ### BEGIN SOLUTION
    share = counts / counts.sum()
    return logits - tau * np.log(np.where(share > 0, share, 1))
    ### END SOLUTION

# %% tests="adjust_logits" points=2
check("adjust_logits", adjust_logits)

# %%
taus = np.array([0, 0.125, 0.25, 0.5, 0.75, 1])


def corrected(z, tau):
    """The map of the logits z with the prior taken away, or the part tau of it, (scene, y, x)."""
    return adjust_logits(z, counts, tau).argmax(axis=-1).astype(np.uint8)


swept = pd.DataFrame({name: {tau: Confusion().add(labels, corrected(z, tau)).macro_f1 for tau in taus}
                      for name, z in logits.items() if "luck" not in name})
picture = Picture(7, 3.6, alt="Macro F1 on the validation scenes against tau: a little helps most networks, all hurts.")
ax = picture.subplots()
for name in swept:
    line, = ax.plot(swept.index, swept[name], "o-", ms=4, label=name)
ax.set(xlabel=r"$\tau$: how much of the prior is taken away [-]", ylabel="macro F1, validation [-]")
ax.legend()
picture

# %%
best_tau = swept.idxmax()
pd.DataFrame({"as trained": swept.loc[0.0], "best tau": best_tau, "with it": swept.max(),
              "gain": swept.max() - swept.loc[0.0]}).round(3)

# %% [markdown]
r"""
Three things to see in this figure.

- A little of it is a gain for nothing: no training, one line.
- All of it ($\tau = 1$) asks for a world in which all classes are equally common. That is the bog of lesson 03, entered
  from the other side.
- Compare two of the curves. Where does `plain` have its peak, and where does `weighted`? Weights in the loss have
  already taken away a part of the prior. **Whoever weighs the loss and corrects the prior pays the same bill twice.**

$\tau$ is a setting. You have just chosen it on validation scenes, so the numbers under "with it" are a little
flattered: the best of six is partly luck. The test scenes will tell.

## Luck

Here is the question that decides whether your experiment is worth anything. `plain, other luck` is `plain` once more,
with other random numbers. How far are the two apart? Any difference that is not clearly larger than this one is none.

There is a second kind of luck: the scenes. You have a dozen, and another dozen would have given other scores. You know
the remedy from every survey: draw scenes with replacement, score both runs **on the same draw**, subtract. And macro
F1 does not average over scenes, since a scene without wetland says nothing about wetland. So add up the confusion
matrices of the drawn scenes first.

- `a`, `b` : (scene, class, class), the confusion matrices of two runs, scene by scene
- `drawn` : (draw, n), each row the scenes of one draw, some of them more than once
- Return (draw,): macro F1 of b minus macro F1 of a. A class that is neither there nor predicted in a draw has no vote.
"""

# %% solution="compare_runs"
def compare_runs(a, b, drawn):
    """Macro F1 of run b minus that of run a for each draw of scenes, (draw,)."""
    ### BEGIN SOLUTION
    def macro(table):
        hits, everything = np.diag(table), table.sum(axis=0) + table.sum(axis=1)
        there = everything > 0
        return (2 * hits[there] / everything[there]).mean()

    return np.array([macro(b[scenes].sum(axis=0)) - macro(a[scenes].sum(axis=0)) for scenes in drawn])
    ### END SOLUTION

# %% tests="compare_runs" points=3
check("compare_runs", compare_runs)

# %%
answers = {name: corrected(z, 0) for name, z in logits.items()}
answers["sampled, corrected"] = corrected(logits["sampled"], best_tau["sampled"])
by_scene = {name: np.stack([confusion_matrix(*pair) for pair in zip(labels, answer)])
            for name, answer in answers.items()}
drawn = np.random.default_rng(0).integers(0, len(labels), (500, len(labels)))

pairs = [("plain", "plain, other luck"), ("plain", "weighted"), ("plain", "sampled"), ("weighted", "sampled"),
         ("sampled", "sampled + Dice"), ("sampled", "sampled, corrected")]
rows = {}
for a, b in pairs:
    differences = compare_runs(by_scene[a], by_scene[b], drawn)
    low, high = np.quantile(differences, [0.05, 0.95])
    rows[f"{b}, minus {a}"] = {"difference": compare_runs(by_scene[a], by_scene[b], np.arange(len(labels))[None])[0],
                               "from": low, "to": high, "draws in favour": f"{np.mean(differences > 0):.0%}"}
pd.DataFrame(rows).T

# %% [markdown]
r"""
Read the first line before the others. It compares one recipe with *itself*. Does its interval contain 0? It need not!
The interval knows the luck of the scenes only. The luck of the first weights is in both matrices already, and no
drawing of scenes can take it out. So a difference has to pass **two** tests: its interval keeps clear of 0, *and* it
is clearly larger than the first line.

Which lines pass? Believe those, for now. For the others one would need more seeds, more scenes, or both. The kit's
`benchmarks/landcover.py` trains every recipe with several seeds and many more steps, and prints means and spreads;
that takes an hour or so, not a minute.

**A difference of 0.01 between two single runs is not a result.** Neither in your notebook nor in a paper.

## Once

Choose now, on paper, the run that you would deliver, with or without correction. Then open the test scenes, for all of
them and for the last time.
"""

# %% demo="once"
test = select_scenes(scenes, "test")
test_power, test_labels = arrays(test)
unseen = {name: predict_logits(network, test_power) for name, network in networks.items()}
maps = {"forest everywhere": np.zeros_like(test_labels), "reference": predict(reference, test).values}
for name, z in unseen.items():
    maps[name] = corrected(z, 0)
    if name in best_tau:
        maps[f"{name}, corrected"] = corrected(z, best_tau[name])
if "truth" in test:
    maps["a perfect map"] = test["truth"].values
final = {name: Confusion().add(test_labels, answer) for name, answer in maps.items()}
pd.DataFrame({name: {"accuracy": c.accuracy, "balanced accuracy": c.balanced_accuracy, "macro F1": c.macro_f1}
              for name, c in final.items()}).T.round(3)

# %% [markdown]
r"""
Now hold it against what you knew before. Is the order of the four runs the same as on the validation scenes? Did the
correction keep its gain? Where it did not, $\tau$ had been fitted to a dozen scenes. That is not a failure of the
method, it is what choosing costs, and you see it only because these scenes were kept out of every choice.

And compare your best run with the reference. It is nothing else than a network like yours with good crops and **more
steps**. Patience is a recipe, too.

## How much wetland is there?

A ministry seldom asks for a map. It asks for a number: *how many square kilometres of wetland?* Counting pixels of the
map is the obvious answer, and a biased one. A map that misses half of the wetland reports half of it. No large number
of pixels helps, since they all have the same bias.

What helps is a **sample of checks**: some places, drawn at random *within each mapped class*, where an expert finds
out what is really there. Olofsson et al. (2014, doi:10.1016/j.rse.2014.02.015) have written down how to put map and
sample together, and the whole field follows them. Of the places mapped as class $i$, a share $p_{j|i}$ turned out to
be class $j$. The map says that class $i$ covers the share $W_i$ of the land. Then class $j$ covers

$$\hat{A}_j = \sum_i W_i\, p_{j|i}, \qquad
S(\hat{A}_j) = \sqrt{\sum_i W_i^2\, \frac{p_{j|i}\,(1 - p_{j|i})}{n_i - 1}}$$

with $n_i$ checks in mapped class $i$. Write both. `sample` is (class, mapped class), the counts of the checks:
**columns are what the map said**. `mapped` is (mapped class,), the shares $W$.
"""

# %% solution="area_estimate"
def area_estimate(sample, mapped):
    """The share of the land that each class covers and its standard error, two arrays (class,)."""
    ### BEGIN SOLUTION
    n = sample.sum(axis=0)
    share = sample / n
    return share @ mapped, np.sqrt((mapped**2 * share * (1 - share) / (n - 1)).sum(axis=1))
    ### END SOLUTION

# %% tests="area_estimate" points=2
check("area_estimate", area_estimate)

# %% [markdown]
r"""
Our expert is the truth of the simulation (on real chips the labels play that part), and may visit only so many places.
Which? The usual plan is to spread them evenly, so that every class is checked. The map is the reference's, of the test
scenes: their score is settled, nothing can be chosen by them any more.

**Guess**: with 50 checks in each mapped class, how often will a 95 % interval contain the true area of wetland?
"""

# %%
land = (test["truth"] if "truth" in test else test["landcover"]).values
seen = test["valid"].values & (land != IGNORE)
land, said = land[seen], maps["reference"][seen]
used = [c for c in range(9) if (said == c).sum() >= 50]  # mapped classes with something to check
places = {c: np.flatnonzero(said == c) for c in used}
covered = np.array([places[c].size for c in used]) / sum(places[c].size for c in used)
true_share = np.bincount(land[np.isin(said, used)], minlength=9) / np.isin(said, used).sum()


def checked(plan, rng):
    """The counts (class, mapped class) that an expert brings home; `plan` says how many places of each mapped class."""
    visited = [rng.choice(places[c], min(plan[c], places[c].size), replace=False) for c in used]
    return np.column_stack([np.bincount(land[some], minlength=9) for some in visited])


def try_plan(plan, times=200):
    """Estimates and standard errors of many experts who follow the same plan, (time, class) each."""
    results = [area_estimate(checked(plan, np.random.default_rng(k)), covered) for k in range(times)]
    return tuple(np.array(part) for part in zip(*results))


even = dict.fromkeys(used, 50)
area, error = try_plan(even)
there = np.flatnonzero(true_share > 0)
map_share = np.array([covered[used.index(c)] if c in used else 0 for c in there])
table = pd.DataFrame({"truly [%]": 100 * true_share[there], "pixels of the map [%]": 100 * map_share,
                      "mean estimate [%]": 100 * area.mean(axis=0)[there],
                      "95 % intervals that hold the truth [%]":
                          100 * (np.abs(area - true_share) <= 1.96 * error).mean(axis=0)[there]},
                     index=[NAMES[c] for c in there])
table.round(2)

# %% [markdown]
r"""
The mean over many experts is right, also for classes of which the pixels of the map give a wrong area: the estimate
has no bias. But *one* expert's interval, which promises to hold the truth 95 times in a hundred, mostly does not. Why?

Look for the missing wetland. It is not where the map says wetland. It is in the **forest**, one pixel in some
hundreds, and 50 visits to the forest find none of it. An expert who finds none reports a small area *and a small
error*: from a sample without a single surprise, the formula concludes that there are no surprises. Change the plan.
"""

# %% demo="plan"
in_forest = 1000  # checks in what was mapped as forest; 50 in each of the other classes

plan = even | {label("forest"): in_forest}
area, error = try_plan(plan)
table[f"with {in_forest} in the forest [%]"] = 100 * (np.abs(area - true_share) <= 1.96 * error).mean(axis=0)[there]
wet = label("wetland")
print(f"{sum(plan.values())} checks; one expert's wetland: {100 * area[0, wet]:.2f} % +- {196 * error[0, wet]:.2f} % "
      f"of the land, truly {100 * true_share[wet]:.2f} %")
table.round(2)

# %% [markdown]
r"""
**Try it** with 200 and with 3000. The lesson is the old one in new clothes: the rare class hides in the common one.
Most of your checks belong where you are surest, because nobody looks there. And if an interval comes out tiny because
nothing was found, do not print it. (In your own work: `area_adjusted` in `dla_widgets.landcover.area` is the same,
with intervals.)

## Judgement

You have a confusion matrix, an error map, an experiment, a test and an area. Somebody has to make up their mind.
"""

# %% [markdown] answer="judgement" points=4
r"""
**In your own words.** Fill in the table for the runs of *your* notebook, then write your judgement in six to ten
sentences.

| run | accuracy (test) | macro F1 (test) | which classes it gains or loses | what it cost to train |
|---|---|---|---|---|
| plain | | | | |
| weighted | | | | |
| sampled | | | | |
| sampled + Dice | | | | |
| the best, corrected | | | | |

Which run do you deliver, with or without correction, and which difference in your tables do you *not* believe, and
why? Of the four ideas at the beginning, where would you spend the week, and what in the error maps tells you so? What
do you say to the ministry about the area of wetland?

### BEGIN SOLUTION
(The numbers are those of one's own notebook.) I deliver "sampled + Dice" without correction, as I had chosen it on the
validation scenes: its gain over plain keeps clear of zero when scenes are drawn again, is several times the difference
between the two plain runs, and is still there on the test scenes. It gains water, grassland and built-up land, and
still loses shrubs and wetland to the forest. I do not believe the difference between "sampled" and "sampled + Dice":
it is hardly larger than that between two seeds of one recipe. Nor do I believe what the correction gained for
"sampled" on the validation scenes: tau was the best of six on few scenes, the interval contains zero, and the gain is
gone on the test. I would never add it to the weighted run, whose prior was taken away in training. The week: longer
training with these crops first, because the reference, which had many more steps, is clearly above all my runs; then
the labels, because more than a third of the reference's errors are the label's and not the network's, and most errors
lie in mixed land, where a cell of 100 m cannot be right. Smoother borders would make the map prettier and the score no
better. For the area I do not count pixels: the map gives most of the wetland to the forest, and only luck makes its
false wetland as large as that. I report an estimate from a sample of checks with its 95 % interval, most of the checks
in what is mapped as forest, and I say what the reference of the checks was.
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, 4 points.** One: the table is filled in from the test, and the delivered run is chosen by validation
(if the two disagree, whoever says "I had chosen the other and keep it" gets the point). One: a difference that is not
believed, with the repeat run or an interval as the reason. One: the week follows from the error maps: the share of
errors that belong to labels or mixed cells, or the gap to the reference, is named. One: area from a sample with an
interval, and the forest stratum or a reason why pixel counting is biased.

**What goes wrong in this lesson.** `np.roll` for the neighbours makes a border of the frame. Everybody writes
log(prior) with the wrong sign once: then even less wetland, a good moment to let them look at a map. In `compare_runs`
nearly all first average macro F1 over scenes; the check says why not.

**Live demo.** "Once": let each table commit to a run before the cell is run. And `in_forest`: ask for the smallest
number with which they would sign.

**If the trainings scatter.** They do: a hundred steps are few, and processors round differently. If in your room
"weighted" beats "sampled", take it as a present: it is what the lesson says about small differences.
"""

# %% [markdown]
r"""
## What goes wrong, and how you see it

| what you see | what it was |
|---|---|
| forest leads the list of mistakes | counted in pixels: take shares of the true class |
| the frame of the map is a border | `np.roll` goes round the edge |
| errors draw the outlines of squares | the cells of the labels |
| the network finds rivers that the labels do not have | not an error: look at it before you "repair" it |
| prior correction makes the map greener | the sign |
| one class everywhere after the correction | a class without training pixels, log of 0; or tau is too high |
| correction spoils the weighted network | it had been corrected already |
| a gain of 0.01 that a colleague cannot repeat | a seed |
| an interval of zero width | nothing was found in the sample, not: nothing is there |

## What you take along

- Look at the errors before you choose the remedy: what, where, whose.
- Part of every score is the labels'. Know how large a part.
- Change one thing at a time, and always run the same thing twice.
- Weighting, sampling and correcting do one job. Do it once.
- Areas come from samples; the map says where to sample.

In lesson 06 you put it all together, for a competition.
"""
