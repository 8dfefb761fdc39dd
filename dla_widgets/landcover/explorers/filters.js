// filters.js - the speckle filters of dla_widgets.landcover.speckle in the browser: same rules, same borders.
// Sums are in double precision, of what is in the window and never a difference of larger sums: a bright ship must not leave
// its rounding errors on the lake around. Each costs the same for windows of every size: in stretches as long as a window, what
// lies before the end of one and after the start of the next makes a window.

/** Mean and variance of the windows, a row at a time: `each(row, mean, variance)`. Windows end at the image's border. */
function windowed(image, rows, columns, half, each) {
  const size = 2 * half + 1;
  const width = columns + 2 * half; // with columns of nothing left and right
  const sums = (n = width) => [new Float64Array(n), new Float64Array(n)]; // of power, of its square
  const above = Array.from({ length: size + 1 }, sums); // from each row of a stretch to its end
  const [below, window] = [sums(), sums()];
  const [before, after] = [sums(width + 1), sums()]; // the same along the row: up to each column, and from it to the end of its stretch
  const [mean, variance, share] = [new Float64Array(columns), new Float64Array(columns), new Float64Array(columns)];
  let deep = 0;
  for (let r = 0; r < rows; r += 1) {
    const k = r % size;
    if (k === 0) {
      for (let i = size - 1; i >= 0; i -= 1) addRow(image, r - half + i, rows, columns, half, above[i + 1], above[i]);
      for (const sum of below) sum.fill(0);
    } else addRow(image, r + half, rows, columns, half, below, below);
    for (const of of [0, 1]) add(above[k][of], below[of], window[of]);
    sweep(window, size, before, after);
    const high = Math.min(r + half, rows - 1) - Math.max(r - half, 0) + 1;
    if (high !== deep) {
      for (let c = 0; c < columns; c += 1) share[c] = 1 / (high * (Math.min(c + half, columns - 1) - Math.max(c - half, 0) + 1));
      deep = high;
    }
    moments(before, after, size, share, mean, variance);
    each(r, mean, variance);
  }
}

/** `to` is `from` and a row of the image; rows that are not there are nothing. */
function addRow(image, row, rows, columns, half, [fromTotal, fromSquare], [total, square]) {
  if (row < 0 || row >= rows) {
    total.set(fromTotal);
    square.set(fromSquare);
    return;
  }
  const start = row * columns;
  for (let c = 0, k = half; c < columns; c += 1, k += 1) {
    const z = image[start + c];
    total[k] = fromTotal[k] + z;
    square[k] = fromSquare[k] + z * z;
  }
}

function add(a, b, sum) {
  for (let c = 0; c < sum.length; c += 1) sum[c] = a[c] + b[c];
}

/** Sums along a row, in stretches of `size` columns: of what lies in front of each column, and from it to the end. */
function sweep([total, square], size, [beforeTotal, beforeSquare], [afterTotal, afterSquare]) {
  const width = total.length;
  for (let start = 0; start < width; start += size) {
    const end = Math.min(start + size, width);
    let s = 0;
    let q = 0;
    let t = 0;
    let u = 0;
    for (let c = start, d = end - 1; c < end; c += 1, d -= 1) { // forth and back at once
      beforeTotal[c] = s;
      beforeSquare[c] = q;
      s += total[c];
      q += square[c];
      t += total[d];
      u += square[d];
      afterTotal[d] = t;
      afterSquare[d] = u;
    }
    const whole = end - start === size;
    beforeTotal[end] = whole ? 0 : s; // what the last window lacks, if it does not fill a stretch
    beforeSquare[end] = whole ? 0 : q;
  }
}

function moments([beforeTotal, beforeSquare], [afterTotal, afterSquare], size, share, mean, variance) {
  for (let c = 0; c < mean.length; c += 1) {
    const m = (afterTotal[c] + beforeTotal[c + size]) * share[c];
    mean[c] = m;
    variance[c] = (afterSquare[c] + beforeSquare[c + size]) * share[c] - m * m;
  }
}

/** Lee's filter of windows of 2 half + 1 pixels along: 512 x 512 pixels in a few milliseconds, whatever the window. */
export function leeFilter(image, rows, columns, half, looks, out) {
  return linearFilter(image, rows, columns, half, 1 / looks, 1, out);
}

