# ---
# jupyter:
#   dla:
#     title: Competition
#     objectives:
#       - Run experiments on validation scenes, and keep a log that says what each cost
#       - Say how large a gain must be before it means something, and why the leaderboard is no place to choose
#       - Combine several networks, and choose what to hand in
#       - Write a file of maps, check it as the leaderboard does, and read its refusals
#       - Describe a model so that someone else can decide whether to trust it
#     minutes: 120
#     seconds: 72
#     prerequisites:
#       - "Lesson 03: macro F1"
#       - "Lesson 04: training a network, the split by scenes"
#       - "Lesson 05: cures for rare classes"
# ---

# %% [markdown]
r"""
## The rules

From here on you are a team. You get radar scenes of a country that nobody has shown you before, with their labels,
except for some scenes: there they have been withheld. Map those, every pixel that the radar saw, and hand in **one
file**. Teams are ranked by the **macro F1** over all pixels of the withheld scenes together. So a class that covers a
two-hundredth of the land counts as much as the forest.

Everything that you are given may be used, and nothing else. There is a benchmark row on the leaderboard: a model that
looks at single pixels, and that a sensible person would have used without you. If you end below it, the sensible person
was right.

You practise first, on scenes of which you can open the envelope yourself. At the end you enter the competition of your
cohort, whose envelope your advisor keeps.
"""

# %%
from pathlib import Path

import numpy as np
import pandas as pd

from dla_widgets import BoardExplorer, ImbalanceExplorer, SubmitPanel, check, hint, joined
from dla_widgets.landcover.baselines import PixelForest
from dla_widgets.landcover.class_weights import class_counts
from dla_widgets.landcover.competition import (
    SubmissionError,
    competition_scenes,
    practice_truth,
    validate_submission,
    write_submission,
)
from dla_widgets.landcover.figures import class_map
from dla_widgets.landcover.legend import IGNORE, NAMES
from dla_widgets.landcover.losses import combined, cross_entropy, dice
from dla_widgets.landcover.models import load_reference, unet
from dla_widgets.landcover.prediction import predict_logits
from dla_widgets.landcover.scenes import arrays, label_map, select_scenes
from dla_widgets.landcover.skill import Confusion, confusion_matrix
from dla_widgets.landcover.training import train
from dla_widgets.panels.picture import Picture

# %%
scenes = competition_scenes()

for part, words in (("train", "to train on"), ("valid", "to choose with"), ("test", "to map: their labels are withheld")):
    each = select_scenes(scenes, part)
    known = (each.landcover != IGNORE) & each.valid
    print(f"{each.sizes['scene']:3d} scenes {words}; pixels with a label: {float(known.mean()):.1%}")

# %% [markdown]
r"""
**A word about honour.** These are simulated scenes, made on your own computer from a seed. Whoever wants to know the
withheld labels can have them with one call. That is all right for practice, and only you would be cheated. In a real
competition they are on your advisor's server and nowhere else, and your file is scored there.

With real scenes, `competition_scenes("path/to/scenes.zarr")` withholds the test part in the same way.
"""

# %% [markdown] advisor
r"""
**Session plan.** Two sessions of 60 minutes with a week between them, or one of 120. First: rules, first round (the
training cells run while you talk), the noise floor, the climb up the leaderboard. Second: several heads, choosing, the
file, the envelope, model card.

**Running it for real.** `autograder competition new landcover lands` draws another simulated country from a secret seed, and
`autograder board serve lands` shows the board; *A competition* in the advisor's guide has the rest. Five entries a day are
plenty: the climb is the reason. Announce the benchmark row *with* its score. Say whether models from elsewhere are allowed; here one is given to everybody.

**Teams.** Pairs. Ask each pair to agree on one sentence before they train anything: "we believe that ... will help
class ..., because ...". It makes the model card easy and the discussion afterwards good.
"""

# %% [markdown]
r"""
## First the opponent

The benchmark is the random forest of lesson 04: single pixels and their filtered brightness. Its score on the
validation scenes is the number to beat.

From here to the envelope **every number is one of the validation scenes**. They are yours; nobody counts how often you
look.
"""

# %%
training, validation = select_scenes(scenes, "train"), select_scenes(scenes, "valid")
valid_power, valid_labels = arrays(validation)


