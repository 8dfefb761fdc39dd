"""From a trained model to a hydrograph: one pass over the record, the state carried from day to day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .basins import INPUTS, TARGET
from .basins import attributes as attributes_of
from .basins import forcings as forcings_of
from .sequences import SequenceError, attribute_array, days_of, forcing_array

if TYPE_CHECKING:
    import keras

#: Days before the first asked for that a model may see first, so that it does not start from an empty memory.
WARMUP = 365


def predict(
    model: keras.Model,
    basins: xr.Dataset,
    period: slice | str | None = None,
    *,
    warmup: int = WARMUP,
    scheme: str = "pass",
    batch: int = 64,
) -> xr.DataArray:
    """Discharge that `model` expects at `basins`, every day of `period`.

    Parameters
    ----------
    basins : forcings (and static attributes, if the model has some) in the one schema; one basin or many
    period : a slice of dates, a name of PERIODS, or None for the whole record
    warmup : days before `period` that fill the memory first, as far as the record has them
    scheme : ``"pass"`` goes once through the record; ``"windows"`` starts anew for every day with the `warmup` days
        that end on it, as in the papers: hundreds of times the work for the same score, and NaN while the record is
        shorter than that
    batch : basins (or windows) that are computed at once

    Returns
    -------
    DataArray (basin, time) named ``discharge`` [mm/day], never negative; (basin, time, quantile) from a model of
    quantiles

    Raises
    ------
    SequenceError : a forcing or attribute of the model is missing, the period lies outside the record, a forcing is NaN
    """
    basins = basins if "basin" in basins.dims else basins.expand_dims("basin")
    rows = days_of(basins, period)
    first = max(0, rows.start - warmup)
    daily, static = arrays_for(model, basins.isel(time=slice(first, rows.stop)))
    if scheme == "pass":
        discharge = _one_pass(model, daily, static, batch)[:, rows.start - first :]
    elif scheme == "windows":
        if daily.shape[1] < warmup:
            raise SequenceError(f"a window of {warmup} days does not fit into the {daily.shape[1]} days of the record")
        discharge = _windowed(model, daily, static, rows.stop - rows.start, max(warmup, 1), batch * 8)
    else:
        raise SequenceError(f'scheme must be "pass" or "windows", got {scheme!r}')
    return _labelled(np.maximum(discharge, 0), model, basins.isel(time=rows))


def columns_of(model: keras.Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the forcings and of the static attributes that `model` takes.

    They come from its :class:`~.layers.Scale` layers; a model without any takes INPUTS.
    """
    names = {layer.name: layer.names for layer in model.layers if type(layer).__name__ == "Scale" and not layer.inverse}
    static = names.pop("scale_attributes", ())
    daily = next(iter(names.values()), INPUTS)
    expected = model.inputs[0].shape[-1]
    if expected != len(daily):
        raise SequenceError(
            f"the model takes {expected} forcings but does not say which; put Scale([names ...]) first in it, or "
            f"give it the {len(INPUTS)} of INPUTS: {', '.join(INPUTS)}"
        )
    return tuple(daily), tuple(static)


def arrays_for(model: keras.Model, basins: xr.Dataset) -> tuple[np.ndarray, np.ndarray | None]:
    """Forcings (basin, time, input) and attributes (basin, attribute) that `model` takes, from `basins`."""
    daily, static = columns_of(model)
    for what, wanted, known in (
        ("forcing", daily, forcings_of(basins)),
        ("static attribute", static, attributes_of(basins)),
    ):
        if missing := [name for name in wanted if name not in known]:
            raise SequenceError(
                f"the model {model.name!r} takes the {what}{'s' * (len(wanted) > 1)} {', '.join(wanted)}; "
                f"{basins.attrs.get('source', 'the dataset')} has no usable {', '.join(missing)}. "
                f"Load it with the others, or build a model for what there is: {', '.join(known) or 'none'}."
            )
    return forcing_array(basins, daily), attribute_array(basins, static) if static else None


def feed(daily: np.ndarray, static: np.ndarray | None):
    """What Keras gets: the forcings alone, or forcings and attributes."""
    return daily if static is None else [daily, static]


def _one_pass(model, daily, static, batch: int) -> np.ndarray:
    parts = []
    for i in range(0, len(daily), batch):
        part = model.predict_on_batch(feed(daily[i : i + batch], None if static is None else static[i : i + batch]))
        if part.ndim != 3:
            raise SequenceError(
                "the model gives only the last day of a sequence; build its LSTM with return_sequences=True, "
                'or predict with scheme="windows"'
            )
        parts.append(part)
    return np.concatenate(parts)


def _windowed(model, daily, static, days: int, length: int, batch: int) -> np.ndarray:
    """Each of the last `days` days from the `length` days that end on it; NaN where the record has not so many."""
    windows = np.moveaxis(np.lib.stride_tricks.sliding_window_view(daily, length, axis=1), -1, 2)[:, -days:]
    parts = []
    for b in range(len(windows)):
        for i in range(0, windows.shape[1], batch):
            part = windows[b, i : i + batch]
            beside = None if static is None else np.repeat(static[b : b + 1], len(part), 0)
            result = model.predict_on_batch(feed(part, beside))
            parts.append(result[:, -1] if result.ndim == 3 else result)
    found = np.concatenate(parts).reshape(*windows.shape[:2], -1)
    return np.pad(found, ((0, 0), (days - windows.shape[1], 0), (0, 0)), constant_values=np.nan)


def _labelled(discharge: np.ndarray, model, basins: xr.Dataset) -> xr.DataArray:
    """The numbers with their basins, days and unit."""
    coords = {name: basins.coords[name] for name in ("basin", "time", "lat", "lon") if name in basins.coords}
    dims = ["basin", "time"]
    if discharge.shape[-1] == 1:
        discharge = discharge[..., 0]
    else:
        head = [layer.levels for layer in model.layers if type(layer).__name__ == "Quantiles"]
        dims, coords = [*dims, "quantile"], coords | {"quantile": list(head[0]) if head else range(discharge.shape[-1])}
    attrs = {"units": "mm/day", "long_name": "simulated discharge", "model": model.name}
    return xr.DataArray(discharge, coords, dims, name=TARGET, attrs=attrs)
