"""The loops behind :mod:`.speckle`, compiled by Numba: each works on the rows `first` to `last` of one image.

A sum over a window slides: what comes in is added, what goes out taken away, so a window of 7x7 costs as much as one of
21x21. Windows end at the image's border, and pixels that are NaN are in no window.
"""

from __future__ import annotations

import numpy as np
from numba import njit

BOXCAR, VARIATION, LEE, ENHANCED_LEE, KUAN, GAMMA_MAP = range(6)


@njit(cache=True, nogil=True)
def slide(image, half, rule, looks, damping, first, last, out):
    """A filter that asks a window for its mean and its variation only."""
    rows, columns = image.shape
    total, square, count = np.zeros(columns), np.zeros(columns), np.zeros(columns)
    noise = 1.0 / looks
    for row in range(max(0, first - half), min(rows, first + half)):
        _take(image[row], 1.0, total, square, count)
    for row in range(first, last):
        if row + half < rows:
            _take(image[row + half], 1.0, total, square, count)
        if row - half - 1 >= max(0, first - half):
            _take(image[row - half - 1], -1.0, total, square, count)
        s = q = n = 0.0
        for column in range(min(half, columns)):
            s, q, n = s + total[column], q + square[column], n + count[column]
        for column in range(columns):
            if column + half < columns:
                s, q, n = s + total[column + half], q + square[column + half], n + count[column + half]
            if column - half - 1 >= 0:
                gone = column - half - 1
                s, q, n = s - total[gone], q - square[gone], n - count[gone]
            z = image[row, column]
            if np.isnan(z):
                out[row, column] = np.nan
                continue
            mean = s / n
            if rule == BOXCAR or mean <= 0:
                out[row, column] = max(mean, 0.0) if rule != VARIATION else 0.0
            else:
                out[row, column] = _rule(rule, z, mean, q / n - mean * mean, noise * mean * mean, noise, damping)


@njit(cache=True, nogil=True)
def _take(line, sign, total, square, count):
    for column in range(line.size):
        z = line[column]
        if not np.isnan(z):
            total[column] += sign * z
            square[column] += sign * (np.float64(z) * z)
            count[column] += sign


@njit(cache=True, nogil=True)
def _rule(rule, z, mean, variance, usual, noise, damping):
    """`usual` is the variance of a homogeneous window of that mean, `noise` the squared coefficient of variation of speckle."""
    if rule == VARIATION:
        return max(0.0, variance) / (mean * mean)
    if variance <= usual:
        return mean
    if rule == LEE:
        return mean + (1 - usual / variance) * (z - mean)
    if rule == KUAN:
        return mean + (1 - usual / variance) / (1 + noise) * (z - mean)
    variation = variance / (mean * mean)
    if rule == ENHANCED_LEE:
        most, speckle, here = np.sqrt(1 + 2 * noise), np.sqrt(noise), np.sqrt(variation)
        if here >= most:
            return z
        weight = np.exp(-damping * (here - speckle) / (most - here))
        return z + weight * (mean - z)
    if variation >= 2 * noise:  # GAMMA_MAP, a point target
        return z
    alpha = (1 + noise) / (variation - noise)
    b = alpha - 1 / noise - 1
    root = np.sqrt(mean * mean * b * b + 4 * alpha * mean * z / noise)
    return (b * mean + root) / (2 * alpha)


@njit(cache=True, nogil=True)
def frost(image, variation, half, damping, first, last, out):
    """Weights that fall with the distance, the faster the more the window varies.

    variation : squared coefficient of variation of the window of each pixel
    """
    rows, columns = image.shape
    weights = np.empty((2 * half + 1, 2 * half + 1))
    for row in range(first, last):
        for column in range(columns):
            if np.isnan(image[row, column]):
                out[row, column] = np.nan
                continue
            rate = damping * variation[row, column]
            for i in range(half + 1):  # an eighth of the window, mirrored to the rest
                for j in range(i, half + 1):
                    w = np.exp(-rate * np.sqrt(i * i + j * j))
                    for a, b in ((i, j), (j, i)):
                        weights[half + a, half + b] = w
                        weights[half + a, half - b] = w
                        weights[half - a, half + b] = w
                        weights[half - a, half - b] = w
            upper = lower = 0.0
            for i in range(max(0, row - half), min(rows, row + half + 1)):
                for j in range(max(0, column - half), min(columns, column + half + 1)):
                    z = image[i, j]
                    if not np.isnan(z):
                        w = weights[i - row + half, j - column + half]
                        upper += w * z
                        lower += w
            out[row, column] = upper / lower


@njit(cache=True, nogil=True)
def refined_lee(image, means, looks, first, last, out):
    """Lee's filter in the half of a 7x7 window that lies on the pixel's own side of an edge.

    means : 3x3 means of `image`
    """
    rows, columns = image.shape
    noise = 1.0 / looks
    grid = np.empty((3, 3))
    for row in range(first, last):
        for column in range(columns):
            z = image[row, column]
            if np.isnan(z):
                out[row, column] = np.nan
                continue
            for a in range(3):  # the nine means around, 2 pixels apart; at the border the nearest
                for b in range(3):
                    i = min(max(row + 2 * a - 2, 0), rows - 1)
                    j = min(max(column + 2 * b - 2, 0), columns - 1)
                    m = means[i, j]
                    grid[a, b] = means[row, column] if np.isnan(m) else m
            dy, dx = _side(grid)
            s = q = n = 0.0
            for i in range(max(0, row - 3), min(rows, row + 4)):
                for j in range(max(0, column - 3), min(columns, column + 4)):
                    if (i - row) * dy + (j - column) * dx >= 0 and not np.isnan(image[i, j]):
                        s += image[i, j]
                        q += np.float64(image[i, j]) * image[i, j]
                        n += 1
            mean = s / n
            out[row, column] = _rule(KUAN, z, mean, q / n - mean * mean, noise * mean * mean, noise, 0.0)


@njit(cache=True, nogil=True)
def _side(grid):
    """Direction (dy, dx) from the pixel away from the edge, into the half that is more like the pixel's surroundings."""
    gradients = np.array([
        abs(grid[0, 2] + grid[1, 2] + grid[2, 2] - grid[0, 0] - grid[1, 0] - grid[2, 0]),
        abs(grid[0, 1] + grid[0, 2] + grid[1, 2] - grid[1, 0] - grid[2, 0] - grid[2, 1]),
        abs(grid[0, 0] + grid[0, 1] + grid[0, 2] - grid[2, 0] - grid[2, 1] - grid[2, 2]),
        abs(grid[0, 0] + grid[0, 1] + grid[1, 0] - grid[1, 2] - grid[2, 1] - grid[2, 2]),
    ])  # fmt: skip
    k = gradients.argmax()
    dy, dx = ((0, 1), (-1, 1), (-1, 0), (-1, -1))[k]
    here = grid[1, 1]
    if abs(grid[1 + dy, 1 + dx] - here) > abs(grid[1 - dy, 1 - dx] - here):
        return -dy, -dx
    return dy, dx
