"""The exercises of lesson 06 on the entry: from scores to a map, several heads, and a look at the file before it is sent.

Those on choosing, and on what luck can do, are in :mod:`.choosing`.
"""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe
from ..legend import IGNORE

# --- soft_vote ---------------------------------------------------------------------------------------------------------


def soft_vote_answer(members):
    """Mean probability of each class (y, x, class) over the logits of several networks (member, y, x, class)."""
    return _softmax(members).mean(axis=0)


def _softmax(logits, axis=-1):
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _member_probes(rng):
    yield (np.array([[[[2.0, 0.0, 0.0]]], [[[0.0, 1.0, 0.5]]], [[[float(rng.integers(3, 6)), 4.5, 0.0]]]]),)
    yield (rng.normal(0, 2, (3, 5, 4, 6)).round(2),)
    large = rng.normal(0, 2, (2, 4, 4, 3)).round(2)
    large[0, 1:3] += 800.0
    yield Probe((large,), "large logits")


soft_vote = Exercise("soft_vote", soft_vote_answer, _member_probes, rtol=1e-5, hints=[
    "First make probabilities of each member's logits, a softmax over the classes, which are the last axis. Then the mean "
    "over the members, which are the first.",
    "`np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)` is the softmax of one member, and of all of them at once.",
    "exp(800) is infinite. Take the largest logit of each pixel off first, `logits - logits.max(axis=-1, keepdims=True)`: "
    "the softmax stays the same.",
])


@soft_vote.mistake("That is the mean of the logits. One member that is sure of itself outvotes all others; as a probability it "
                   "has one vote like everybody.")
def mean_of_logits(members):
    return members.mean(axis=0)


@soft_vote.mistake("You averaged the logits and took the softmax then. The other way round: a softmax for each member, then "
                   "the mean.")
def softmax_of_the_mean(members):
    return _softmax(members.mean(axis=0))


@soft_vote.mistake("Everybody voted for one class and you counted the votes. How sure each member was is lost: average the "
                   "probabilities.")
def votes_counted(members):
    return np.eye(members.shape[-1])[members.argmax(-1)].mean(axis=0)


@soft_vote.mistake("You averaged the numbers of the classes. Half-way between forest (0) and water (6) there is no cropland (3).")
def class_numbers_averaged(members):
    return members.argmax(-1).mean(axis=0)


@soft_vote.mistake("Your softmax runs over the members: how likely a class is has nothing to do with who says it. Classes are "
                   "the last axis.")
def softmax_over_members(members):
    return _softmax(members, axis=0).mean(axis=0)


@soft_vote.mistake("Your softmax runs over all pixels at once, so a large map has smaller probabilities. One softmax per pixel: "
                   "axis=-1, keepdims=True.")
def softmax_over_the_map(members):
    powers = np.exp(members - members.max(axis=(1, 2, 3), keepdims=True))
    return (powers / powers.sum(axis=(1, 2, 3), keepdims=True)).mean(axis=0)


@soft_vote.mistake("You took the highest probability that any member gives. The most excited one decides: take the mean.")
def most_excited(members):
    return _softmax(members).max(axis=0)


@soft_vote.mistake("You added the probabilities up and did not divide by the number of members.")
def summed(members):
    return _softmax(members).sum(axis=0)


@soft_vote.mistake("That is the first member alone.")
def first_member(members):
    return _softmax(members)[0]


@soft_vote.mistake("np.exp of a large logit is infinite, and infinite over infinite is NaN. Take the largest logit of each "
                   "pixel off first.")
def overflows(members):
    powers = np.exp(members)
    return (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)


# --- submission_map ----------------------------------------------------------------------------------------------------


def submission_map_answer(scores, seen):
    """The class with the highest score, (y, x) uint8, and 255 where the radar saw nothing."""
    return np.where(seen, scores.argmax(axis=-1), IGNORE).astype(np.uint8)


def _map_and_type(labels, *_):
    labels = np.asarray(labels)
    return {"map": labels, "type": str(labels.dtype)}


