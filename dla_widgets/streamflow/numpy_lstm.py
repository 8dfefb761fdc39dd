"""The LSTM of a saved model in NumPy, for explorers that must answer before TensorFlow has even been imported.

It reads the ``.keras`` file itself (a zip of JSON and HDF5) and gives what Keras gives, to 1e-5 mm/day.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from ..errors import CourseError
from .basins import TARGET
from .sequences import attribute_array, days_of, forcing_array

WEIGHTS = Path(__file__).parent / "weights"

#: Layers that may stand between forcings and discharge in a file that this engine runs.
RUNS = {"InputLayer", "Scale", "EveryDay", "LSTM", "Dropout", "Dense", "Quantiles"}


class EngineError(CourseError):
    """A model file is not there, or holds a network that the NumPy engine does not run."""


@dataclass(frozen=True, eq=False)
class NumpyLSTM:
    """A saved LSTM; `weights` are arrays by layer and number, such as ``("lstm", 0)``, as Keras keeps them."""

    name: str
    inputs: tuple[str, ...]
    attributes: tuple[str, ...]
    levels: tuple[float, ...]
    weights: dict[tuple[str, int], np.ndarray]

    @property
    def hidden(self) -> int:
        """Number of memory cells."""
        return len(self.weights["lstm", 1])

    def predict(self, basins: xr.Dataset, period: slice | str | None = None, warmup: int = 365) -> xr.DataArray:
        """Discharge [mm/day] (basin, time) as :func:`~dla_widgets.streamflow.prediction.predict` gives it."""
        basins = basins if "basin" in basins.dims else basins.expand_dims("basin")
        rows = days_of(basins, period)
        first = max(0, rows.start - warmup)
        seen = basins.isel(time=slice(first, rows.stop))
        static = attribute_array(seen, self.attributes) if self.attributes else None
        discharge, _ = self.run(forcing_array(seen, self.inputs), static)
        values = np.maximum(discharge[:, rows.start - first :], 0)
        kept = basins.isel(time=rows)
        coords = {n: kept.coords[n] for n in ("basin", "time", "lat", "lon") if n in kept.coords}
        attrs = {"units": "mm/day", "long_name": "simulated discharge", "model": self.name}
        if self.levels:
            return xr.DataArray(
                values, coords | {"quantile": list(self.levels)}, ("basin", "time", "quantile"), TARGET, attrs
            )
        return xr.DataArray(values[..., 0], coords, ("basin", "time"), TARGET, attrs)

    def run(self, forcings: np.ndarray, attributes: np.ndarray | None = None, states: bool = False):
        """One pass from an empty memory.

        Parameters
        ----------
        forcings : (basin, time, input) in physical units; attributes : (basin, attribute), if the model has some
        states : also return what happened inside

        Returns
        -------
        discharge : (basin, time, 1 or quantile) [mm/day], not cut off at zero
        inside : None, or a dict of arrays (basin, time, hidden): ``input``, ``forget``, ``candidate``, ``output``
            gates, ``cell``,
            ``hidden``
        """
        x = self._scaled("scale_forcings", forcings)
        kernel, recurrent, bias = (self.weights["lstm", i] for i in range(3))
        ahead = x @ kernel[: x.shape[-1]] + bias
        if attributes is not None:
            ahead += (self._scaled("scale_attributes", attributes) @ kernel[x.shape[-1] :])[:, None]
        hidden, inside = _loop(np.ascontiguousarray(ahead.swapaxes(0, 1)), recurrent, states)
        return self._scaled(TARGET, self._head(hidden), inverse=True), inside

    def _scaled(self, layer: str, values: np.ndarray, inverse: bool = False) -> np.ndarray:
        if (layer, 0) not in self.weights:
            return np.asarray(values, "float32")
        mean, spread = self.weights[layer, 0], self.weights[layer, 1]
        return values * spread + mean if inverse else ((values - mean) / spread).astype("float32")

    def _head(self, hidden: np.ndarray) -> np.ndarray:
        raw = hidden @ self.weights["head", 0] + self.weights["head", 1]
        if not self.levels:
            return raw
        return np.concatenate([raw[..., :1], raw[..., :1] + np.cumsum(np.logaddexp(0, raw[..., 1:]), -1)], -1)


def _loop(ahead: np.ndarray, recurrent: np.ndarray, states: bool):
    """The memory, day by day; `ahead` (time, basin, 4 hidden) is what weather and bias put into gates i, f, g, o."""
    days, basins, n = len(ahead), ahead.shape[1], len(recurrent)
    # sigmoid(x) = (1 + tanh(x / 2)) / 2, so that one call of tanh serves all four gates
    half = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], "float32"), n)
    move = np.where(half == 1, 0, 0.5).astype("float32")
    ahead, recurrent = ahead * half, recurrent * half
    hidden, cell = np.zeros((days + 1, basins, n), "float32"), np.zeros((basins, n), "float32")
    kept = np.empty((days, basins, 5 * n), "float32") if states else None
    gates = np.empty((basins, 4 * n), "float32")
    i, f, g, o = (gates[:, k * n : (k + 1) * n] for k in range(4))
    for t in range(days):
        np.matmul(hidden[t], recurrent, out=gates)
        gates += ahead[t]
        np.tanh(gates, out=gates)
        gates *= half
        gates += move
        cell *= f
        cell += i * g
        np.multiply(o, np.tanh(cell), out=hidden[t + 1])
        if states:
            kept[t, :, : 4 * n], kept[t, :, 4 * n :] = gates, cell
    hidden = hidden[1:].swapaxes(0, 1)
    if not states:
        return hidden, None
    parts = np.split(kept.swapaxes(0, 1), 5, -1)
    return hidden, dict(zip(("input", "forget", "candidate", "output", "cell"), parts, strict=True)) | {
        "hidden": hidden
    }


def load(model: str | os.PathLike = "simulated") -> NumpyLSTM:
    """A bundled model by its name, or any ``.keras`` file by its path, without TensorFlow.

    Raises
    ------
    EngineError : no such file, or a network with other layers than scaling, one LSTM and a head
    """
    path = WEIGHTS / f"{model}.keras" if (WEIGHTS / f"{model}.keras").is_file() else Path(model).expanduser()
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in WEIGHTS.glob("*.keras"))) or "none"
        raise EngineError(f"no bundled model and no file {str(model)!r}; bundled are {names}")
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))["config"]
            stored = io.BytesIO(archive.read("model.weights.h5"))
    except (zipfile.BadZipFile, KeyError) as error:
        raise EngineError(f"{path} is not a .keras file ({error}); save one with models.save(model, path)") from None
    return _assemble(config, stored, path)


def _assemble(config: dict, stored: io.BytesIO, path: Path) -> NumpyLSTM:
    """Put the numbers to the layers of the file's own description."""
    layers = config["layers"]
    kinds = [layer["class_name"] for layer in layers]
    if odd := [kind for kind in kinds if kind not in RUNS]:
        raise EngineError(
            f"{path.name} has a layer {odd[0]}; the NumPy engine runs {', '.join(sorted(RUNS))}. Use load() and "
            "predict() of dla_widgets.streamflow.models for this one."
        )
    if (kinds.count("LSTM"), kinds.count("Dense") + kinds.count("Quantiles")) != (1, 1):
        raise EngineError(
            f"{path.name} has {kinds.count('LSTM')} LSTM layers; the NumPy engine runs one LSTM with one head"
        )
    named = {layer["config"]["name"]: layer["config"] for layer in layers}
    quantiles = [layer["config"]["levels"] for layer in layers if layer["class_name"] == "Quantiles"]
    return NumpyLSTM(
        config["name"],
        tuple(named["scale_forcings"]["names"]),
        tuple(named.get("scale_attributes", {}).get("names", ())),
        tuple(quantiles[0]) if quantiles else (),
        _weights(layers, stored),
    )


def _weights(layers: list[dict], stored: io.BytesIO) -> dict[tuple[str, int], np.ndarray]:
    """Arrays by layer name and number. The file calls a layer after its class, with a number from the second on."""
    import h5py

    where = {"LSTM": "cell/vars", "Quantiles": "dense/vars"}
    weights, seen = {}, Counter()
    with h5py.File(stored) as file:
        for layer in layers:
            kind, name = layer["class_name"], layer["config"]["name"]
            group = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
            group, seen[kind] = f"{group}_{seen[kind]}" if seen[kind] else group, seen[kind] + 1
            path = f"layers/{group}/{where.get(kind, 'vars')}"
            name = "head" if kind in ("Dense", "Quantiles") else "lstm" if kind == "LSTM" else name
            for number, array in file[path].items() if path in file else ():
                weights[name, int(number)] = np.asarray(array, "float32")
    return weights
