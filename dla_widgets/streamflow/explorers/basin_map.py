"""Basins on a map and in a diagram at once: colour them, find them, pick some to load or to train on."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...panels.explorer import Explorer, Preset, bundle
from ..basins import TARGET, BasinError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ...panels.picture import Picture

HERE = Path(__file__).parent
#: standard parallels and centre of the usual Albers projection of the contiguous United States [degrees]
ALBERS = {"central_longitude": -96, "central_latitude": 37.5, "standard_parallels": (29.5, 45.5)}
#: what of that projection is shown: left, right, bottom, top [m]
FRAME = (-2.45e6, 2.35e6, -1.48e6, 1.62e6)


class BasinMapExplorer(Explorer):
    """Colour basins by an attribute or a score, compare it with another, and pick basins by hand or by range.

    Parameters
    ----------
    basins : coordinates ``basin``, ``lat`` and ``lon`` [degrees] and variables (basin,); 32 simulated ones by default, with the
        NSE of the bundled network
    values : name -> one value per basin, such as scores; shown beside the attributes
    """

    _esm = bundle(HERE / "basin_map.js")
    title = "Where, and how well?"

    colour = t.Unicode("", help="what colours the basins").tag(sync=True, label="Colour")
    across = t.Unicode("", help="what the basins are compared with").tag(sync=True, label="Against")
    least = t.Float(0.0, min=0, max=1, help="lower end of the range, as the share of basins below it [-]").tag(
        sync=True, label="Leave out the lowest", step=0.05)
    most = t.Float(1.0, min=0, max=1, help="upper end of the range, as the share of basins below it [-]").tag(
        sync=True, label="Keep up to", step=0.05)
    cursor = t.Int(0, min=0, max=2000, help="the basin that is named").tag(sync=True, label="Basin")
    picked = t.List(t.Int(), [], help="basins picked by hand").tag(sync=True, label="Picked by hand")

    formats = {"count": "d", "all": "d", "median": ".3g", "low": ".3g", "high": ".3g", "rank": ".2f", "value": ".3g",
               "other": ".3g", "least": ".0%", "most": ".0%"}  # fmt: skip
    words = ("{count} of {all} basins are chosen. {label}: median {median}, the middle half from {low} to {high}. Rank "
             "correlation with {against}: {rank}. The basin named is {name}: {value}, and {other} in {against}.")  # fmt: skip
    presets = (
        Preset("skill", "", "Where is the network good, and where is it not?",
               "The Northwest and the Rockies are bright; the darkest dots lie in the plains and the Midwest. The two in "
               "Oklahoma are neighbours, and far apart in skill."),
        Preset("aridity", "across=aridity", "Is it dryness that makes it hard?",
               "The rank correlation with aridity is -0.49: the drier, the worse, with exceptions."),
        Preset("snow", "colour=frac_snow;across=elev_mean", "Snow follows height, and latitude.",
               "High basins have more snow: rank correlation 0.57. New England has snow without the height."),
        Preset("worst", "most=0.25;across=aridity", "Only the worst quarter. What do they have in common?",
               "Seven of the eight lose more water to the sky than falls (aridity above 1)."),
    )  # fmt: skip

    def load(self, basins: xr.Dataset | None = None, values: Any = None) -> None:
        from ..maps import _positions, values_of

        if basins is None:
            basins, values = _bundled()
        elif not hasattr(basins, "data_vars"):
            raise BasinError(f"this picture needs a Dataset of basins, such as open_basins() gives; received {basins!r}")
        else:
            self.presets = ()  # they speak of the bundled rivers
        ids, lon, lat = _positions(basins)
        one = {getattr(values, "name", None) or "value": values}
        given = {} if values is None else values if isinstance(values, Mapping) else one
        found = {str(name): values_of(basins, of, None if _long_name(of) else str(name)) for name, of in given.items()}
        found |= {str(name): values_of(basins, str(name), None) for name, of in basins.data_vars.items()
                  if of.dims == ("basin",) and of.dtype.kind in "fiu"}  # fmt: skip
        if not found:
            raise BasinError("there is nothing to colour the basins by: no value and no attribute (basin,) of numbers")
        self._basins = basins
        x, y = _projected(lon, lat)
        self.data = {
            "ids": ids, "x": x, "y": y, "variables": list(found), "labels": [label for _, label in found.values()],
            "values": np.stack([numbers for numbers, _ in found.values()]).astype(float), "outlines": background(),
            "aspect": (FRAME[3] - FRAME[2]) / (FRAME[1] - FRAME[0]),
        }  # fmt: skip

    @t.validate("colour", "across")
    def _known(self, proposal: Any) -> str:
        if proposal["value"] and self.data and proposal["value"] not in self.data["variables"]:
            raise t.TraitError(f"no variable {proposal['value']!r}; there are {', '.join(self.data['variables'])}")
        return proposal["value"]

    def _variable(self, name: str, otherwise: int) -> int:
        names = self.data["variables"]
        return names.index(name) if name in names else min(otherwise, len(names) - 1)

    def chosen(self) -> np.ndarray:
        """Which basins (bool) are within the range, and picked if any are."""
        values = self.data["values"][self._variable(self.colour, 0)]
        there = np.isfinite(values)
        if not there.any():
            return there
        low, high = np.quantile(values[there], [self.least, max(self.most, self.least)])
        keep = there & (values >= low) & (values <= high)
        if self.picked:
            keep &= np.isin(np.arange(values.size), self.picked)
        return keep

    @property
    def selected(self) -> list[str]:
        """The ids of the chosen basins."""
        return [name for name, keep in zip(self.data["ids"], self.chosen()) if keep]

    def selection(self) -> xr.Dataset:
        """The chosen basins, to look at or to train on."""
        return self._basins.isel(basin=np.flatnonzero(self.chosen()))

    def numbers(self) -> dict[str, Any]:
        from scipy.stats import spearmanr

        colour, across = self._variable(self.colour, 0), self._variable(self.across, 1)
        values, others, keep = self.data["values"][colour], self.data["values"][across], self.chosen()
        low, median, high = np.quantile(values[keep], [0.25, 0.5, 0.75]) if keep.any() else [np.nan] * 3
        both = keep & np.isfinite(others)
        varied = both.sum() > 2 and np.ptp(values[both]) > 0 and np.ptp(others[both]) > 0
        k = min(self.cursor, len(self.data["ids"]) - 1)
        return {
            "count": int(keep.sum()), "all": keep.size, "label": self.data["labels"][colour],
            "against": self.data["labels"][across],
            "median": median, "low": low, "high": high, "name": self.data["ids"][k], "value": values[k], "other": others[k],
            "rank": float(spearmanr(values[both], others[both]).statistic) if varied else np.nan, "least": self.least,
            "most": self.most,
        }  # fmt: skip

    def table(self) -> pd.DataFrame:
        import pandas as pd

        keep = self.chosen()
        return pd.DataFrame(self.data["values"][:, keep].T, pd.Index(self.selected, name="basin"), self.data["variables"])

    def figure(self) -> Picture:
        from ..maps import basin_map

        k = self._variable(self.colour, 0)
        values = self.data["values"][k][self.chosen()]
        picture = basin_map(self.selection(), values, label=self.data["labels"][k], title=self.title)
        picture.alt = self.describe()
        return picture


def _long_name(values: Any) -> str:
    return getattr(values, "attrs", {}).get("long_name", "")


def _bundled() -> tuple[xr.Dataset, dict[str, xr.DataArray]]:
    """Simulated basins, and how well the bundled network does in their last two years."""
    from ..numpy_lstm import load
    from ..simulated import simulated_basins
    from ..skill import by_basin, nse

    basins = simulated_basins(32, 4)
    late = basins.isel(time=slice(-2 * 365, None))
    skill = by_basin(nse, late[TARGET], load().predict(basins).sel(time=late.time))
    return basins, {"nse": basins["lat"].copy(data=skill).assign_attrs(long_name="NSE of the bundled LSTM", units="-")}


def _projected(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where on the map, from 0 (left, top) to 1."""
    import cartopy.crs as ccrs

    places = ccrs.AlbersEqualArea(**ALBERS).transform_points(ccrs.PlateCarree(), lon, lat)
    left, right, bottom, top = FRAME
    return (places[:, 0] - left) / (right - left), (top - places[:, 1]) / (top - bottom)


@cache
def background() -> str:
    """Coast and borders in mid grey on nothing, which suits light and dark pages: a PNG as a data URL, drawn once."""
    import cartopy.crs as ccrs
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    from ..outlines import outlines

    albers = ccrs.AlbersEqualArea(**ALBERS)
    figure = Figure((9, 9 * (FRAME[3] - FRAME[2]) / (FRAME[1] - FRAME[0])), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), projection=albers, frameon=False)
    axes.set_extent(FRAME, crs=albers)
    axes.set_aspect("auto")
    for kind, width in (("border", 0.5), ("coast", 1.0)):
        lines = [albers.transform_points(ccrs.PlateCarree(), *line.T)[:, :2] for line in outlines(kind)]
        axes.add_collection(LineCollection(lines, colors="#8a8f96", linewidths=width), autolim=False)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", transparent=True)
    return "data:image/png;base64," + base64.b64encode(drawn.getvalue()).decode("ascii")
