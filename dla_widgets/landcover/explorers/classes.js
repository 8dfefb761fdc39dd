// classes.js - confusion matrices and what is read from them, as in dla_widgets.landcover.skill; pixels may have weights.

/** Counts by true (row) and mapped (column) class; `weights` of the true classes or null; 255 is not counted, in either. */
export function confusion(truth, mapped, classes, weights = null) {
  const matrix = new Float64Array(classes * classes);
  for (let i = 0; i < truth.length; i += 1) if (truth[i] !== 255 && mapped[i] !== 255) matrix[truth[i] * classes + mapped[i]] += 1;
  if (weights) for (let i = 0; i < matrix.length; i += 1) matrix[i] *= weights[Math.floor(i / classes)];
  return matrix;
}

/** accuracy, balanced, macro_f1, mean_iou, kappa; per class support, mapped, hits, precision, recall, f1, iou (NaN where absent). */
export function classScores(matrix, classes) {
  const support = new Float64Array(classes);
  const mapped = new Float64Array(classes);
  const hits = new Float64Array(classes);
  let total = 0;
  for (let r = 0; r < classes; r += 1) {
    for (let c = 0; c < classes; c += 1) {
      const n = matrix[r * classes + c];
      support[r] += n;
      mapped[c] += n;
      total += n;
    }
    hits[r] = matrix[r * classes + r];
  }
  const per = (part, whole) => Array.from(part, (v, k) => (support[k] + mapped[k] > 0 ? (whole(k) > 0 ? v / whole(k) : 0) : NaN));
  const mean = (values) => { const kept = values.filter((v) => v === v); return kept.reduce((a, b) => a + b, 0) / kept.length; };
  const precision = per(hits, (k) => mapped[k]);
  const recall = per(hits, (k) => support[k]);
  const f1 = per(hits.map((v) => 2 * v), (k) => support[k] + mapped[k]);
  const iou = per(hits, (k) => support[k] + mapped[k] - hits[k]);
  const accuracy = hits.reduce((a, b) => a + b, 0) / total;
  const chance = support.reduce((sum, n, k) => sum + n * mapped[k], 0) / total ** 2;
  return {
    accuracy, balanced: mean(recall.filter((_, k) => support[k] > 0)), macro_f1: mean(f1), mean_iou: mean(iou),
    kappa: chance === 1 ? NaN : (accuracy - chance) / (1 - chance), total, support, mapped, hits, precision, recall, f1, iou,
  };
}
