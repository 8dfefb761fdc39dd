"""The faults of a global land-cover product: coarse mixed cells, misplaced cells, and classes taken for one another."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, stats

from .legend import CLASSES, IGNORE

#: Side of a cell of the product [pixel]: 100 m.
CELL = 10

#: How far the product may lie off its place [pixel], standard deviation.
SHIFT = 2.5

#: How many cells wide a group of mistakes is, standard deviation.
CLUSTER = 1.2

#: Share of the cells whose class is unknown.
UNKNOWN = 0.002

#: (true class) -> {called: share} of the cells. Which classes are missed most, shrubs and wetland, and which least, forest,
#: water and bare ground, is as in the validation of LC100 (see Buchhorn et al. 2020, doi:10.3390/rs12061044). The shares
#: are smaller than its errors, because mixed and misplaced cells make most of the mistakes already.
MISTAKEN = {
    0: {1: 0.0016, 2: 0.0008, 3: 0.0008, 7: 0.0006},
    1: {0: 0.09, 2: 0.06, 3: 0.03},
    2: {0: 0.03, 1: 0.05, 3: 0.06, 5: 0.01, 7: 0.01},
    3: {0: 0.03, 1: 0.03, 2: 0.05},
    4: {0: 0.03, 2: 0.02, 3: 0.04},
    5: {0: 0.03, 1: 0.02, 2: 0.05, 3: 0.02},
    6: {0: 0.02, 7: 0.03},
    7: {0: 0.09, 1: 0.02, 2: 0.04, 6: 0.02},
    8: {5: 0.05},
}


def product_labels(rng: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """What a product of 100 m would say of the map `truth` (y, x), resampled to its pixels; uint8.

    Three faults, each as in the real thing: a cell takes the class of most of its pixels, so narrow rivers and roads
    vanish; cells lie some tens of metres off; and cells are taken for another class, several neighbours together.
    """
    size = truth.shape
    shift = np.clip(np.round(rng.normal(0, SHIFT, 2)), -2 * SHIFT, 2 * SHIFT).astype(int)
    phase = rng.integers(0, CELL, 2)
    before = phase + CELL
    after = [CELL + (-(n + p)) % CELL for n, p in zip(size, phase)]
    wide = np.pad(truth, list(zip(before, after)), mode="reflect")
    cells, purity = _majority(wide)
    cells = _confused(rng, cells, purity)
    cells[rng.random(cells.shape) < UNKNOWN] = IGNORE
    fine = np.kron(cells, np.ones((CELL, CELL), np.uint8))
    row, column = before + shift
    return np.ascontiguousarray(fine[row : row + size[0], column : column + size[1]])


def _majority(fine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The commonest class of each cell and its share of the cell; cells with nothing known are ignored."""
    rows, columns = fine.shape[0] // CELL, fine.shape[1] // CELL
    blocks = fine.reshape(rows, CELL, columns, CELL)
    counts = np.stack([(blocks == c).sum((1, 3)) for c in range(len(CLASSES))])
    return np.where(counts.any(0), counts.argmax(0), IGNORE).astype(np.uint8), counts.max(0) / CELL**2


def _confused(rng: np.random.Generator, cells: np.ndarray, purity: np.ndarray) -> np.ndarray:
    """Cells with mistakes: more in mixed cells than in pure ones, and in groups, as the chance runs through a smooth field."""
    field = ndimage.gaussian_filter(rng.standard_normal((cells.shape[0] + 8, cells.shape[1] + 8)), CLUSTER)[4:-4, 4:-4]
    chance = stats.norm.cdf(field * 2 * np.sqrt(np.pi) * CLUSTER)  # the blur has shrunk the spread
    chance /= np.where(purity > 0.95, 0.5, 2.0)
    called = cells.copy()
    for true, others in MISTAKEN.items():
        edges = np.cumsum([0, *others.values()])
        for other, low, high in zip(others, edges, edges[1:]):
            called[(cells == true) & (chance >= low) & (chance < high)] = other
    return called
