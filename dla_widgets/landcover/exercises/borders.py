"""The middle of lesson 05: where a map is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe
from ..legend import IGNORE

# --- border_errors ---------------------------------------------------------------------------------------------------


def _differs(labels, other):
    return (labels != other) & (labels != IGNORE) & (other != IGNORE)


def _border(labels):
    """Pixels that have a neighbour to the left, right, above or below of another known class."""
    border = np.zeros(labels.shape, bool)
    down, across = _differs(labels[1:], labels[:-1]), _differs(labels[:, 1:], labels[:, :-1])
    border[1:] |= down
    border[:-1] |= down
    border[:, 1:] |= across
    border[:, :-1] |= across
    return border


def _rates(labels, prediction, border):
    known, wrong = labels != IGNORE, labels != prediction
    return wrong[known & border].mean(), wrong[known & ~border].mean()


def border_errors_answer(labels, prediction):
    """The share of wrong pixels at borders between classes, and away from them; IGNORE has no part in either."""
    return _rates(labels, prediction, _border(labels))


def _fields(rng, size):
    """Forest with a clearing, a lake along the eastern edge, fields in the south: opposite edges of the map differ."""
    forest, clearing, lake, field = rng.permutation(6)[:4]
    labels = np.full((size, size), forest, np.uint8)
    row, column = rng.integers(1, 3, 2)
    labels[row : row + size // 2 - 1, column : column + size // 3] = clearing
    labels[:, -rng.integers(2, 4) :] = lake
    labels[-2:, : size // 2] = field
    return labels


def _mapped(rng, labels):
    """A prediction in patches, with more mistakes at the borders than inside."""
    wrong = rng.random(labels.shape) < np.where(_border(labels), 0.5, 0.2)
    wrong[0, 0], wrong[0, -1] = True, False
    return np.where(wrong, (labels + 1) % 6, labels).astype(np.uint8)


def _border_probes(rng) -> Iterator[Probe]:
    for size in (8, 13):
        labels = _fields(rng, size)
        yield Probe((labels, _mapped(rng, labels)), "maps without gaps")
    labels = _fields(rng, 14)
    prediction = _mapped(rng, labels)
    labels[9:11, 3:7] = IGNORE  # in the middle of the forest
    labels[-3:, -2:] = IGNORE
    yield Probe((labels, prediction), "pixels to ignore")


border_errors = Exercise("border_errors", border_errors_answer, _border_probes, hints=[
    "Two steps: mark the pixels that touch another class, then take the share of wrong pixels among them, and among "
    "the others.",
    "`labels[1:] != labels[:-1]` compares each pixel with the one above it. Where it is true, *both* lie at a border.",
    "Start from `border = np.zeros(labels.shape, bool)`; `border[1:] |= differs; border[:-1] |= differs`, then the "
    "same across.",
    "A pair with a 255 in it makes no border, and a pixel labelled 255 belongs to neither share.",
])


@border_errors.mistake("`np.roll` goes round the edge: the first row got the last one as its neighbour, and the frame "
                       "of the map became a border. Compare slices instead.")
def round_the_edge(labels, prediction):
    border = np.zeros(labels.shape, bool)
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        border |= _differs(labels, np.roll(labels, step, axis))
    return _rates(labels, prediction, border)


@border_errors.mistake("Only one side of each border is marked. If two neighbours differ, both of them lie at it.")
def one_side_only(labels, prediction):
    border = np.zeros(labels.shape, bool)
    border[1:] |= _differs(labels[1:], labels[:-1])
    border[:, 1:] |= _differs(labels[:, 1:], labels[:, :-1])
    return _rates(labels, prediction, border)


@border_errors.mistake("You compared only with the pixels above and below. A border may also run from north to south: "
                       "left and right, too.")
def one_direction_only(labels, prediction):
    border = np.zeros(labels.shape, bool)
    down = _differs(labels[1:], labels[:-1])
    border[1:] |= down
    border[:-1] |= down
    return _rates(labels, prediction, border)


@border_errors.mistake("You took the borders of the *prediction*. A speckled map has borders everywhere, and each lies"
                       " at its own mistake: take those of the labels.")
def borders_of_the_prediction(labels, prediction):
    return _rates(labels, prediction, _border(prediction))


@border_errors.mistake("Diagonal neighbours count in yours as well. Here a border is shared by a side, not by a "
                       "corner.")
def diagonals_too(labels, prediction):
    border = _border(labels)
    for first, second in ((np.s_[1:, 1:], np.s_[:-1, :-1]), (np.s_[1:, :-1], np.s_[:-1, 1:])):
        slant = _differs(labels[first], labels[second])
        border[first] |= slant
        border[second] |= slant
    return _rates(labels, prediction, border)


@border_errors.mistake("Those are shares of all *errors*: how many lie at borders, and how many do not. Most pixels "
                       "are inside, so that says little. Ask what share of the border pixels is wrong.")
def share_of_the_errors(labels, prediction):
    known, border = labels != IGNORE, _border(labels)
    wrong = (labels != prediction) & known
    return (wrong & border).sum() / wrong.sum(), (wrong & ~border).sum() / wrong.sum()


@border_errors.mistake("You divided by all pixels of the map. Divide the errors at the border by the pixels at the "
                       "border, and the others by the others.")
def share_of_all_pixels(labels, prediction):
    known, border = labels != IGNORE, _border(labels)
    wrong = (labels != prediction) & known
    return (wrong & border).sum() / known.sum(), (wrong & ~border).sum() / known.sum()


@border_errors.mistake("That is what is right. The share of *wrong* pixels was asked for.")
def what_is_right(labels, prediction):
    return tuple(1 - rate for rate in border_errors_answer(labels, prediction))


@border_errors.mistake("The two are swapped: first at borders, then away from them.")
def inside_first(labels, prediction):
    return border_errors_answer(labels, prediction)[::-1]


@border_errors.mistake("Right without gaps, but pixels labelled 255 are counted as wrong. Nobody knows what is there: "
                       "they belong to neither share.")
def gaps_are_wrong(labels, prediction):
    border, wrong = _border(labels), labels != prediction
    return wrong[border].mean(), wrong[~border].mean()


@border_errors.mistake("Right without gaps, but the edge of an unknown area is no border between classes: a pair with "
                       "a 255 in it does not count.")
def gaps_make_borders(labels, prediction):
    padded = np.where(labels == IGNORE, 254, labels)
    return _rates(labels, prediction, _border(padded))
