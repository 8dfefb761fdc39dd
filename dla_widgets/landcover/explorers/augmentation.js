// augmentation.js - hills lit from the side, turned and mirrored; are the bright slopes where a sensor could have stood?

import { explorer, slider, choice, toggle, readout, group, h } from "./panels.js";
import { raster, ramp } from "./raster.js";
import { plot } from "./plot.js";

const STEEP = 0.12;
const SEEN = 0.5;

/** Slopes to the right and down, between neighbours; one-sided at the border. */
function slopes(ground, n) {
  const [right, down] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let r = 0; r < n; r += 1) {
    for (let c = 0; c < n; c += 1) {
      const [west, east] = [Math.max(c - 1, 0), Math.min(c + 1, n - 1)];
      const [north, south] = [Math.max(r - 1, 0), Math.min(r + 1, n - 1)];
      right[r * n + c] = (ground[r * n + east] - ground[r * n + west]) / (east - west);
      down[r * n + c] = (ground[south * n + c] - ground[north * n + c]) / (south - north);
    }
  }
  return [right, down];
}

function turned(values, n, mirrored, turns) {
  const out = new Float64Array(n * n);
  for (let r = 0; r < n; r += 1) {
    for (let c = 0; c < n; c += 1) {
      let [y, x] = [r, c]; // where the pixel at (r, c) of the result came from
      for (let k = 0; k < turns; k += 1) [y, x] = [x, n - 1 - y];
      if (mirrored) x = n - 1 - x;
      out[r * n + c] = values[y * n + x];
    }
  }
  return out;
}

function differ(decibels, slope) {
  let [up, ups, down, downs] = [0, 0, 0, 0];
  for (let i = 0; i < slope.length; i += 1) {
    if (slope[i] > STEEP) { up += decibels[i]; ups += 1; } else if (slope[i] < -STEEP) { down += decibels[i]; downs += 1; }
  }
  return ups && downs ? up / ups - down / downs : 0;
}

function verdict(eastWest, northSouth) {
  if (Math.max(Math.abs(eastWest), Math.abs(northSouth)) < SEEN) return "no slope tells how it was turned, so it does no harm";
  if (Math.abs(eastWest) >= Math.abs(northSouth)) return `${eastWest > 0 ? "an ascending" : "a descending"} pass could have measured this`;
  return `lit from the ${northSouth > 0 ? "north" : "south"}, as no pass sees it`;
}

export default explorer((p) => {
  const { heights, noise, side: n } = p.data;
  choice(p, "turns");
  toggle(p, "mirrored");
  choice(p, "direction", { list: true });
  slider(p, "relief");
  slider(p, "incidence");
  toggle(p, "flattened");
  toggle(p, "speckle");
  slider(p, "offset");

  const top = group(p);
  const [came, went] = ["As it came", "Turned and mirrored"].map((caption) =>
    raster(p, { columns: n, rows: n, caption, label: `${caption}: hills in radar backscatter`, into: top, width: 330 }));
  readout(p, [["east_west", "West over east [dB]"], ["north_south", "North over south [dB]"], ["verdict", "So"]]);
  const bars = plot(p, { height: 150, caption: "How much brighter slopes are that face one way", label: "Brightness of slopes that face west over east and north over south, before and after" });
  p.stage.append(h("p", { class: "dla-remark" }, "An illustration: every facet of these hills scatters by Lambert's law, as the square of the cosine of its incidence angle. Layover is left out."));
  const grey = ramp("grey");

  return (s) => {
    const ground = Float64Array.from(heights, (v) => s.relief * v);
    const [right, down] = slopes(ground, n);
    const theta = s.incidence * Math.PI / 180;
    const sign = s.direction === "ascending" ? 1 : -1;
    const image = new Float64Array(n * n);
    for (let i = 0; i < image.length; i += 1) {
      const facing = (sign * Math.sin(theta) * right[i] + Math.cos(theta)) / Math.sqrt(1 + right[i] ** 2 + down[i] ** 2);
      const decibels = s.flattened && facing > 0.1 ? 0 : 20 * Math.log10(Math.max(facing, 0.1) / Math.cos(theta));
      image[i] = decibels + (s.speckle ? noise[i] : 0);
    }
    const after = turned(image, n, s.mirrored, s.turns).map((v) => v + s.offset);
    const [rightAfter, downAfter] = slopes(turned(ground, n, s.mirrored, s.turns), n);
    const numbers = {
      before: differ(image, right), before_ns: differ(image, down), east_west: differ(after, rightAfter), north_south: differ(after, downAfter),
    };

    let look = [sign, 0]; // where the sensor looks, to the right and down
    if (s.mirrored) look = [-look[0], look[1]];
    for (let k = 0; k < s.turns; k += 1) look = [look[1], -look[0]];
    const arrow = ([dx, dy]) => (context, scale) => {
      const size = n * scale;
      const [x, y, long] = [size * (0.5 - 0.36 * dx), size * (0.5 - 0.36 * dy), size * 0.2];
      for (const [colour, wide] of [["#000000", 7], ["#F0B429", 4]]) {
        context.strokeStyle = colour;
        context.lineWidth = wide;
        context.lineCap = "round";
        context.beginPath();
        context.moveTo(x, y);
        context.lineTo(x + dx * long, y + dy * long);
        for (const turn of [2.5, -2.5]) {
          const angle = Math.atan2(dy, dx) + turn;
          context.moveTo(x + dx * long, y + dy * long);
          context.lineTo(x + dx * long + Math.cos(angle) * size * 0.06, y + dy * long + Math.sin(angle) * size * 0.06);
        }
        context.stroke();
      }
    };
    came.values(image, -10, 6, grey);
    went.values(after, -10, 6, grey);
    came.paint(arrow([sign, 0]));
    went.paint(arrow(look));

    const c = p.colour;
    const most = Math.max(4, ...Object.values(numbers).map(Math.abs)) * 1.1;
    bars.begin({ x: [-0.6, 1.6], y: [-most, most], ylabel: "[dB]", xticks: [[0, "west over east"], [1, "north over south"]] });
    bars.bars([-0.18, 0.82], [numbers.before, numbers.before_ns], { colour: c.muted, width: 0.32, label: "as it came" });
    bars.bars([0.18, 1.18], [numbers.east_west, numbers.north_south], { colour: c.cycle[1], width: 0.32, label: "turned and mirrored" });
    bars.rule({ y: 0, dash: [] });
    bars.end();

    const position = `${s.mirrored ? "Mirrored, " : ""}${s.turns} quarter turns`;
    return {
      ...numbers, position, direction: s.direction, incidence: s.incidence, relief: s.relief, flat: s.flattened ? ", terrain-flattened" : "",
      offset: s.offset, turns: s.turns, verdict: verdict(numbers.east_west, numbers.north_south),
    };
  };
});
