"""The exercises of lesson 04 on what a network is shown: patches, a split that does not leak, patches turned and shaken.

The network itself and the blending of its tiles are in :mod:`.networks`.
"""

from __future__ import annotations

import numpy as np

from ...exercise import Exercise, Probe
from ..legend import IGNORE

# --- cut_patches -------------------------------------------------------------------------------------------------------


def cut_patches_answer(power, labels, size, least):
    """Squares side by side, row by row, of which at least the share `least` is labelled: power and labels."""
    return _stacked([p for p in _patches(power, labels, size) if _known(p[1]) >= least])


def _patches(power, labels, size, step=None):
    rows, columns = labels.shape
    return [(power[r:r + size, c:c + size], labels[r:r + size, c:c + size])
            for r in range(0, rows - size + 1, step or size) for c in range(0, columns - size + 1, step or size)]


def _stacked(pairs):
    return np.stack([power for power, _ in pairs]), np.stack([labels for _, labels in pairs])


def _known(labels):
    return np.mean(labels != IGNORE)


def _scene(rng, rows, columns, bands):
    power = (10 ** rng.uniform(-2, 0, (rows, columns, bands))).round(4)
    labels = rng.integers(0, 9, (rows, columns)).astype(np.uint8)
    return power, labels


def _scene_probes(rng):
    yield (*_scene(rng, 4, 4, 1), 2, 0.5)
    yield (*_scene(rng, 7, 11, 2), 3, 0.2)
    power, labels = _scene(rng, 9, 8, 2)
    labels[0, :2] = labels[3, 4] = IGNORE  # half, and a quarter, of a patch
    labels[2:4, 2:4] = labels[4, 6] = labels[5, 6:8] = IGNORE  # all of one, and three quarters
    yield Probe((power, labels, 2, 0.5), "pixels without a label")


cut_patches = Exercise("cut_patches", cut_patches_answer, _scene_probes, hints=[
    "A patch is `power[r:r + size, c:c + size]`, and its labels are the same rows and columns of `labels`.",
    "Two loops: r over `range(0, rows - size + 1, size)`, and within it c over the columns in the same way. What is left "
    "over at the right and below is not used.",
    "`(patch_labels != 255).mean()` is the share that somebody has labelled. Keep the pair if it is `least` or more, then "
    "`np.stack` each list.",
])


@cut_patches.mistake("reshape alone does not cut: it takes whole rows of the scene and folds them. Neighbours in your patches "
                     "were not neighbours on the ground.")
