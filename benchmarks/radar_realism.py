"""Do the simulated radar scenes look like real ones? Classes, looks, texture and polarisations of both, side by side.

    python benchmarks/radar_realism.py --data DIR [--pictures course/pictures]

DIR is a folder of chips as TerraMesh publishes them. Prints the tables of ``course/landcover/simulated_scenes.md``; with
--pictures it draws that page's pictures too. Of the simulated scenes only those for training are looked at.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import xarray as xr
from PIL import Image
from scipy import ndimage

from dla_widgets.landcover.chips import load_chips
from dla_widgets.landcover.legend import IGNORE, NAMES, colours
from dla_widgets.landcover.scenes import BANDS, LABELS, decibel, select_scenes
from dla_widgets.landcover.simulated import simulated_scenes
from dla_widgets.panels.picture import Picture, style

LAGS = (1, 2, 3, 4, 6)
#: A class is compared where a scene has this many pixels of it, away from its edges.
LEAST = 300
#: For the picture: a river plain, a frontier, a town, swidden hills, lakes and swamps, forest and savanna.
SHOWN = ("sim-00", "sim-15", "sim-17", "sim-11", "sim-05", "sim-06")
BINS = np.arange(-35, 5.01, 0.5)


def power_of(scenes: xr.Dataset) -> np.ndarray:
    """Linear power (scene, band, y, x) of the first date."""
    return scenes["backscatter"].isel(time=0).values


def truth_of(scenes: xr.Dataset) -> np.ndarray:
    return scenes["truth" if "truth" in scenes else LABELS].values


def classes_of(scenes: xr.Dataset) -> dict[str, np.ndarray]:
    """name -> backscatter (band, pixel) [dB] of all its pixels."""
    decibels, truth = decibel(power_of(scenes)).transpose(1, 0, 2, 3), truth_of(scenes)
    seen = np.isfinite(decibels).all(0)
    return {name: decibels[:, seen & (truth == c)] for c, name in enumerate(NAMES)}


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Common area of two histograms of decibels, 0 to 1."""
    p, q = (np.histogram(v, BINS)[0] / len(v) for v in (a, b))
    return float(np.minimum(p, q).sum())


def local_ratio(power: np.ndarray, mask: np.ndarray, sigma: float = 8) -> np.ndarray:
    """Power over its mean in the neighbourhood, within the class: what is left is speckle and fine texture."""
    inside = np.where(mask, power, 0)
    weight = ndimage.gaussian_filter(mask.astype(float), sigma)
    return np.where(mask, power * weight / np.maximum(ndimage.gaussian_filter(inside, sigma), 1e-9), np.nan)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    both = np.isfinite(a) & np.isfinite(b)
    return float(np.corrcoef(a[both], b[both])[0, 1])


def lagged(ratio: np.ndarray, lag: int) -> float:
    """Correlation with the pixel `lag` further east and south, the mean of both."""
    return (correlation(ratio[:, lag:], ratio[:, :-lag]) + correlation(ratio[lag:], ratio[:-lag])) / 2


def textures(scenes: xr.Dataset) -> dict[str, np.ndarray]:
    """class -> rows (one per scene that has enough of it): looks in VV and VH, correlation at LAGS in VV, VV with VH."""
    rows: dict[str, list] = {}
    for power, truth in zip(power_of(scenes), truth_of(scenes)):
        for c in np.unique(truth[truth != IGNORE]):
            mask = ndimage.binary_erosion(truth == c, iterations=3) & np.isfinite(power).all(0)
            if mask.sum() >= LEAST:
                vv, vh = (local_ratio(p, mask) for p in power)
                looks = [1 / np.nanvar(r) for r in (vv, vh)]
                rows.setdefault(NAMES[c], []).append([*looks, *(lagged(vv, d) for d in LAGS), correlation(vv, vh)])
    return {name: np.array(values) for name, values in rows.items()}