def tables(prediction):
    """One confusion matrix for each validation scene, (scene, class, class)."""
    return np.stack([confusion_matrix(truth, mapped) for truth, mapped in zip(valid_labels, prediction)])


def macro_f1(tables):
    """Macro F1 of all the tables together."""
    return Confusion(tables.reshape(-1, len(NAMES), len(NAMES)).sum(axis=0)).macro_f1


benchmark = PixelForest(pixels=30_000).fit(scenes)
benchmark_tables = tables(benchmark.predict(validation).values)
print(f"benchmark: macro F1 {macro_f1(benchmark_tables):.3f}")

# %% [markdown]
r"""
## The first round

There are a dozen knobs, and an evening is short. Experience has an order:

1. **What goes in.** Which scenes, which labels, which dates. And *which weights*: a network that has learnt another
   country knows most of what there is to know about speckle and about fields.
2. **What it is asked for.** Loss and sampling decide whether the rare classes appear at all (lesson 05).
3. **How long and how fast it learns.** Too short is the commonest fault of all, because it looks like a result.
4. **How large it is.** When 1 to 3 are settled.
5. **Several of them**, and several looks at each scene. It seldom hurts, and can wait until the end.
6. **Another architecture.** Last, although it is what everybody wants to begin with.

So the first round is about 1 and 2. Three trainings, and a network that comes with the course: it was trained on the
invented country of lessons 01 to 05, for longer than we have here.
"""

# %%
RARE_FIRST = {"loss": combined((cross_entropy(), 1.0), (dice(), 1.0)), "how": "balanced"}
log = {}


def experiment(name, model, steps=0, **recipe):
    """Train `model` on the training scenes, map the validation scenes, write the result into the log."""
    spent = train(model, training, steps=steps, progress=False, **recipe)["seconds"][-1] if steps else 0.0
    logits = predict_logits(model, valid_power)
    log[name] = {"logits": logits, "tables": tables(logits.argmax(-1).astype("uint8")), "seconds": spent}
    print(f"{name:34s} macro F1 {macro_f1(log[name]['tables']):.3f}")
    return model


experiment("from nothing, as it comes", unet(seed=0), steps=100, learning_rate=1e-2)
experiment("from nothing, rare classes first", unet(seed=0), steps=100, learning_rate=1e-2, **RARE_FIRST)
experiment("another country's, as it is", load_reference("simulated"))
tuned = experiment("another country's, trained on", load_reference("simulated"), steps=60, learning_rate=1e-3, **RARE_FIRST)

# %%
f1 = {name: Confusion(entry["tables"].sum(axis=0)).f1 for name, entry in log.items()}
f1 = {"benchmark": Confusion(benchmark_tables.sum(axis=0)).f1} | f1
pd.DataFrame(f1, index=NAMES).dropna(how="all").round(2)

# %% [markdown]
r"""
Read the table down the columns first (which classes does a model find at all?) and then along the rows. Where did the
gain come from: from the recipe, or from the other country?

**Your turn.** Change one thing at a time, in the order of the list, and write down what you expect before you look:
more `steps`; `class_weights` of lesson 03 in the loss; the prior correction of lesson 05; another `learning_rate` for
the network that is trained on. Every run goes into the log, the bad ones too.

**Try it.** The prior correction needs no training: here are *your* networks on a corner of the validation scene with most
classes. Move τ for each. Whom does it help most, and whom not at all? Can it replace a better training?
"""

# %% demo="own_networks"
rich = int(np.argmax([len(np.unique(scene)) for scene in valid_labels]))
corner = (rich, slice(-160, None), slice(-160, None))
ImbalanceExplorer({name: entry["logits"][corner] for name, entry in log.items()}, valid_labels[corner],
                  class_counts(arrays(training)[1]), valid_power[corner])

# %% [markdown]
r"""
## How large is luck?

Two of these numbers differ by a hundredth or two. Is that a better model, or were the thirteen scenes kind to it? The
rare classes sit in few scenes. Had the satellite looked a little further east, other villages would be in and others
out.

You cannot have other scenes, but you can pretend. Draw as many scenes as there are **with repetition** from those you
have, some twice and some not at all, and score that. Do it often. How far the score wanders is how far it would wander
in other places of this country. It is called the bootstrap (Efron 1979, doi:10.1214/aos/1176344552).

`confusions` are the tables of the scenes, and `draws` the numbers of the scenes in each draw. Return the standard
deviation of the macro F1 over the draws. A class that is neither in the truth nor on the map of a draw takes no part in
its mean.
"""

