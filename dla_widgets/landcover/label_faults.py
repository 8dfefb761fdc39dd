"""The faults of a global land-cover product: coarse mixed cells, misplaced cells, and classes taken for one another."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, stats

from .legend import CLASSES, IGNORE

#: Side of a cell of the product [pixel]: 100 m.
CELL = 10

#: How far the product may lie off its place [pixel], standard deviation.
SHIFT = 2.5

#: Share of the cells whose class is unknown.
UNKNOWN = 0.004

#: (true class) -> {called: share}. After the per-class accuracies of the validation of LC100 (see Buchhorn et al. 2020,
#: doi:10.3390/rs12061044): forest, water and bare ground are safest; shrubs and wetland are missed most.
MISTAKEN = {
    0: {1: 0.006, 2: 0.002, 3: 0.003, 7: 0.002},
    1: {0: 0.17, 2: 0.10, 3: 0.06, 5: 0.01},
    2: {0: 0.07, 1: 0.09, 3: 0.09, 5: 0.02, 7: 0.02},
    3: {0: 0.07, 1: 0.05, 2: 0.08},
    4: {0: 0.05, 2: 0.04, 3: 0.08, 5: 0.02},
    5: {0: 0.05, 1: 0.05, 2: 0.10, 3: 0.05},
    6: {0: 0.04, 7: 0.05},
    7: {0: 0.16, 2: 0.08, 6: 0.05, 1: 0.04},
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
    cells = _majority(wide)
    cells = _confused(rng, cells)
    cells[rng.random(cells.shape) < UNKNOWN] = IGNORE
    fine = np.kron(cells, np.ones((CELL, CELL), np.uint8))
    row, column = before + shift
    return np.ascontiguousarray(fine[row : row + size[0], column : column + size[1]])


def _majority(fine: np.ndarray) -> np.ndarray:
    """The commonest class of each cell; cells with nothing known are ignored."""
    rows, columns = fine.shape[0] // CELL, fine.shape[1] // CELL
    blocks = fine.reshape(rows, CELL, columns, CELL)
    counts = np.stack([(blocks == c).sum((1, 3)) for c in range(len(CLASSES))])
    return np.where(counts.any(0), counts.argmax(0), IGNORE).astype(np.uint8)


def _confused(rng: np.random.Generator, cells: np.ndarray) -> np.ndarray:
    """Cells with mistakes that come in groups: the chance runs through a smooth field, not from cell to cell."""
    field = ndimage.gaussian_filter(rng.standard_normal((cells.shape[0] + 8, cells.shape[1] + 8)), 0.8)[4:-4, 4:-4]
    chance = stats.norm.cdf(field / 0.352)  # what is left of the spread of white noise after this blur
    called = cells.copy()
    for true, others in MISTAKEN.items():
        edges = np.cumsum([0, *others.values()])
        for other, low, high in zip(others, edges, edges[1:]):
            called[(cells == true) & (chance >= low) & (chance < high)] = other
    return called
