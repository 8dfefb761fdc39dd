// filters.js - the speckle filters of dla_widgets.landcover.speckle in the browser: same rules, same borders.

/** Mean and variance of the window around every pixel, in the same time for every size; windows end at the border. */
function windowed(image, rows, columns, half, visit) {
  const total = new Float64Array(columns);
  const square = new Float64Array(columns);
  for (let r = 0; r < Math.min(half, rows); r += 1) {
    for (let c = 0; c < columns; c += 1) { const z = image[r * columns + c]; total[c] += z; square[c] += z * z; }
  }
  for (let r = 0; r < rows; r += 1) {
    const [coming, going] = [(r + half) * columns, (r - half - 1) * columns];
    if (r + half < rows) for (let c = 0; c < columns; c += 1) { const z = image[coming + c]; total[c] += z; square[c] += z * z; }
    if (r - half - 1 >= 0) for (let c = 0; c < columns; c += 1) { const z = image[going + c]; total[c] -= z; square[c] -= z * z; }
    const high = Math.min(r + half, rows - 1) - Math.max(r - half, 0) + 1;
    let s = 0;
    let q = 0;
    for (let c = 0; c < Math.min(half, columns); c += 1) { s += total[c]; q += square[c]; }
    const row = r * columns;
    for (let c = 0; c < columns; c += 1) {
      if (c + half < columns) { s += total[c + half]; q += square[c + half]; }
      if (c - half - 1 >= 0) { s -= total[c - half - 1]; q -= square[c - half - 1]; }
      const n = high * (Math.min(c + half, columns - 1) - Math.max(c - half, 0) + 1);
      const mean = s / n;
      visit(row + c, mean, q / n - mean * mean);
    }
  }
}

function varied(mean, variance) {
  return mean > 0 ? variance / (mean * mean) : 0; // squared coefficient of variation
}

const RULES = {
  boxcar: () => (z, mean) => mean,
  lee: (noise) => (z, mean, variance) => mean + Math.max(1 - noise * mean * mean / Math.max(variance, 1e-300), 0) * (z - mean),
  kuan: (noise) => (z, mean, variance) => mean + Math.max(1 - noise * mean * mean / Math.max(variance, 1e-300), 0) / (1 + noise) * (z - mean),
  enhanced_lee: (noise) => {
    const [most, speckle] = [Math.sqrt(1 + 2 * noise), Math.sqrt(noise)];
    return (z, mean, variance) => {
      const v = varied(mean, variance);
      if (v <= noise) return mean;
      const here = Math.sqrt(v);
      return here >= most ? z : z + Math.exp(-(here - speckle) / (most - here)) * (mean - z);
    };
  },
  gamma_map: (noise) => (z, mean, variance) => {
    const v = varied(mean, variance);
    if (v <= noise) return mean;
    if (v >= 2 * noise) return z;
    const alpha = (1 + noise) / (v - noise);
    const b = alpha - 1 / noise - 1;
    return (b * mean + Math.sqrt(mean * mean * b * b + 4 * alpha * mean * z / noise)) / (2 * alpha);
  },
};

/** Lee's filter, without a function call for each pixel: 512 x 512 pixels in a few milliseconds. */
export function leeFilter(image, rows, columns, half, looks, out) {
  const noise = 1 / looks;
  windowed(image, rows, columns, half, (k, mean, variance) => {
    const weight = 1 - noise * mean * mean / (variance > 1e-300 ? variance : 1e-300);
    out[k] = weight > 0 ? mean + weight * (image[k] - mean) : mean;
  });
  return out;
}

function frost(image, rows, columns, half, out) {
  const rate = new Float32Array(image.length);
  windowed(image, rows, columns, half, (k, mean, variance) => { rate[k] = Math.max(0, varied(mean, variance)); });
  const near = [];
  for (let a = -half; a <= half; a += 1) for (let b = -half; b <= half; b += 1) near.push([a, b, -2 * Math.hypot(a, b)]);
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      const v = rate[r * columns + c];
      let upper = 0;
      let lower = 0;
      for (const [a, b, distance] of near) {
        if (r + a < 0 || r + a >= rows || c + b < 0 || c + b >= columns) continue;
        const w = Math.exp(Math.max(distance * v, -64));
        upper += w * image[(r + a) * columns + c + b];
        lower += w;
      }
      out[r * columns + c] = upper / lower;
    }
  }
}

/** Direction away from the edge, into the half that is more like the pixel's surroundings. */
function side(g) {
  const edges = [
    [0, 1, Math.abs(g[2] + g[5] + g[8] - g[0] - g[3] - g[6])], [-1, 1, Math.abs(g[1] + g[2] + g[5] - g[3] - g[6] - g[7])],
    [-1, 0, Math.abs(g[0] + g[1] + g[2] - g[6] - g[7] - g[8])], [-1, -1, Math.abs(g[0] + g[1] + g[3] - g[5] - g[7] - g[8])],
  ];
  let [dy, dx, steepest] = edges[0];
  for (const [y, x, size] of edges) if (size > steepest) [dy, dx, steepest] = [y, x, size];
  const away = (y, x) => Math.abs(g[(1 + y) * 3 + 1 + x] - g[4]);
  return away(dy, dx) > away(-dy, -dx) ? [-dy, -dx] : [dy, dx];
}

function refinedLee(image, rows, columns, looks, out) {
  const noise = 1 / looks;
  const means = new Float32Array(image.length);
  windowed(image, rows, columns, 1, (k, mean) => { means[k] = mean; });
  const g = new Float64Array(9);
  const within = (v, n) => Math.min(Math.max(v, 0), n - 1);
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      for (let a = 0; a < 3; a += 1) {
        for (let b = 0; b < 3; b += 1) g[a * 3 + b] = means[within(r + 2 * a - 2, rows) * columns + within(c + 2 * b - 2, columns)];
      }
      const [dy, dx] = side(g);
      let [s, q, n] = [0, 0, 0];
      for (let i = -3; i <= 3; i += 1) {
        for (let j = -3; j <= 3; j += 1) {
          if (i * dy + j * dx < 0 || r + i < 0 || r + i >= rows || c + j < 0 || c + j >= columns) continue;
          const z = image[(r + i) * columns + c + j];
          s += z;
          q += z * z;
          n += 1;
        }
      }
      const mean = s / n;
      const variance = Math.max(q / n - mean * mean, 1e-300);
      out[r * columns + c] = mean + Math.max(1 - noise * mean * mean / variance, 0) / (1 + noise) * (image[r * columns + c] - mean);
    }
  }
}

/** A filter by its name: none, boxcar, lee, kuan, enhanced_lee, gamma_map, frost, refined_lee. */
export function despeckle(name, image, rows, columns, size, looks, out) {
  const half = (size - 1) / 2;
  if (name === "none") out.set(image);
  else if (name === "lee") leeFilter(image, rows, columns, half, looks, out);
  else if (name === "frost") frost(image, rows, columns, half, out);
  else if (name === "refined_lee") refinedLee(image, rows, columns, looks, out);
  else {
    const rule = RULES[name](1 / looks);
    windowed(image, rows, columns, half, (k, mean, variance) => { out[k] = rule(image[k], mean, variance); });
  }
}
