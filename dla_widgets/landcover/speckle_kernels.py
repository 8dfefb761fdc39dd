"""The loops behind :mod:`.speckle`, compiled by Numba: each works on the rows `first` to `last` of one image.

Windows end at the image's border, and pixels that are NaN or infinite are in no window: both count as 0 pixels of power 0,
which leaves loops without a question in them, and those a processor does several columns at a time. Sums are of what is in
the window and never a difference of larger sums: a bright ship must not leave its rounding errors on the lake around.
"""

from __future__ import annotations

import numpy as np
from numba import njit

BOXCAR, LEE, KUAN, VARIATION, ENHANCED_LEE, GAMMA_MAP = range(6)


@njit(cache=True, nogil=True)
def slide(image, half, rule, looks, damping, first, last, out):
    """A filter that asks a window for its mean and its variation only."""
    columns, size = image.shape[1], 2 * half + 1
    values, seen = _framed(image, half, first, last)
    above, below = np.zeros((size + 1, 3, columns + 2 * half)), np.empty((3, columns + 2 * half))
    window, empty = np.empty((3, columns)), above[size]
    noise = 1.0 / looks
    own = 0.0 if rule == BOXCAR else 1.0 if rule == LEE else 1 / (1 + noise)
    for row in range(first, last):
        k = (row - first) % size
        if k == 0:  # sums of `size` rows, from each to the last of them; the windows to come lack rows above, ...
            _set(below, empty)
            for i in range(size - 1, -1, -1):
                _set(above[i], above[i + 1])
                _sum_squares(values[row - first + i], seen[row - first + i], above[i])
        else:  # ... and have as many more below
            _sum_squares(values[row - first + size - 1], seen[row - first + size - 1], below)
        for of in range(3):
            _across(above[k, of], below[of], size, window[of])
        if rule <= KUAN:
            _linear(image[row], window, noise, own, out[row])
        else:
            for column in range(columns):
                z, n = image[row, column], window[2, column]
                if np.isfinite(z):
                    mean = window[0, column] / n
                    variation = (window[1, column] / n) / (mean * mean) - 1 if mean > 0 else 0.0
                    out[row, column] = _rule(rule, z, mean, variation, noise, damping)
                else:
                    out[row, column] = np.nan


@njit(cache=True, nogil=True)
def _framed(image, half, first, last):
    """Power of the rows and `half` pixels around them, 0 where there is none, and whether there is: 1 or 0."""
    rows, columns = image.shape
    values = np.zeros((last - first + 2 * half, columns + 2 * half), np.float32)
    seen = np.zeros_like(values)
    for row in range(max(0, first - half), min(rows, last + half)):
        line, there = values[row - first + half], seen[row - first + half]
        for column in range(columns):
            z = image[row, column]
            measured = np.isfinite(z)
            line[half + column] = z if measured else np.float32(0)
            there[half + column] = np.float32(1) if measured else np.float32(0)
    return values, seen


@njit(cache=True, nogil=True)
def _sum_squares(line, there, sums):
    total, square, count = sums[0], sums[1], sums[2]
    for column in range(line.size):
        z = np.float64(line[column])
        total[column] += z
        square[column] += z * z
        count[column] += there[column]


@njit(cache=True, nogil=True)
def _set(sums, given):
    for of in range(3):
        for column in range(sums.shape[1]):
            sums[of, column] = given[of, column]


@njit(cache=True, nogil=True)
def _across(above, below, size, window):
    """Sums of `size` columns, two at a time; what is above and below is added first."""
    columns = window.size
    for column in range(above.size):
        above[column] += below[column]
    for column in range(columns):
        window[column] = above[column]
    for k in range(1, size, 2):
        left, right = above[k : k + columns], above[k + 1 : k + 1 + columns]
        for column in range(columns):
            window[column] += left[column] + right[column]


@njit(cache=True, nogil=True)
def _add(line, total):
    for column in range(total.size):
        total[column] += line[column]


@njit(cache=True, nogil=True, error_model="numpy")
def _linear(image, window, noise, own, out):
    """Mean and pixel, weighed by how much of the window's variance is not speckle; `own` is the most a pixel itself weighs."""
    for column in range(image.size):
        z, n = np.float64(image[column]), window[2, column]
        mean = window[0, column] / n
        variance = max(window[1, column] / n - mean * mean, 1e-300)
        weight = own * max(1 - noise * mean * mean / variance, 0.0)
        out[column] = mean + weight * (z - mean) if np.isfinite(z) else np.nan