# %% solution="noise_floor"
def noise_floor(confusions, draws):
    """Standard deviation of the macro F1 over draws of the scenes, one number [-].

    confusions : (scene, class, class) pixels by true and mapped class
    draws : (draw, scene) numbers of the scenes in each draw
    """
    ### BEGIN SOLUTION
    scores = []
    for drawn in draws:
        table = confusions[drawn].sum(axis=0)
        both = table.sum(axis=0) + table.sum(axis=1)
        there = both > 0
        scores.append((2 * np.diag(table)[there] / both[there]).mean())
    return np.std(scores)
    ### END SOLUTION

# %% tests="noise_floor" points=2
check("noise_floor", noise_floor)

# %%
n = len(valid_labels)
draws = np.random.default_rng(0).integers(0, n, (500, n))
for name, entry in log.items():
    print(f"{name:34s} {macro_f1(entry['tables']):.3f}, give or take {noise_floor(entry['tables'], draws):.3f}")

best = max(log, key=lambda name: macro_f1(log[name]["tables"]))
floor = noise_floor(log[best]["tables"], draws)
before = [macro_f1(log["another country's, as it is"]["tables"][drawn]) for drawn in draws]
after = [macro_f1(log["another country's, trained on"]["tables"][drawn]) for drawn in draws]
print(f"trained on beats as it is in {np.mean(np.array(after) > before):.0%} of the draws")

# %% [markdown]
r"""
Two different questions were answered here. "Give or take" says how much the *score* depends on the scenes: whoever reports
it with three digits reports two digits of luck. The last line compares two models **on the same draws**: a kind draw is
kind to both, so a difference can be sure where each score is not.

So the second is the sharper tool, if you have the same scenes for both.

What neither sees is the luck of the dice in the training. For that you need other seeds; there will be some below.

## Up the leaderboard without a model

Why not simply hand in everything and keep what the leaderboard likes? Suppose it scores one half of the scenes in public,
and the other half decides in the end, as is usual. You have two networks, and no idea which is right where. So toss a
coin for each block of 32 pixels: this one or that one. Send it. Change a few blocks. If the public score rises, keep the
change.

No entry knows anything that the two networks do not.
"""

