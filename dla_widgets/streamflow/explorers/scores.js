// scores.js - the scores of dla_widgets.streamflow.skill in the browser: same equations, same gaps, same digits.

const mean = (values) => { let sum = 0; for (const v of values) sum += v; return sum / values.length; };

/** The days on which both series have a value, from index `from` up to `to`. */
export function pairedDays(observed, simulated, from = 0, to = observed.length) {
  const o = [];
  const s = [];
  for (let i = from; i < to; i += 1) {
    if (observed[i] === observed[i] && simulated[i] === simulated[i]) { o.push(observed[i]); s.push(simulated[i]); }
  }
  return [o, s];
}

function efficiency(o, s, mo) {
  let error = 0;
  let spread = 0;
  for (let i = 0; i < o.length; i += 1) {
    error += (o[i] - s[i]) ** 2;
    spread += (o[i] - mo) ** 2;
  }
  return spread > 0 ? 1 - error / spread : NaN;
}

/** nse, log_nse, kge, kge2012, r, alpha, beta [-], bias [1], rmse, and the three ways to lose NSE: lost_correlation, ... */
export function skillScores(o, s) {
  const n = o.length;
  const mo = mean(o);
  const ms = mean(s);
  let oo = 0;
  let ss = 0;
  let os = 0;
  let square = 0;
  let [least, most] = [Infinity, -Infinity];
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < n; i += 1) {
    const a = o[i] - mo;
    const b = s[i] - ms;
    oo += a * a;
    ss += b * b;
    os += a * b;
    square += (o[i] - s[i]) ** 2;
    least = Math.min(least, o[i]);
    most = Math.max(most, o[i]);
    low = Math.min(low, s[i]);
    high = Math.max(high, s[i]);
  }
  const nothing = n === 0 || most === least; // a river that never changes has no variance to explain
  if (nothing) oo = NaN;
  const r = high === low ? 0 : os / Math.sqrt(oo * ss);
  const alpha = high === low ? 0 : Math.sqrt(ss / oo);
  const shift = (ms - mo) / Math.sqrt(oo / n);
  const beta = mo > 0 ? ms / mo : NaN;
  const epsilon = 0.01 * mo;
  const lo = o.map((v) => Math.log(Math.max(v, 0) + epsilon));
  const ls = s.map((v) => Math.log(Math.max(v, 0) + epsilon));
  const gamma = alpha / beta;
  return {
    nse: 1 - square / oo, log_nse: mo > 0 && !nothing ? efficiency(lo, ls, mean(lo)) : NaN,
    kge: 1 - Math.hypot(r - 1, alpha - 1, beta - 1), kge2012: beta > 0 ? 1 - Math.hypot(r - 1, gamma - 1, beta - 1) : NaN,
    r, alpha, beta, bias: beta - 1, rmse: Math.sqrt(square / n),
    lost_correlation: 2 * alpha * (1 - r), lost_variability: (1 - alpha) ** 2, lost_bias: shift ** 2,
  };
}