def _score_probes(rng):
    def scores(rows, columns, classes):
        values = rng.normal(0, 1, (rows, columns, classes)).round(2)
        values.reshape(-1, classes)[: classes, :] -= 9 * (1 - np.eye(classes))  # every class wins somewhere
        return values

    yield scores(3, 4, 9), np.ones((3, 4), bool)
    yield scores(9, 10, 9), np.ones((9, 10), bool)
    values, seen = scores(9, 9, 9), np.ones((9, 9), bool)
    edge = int(rng.integers(2, 5))
    seen[:, -edge:] = False
    values[~seen] = np.nan
    yield Probe((values, seen), "where the radar saw nothing")


submission_map = Exercise("submission_map", submission_map_answer, _score_probes, observe=_map_and_type, hints=[
    "`scores.argmax(axis=-1)`: the number of the class with the highest score, for every pixel.",
    "`np.where(seen, labels, 255)` writes 255 where nothing was seen.",
    "`.astype('uint8')` comes last: labels need one byte, and `argmax` gives eight.",
])


@submission_map.mistake("You return the highest score itself. The label is its place among the classes: argmax, not max.")
def highest_score(scores, seen):
    return np.where(seen, scores.max(axis=-1), IGNORE)


@submission_map.mistake("You searched down the rows of the map. The classes are the last axis: argmax(axis=-1).")
def wrong_axis(scores, seen):
    return np.where(seen[0, :, None], scores.argmax(axis=0), IGNORE).astype(np.uint8)


@submission_map.mistake("Right labels in eight bytes each, as argmax gives them. One is enough: .astype('uint8').")
def eight_bytes(scores, seen):
    return np.where(seen, scores.argmax(axis=-1), IGNORE)


@submission_map.mistake("Labels begin with 0, forest. Yours begin with 1, and everything is its neighbour in the legend.")
def begins_with_one(scores, seen):
    return np.where(seen, scores.argmax(axis=-1) + 1, IGNORE).astype(np.uint8)


@submission_map.mistake("You wrote codes of LC100. The course's labels run from 0 to 8.")
def codes_of_the_product(scores, seen):
    codes = np.array([111, 20, 30, 40, 50, 60, 80, 90, 70])
    return np.where(seen, codes[scores.argmax(axis=-1)], IGNORE).astype(np.uint8)


@submission_map.mistake("Where the radar saw nothing you say forest: argmax of nothing is 0. Write 255 there.")
def forest_where_nobody_looked(scores, seen):
    return np.nan_to_num(scores, nan=-np.inf).argmax(axis=-1).astype(np.uint8)


@submission_map.mistake("The mask is upside down: `seen` is True where there is something to map.")
def mask_upside_down(scores, seen):
    return np.where(~seen, scores.argmax(axis=-1), IGNORE).astype(np.uint8)


@submission_map.mistake("NaN marks what is missing in your map, and so all labels became floats. Labels mark it with 255.")
def nan_for_nothing(scores, seen):
    return np.where(seen, scores.argmax(axis=-1), np.nan)


@submission_map.mistake("That is the *least* likely class: argmax, not argmin.")
def least_likely(scores, seen):
    return np.where(seen, scores.argmin(axis=-1), IGNORE).astype(np.uint8)


# --- inspect_entry -----------------------------------------------------------------------------------------------------


def inspect_entry_answer(maps, seen):
    """How many scenes are missing, extra and of a wrong shape, and how many pixels are strange or unlabelled."""
    right = {name: labels for name, labels in maps.items() if name in seen and labels.shape == seen[name].shape}
    return {
        "missing": len(set(seen) - set(maps)),
        "extra": len(set(maps) - set(seen)),
        "shape": len(set(seen) & set(maps)) - len(right),
        "strange": sum(int(((labels > 8) & (labels != IGNORE)).sum()) for labels in right.values()),
        "unlabelled": sum(int(((labels == IGNORE) & seen[name]).sum()) for name, labels in right.items()),
    }


def _entry_probes(rng):
    names = [f"sim-{k:02d}" for k in rng.permutation(60)[:7]]
    seen = {name: np.ones((5, 6), bool) for name in names[:5]}
    for name in names[1:4]:
        seen[name][:, -int(rng.integers(1, 3)):] = False
    maps = {name: rng.integers(0, 9, (5, 6)).astype(np.uint8) for name in names[:5]}
    for name in names[1:4]:
        maps[name][~seen[name]] = IGNORE
    yield Probe((dict(maps), seen), "an entry without a fault")

    faulty = {name: labels.copy() for name, labels in maps.items()}
    faulty[names[0]][0, :4] = 9
    faulty[names[2]][1:3, 0] = rng.choice([20, 40, 112])
    faulty[names[2]][0, -1] = 50  # strange where nobody looked, too
    faulty[names[0]][3, :3] = faulty[names[3]][4, 0] = IGNORE
    yield Probe((faulty, seen), "pixels")

    faulty = dict(faulty)
    del faulty[names[4]], faulty[names[0]]
    faulty[names[1]] = faulty[names[1]].T.copy()
    faulty[names[5]] = np.full((5, 6), 77, np.uint8)
    yield Probe((faulty, seen), "scenes")