/** Mean and pixel, weighed by how much of the variance is not speckle; `most` is what a pixel itself weighs at most. */
function linearFilter(image, rows, columns, half, noise, most, out) {
  windowed(image, rows, columns, half, (r, mean, variance) => {
    const start = r * columns;
    for (let c = 0; c < columns; c += 1) {
      const m = mean[c];
      const v = variance[c];
      const speckle = noise * m * m;
      out[start + c] = v > speckle ? m + most * (1 - speckle / v) * (image[start + c] - m) : m;
    }
  });
  return out;
}

/** Squared coefficient of variation. */
function variation(mean, variance) {
  return mean > 0 ? variance / (mean * mean) : 0;
}

function enhancedLee(image, rows, columns, half, noise, out) {
  const [most, speckle] = [Math.sqrt(1 + 2 * noise), Math.sqrt(noise)];
  windowed(image, rows, columns, half, (r, mean, variance) => {
    for (let c = 0, k = r * columns; c < columns; c += 1, k += 1) {
      const [z, m, v] = [image[k], mean[c], variation(mean[c], variance[c])];
      const here = Math.sqrt(Math.max(v, 0));
      if (v <= noise) out[k] = m;
      else out[k] = here >= most ? z : z + Math.exp(-(here - speckle) / (most - here)) * (m - z);
    }
  });
}

function gammaMap(image, rows, columns, half, noise, out) {
  windowed(image, rows, columns, half, (r, mean, variance) => {
    for (let c = 0, k = r * columns; c < columns; c += 1, k += 1) {
      const [z, m, v] = [image[k], mean[c], variation(mean[c], variance[c])];
      if (v <= noise || v >= 2 * noise) { out[k] = v <= noise ? m : z; continue; }
      const alpha = (1 + noise) / (v - noise);
      const b = alpha - 1 / noise - 1;
      out[k] = (b * m + Math.sqrt(m * m * b * b + 4 * alpha * m * z / noise)) / (2 * alpha);
    }
  });
}

/** `image` with `half` pixels of nothing around it, and where there is something: 1 or 0. */
function framed(image, rows, columns, half) {
  const width = columns + 2 * half;
  const values = new Float32Array((rows + 2 * half) * width);
  const seen = new Float32Array(values.length);
  for (let r = 0; r < rows; r += 1) {
    const start = (r + half) * width + half;
    values.set(image.subarray(r * columns, (r + 1) * columns), start);
    seen.fill(1, start, start + columns);
  }
  return { values, seen, width };
}

/** Places of a window by their distance from its middle: [{ distance, places: [offset in the framed image, ...] }]. */
function rings(half, width) {
  const found = [];
  for (let i = 0; i <= half; i += 1) {
    for (let j = i; j <= half; j += 1) {
      const places = [];
      for (let a = -half; a <= half; a += 1) {
        for (let b = -half; b <= half; b += 1) {
          if (Math.min(Math.abs(a), Math.abs(b)) === i && Math.max(Math.abs(a), Math.abs(b)) === j) places.push((a + half) * width + b + half);
        }
      }
      found.push({ distance: Math.hypot(i, j), places });
    }
  }
  return found;
}

function sumOf(values, start, places, sums) {
  sums.fill(0);
  for (const place of places) {
    const from = start + place;
    for (let c = 0; c < sums.length; c += 1) sums[c] += values[from + c];
  }
}

function frost(image, rows, columns, half, out) {
  const rate = new Float32Array(image.length);
  windowed(image, rows, columns, half, (r, mean, variance) => {
    for (let c = 0; c < columns; c += 1) rate[r * columns + c] = Math.max(0, variation(mean[c], variance[c]));
  });
  const { values, seen, width } = framed(image, rows, columns, half);
  const around = rings(half, width);
  const counts = around.map(() => new Float64Array(columns));
  const [near, upper, lower] = [new Float64Array(columns), new Float64Array(columns), new Float64Array(columns)];
  for (let r = 0; r < rows; r += 1) {
    upper.fill(0);
    lower.fill(0);
    const inside = r > half && r < rows - half; // as many pixels around as in the row before
    for (let ring = 0; ring < around.length; ring += 1) {
      const { distance, places } = around[ring];
      const count = counts[ring];
      if (!inside) sumOf(seen, r * width, places, count);
      sumOf(values, r * width, places, near);
      weigh(rate, r * columns, -2 * distance, near, count, upper, lower);
    }
    for (let c = 0; c < columns; c += 1) out[r * columns + c] = upper[c] / lower[c];
  }
}