@njit(cache=True, nogil=True)
def _rule(rule, z, mean, variation, noise, damping):
    """`variation` and `noise` are squared coefficients of variation, of the window and of speckle alone."""
    if rule == VARIATION:
        return max(0.0, variation)
    if variation <= noise:
        return mean
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
    columns = image.shape[1]
    values, seen = _framed(image, half, first, last)
    near, upper, lower = np.empty((2, columns)), np.empty(columns), np.empty(columns)
    for row in range(first, last):
        upper[:], lower[:] = 0.0, 0.0
        for i in range(half + 1):  # an eighth of the window: what it is mirrored to lies as far away
            for j in range(i, half + 1):
                near[:] = 0.0
                for a in range(-half, half + 1):
                    for b in range(-half, half + 1):
                        if min(abs(a), abs(b)) == i and max(abs(a), abs(b)) == j:
                            _add(values[row - first + half + a, half + b : half + b + columns], near[0])
                            _add(seen[row - first + half + a, half + b : half + b + columns], near[1])
                _weigh(variation[row], -damping * np.sqrt(i * i + j * j), near, upper, lower)
        for column in range(columns):
            out[row, column] = upper[column] / lower[column] if np.isfinite(image[row, column]) else np.nan


@njit(cache=True, nogil=True)
def _weigh(variation, rate, near, upper, lower):
    """Add what is at one distance by its weight, an exponential to 1e-6 that is done several columns at a time."""
    for column in range(upper.size):
        x = max(rate * variation[column], -64.0) / 128  # what weighs less than e^-64 weighs nothing
        w = 1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6 * (1 + x / 7 * (1 + x / 8)))))))
        w *= w
        w *= w
        w *= w
        w *= w
        w *= w
        w *= w
        w *= w  # to the power of 128
        upper[column] += w * near[0, column]
        lower[column] += w * near[1, column]


@njit(cache=True, nogil=True)
def refined_lee(image, means, looks, first, last, out):
    """Lee's filter in the half of a 7x7 window that lies on the pixel's own side of an edge.

    means : 3x3 means of `image`
    """
    rows, columns = image.shape
    values, seen = _framed(image, 3, first, last)
    halves = _halves()
    noise = 1.0 / looks
    grid = np.empty((3, 3))
    for row in range(first, last):
        for column in range(columns):
            z = image[row, column]
            if not np.isfinite(z):
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
            for at in halves[dy + 1, dx + 1]:
                v = np.float64(values[row - first + at[0], column + at[1]])
                s += v
                q += v * v
                n += seen[row - first + at[0], column + at[1]]
            mean = s / n
            variance = max(q / n - mean * mean, 1e-300)
            out[row, column] = mean + max(1 - noise * mean * mean / variance, 0.0) / (1 + noise) * (z - mean)


@njit(cache=True, nogil=True)
def _halves():
    """By direction (dy + 1, dx + 1): rows and columns of the 28 pixels of a 7x7 window that lie there or in the middle."""
    places = np.zeros((3, 3, 28, 2), np.int64)
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            k = 0
            for i in range(7):
                for j in range(7):
                    if (dy != 0 or dx != 0) and (i - 3) * dy + (j - 3) * dx >= 0:
                        places[dy + 1, dx + 1, k, 0], places[dy + 1, dx + 1, k, 1] = i, j
                        k += 1
    return places


@njit(cache=True, nogil=True)
def _side(grid):
    """Direction (dy, dx) from the pixel away from the edge, into the half that is more like the pixel's surroundings."""
    dy, dx = 0, 1
    steepest = abs(grid[0, 2] + grid[1, 2] + grid[2, 2] - grid[0, 0] - grid[1, 0] - grid[2, 0])
    rising = abs(grid[0, 1] + grid[0, 2] + grid[1, 2] - grid[1, 0] - grid[2, 0] - grid[2, 1])
    if rising > steepest:
        dy, dx, steepest = -1, 1, rising
    level = abs(grid[0, 0] + grid[0, 1] + grid[0, 2] - grid[2, 0] - grid[2, 1] - grid[2, 2])
    if level > steepest:
        dy, dx, steepest = -1, 0, level
    falling = abs(grid[0, 0] + grid[0, 1] + grid[1, 0] - grid[1, 2] - grid[2, 1] - grid[2, 2])
    if falling > steepest:
        dy, dx = -1, -1
    here = grid[1, 1]
    if abs(grid[1 + dy, 1 + dx] - here) > abs(grid[1 - dy, 1 - dx] - here):
        return -dy, -dx
    return dy, dx