# %% demo="climb"
def in_blocks(prediction, size=32):
    """Confusion matrices of blocks of 32 pixels, (scene, block, class, class)."""
    def cut(maps):
        maps = maps[:, :maps.shape[1] // size * size, :maps.shape[2] // size * size]
        scenes, rows, columns = maps.shape
        return maps.reshape(scenes, rows // size, size, columns // size, size).swapaxes(2, 3).reshape(scenes, -1, size, size)

    return np.array([[confusion_matrix(t, p) for t, p in zip(*scene)] for scene in zip(cut(valid_labels), cut(prediction))])


pair = [in_blocks(log[name]["logits"].argmax(-1).astype("uint8")) for name in ("another country's, as it is", "another country's, trained on")]
rng = np.random.default_rng(4)
turn = rng.permutation(n)
public, private = turn[:n // 2], turn[n // 2:]


def score(choice, part):
    """Macro F1 in some scenes when `choice` (scene, block) says whose map each block is taken from."""
    return macro_f1(np.where(choice[part][..., None, None], pair[0][part], pair[1][part]))


choice = rng.random(pair[0].shape[:2]) < 0.5
seen, later = [score(choice, public)], [score(choice, private)]
for _ in range(300):
    trial = choice ^ (rng.random(choice.shape) < 0.02)
    if score(trial, public) > seen[-1]:
        choice = trial
    seen.append(score(choice, public))
    later.append(score(choice, private))

picture = Picture(8, 3.4, alt=f"In 300 entries the public score climbs by {seen[-1] - seen[0]:.3f}; the private one changes by "
                  f"{later[-1] - later[0]:+.3f}.")
axes = picture.subplots()
for scores, name in ((seen, "public half of the scenes"), (later, "private half, seen by nobody")):
    axes.plot(np.array(scores) - scores[0], label=name)
axes.axhline(0, color="#888888", lw=0.8)
axes.set(xlabel="entry", ylabel="macro F1 since the first entry [-]")
axes.legend()
print(f"after 300 entries: public {seen[-1] - seen[0]:+.3f}, private {later[-1] - later[0]:+.3f}")
picture

# %% [markdown]
r"""
The climber has learnt the public half by heart, one bit at a time, without any label and without any model. What it has
learnt is worth next to nothing elsewhere.

This is why entries per day are limited, why you choose on your own scenes, and why your score on the scenes that you
used for choosing is a little too good as well. The more you try, the more so. **Count your experiments**; the log does.

Your cohort's board defends itself as well. Blocks of pixels are public or private, and it tells you a new score only if the
entry is better than your best **by more than chance**; otherwise you hear the old one again (Blum and Hardt 2015,
arXiv:1502.04585). The climber above would hear nothing that it could climb by.

## Several heads

Two networks with different first weights make different mistakes. Where they disagree, at least one of them is wrong,
and together they are wrong less often. For classes one averages **probabilities**: a softmax for each member, over the
classes, and then the mean over the members. Never average the labels themselves: half-way between forest, 0, and water,
6, there is no cropland.

`members` is (member, y, x, class), logits. Some networks are very sure, and the exponential of a large number is
infinite; take the largest logit of each pixel off first.
"""

# %% solution="soft_vote"
def soft_vote(members):
    """Mean probability of each class over the members, (y, x, class).

    members : (member, y, x, class) logits
    """
    ### BEGIN SOLUTION
    powers = np.exp(members - members.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)
    ### END SOLUTION

# %% tests="soft_vote" points=2
check("soft_vote", soft_vote)

# %% [markdown]
r"""
Where do members come from? Other seeds cost a training each. **Test-time augmentation** costs none: show the same
network each scene in eight positions, turn the answers back, and take the mean (`predict_logits(..., tta=True)`). Only
fair if those positions are (lesson 04).
"""

# %%
second = experiment("trained on, second seed", load_reference("simulated"), steps=60, learning_rate=1e-3, seed=1, **RARE_FIRST)

looks = predict_logits(tuned, valid_power, tta=True)
names = ["another country's, as it is", "another country's, trained on", "trained on, second seed"]
heads = np.stack([log[name]["logits"] for name in names])
votes = np.stack([soft_vote(heads[:, k]) for k in range(n)])

cost = log["another country's, trained on"]["seconds"]
log["trained on, eight looks"] = {"tables": tables(looks.argmax(-1).astype("uint8")), "seconds": cost}
log["three heads"] = {"tables": tables(votes.argmax(-1).astype("uint8")), "seconds": 2 * cost}
table = pd.DataFrame({"macro F1": {name: macro_f1(entry["tables"]) for name, entry in log.items()},
                      "seconds of training": {name: round(entry["seconds"]) for name, entry in log.items()}})
table.round(3)

# %% [markdown]
r"""
Look at the two seeds before you rejoice about the rest. Nothing differs between them but the dice that drew the
patches. A gain that is smaller than that has no name.

And the vote? Compare it with the best of its members, and with the mean of them. You did not know beforehand which
member would be the best, and with other scenes it may be another. A vote need not know.

## What to hand in

The best number on the list is the best *and the luckiest*. A sober rule (Breiman et al. 1984 call it the rule of one
standard error): whatever lies within the noise floor of the best is as good as the best. Among those, take what costs
least. It will be trained again, explained, and perhaps repaired by somebody at night.

Of equally quick ones take the better. A run that failed has the score NaN. Return the *number* of the model in the list.
"""

# %% solution="choose_final"
def choose_final(scores, seconds, floor):
    """The number of the quickest model whose score is within `floor` of the best.

    scores : (model,) macro F1 [-], NaN where a run failed
    seconds : (model,) what each cost
    floor : noise floor of the scores [-]
    """
    ### BEGIN SOLUTION
    good = scores >= np.nanmax(scores) - floor
    quickest = good & (seconds == seconds[good].min())
    return int(np.where(quickest, scores, -np.inf).argmax())
    ### END SOLUTION

# %% tests="choose_final" points=2
check("choose_final", choose_final)

# %%
ranked = table["macro F1"].sort_values(ascending=False)
chosen = table.index[choose_final(table["macro F1"].values, table["seconds of training"].values, floor)]
print(f"best: {ranked.index[0]} ({ranked.iloc[0]:.3f}), noise floor {floor:.3f}")
print(f"the rule of the cheapest takes: {chosen} ({table['macro F1'][chosen]:.3f})")

# %% [markdown]
r"""
Would you have taken it? The rule looks at one score at a time, and it is cautious: the comparison on the same draws,
above, was sharper. And a competition pays for the last hundredth and not for the night shift. So below we hand in the
vote of several networks all the same. But know what you pay for it, and say so on the model card.

(This is for the simulated scenes. With other data the log may tell you to hand in something else. Believe the log.)

## The entry

Choosing is over. The validation scenes have done their work, so give them back: train on them as well, with two seeds,
and let both of them vote together with the network that they come from.
"""

# %%
def enter(country):
    """Probabilities of the withheld scenes of `country` by the vote, (scene, y, x, class), and the logits of its members."""
    everything = country.assign_coords(split=country["split"].where(country["split"] != "valid", "train"))
    power = arrays(select_scenes(country, "test"))[0]
    members = [predict_logits(load_reference("simulated"), power)]
    for seed in (0, 1):
        model = load_reference("simulated")
        train(model, everything, steps=60, learning_rate=1e-3, seed=seed, progress=False, **RARE_FIRST)
        members.append(predict_logits(model, power))
    return np.stack([soft_vote(np.stack(heads)) for heads in zip(*members)]), members


withheld = select_scenes(scenes, "test")
probabilities, final_members = enter(scenes)
print(f"{len(final_members)} networks, {probabilities.shape[0]} scenes")

# %% [markdown]
r"""
The leaderboard wants **labels**: for each scene an array (y, x) of the numbers 0 to 8, one byte each, and 255 where the
radar saw nothing. More entries fail on that than on anything else.
"""

# %% solution="submission_map"
def submission_map(scores, seen):
    """The map of one scene, (y, x) uint8: the class with the highest score, 255 where nothing was seen.

    scores : (y, x, class) logits or probabilities; anything where nothing was seen
    seen : (y, x) True where the radar has measured
    """
    ### BEGIN SOLUTION
    return np.where(seen, scores.argmax(axis=-1), 255).astype("uint8")
    ### END SOLUTION

# %% tests="submission_map" points=1
check("submission_map", submission_map)

# %%
seen = {str(name): mask for name, mask in zip(withheld.scene.values, withheld.valid.values)}
entry = {name: submission_map(p, seen[name]) for name, p in zip(seen, probabilities)}
pd.Series({land: np.mean([(labels == k).sum() / (labels != IGNORE).sum() for labels in entry.values()])
           for k, land in enumerate(NAMES)}, name="share on our maps").map("{:.2%}".format).to_frame()

# %% [markdown]
r"""
## Look before you send

A leaderboard uses a file as a whole or not at all. Better that you find the fault than that it does: write the inspector.
`maps` are the entry's maps by name, `seen` says which scenes are asked for and where the radar has measured. Count five
things:

- `missing`: scenes that are asked for and not there,
- `extra`: maps that nobody asked for,
- `shape`: maps of a scene that is asked for, with another shape than it,
- `strange`: pixels that are neither 0 to 8 nor 255,
- `unlabelled`: pixels that are 255 although the radar has measured there.

Look at pixels only in maps that are asked for and have the right shape.
"""

# %% solution="inspect_entry"
def inspect_entry(maps, seen):
    """How many scenes are missing, extra and of a wrong shape, how many pixels are strange and unlabelled.

    maps : name -> (y, x) labels
    seen : name -> (y, x) True where the radar has measured; the scenes that are asked for
    """
    ### BEGIN SOLUTION
    found = {"missing": len(set(seen) - set(maps)), "extra": len(set(maps) - set(seen)), "shape": 0, "strange": 0,
             "unlabelled": 0}
    for name in set(seen) & set(maps):
        labels = maps[name]
        if labels.shape != seen[name].shape:
            found["shape"] += 1
            continue
        found["strange"] += int(((labels > 8) & (labels != 255)).sum())
        found["unlabelled"] += int(((labels == 255) & seen[name]).sum())
    return found
    ### END SOLUTION

# %% tests="inspect_entry" points=2
check("inspect_entry", inspect_entry)

# %%
LC100 = np.array([112, 20, 30, 40, 50, 60, 80, 90, 70], "uint8")
first = next(iter(entry))
spoilt = {
    "ours": entry,
    "codes of the product": {name: LC100[np.minimum(labels, 8)] for name, labels in entry.items()},
    "labels begin with 1": {name: np.where(labels < 8, labels + 1, labels) for name, labels in entry.items()},
    "one scene forgotten": {name: labels for name, labels in entry.items() if name != first},
    "a training scene too": entry | {str(training.scene.values[0]): entry[first]},
    "cut at the edge": entry | {first: entry[first][:-8]},
    "no class below 50 % is believed": {name: np.where(p.max(-1) < 0.5, 255, entry[name]).astype("uint8")
                                        for name, p in zip(entry, probabilities)},
}
pd.DataFrame({name: inspect_entry(maps, seen) for name, maps in spoilt.items()}).T

# %% [markdown]
r"""
One faulty entry passes your inspector without a word: every label is a label, and all of them are wrong. Find it in the
table. What would have told you? (You have printed it, before you wrote the inspector.)

Now let the kit look at the same entries, with the very function that the leaderboard uses. Read its refusals once in
peace; you will meet them again at five to midnight.
"""

# %% demo="refusals"
def verdict(maps):
    """What the leaderboard says to an entry."""
    try:
        validate_submission(maps, scenes, name="entry.npz")
    except SubmissionError as error:
        return str(error)
    return "fine"


spoilt["probabilities"] = dict(zip(entry, probabilities.astype("float32")))
for name, maps in spoilt.items():
    print(f"{name}:\n    {verdict(maps)}\n")

# %% [markdown]
r"""
`write_submission` does all of this, too: it takes a prediction, cuts it to the scenes that are asked for, checks it, and
writes the file only if it is right. The ending says what kind: `.npz` for arrays, `.zip` for one GeoTIFF per scene, which
lies on the map and opens in any GIS.
"""

# %%
prediction = label_map(withheld, np.stack(list(entry.values())))
for name in ("my_team.npz", "my_team.zip"):
    path = write_submission(prediction, Path("submissions") / name, scenes)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB, {validate_submission(path, scenes).sizes['scene']} scenes")

# %% [markdown]
r"""
## The envelope

Before you open it, **write two numbers on paper**: the score that you expect, and the benchmark's. The validation
scenes are the best estimate you have. Will it be higher or lower than there? (Think of three things. You chose on those
scenes. The final networks have learnt from them. And how large was the noise floor?)

In practice the envelope is one call. Make it once.
"""

# %%
truth = practice_truth()

handed_in = {
    "benchmark": benchmark.predict(withheld).values,
    "one network, as it came": final_members[0].argmax(-1).astype("uint8"),
    "our entry": validate_submission("submissions/my_team.npz", scenes).values,
}
results = {name: Confusion().add(truth.values, maps) for name, maps in handed_in.items()}
leaderboard = pd.DataFrame({"macro F1": {name: c.macro_f1 for name, c in results.items()},
                            "accuracy": {name: c.accuracy for name, c in results.items()}})
print(f"on the validation scenes: benchmark {macro_f1(benchmark_tables):.3f}, three heads {table['macro F1']['three heads']:.3f}, "
      f"noise floor {floor:.3f}")
leaderboard.sort_values("macro F1", ascending=False).round(3)

# %%
results["our entry"].table().round(2)

# %%
right = [Confusion().add(t, p).accuracy for t, p in zip(truth.values, handed_in["our entry"])]
worst = int(np.argmin(right))
print(f"our worst scene: {truth.scene.values[worst]}, accuracy {right[worst]:.2f}")
class_map({"labels": truth.values[worst], "benchmark": handed_in["benchmark"][worst], "our entry": handed_in["our entry"][worst]})

# %% [markdown]
r"""
Look longer at the worst scene than at the best. Did the benchmark fail there, too? Then perhaps the *labels* are wrong:
they come from cells of 100 m, and their makers erred as well. Which of your classes would you not show to anybody?

## The entry that counts

That was practice: you have opened the envelope, and whatever you change now, you change knowing what was in it. The
competition of your cohort has another country. Its withheld labels are on your advisor's server and nowhere else.

The same recipe, that country. (If you are not signed in yet: the panel below takes the address and the token that your
advisor gave you. Then run the cell again.)
"""

# %%
contest, path = joined("landcover"), None
if contest:
    country = competition_scenes(contest.inputs() / "scenes.nc")
    asked = select_scenes(country, "test")
    maps = [submission_map(p, mask) for p, mask in zip(enter(country)[0], asked.valid.values)]
    path = write_submission(label_map(asked, np.stack(maps)), Path("submissions") / f"{contest.name}.npz", country)
    print(f"{contest.rules['title']}: {path} is ready, {asked.sizes['scene']} scenes")

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
large steps, and who in many small ones?
"""

# %% demo="board"
BoardExplorer(contest)

# %% [markdown]
r"""
## What goes wrong, and how to see it

| what you see | what it often is |
|---|---|
| far better on the validation scenes than in the envelope | chosen too often, or a split by patches instead of scenes |
| accuracy as high as ever, macro F1 at the bottom | it says forest: look at the shares on your maps before you send |
| a rare class covers a tenth of your maps | weights or prior correction too strong: look at its precision |
| the vote is worse than each member | labels were averaged, or the members' scenes are in another order |
| "These look like codes of LC100" | the legend of the product, not that of the course |
| "expected whole numbers, found float32" | argmax was forgotten |
| the leaderboard likes you more every day | you are climbing: see above |
| the benchmark wins | look at single classes before you look at knobs |
| the board tells you your old score again | the entry is not better by more than chance: think, do not resend |
"""

# %% [markdown] advisor
r"""
**The envelope** is the moment of the session. Have the expected numbers of all teams on the board first, and ask why
each team expects what it expects.

**What learners learn here**: the difference between validation and envelope can go either way, and it is often larger
than the differences they tuned for. Ask: how many scenes would you need to see a gain of 0.01? (The noise floor falls
with the square root of their number.)

**If a team is below the benchmark**: it is almost always a network that says forest. Look at the shares on its maps and
at F1 per class with them, not at the architecture.

**Live demo**: the climb, and the refusals. Let a learner break the file in a way that is not in the list, and see
whether the message helps. If it does not, write to whoever maintains the kit.
"""

# %% [markdown] answer="model_card" points=4
r"""
**Model card.** Half a page for somebody who may use your maps and will never meet you. Say what it is and what it was
trained on (scenes, bands, dates, labels and their faults); how you chose it, and how many things you tried; its score
with the opponent's score and the worst classes beside it, and how far the score can be trusted; and where it must not
be used.

### BEGIN SOLUTION
*What.* The mean of the probabilities of three U-Nets on VV and VH, 10 m pixels, one date, nine classes of LC100 grouped
as in the course; the classes of its maps are those with the highest mean. *Trained on* simulated scenes of tropical
forest: one network on the training scenes of another country, two of them 60 steps more on all labelled scenes of
this one, with crops that show every class equally often and cross-entropy plus Dice. The labels are
cells of 100 m with mixed pixels at their borders. *Chosen* among seven entries of the log by the macro F1 on 13
validation scenes, which were given back for the final training; the score there is therefore slightly flattering.
*Score* on the withheld scenes: as in the table, beside the pixel-wise forest's; the noise floor printed above is what
another choice of scenes would change. The differences between the tuned networks are smaller than that. Shrubs are
hardly found, and where the maps say grassland or bare it is mostly wrong: recall and precision are in the table. *Not for* real radar (never tested on any),
mountains, other biomes, snow, other dates or seasons than the growing season, areas smaller than a cell of 100 m, nor
for area statistics without a sample to correct them (lesson 05).
### END SOLUTION
"""

# %% [markdown] advisor
r"""
**Marking scheme, one point each.**

1. Data and labels, precise enough to train it again: scenes, bands, starting weights, recipe, and that the labels have
   faults.
2. How it was chosen: on which scenes, and *how many* things were tried. "We optimised the hyperparameters" gets nothing.
3. A score with an opponent beside it, the classes that fail, and the noise floor; not the macro F1 alone.
4. At least two concrete limits that follow from how it was trained or tested. "May not generalise" is no limit; "never
   tested on a real scene" is.
"""

# %% [markdown]
r"""
## Take away

- Choose on scenes of your own. The leaderboard is for being surprised.
- Weights and what is asked for, then length, then size, then several heads, then architecture.
- The noise floor is the smallest gain that you may believe in.
- Count your experiments, look at the worst class and the worst scene, and name what you beat.
- Check the file yourself, with the leaderboard's own function.

That was the land-cover project. You began with speckle, and you end with a map, a score that you can defend, and a card
that says where not to trust it.
"""
