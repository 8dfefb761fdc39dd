"""The attribute tables of CAMELS-US, ``camels_clim.txt`` ... ``camels_vege.txt``: one line for each of 671 basins.

They are a separate download from the time series, which is the classic stumbling block:
``dla fetch camels`` brings both. Names are those of the tables, misprints such as ``geol_porostiy`` included.

Addor et al. (2017), doi:10.5194/hess-21-5293-2017
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from .basins import TARGET, BasinError

TABLES = ("clim", "geol", "hydro", "name", "soil", "topo", "vege")

#: name -> (unit, long name), after the tables 1 to 6 of the paper
ATTRIBUTES = {
    "p_mean": ("mm/day", "mean daily precipitation"),
    "pet_mean": ("mm/day", "mean daily potential evapotranspiration (Priestley-Taylor)"),
    "p_seasonality": ("1", "seasonality of precipitation: positive for wet summers, negative for wet winters"),
    "frac_snow": ("1", "fraction of precipitation that falls as snow (below 0 degC)"),
    "aridity": ("1", "mean potential evapotranspiration over mean precipitation"),
    "high_prec_freq": ("days/year", "frequency of days with at least 5 times the mean precipitation"),
    "high_prec_dur": ("days", "mean duration of high-precipitation events"),
    "high_prec_timing": ("season", "season with most high-precipitation days"),
    "low_prec_freq": ("days/year", "frequency of days with less than 1 mm of precipitation"),
    "low_prec_dur": ("days", "mean duration of dry spells"),
    "low_prec_timing": ("season", "season with most dry days"),
    "geol_1st_class": ("class", "most common geological class"),
    "glim_1st_class_frac": ("1", "fraction of the basin in the most common geological class"),
    "geol_2nd_class": ("class", "second most common geological class"),
    "glim_2nd_class_frac": ("1", "fraction of the basin in the second most common geological class"),
    "carbonate_rocks_frac": ("1", "fraction of carbonate sedimentary rocks"),
    "geol_porostiy": ("1", "subsurface porosity"),
    "geol_permeability": ("log10(m2)", "subsurface permeability"),
    "q_mean": ("mm/day", "mean daily discharge"),
    "runoff_ratio": ("1", "mean discharge over mean precipitation"),
    "slope_fdc": ("1", "slope of the flow-duration curve between its 33rd and 66th percentiles"),
    "baseflow_index": ("1", "mean baseflow over mean discharge (digital filter)"),
    "stream_elas": ("1", "sensitivity of annual discharge to annual precipitation"),
    "q5": ("mm/day", "5 % quantile of discharge (low flow)"),
    "q95": ("mm/day", "95 % quantile of discharge (high flow)"),
    "high_q_freq": ("days/year", "frequency of days above 9 times the median discharge"),
    "high_q_dur": ("days", "mean duration of high-flow events"),
    "low_q_freq": ("days/year", "frequency of days below 0.2 times the mean discharge"),
    "low_q_dur": ("days", "mean duration of low-flow events"),
    "zero_q_freq": ("1", "fraction of days without discharge"),
    "hfd_mean": ("day of year", "mean day, from 1 October, by which half of the year's discharge has passed"),
    "huc_02": ("code", "two-digit hydrologic unit (USGS region)"),
    "gauge_name": ("name", "name of the gauge"),
    "soil_depth_pelletier": ("m", "depth to bedrock, at most 50 m (Pelletier)"),
    "soil_depth_statsgo": ("m", "soil depth, at most 1.5 m (STATSGO)"),
    "soil_porosity": ("1", "volumetric porosity of the soil"),
    "soil_conductivity": ("cm/h", "saturated hydraulic conductivity of the soil"),
    "max_water_content": ("m", "maximum water content of the soil"),
    "sand_frac": ("%", "sand in the soil"),
    "silt_frac": ("%", "silt in the soil"),
    "clay_frac": ("%", "clay in the soil"),
    "water_frac": ("%", "water in the topmost 1.5 m"),
    "organic_frac": ("%", "organic material in the topmost 1.5 m"),
    "other_frac": ("%", "other material in the topmost 1.5 m"),
    "elev_mean": ("m", "mean elevation of the basin"),
    "slope_mean": ("m/km", "mean slope of the basin"),
    "area_gages2": ("km2", "area of the basin (GAGES-II)"),
    "area_geospa_fabric": ("km2", "area of the basin (geospatial fabric)"),
    "frac_forest": ("1", "fraction of forest"),
    "lai_max": ("1", "largest monthly mean leaf area index"),
    "lai_diff": ("1", "largest less smallest monthly mean leaf area index"),
    "gvf_max": ("1", "largest monthly mean green vegetation fraction"),
    "gvf_diff": ("1", "largest less smallest monthly mean green vegetation fraction"),
    "dom_land_cover_frac": ("1", "fraction of the basin under the dominant land cover"),
    "dom_land_cover": ("class", "dominant land cover"),
    "root_depth_50": ("m", "depth above which half of the roots lie"),
    "root_depth_99": ("m", "depth above which 99 % of the roots lie"),
}

#: Signatures of discharge. No model that predicts discharge may see them (see :func:`.basins.attributes`).
SIGNATURES = (
    "q_mean",
    "runoff_ratio",
    "slope_fdc",
    "baseflow_index",
    "stream_elas",
    "q5",
    "q95",
    "high_q_freq",
    "high_q_dur",
    "low_q_freq",
    "low_q_dur",
    "zero_q_freq",
    "hfd_mean",
)

_TEXT = {
    "gauge_id",
    "gauge_name",
    *(name for name, (unit, _) in ATTRIBUTES.items() if unit in ("class", "season", "code")),
}


class TableError(BasinError):
    """An attribute table cannot be read; the message names the file and the line."""


def find_tables(root: Path) -> Path | None:
    """The folder with the attribute tables that belong to `root`: in it, beside it, or where unzipping put them."""
    for home in (root, *list(root.parents)[:3]):
        for folder in (home / "camels_attributes_v2.0", home, home / "camels_us" / "camels_attributes_v2.0"):
            if (folder / "camels_topo.txt").is_file():
                return folder
    return None


def no_tables(root: Path) -> str:
    """What to say where :func:`find_tables` found none."""
    return (
        f"no attribute tables (camels_topo.txt ...) in {root} or beside it: no static attributes, and where the gauges "
        "are is unknown. The tables are a separate download; `dla fetch camels` brings them"
    )


def attribute_tables(folder: Path) -> pd.DataFrame:
    """All tables in `folder` side by side: a row for each gauge id (text, eight digits), a column for each attribute.

    Raises
    ------
    TableError : a line has too few or too many fields, a number is none, or a gauge is there twice
    """
    found = [path for name in TABLES if (path := folder / f"camels_{name}.txt").is_file()]
    return pd.concat([_table(path) for path in found], axis=1)


def attribute_variables(
    table: pd.DataFrame, basins: Sequence[str], labels: Mapping[str, tuple[str, str]] = ATTRIBUTES
) -> dict[str, xr.DataArray]:
    """Static variables over ``basin``, with unit and long name; signatures are marked as derived from discharge."""
    rows = table.reindex(basins)
    variables = {}
    for name in rows.columns.difference(["gauge_lat", "gauge_lon"], sort=False):
        unit, long_name = labels.get(name, ("", name))
        attrs = {"units": unit, "long_name": long_name}
        if name in SIGNATURES:
            attrs["derived_from"] = TARGET
        values = rows[name]
        is_number = pd.api.types.is_numeric_dtype(values.dtype)
        values = values.to_numpy(float) if is_number else values.fillna("").to_numpy(str)
        variables[name] = xr.DataArray(values, dims="basin", attrs=attrs)
    return variables


def positions(table: pd.DataFrame | None, basins: Sequence[str]) -> dict[str, tuple]:
    """Coordinates ``lat`` and ``lon`` of the gauges; NaN where no table tells."""
    rows = pd.DataFrame(index=basins, columns=["gauge_lat", "gauge_lon"], dtype=float)
    if table is not None:
        rows = table.reindex(index=basins, columns=rows.columns).astype(float)
    return {
        "lat": (
            "basin",
            rows["gauge_lat"].to_numpy(),
            {"units": "degrees_north", "long_name": "latitude of the gauge"},
        ),
        "lon": (
            "basin",
            rows["gauge_lon"].to_numpy(),
            {"units": "degrees_east", "long_name": "longitude of the gauge"},
        ),
    }


def _table(path: Path) -> pd.DataFrame:
    with open(path, encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader((line.replace("\r", "") for line in file), delimiter=";", quoting=csv.QUOTE_NONE)
    if header[0] != "gauge_id":
        raise TableError(f"{path.name}, line 1: expected gauge_id;..., found {';'.join(header)[:60]!r}")
    seen: dict[str, int] = {}
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise TableError(
                f"{path.name}, line {line}: expected {len(header)} fields between ';', found {len(row)}; "
                "fetch the tables again with `dla fetch camels`"
            )
        # A spreadsheet that saved the table dropped the leading zeros.
        row[0] = row[0].strip().zfill(8)
        if (first := seen.setdefault(row[0], line)) != line:
            raise TableError(f"{path.name}, line {line}: gauge {row[0]} is there twice, first on line {first}")
    index = pd.Index([row[0] for row in rows], name="gauge_id")
    columns = zip(header[1:], list(zip(*rows))[1:])
    return pd.DataFrame({name: _column(path, name, values) for name, values in columns}, index=index)


def _column(path: Path, name: str, texts: Sequence[str]) -> np.ndarray:
    """The column as numbers, NA as NaN; or as text without the spaces around it, NA as nothing."""
    texts = [text.strip() for text in texts]
    texts = ["" if text == "NA" else text for text in texts]
    if name in _TEXT:
        return np.array([text.zfill(2) for text in texts] if name == "huc_02" else texts, dtype=object)
    try:
        return np.array([text or "nan" for text in texts]).astype(float)
    except ValueError:
        pass
    for line, text in enumerate(texts, start=2):
        try:
            float(text or "nan")
        except ValueError:
            if name in ATTRIBUTES:
                raise TableError(f"{path.name}, line {line}: {name} is {text!r}, not a number") from None
    return np.array(texts, dtype=object)