def class_table(real: dict, simulated: dict) -> str:
    lines = ["| class | real pixels | " + " | ".join(f"{b} [dB], real / **simulated**" for b in BANDS)
             + " | common area, VV | VH |", "|---|--:|--|--|--:|--:|"]  # fmt: skip
    for name in NAMES:
        r, s = real[name], simulated[name]
        if not s.shape[1]:
            continue
        known = r.shape[1] >= LEAST
        cells = [f"{spread(r[b]) if known else '-'} / **{spread(s[b])}**" for b in (0, 1)]
        shared = [f"{overlap(r[b], s[b]):.2f}" if known else "-" for b in (0, 1)]
        lines.append(f"| {name} | {r.shape[1]} | " + " | ".join(cells + shared) + " |")
    return "\n".join(lines)


def spread(v: np.ndarray) -> str:
    return f"{v.mean():.1f} ± {v.std():.1f}"


def forest_table(real: dict, simulated: dict) -> str:
    """How much of a class looks like forest, pixel by pixel: the common area of its histogram with forest's."""
    lines = ["| class | VV, real / **simulated** | VH, real / **simulated** |", "|---|--|--|"]
    for name in NAMES[1:]:
        if simulated[name].shape[1]:
            cells = []
            for b in (0, 1):
                known = real[name].shape[1] >= LEAST
                shared = f"{overlap(real[name][b], real['forest'][b]):.2f}" if known else "-"
                cells.append(f"{shared} / **{overlap(simulated[name][b], simulated['forest'][b]):.2f}**")
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def texture_table(real: dict, simulated: dict) -> str:
    """Medians over the scenes that have enough of a class."""
    heads = {"looks VV": 0, "looks VH": 1, **{f"lag {d}": 2 + k for k, d in enumerate(LAGS[:4])}, "VV with VH": -1}
    lines = ["| class | scenes | " + " | ".join(heads) + " |", "|---|--|" + "--|" * len(heads)]
    for name in NAMES:
        if name in simulated:
            r, s = real.get(name), simulated[name]
            middle = [("-" if r is None else f"{np.median(r[:, k]):.2f}", np.median(s[:, k])) for k in heads.values()]
            cells = [f"{there} / **{here:.2f}**" for there, here in middle]
            lines.append(f"| {name} | {0 if r is None else len(r)} / **{len(s)}** | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def label_table(scenes: xr.Dataset) -> str:
    """How often a class lies there and in the labels, and how well the labels hit it."""
    truth, labels = scenes["truth"].values, scenes[LABELS].values
    known = labels != IGNORE
    truth, labels = truth[known], labels[known]
    share = (scenes["truth"].values == 0).mean((1, 2))
    lines = ["| class | of the truth | of the labels | F1 of the labels |", "|---|--:|--:|--:|"]
    scores = []
    for c, name in enumerate(NAMES):
        there, said = truth == c, labels == c
        if there.any() or said.any():
            scores.append(2 * np.sum(there & said) / (there.sum() + said.sum()))
            lines.append(f"| {name} | {there.mean():.2%} | {said.mean():.2%} | {scores[-1]:.2f} |")
    lines += ["", f"Labels agree with the truth on {np.mean(truth == labels):.1%} of the pixels; their macro F1 is "
              f"{np.mean(scores):.2f}. {1 - known.mean():.1%} are unknown. Forest is {share.min():.0%} to {share.max():.0%} of a "
              f"scene; {1 - scenes['valid'].values.mean():.1%} of the pixels lie beyond the swath."]  # fmt: skip
    return "\n".join(lines)


@style()
def histogram_picture(real: dict, simulated: dict, texture: tuple[dict, dict]) -> Picture:
    picture = Picture(8, 4.4, alt="Histograms of backscatter of six classes, real and simulated, lie mostly on each other; so "
                      "does the correlation of neighbouring pixels, which is gone after three.")  # fmt: skip
    grid = picture.subplots(2, 4).flat
    shown = [name for name in NAMES if real[name].shape[1] >= LEAST and simulated[name].shape[1]][:6]
    paint = dict(zip(NAMES, colours(safe=True)))
    for axes, name in zip(grid, shown):
        for band, shade in ((0, 0.45), (1, 0.9)):
            axes.hist(simulated[name][band], BINS, density=True, color=paint[name], alpha=shade, label=f"simulated {BANDS[band]}")
            axes.hist(real[name][band], BINS, density=True, histtype="step", color="black", ls=("-", "--")[band],
                      label=f"real {BANDS[band]}")  # fmt: skip
        axes.set(title=name, xlim=(-32, 2), yticks=[], xlabel="backscatter [dB]")
    for rows, mark in zip(texture, ("k--", "k-o")):
        grid[6].plot(LAGS, np.median(rows["forest"][:, 2:-1], 0), mark, ms=3, label="real" if mark == "k--" else "simulated")
    grid[6].set(title="forest, VV", xlabel="distance [pixel]", ylabel="correlation")
    grid[6].legend()
    grid[7].set_axis_off()
    grid[7].legend(*grid[0].get_legend_handles_labels(), loc="center", title="first panel")
    picture.set_layout_engine("tight")
    return picture


@style()
def scene_picture(scenes: xr.Dataset, chips: xr.Dataset) -> Picture:
    """Some simulated scenes and the real chips: VV, VH, truth, labels."""
    import matplotlib.colors as mcolors
    from matplotlib.patches import Patch

    land = mcolors.ListedColormap(colours(safe=False))
    land.set_over("black")
    count = scenes.sizes["scene"] + chips.sizes["scene"]
    picture = Picture(8, 2 * count + 0.3, alt="Simulated scenes above, real ones below: VV, VH, land cover, labels. Water is "
                      "dark, forest bright and grainy, fields are patches with straight borders.")  # fmt: skip
    grid = picture.subplots(count, 4)
    parts = [stack.isel(scene=i) for stack in (scenes, chips) for i in range(stack.sizes["scene"])]
    for line, part in zip(grid, parts):
        vv, vh = decibel(part["backscatter"].isel(time=0).values)
        line[0].imshow(vv, cmap="gray", vmin=-20, vmax=0)
        line[1].imshow(vh, cmap="gray", vmin=-26, vmax=-6)
        for axes, name in zip(line[2:], ("truth", LABELS)):
            if name in part:
                axes.imshow(part[name].values, cmap=land, vmin=-0.5, vmax=8.5, interpolation="nearest")
        line[0].set_ylabel(str(part["scene"].values)[:12], fontsize=8)
        for axes in line:
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
    for axes, title in zip(grid[0], ("VV", "VH", "truth, 10 m", "labels, 100 m")):
        axes.set_title(title)
    for axes in grid[scenes.sizes["scene"] :, 2]:
        axes.set_axis_off()
    keys = [Patch(color=colour, label=name) for colour, name in zip(colours(safe=False), NAMES)]
    grid[scenes.sizes["scene"], 2].legend(handles=[*keys, Patch(color="black", label="unknown")], loc="center", fontsize=7)
    picture.set_layout_engine("tight", pad=0.3)
    return picture


def _shrink(path: Path) -> None:
    """Save a picture in thirty greys and the colours of the legend: speckle does not compress otherwise."""
    legend = [int(colour[k : k + 2], 16) for colour in colours(safe=False) for k in (1, 3, 5)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([round(255 * k / 29) for k in range(30) for _ in range(3)] + legend)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with S1RTC/ and LULC/")
    parser.add_argument("--scenes", type=int, default=64, help="simulated scenes (64); those for training are compared")
    parser.add_argument("--seed", type=int, default=0, help="of the simulated scenes (0)")
    parser.add_argument("--pictures", type=Path, help="folder to draw the pictures into")
    options = parser.parse_args()
    chips = load_chips(options.data, size=224)
    begin = time.process_time()
    scenes = simulated_scenes(options.scenes, seed=options.seed)
    seconds = time.process_time() - begin
    scenes = select_scenes(scenes, "train")
    real, simulated = classes_of(chips), classes_of(scenes)
    texture = textures(chips), textures(scenes)
    print(f"{chips.sizes['scene']} real chips of 224 pixels, **{scenes.sizes['scene']} simulated scenes**; "
          f"{options.scenes} scenes took {seconds:.1f} CPU seconds\n")  # fmt: skip
    print(class_table(real, simulated), "\n")
    print(forest_table(real, simulated), "\n")
    print(texture_table(*texture), "\n")
    print(label_table(scenes))
    if options.pictures:
        histogram_picture(real, simulated, texture).savefig(options.pictures / "radar_realism.png", dpi=110)
        scene_picture(select_scenes(scenes, SHOWN), chips).savefig(options.pictures / "simulated_scenes.png", dpi=70)
        _shrink(options.pictures / "simulated_scenes.png")


if __name__ == "__main__":
    main()