/** Add what is at one distance by its weight, an exponential to 1e-6 as in Python. */
function weigh(rate, start, fall, near, count, upper, lower) {
  for (let c = 0; c < upper.length; c += 1) {
    const x = Math.max(fall * rate[start + c], -64) / 128;
    let w = 1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6 * (1 + x / 7 * (1 + x / 8)))))));
    w *= w; w *= w; w *= w; w *= w; w *= w; w *= w; w *= w; // to the power of 128
    upper[c] += w * near[c];
    lower[c] += w * count[c];
  }
}

/** Places in a framed image of the 28 pixels of a 7 x 7 window on one side, by direction 3 (dy + 1) + dx + 1. */
function halves(width) {
  return Array.from({ length: 9 }, (_, k) => {
    const [dy, dx] = [Math.floor(k / 3) - 1, k % 3 - 1];
    const places = [];
    for (let i = 0; i < 7; i += 1) for (let j = 0; j < 7; j += 1) if ((i - 3) * dy + (j - 3) * dx >= 0) places.push(i * width + j);
    return Int32Array.from(k === 4 ? [] : places);
  });
}

/** Direction 3 (dy + 1) + dx + 1 away from the edge among nine means, to the side that is more like the middle. */
function side(g) {
  let way = 5;
  let steepest = Math.abs(g[2] + g[5] + g[8] - g[0] - g[3] - g[6]);
  const rising = Math.abs(g[1] + g[2] + g[5] - g[3] - g[6] - g[7]);
  if (rising > steepest) { way = 2; steepest = rising; }
  const level = Math.abs(g[0] + g[1] + g[2] - g[6] - g[7] - g[8]);
  if (level > steepest) { way = 1; steepest = level; }
  if (Math.abs(g[0] + g[1] + g[3] - g[5] - g[7] - g[8]) > steepest) way = 0;
  return Math.abs(g[way] - g[4]) > Math.abs(g[8 - way] - g[4]) ? 8 - way : way;
}

function refinedLee(image, rows, columns, noise, out) {
  const means = new Float32Array(image.length);
  windowed(image, rows, columns, 1, (r, mean) => means.set(mean, r * columns));
  const { values, seen, width } = framed(image, rows, columns, 3);
  const places = halves(width);
  const g = new Float64Array(9);
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      for (let k = 0; k < 9; k += 1) { // the nine means around, 2 pixels apart; at the border the nearest
        const y = Math.min(Math.max(r + 2 * Math.floor(k / 3) - 2, 0), rows - 1);
        g[k] = means[y * columns + Math.min(Math.max(c + 2 * (k % 3) - 2, 0), columns - 1)];
      }
      const there = places[side(g)];
      const start = r * width + c;
      let s = 0;
      let q = 0;
      let n = 0;
      for (let k = 0; k < there.length; k += 1) {
        const z = values[start + there[k]];
        s += z;
        q += z * z;
        n += seen[start + there[k]];
      }
      const mean = s / n;
      const v = Math.max(q / n - mean * mean, 1e-300);
      out[r * columns + c] = mean + Math.max(1 - noise * mean * mean / v, 0) / (1 + noise) * (image[r * columns + c] - mean);
    }
  }
}

/** A filter by its name: none, boxcar, lee, kuan, enhanced_lee, gamma_map, frost, refined_lee. All arrays are Float32Array. */
export function despeckle(name, image, rows, columns, size, looks, out) {
  const half = (size - 1) / 2;
  const noise = 1 / looks;
  if (name === "none") out.set(image);
  else if (name === "boxcar") windowed(image, rows, columns, half, (r, mean) => out.set(mean, r * columns));
  else if (name === "lee") leeFilter(image, rows, columns, half, looks, out);
  else if (name === "kuan") linearFilter(image, rows, columns, half, noise, 1 / (1 + noise), out);
  else if (name === "enhanced_lee") enhancedLee(image, rows, columns, half, noise, out);
  else if (name === "gamma_map") gammaMap(image, rows, columns, half, noise, out);
  else if (name === "frost") frost(image, rows, columns, half, out);
  else refinedLee(image, rows, columns, noise, out);
  return out;
}
