"""A scene to look at closely: swipe between radar, labels, truth and prediction, with coordinates and values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...panels.explorer import Explorer, Preset, bundle
from ..legend import CLASSES, IGNORE, NAMES, colours
from ..scenes import LABELS, SceneError, decibel
from ..skill import Confusion
from . import bundled_map

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ...panels.picture import Picture

HERE = Path(__file__).parent
LAYERS = {"VV": "radar, VV", "VH": "radar, VH", "colour": "radar, colour", "labels": "labels", "truth": "truth",
          "prediction": "prediction"}  # fmt: skip
#: backscatter is shown in steps of 1/6 dB from here on [dB]
LOWEST, STEP, UNMEASURED = -36.0, 1 / 6, 255
#: longitude and latitude are known at so many nodes along each side, and interpolated in between
NODES = 17


class SceneExplorer(Explorer):
    """Two layers of one scene with a divider between them, and a cursor that says where it is and what is there.

    Parameters
    ----------
    scenes : a stack in the one schema; a simulated scene by default, with the bundled model's map
    prediction : labels (scene, y, x) of the same stack, such as predict() gives, or (y, x) of the one scene
    name : which scene; the first by default
    """

    _esm = bundle(HERE / "scene.js")
    title = "One scene, side by side with itself"

    left = t.Enum(tuple(LAYERS), "colour", help="what is left of the divider").tag(sync=True, label="Left", names=LAYERS)
    right = t.Enum(tuple(LAYERS), "labels", help="what is right of the divider").tag(sync=True, label="Right", names=LAYERS)
    divider = t.Float(0.5, min=0, max=1, help="where the divider stands, from left to right [-]").tag(
        sync=True, label="Divider", step=0.01)
    row = t.Int(60, min=0, max=1023, help="row of the cursor [pixel]").tag(sync=True, label="Cursor, row", detail=True)
    column = t.Int(60, min=0, max=1023, help="column of the cursor [pixel]").tag(sync=True, label="Cursor, column", detail=True)
    official = t.Bool(False, help="the colours of the Copernicus legend").tag(sync=True, label="Official colours", detail=True)

    formats = {"divider": ".0%", "row": "d", "column": "d", "x": ",.0f", "y": ",.0f", "lon": ".5f", "lat": ".5f", "vv": ".1f",
               "vh": ".1f", "accuracy": ".1%", "macro_f1": ".3f", "wrong_labels": ".1%"}  # fmt: skip
    words = ("Scene {name}: {left} to the left, {right} to the right of the divider at {divider}. The cursor is at row {row}, "
             "column {column}, easting {x} m, northing {y} m, longitude {lon}, latitude {lat}: VV {vv} dB, VH {vh} dB, labelled "
             "{label}, truly {truth}, mapped as {prediction}. Against the labels the map has an accuracy of {accuracy} and a "
             "macro F1 of {macro_f1}; {wrong_labels} of the labels are not the truth.")  # fmt: skip
    presets = (
        Preset("radar", "", "Radar to the left, labels to the right. Swipe: what can you recognise in the radar?",
               "Fields, water and the village are there in both; the labels are blocks of 100 m."),
        Preset("labels_truth", "left=labels;right=truth", "Labels against the truth, which only a simulated scene has.",
               "Narrow rivers and small fields are missing in the labels, and their borders are steps."),
        Preset("map", "left=labels;right=prediction", "Labels against the bundled model's map.",
               "The model draws smoother borders than the labels it learnt from."),
        Preset("map_truth", "left=truth;right=prediction", "And the model's map against the truth.",
               "Some of what the labels call an error is right."),
        Preset("bands", "left=VV;right=VH;divider=0.5", "The two polarisations.",
               "VH is darker throughout. Fields differ in both; a rough lake only in VV."),
    )  # fmt: skip

    def load(self, scenes: xr.Dataset | None = None, prediction: Any = None, name: str | None = None) -> None:
        if scenes is None:
            from ..simulated import simulated_scenes

            scenes, prediction = simulated_scenes(bundled_map.SCENE + 1).isel(scene=[bundled_map.SCENE]), bundled_map.stored()
        elif not hasattr(scenes, "data_vars") or LABELS not in scenes:
            raise SceneError(f"this picture needs a stack of scenes, such as open_scenes() gives; received {scenes!r}")
        names = [str(one) for one in np.atleast_1d(scenes["scene"].values)]
        name = names[0] if name is None else name
        if name not in names:
            raise SceneError(f"no scene {name!r}; there are {', '.join(names[:6])}{' ...' * (len(names) > 6)}")
        number = names.index(name)
        one = scenes.isel(scene=number) if "scene" in scenes.dims else scenes
        labels = one[LABELS].values
        rows, columns = labels.shape
        if max(rows, columns) > 1024:
            raise SceneError(f"this scene has {rows} x {columns} pixels; up to 1024 x 1024 can be shown. Cut a piece first")
        bands = [str(band) for band in scenes["band"].values]
        if not {"VV", "VH"} <= {*bands}:
            raise SceneError(f"VV and VH are needed; these scenes have {' and '.join(bands)}")
        power = one["backscatter"].isel(time=0)
        transform = np.asarray(one["transform"].values, float)
        self.data = {
            "name": name, "labels": labels.astype(np.uint8), "shape": [rows, columns], "transform": transform,
            "truth": one["truth"].values.astype(np.uint8) if "truth" in one else np.zeros((0, 0), np.uint8),
            "prediction": _of_scene(prediction, number, len(names), labels.shape),
            **{band.lower(): _levels(power.sel(band=band).values) for band in ("VV", "VH")},
            "nodes": _nodes(transform, rows, columns, str(one["crs"].values)), "names": list(NAMES),
            "safe": colours(True), "official": colours(False), "layers": LAYERS, "crs": str(one["crs"].values),
        }  # fmt: skip

    def at(self) -> tuple[int, int]:
        """Row and column of the cursor."""
        rows, columns = self.data["shape"]
        return min(self.row, rows - 1), min(self.column, columns - 1)

    def numbers(self) -> dict[str, Any]:
        row, column = self.at()
        a, b, c, d, e, f = self.data["transform"]
        lon, lat = _between(self.data["nodes"], row, column, self.data["shape"])
        truth, labels, mapped = (self.data[name] for name in ("truth", "labels", "prediction"))
        scored = (labels != IGNORE) & (mapped != IGNORE) if mapped.size else np.zeros(1, bool)
        score = Confusion().add(labels[scored], mapped[scored]) if scored.any() else None
        known = labels != IGNORE
        return {
            "name": self.data["name"], "left": LAYERS[self.left], "right": LAYERS[self.right], "divider": self.divider,
            "row": row, "column": column, "x": a * (column + 0.5) + b * (row + 0.5) + c,
            "y": d * (column + 0.5) + e * (row + 0.5) + f,
            "lon": lon, "lat": lat, **{band: _decibels(self.data[band][row, column]) for band in ("vv", "vh")},
            "label": _named(labels, row, column), "truth": _named(truth, row, column), "prediction": _named(mapped, row, column),
            "accuracy": score.accuracy if score else np.nan, "macro_f1": score.macro_f1 if score else np.nan,
            "wrong_labels": float(np.mean(truth[known] != labels[known])) if truth.size and known.any() else np.nan,
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        """What is at the cursor, and of which classes the layers are made."""
        import pandas as pd

        shares = {name: np.bincount(self.data[name].ravel(), minlength=256)[: len(CLASSES)] / self.data[name].size
                  for name in ("labels", "truth", "prediction") if self.data[name].size}  # fmt: skip
        return pd.DataFrame(shares, pd.Index(NAMES, name="class"))

    def figure(self) -> Picture:
        from matplotlib.colors import ListedColormap

        from ...panels.picture import Picture

        picture = Picture(8, 3.6, alt=self.describe())
        for ax, layer in zip(picture.subplots(1, 2), (self.left, self.right)):
            name = {"VV": "vv", "VH": "vh", "colour": "vv"}.get(layer, layer)
            image = self.data[name]
            if layer in ("labels", "truth", "prediction") and image.size:
                ax.imshow(np.ma.masked_equal(image, IGNORE), cmap=ListedColormap(colours(not self.official)), vmin=-0.5,
                          vmax=len(CLASSES) - 0.5, interpolation="nearest")  # fmt: skip
            elif image.size:
                low, high = (-26, -6) if layer == "VH" else (-20, 0)
                ax.imshow(LOWEST + image * STEP, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            ax.set(title=LAYERS[layer] + ("" if image.size else ": not given"), xticks=[], yticks=[])
            ax.grid(visible=False)
        return picture


def _levels(power: np.ndarray) -> np.ndarray:
    """Steps of backscatter, 255 where nothing was measured."""
    level = np.clip(np.floor((decibel(np.nan_to_num(power)) - LOWEST) / STEP), 0, UNMEASURED - 1)
    return np.where(np.isfinite(power), level, UNMEASURED).astype(np.uint8)


def _decibels(level: int) -> float:
    return np.nan if level == UNMEASURED else LOWEST + (level + 0.5) * STEP


def _of_scene(prediction: Any, number: int, scenes: int, shape: tuple[int, int]) -> np.ndarray:
    if prediction is None:
        return np.zeros((0, 0), np.uint8)
    values = np.asarray(prediction)
    if values.ndim == 3 and len(values) != scenes:
        raise SceneError(f"the prediction has {len(values)} scenes and the stack {scenes}; both must be of the same scenes")
    values = values[number] if values.ndim == 3 else values
    if values.shape != shape or values.dtype.kind not in "iu":
        raise SceneError(f"the prediction needs whole numbers of shape {shape}, or (scene, y, x) of them; received "
                         f"{values.dtype} of shape {np.shape(prediction)}")  # fmt: skip
    return values.astype(np.uint8)


def _nodes(transform: np.ndarray, rows: int, columns: int, crs: str) -> np.ndarray:
    """Longitude and latitude (NODES, NODES, 2) [degree] of an even grid of pixel centres."""
    from rasterio.warp import transform as reproject

    a, b, c, d, e, f = transform
    row, column = np.meshgrid(np.linspace(0, rows - 1, NODES), np.linspace(0, columns - 1, NODES), indexing="ij")
    x = a * (column + 0.5) + b * (row + 0.5) + c
    y = d * (column + 0.5) + e * (row + 0.5) + f
    lon, lat = reproject(crs, "EPSG:4326", x.ravel(), y.ravel())
    return np.stack([lon, lat], axis=-1).reshape(NODES, NODES, 2)


def _between(nodes: np.ndarray, row: int, column: int, shape: list[int]) -> tuple[float, float]:
    """Longitude and latitude of a pixel, linear between the nodes."""
    v, u = (at / max(size - 1, 1) * (NODES - 1) for at, size in zip((row, column), shape))
    i, j = min(int(v), NODES - 2), min(int(u), NODES - 2)
    v, u = v - i, u - j
    above = nodes[i, j] * (1 - u) + nodes[i, j + 1] * u
    below = nodes[i + 1, j] * (1 - u) + nodes[i + 1, j + 1] * u
    lon, lat = above * (1 - v) + below * v
    return float(lon), float(lat)


def _named(labels: np.ndarray, row: int, column: int) -> str:
    if not labels.size:
        return "not given"
    return "unknown" if labels[row, column] == IGNORE else NAMES[labels[row, column]]