def only_reshaped(power, labels, size, least):
    rows, columns = (n // size * size for n in labels.shape)
    power, labels = power[:rows, :columns], labels[:rows, :columns]
    folded = zip(power.reshape(-1, size, size, power.shape[-1]), labels.reshape(-1, size, size))
    return _stacked([p for p in folded if _known(p[1]) >= least])


@cut_patches.mistake("Yours go down the columns first. Row by row: the second patch lies at the right of the first.")
def column_by_column(power, labels, size, least):
    down, across = (n // size for n in labels.shape)
    pairs = _patches(power, labels, size)
    return _stacked([p for k in range(down * across) if _known((p := pairs[k % down * across + k // down])[1]) >= least])


@cut_patches.mistake("Your patches overlap. Side by side: the next one begins `size` pixels further, so that no pixel is "
                     "shown twice.")
def overlapping(power, labels, size, least):
    return _stacked([p for p in _patches(power, labels, size, max(size // 2, 1)) if _known(p[1]) >= least])


@cut_patches.mistake("You filled the ragged edge up with nothing. A network would learn the border of your file: leave out "
                     "what does not fill a patch.")
def edges_filled_up(power, labels, size, least):
    pad = [(0, -n % size) for n in labels.shape]
    wide = np.pad(power, (*pad, (0, 0))), np.pad(labels, pad, constant_values=IGNORE)
    return _stacked([p for p in _patches(*wide, size) if _known(p[1]) >= least])


@cut_patches.mistake("Your last row and column of patches were pushed back inside, so their pixels are shown twice: leave out "
                     "what does not fill a patch.")
def last_ones_pushed_back(power, labels, size, least):
    rows, columns = ([*range(0, n - size, size), n - size] for n in labels.shape)
    pairs = [(power[r:r + size, c:c + size], labels[r:r + size, c:c + size]) for r in rows for c in columns]
    return _stacked([p for p in pairs if _known(p[1]) >= least])


@cut_patches.mistake("Power and labels come from different places: rows and columns are swapped in one of the two.")
def labels_from_elsewhere(power, labels, size, least):
    across = labels.shape[1] // size
    places = [(r * size, c * size) for r in range(labels.shape[0] // size) for c in range(across)]
    pairs = [(power[r:r + size, c:c + size], np.pad(labels, ((0, size * across), (0, 0)))[c:c + size, r:r + size])
             for r, c in places]
    return _stacked([p for p in pairs if _known(p[1]) >= least])


@cut_patches.mistake("Patches that nobody has labelled are in there. They teach nothing: keep those with at least `least` of "
                     "their pixels labelled.")
def all_are_kept(power, labels, size, least):
    return _stacked(_patches(power, labels, size))


@cut_patches.mistake("A patch with exactly the share `least` counts: use >=.")
def exactly_is_too_few(power, labels, size, least):
    return _stacked([p for p in _patches(power, labels, size) if _known(p[1]) > least])


@cut_patches.mistake("One missing label and the patch is gone. Keep it: losses and scores skip single pixels. `least` says "
                     "how many are enough.")
def any_gap_is_too_much(power, labels, size, least):
    return _stacked([p for p in _patches(power, labels, size) if _known(p[1]) == 1])


@cut_patches.mistake("You kept the patches with the many *missing* labels: 255 is the label of what nobody knows.")
def kept_the_unknown(power, labels, size, least):
    return _stacked([p for p in _patches(power, labels, size) if 1 - _known(p[1]) >= least] or _patches(power, labels, size)[:1])


@cut_patches.mistake("You left patches out of the labels and not out of the power, so from there on nothing fits together.")
def power_keeps_all(power, labels, size, least):
    pairs = _patches(power, labels, size)
    return _stacked(pairs)[0], _stacked([p for p in pairs if _known(p[1]) >= least])[1]


@cut_patches.mistake("Power first, then labels: you returned them the other way round.")
def labels_first(power, labels, size, least):
    return cut_patches_answer(power, labels, size, least)[::-1]


# --- split_blocks ------------------------------------------------------------------------------------------------------


def split_blocks_answer(shape, block, held, margin):
    """What each pixel is for: 0 to train, 1 to validate (the blocks `held`), 2 neither (within `margin` of such a block)."""
    parts = np.zeros(shape, np.uint8)
    for top, left in _corners(shape, block, held):
        parts[max(top - margin, 0):top + block + margin, max(left - margin, 0):left + block + margin] = 2
    return _validated(parts, shape, block, held)


def _corners(shape, block, held):
    across = -(-shape[1] // block)
    return [(number // across * block, number % across * block) for number in held]


def _validated(parts, shape, block, held, part=1):
    for top, left in _corners(shape, block, held):
        parts[top:top + block, left:left + block] = part
    return parts


def _shape_probes(rng):
    yield (4, 6), 2, [1], 1
    yield (11, 14), 4, [0, 1, int(rng.integers(6, 8))], int(rng.integers(1, 3))
    yield (17, 13), 5, sorted(rng.choice([2, 4, 7, 9], 2, replace=False).tolist()), int(rng.integers(1, 4))


split_blocks = Exercise("split_blocks", split_blocks_answer, _shape_probes, hints=[
    "How many blocks stand in a row? Round up: the last ones may be cut by the edge. Block k begins in row "
    "`k // across * block` and column `k % across * block`.",
    "Two rounds. First write 2 into each held block *and its margin*, then 1 into each held block itself.",
    "`max(top - margin, 0)`: a negative start of a slice counts from the end of the array and selects nothing here.",
])


@split_blocks.mistake("You drew single pixels. Each has its neighbours on the other side of your split, with the same speckle "
                      "and the same label: hold whole blocks back.")
def pixels_at_random(shape, block, held, margin):
    count = int((split_blocks_answer(shape, block, held, margin) == 1).sum())
    return np.isin(np.random.default_rng(1).permutation(shape[0] * shape[1]).reshape(shape), range(count)).astype(np.uint8)


@split_blocks.mistake("Blocks are numbered row by row, as one reads: you counted down the columns.")
def numbered_down_the_columns(shape, block, held, margin):
    down, across = (-(-n // block) for n in shape)
    return split_blocks_answer(shape, block, [k % down * across + k // down for k in held], margin)


@split_blocks.mistake("You rounded the number of blocks in a row down. The one that the edge cuts is a block too, so all later "
                      "numbers are off.")
def blocks_rounded_down(shape, block, held, margin):
    parts, across = np.zeros(shape, np.uint8), shape[1] // block
    corners = [(k // across * block, k % across * block) for k in held]
    for top, left in corners:
        parts[max(top - margin, 0):top + block + margin, max(left - margin, 0):left + block + margin] = 2
    for top, left in corners:
        parts[top:top + block, left:left + block] = 1
    return parts


@split_blocks.mistake("The margin is missing: pixels that touch a held block are still trained on, and they know its edge.")
def no_margin(shape, block, held, margin):
    return split_blocks_answer(shape, block, held, 0)


@split_blocks.mistake("You took the margin out of the held blocks. They are what you validate on: take it from the training "
                      "pixels around them.")
def margin_inside(shape, block, held, margin):
    parts = _validated(np.zeros(shape, np.uint8), shape, block, held, 2)
    for top, left in _corners(shape, block, held):
        parts[top + margin:top + block - margin, left + margin:left + block - margin] = 1
    return parts


@split_blocks.mistake("At the upper or left edge `top - margin` is negative, and such a slice counts from the other end: the "
                      "margin is lost there. Use max(..., 0).")
def negative_slices(shape, block, held, margin):
    parts = np.zeros(shape, np.uint8)
    for top, left in _corners(shape, block, held):
        parts[top - margin:top + block + margin, left - margin:left + block + margin] = 2
    return _validated(parts, shape, block, held)


@split_blocks.mistake("The margin of one held block was written over its neighbour, which is held as well. All margins first, "
                      "then all blocks.")
def margin_over_a_neighbour(shape, block, held, margin):
    parts = np.zeros(shape, np.uint8)
    for number in held:
        ring = split_blocks_answer(shape, block, [number], margin)
        parts = np.where(ring > 0, ring, parts)
    return parts


@split_blocks.mistake("Your margin forgets the corners: a pixel is also near a block when it is near it across the corner.")
def no_corners(shape, block, held, margin):
    parts = np.zeros(shape, np.uint8)
    for top, left in _corners(shape, block, held):
        parts[max(top - margin, 0):top + block + margin, left:left + block] = 2
        parts[top:top + block, max(left - margin, 0):left + block + margin] = 2
    return _validated(parts, shape, block, held)


@split_blocks.mistake("The margin lies only at the right and below. Neighbours are on all sides.")
def margin_on_two_sides(shape, block, held, margin):
    parts = np.zeros(shape, np.uint8)
    for top, left in _corners(shape, block, held):
        parts[top:top + block + margin, left:left + block + margin] = 2
    return _validated(parts, shape, block, held)


@split_blocks.mistake("0 and 1 are the other way round: 1 marks the held blocks, 0 what is left to train on.")
def upside_down(shape, block, held, margin):
    return np.array([1, 0, 2], np.uint8)[split_blocks_answer(shape, block, held, margin)]


@split_blocks.mistake("The margin counts as validation in yours. It is for neither: it is there to keep the two apart.")
def margin_is_validated(shape, block, held, margin):
    return np.array([0, 1, 1], np.uint8)[split_blocks_answer(shape, block, held, margin)]


# --- augment_pair ------------------------------------------------------------------------------------------------------


def augment_pair_answer(power, labels, mirror, turns, gain):
    """The patch mirrored left to right (if `mirror`), then turned by `turns` quarters, its power `gain` [dB] brighter."""
    power, labels = _turned(power, mirror, turns), _turned(labels, mirror, turns)
    return power * 10 ** (gain / 10), labels


def _turned(array, mirror, turns):
    return np.rot90(array[:, ::-1] if mirror else array, turns)


def _patch_probes(rng):
    def pair(n):
        return _scene(rng, n, n, 2)

    def gain():
        return (rng.uniform(0.2, 1.5, 2) * rng.choice([-1, 1], 2)).round(2)

    yield (*pair(3), True, 0, gain())
    yield (*pair(4), False, int(rng.choice([1, 3])), gain())
    yield (*pair(5), True, int(rng.choice([1, 3])), gain())


augment_pair = Exercise("augment_pair", augment_pair_answer, _patch_probes, hints=[
    "`array[:, ::-1]` mirrors left to right and `np.rot90(array, turns)` turns by quarters. Both leave the bands, the last "
    "axis, alone.",
    "Whatever is done to the *place* of the pixels is done to both. What is done to the *brightness* is done to the power "
    "alone.",
    "Decibels add up where power multiplies: x dB more are a factor of `10 ** (x / 10)`.",
])


@augment_pair.mistake("The labels stayed as they were, so nearly every pixel has another one's label now. Mirror and turn both.")
def labels_stay(power, labels, mirror, turns, gain):
    return augment_pair_answer(power, labels, mirror, turns, gain)[0], labels


@augment_pair.mistake("The labels were turned and not mirrored.")
def labels_not_mirrored(power, labels, mirror, turns, gain):
    return augment_pair_answer(power, labels, mirror, turns, gain)[0], np.rot90(labels, turns)


@augment_pair.mistake("Power turns one way and the labels the other.")
def labels_turn_back(power, labels, mirror, turns, gain):
    return augment_pair_answer(power, labels, mirror, turns, gain)[0], _turned(labels, mirror, -turns)


@augment_pair.mistake("Mirror first, then turn: the other order is another position of the square.")
def turned_first(power, labels, mirror, turns, gain):
    power, labels = (np.rot90(a, turns)[:, ::-1] if mirror else np.rot90(a, turns) for a in (power, labels))
    return power * 10 ** (gain / 10), labels


@augment_pair.mistake("You mirrored top to bottom. Left to right is the second axis: `array[:, ::-1]`.")
def mirrored_top_to_bottom(power, labels, mirror, turns, gain):
    power, labels = (np.rot90(a[::-1] if mirror else a, turns) for a in (power, labels))
    return power * 10 ** (gain / 10), labels


@augment_pair.mistake("You turned clockwise. np.rot90 turns the other way, and so do we.")
def clockwise(power, labels, mirror, turns, gain):
    return augment_pair_answer(power, labels, mirror, -turns, gain)


@augment_pair.mistake("You swapped the bands as well: mirror the columns, axis 1, and leave the last axis alone.")
def bands_swapped(power, labels, mirror, turns, gain):
    power, labels = _turned(power[..., ::-1] if mirror else power, mirror, turns), _turned(labels, mirror, turns)
    return power * 10 ** (gain / 10), labels


@augment_pair.mistake("You added decibels to linear power. They add up in decibel; here they become a factor, 10 ** (gain / 10).")
def decibels_added(power, labels, mirror, turns, gain):
    return _turned(power, mirror, turns) + gain, _turned(labels, mirror, turns)


@augment_pair.mistake("You multiplied by the decibels themselves. 0 dB changes nothing: the factor is 10 ** (gain / 10).")
def decibels_as_factor(power, labels, mirror, turns, gain):
    return _turned(power, mirror, turns) * gain, _turned(labels, mirror, turns)


@augment_pair.mistake("20 belongs to amplitudes. This is power: 10 ** (gain / 10).")
def as_amplitude(power, labels, mirror, turns, gain):
    return _turned(power, mirror, turns) * 10 ** (gain / 20), _turned(labels, mirror, turns)


@augment_pair.mistake("Decibels have the base 10, not e: 10 ** (gain / 10).")
def base_e(power, labels, mirror, turns, gain):
    return _turned(power, mirror, turns) * np.exp(gain / 10), _turned(labels, mirror, turns)


@augment_pair.mistake("Each band has its own gain: VV and VH come from different receivers. You used one for both.")
def one_gain_for_both(power, labels, mirror, turns, gain):
    return _turned(power, mirror, turns) * 10 ** (gain[0] / 10), _turned(labels, mirror, turns)


@augment_pair.mistake("The power is as bright as before: multiply by the gain.")
def no_gain(power, labels, mirror, turns, gain):
    return _turned(power, mirror, turns), _turned(labels, mirror, turns)