inspect_entry = Exercise("inspect_entry", inspect_entry_answer, _entry_probes, hints=[
    "Names first: `set(seen) - set(maps)` are the scenes that are missing, and the other way round those that nobody asked for.",
    "Look at pixels only where there is something to compare with: the scene is asked for and its shape is right.",
    "A label is strange if it is above 8 and not 255. It is lacking where it *is* 255 and `seen` is True.",
])


def _inspected(maps, seen, **instead):
    right = {name: labels for name, labels in maps.items() if name in seen and labels.shape == seen[name].shape}
    wrong = len(set(seen) & set(maps)) - len(right)
    found = {"missing": len(set(seen) - set(maps)), "extra": len(set(maps) - set(seen)), "shape": wrong}
    found["strange"] = sum(int(((m > 8) & (m != IGNORE)).sum()) for m in right.values())
    found["unlabelled"] = sum(int(((m == IGNORE) & seen[n]).sum()) for n, m in right.items())
    return found | {key: way(maps, seen, right) for key, way in instead.items()}


@inspect_entry.mistake("255 is allowed where the radar saw nothing: a label is lacking only where `seen` is True.")
def unseen_counts_as_lacking(maps, seen):
    return _inspected(maps, seen, unlabelled=lambda m, s, right: sum(int((x == IGNORE).sum()) for x in right.values()))


@inspect_entry.mistake("255 is not strange, it is the mark of no label. Count it where a label is needed, as unlabelled.")
def no_label_is_strange(maps, seen):
    return _inspected(maps, seen, strange=lambda m, s, right: sum(int((x > 8).sum()) for x in right.values()))


@inspect_entry.mistake("9 is no label: the nine classes are 0 to 8.")
def nine_is_a_label(maps, seen):
    return _inspected(maps, seen, strange=lambda m, s, right: sum(int(((x > 9) & (x != IGNORE)).sum()) for x in right.values()))


@inspect_entry.mistake("Missing and extra are the other way round: what is missing is asked for and not there.")
def missing_and_extra_swapped(maps, seen):
    return _inspected(maps, seen, missing=lambda m, s, _: len(set(m) - set(s)), extra=lambda m, s, _: len(set(s) - set(m)))


@inspect_entry.mistake("You compared how *many* scenes there are. One missing and one extra make the number right again: compare "
                       "the names.")
def only_counted(maps, seen):
    return _inspected(maps, seen, missing=lambda m, s, _: max(len(s) - len(m), 0), extra=lambda m, s, _: max(len(m) - len(s), 0))


@inspect_entry.mistake("You compared the numbers of pixels. A map on its side has as many: compare the shapes.")
def only_the_size_compared(maps, seen):
    return _inspected(maps, seen, shape=lambda m, s, _: sum(m[n].size != s[n].size for n in set(m) & set(s)))


@inspect_entry.mistake("You counted scenes with strange labels. Count the pixels.")
def scenes_not_pixels(maps, seen):
    return _inspected(maps, seen, strange=lambda m, s, right: sum(int(((x > 8) & (x != IGNORE)).any()) for x in right.values()))


@inspect_entry.mistake("A strange label is a fault of the file wherever it stands, also where the radar saw nothing.")
def strange_only_where_seen(maps, seen):
    return _inspected(maps, seen, strange=lambda m, s, right: sum(
        int(((x > 8) & (x != IGNORE) & s[n]).sum()) for n, x in right.items()))


@inspect_entry.mistake("You looked at the pixels of scenes that nobody asked for. They are extra; that is all there is to say.")
def extra_scenes_inspected(maps, seen):
    return _inspected(maps, seen, strange=lambda m, s, right: sum(
        int(((x > 8) & (x != IGNORE)).sum()) for n, x in m.items() if n not in s or n in right))
