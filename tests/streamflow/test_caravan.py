"""Caravan's files, CSV and netCDF, read into the same schema. Files written here after the published layout."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from camels_like import edit

from dla_widgets.streamflow.basins import BasinError, attributes, check_schema, forcings
from dla_widgets.streamflow.camels import CamelsError, CamelsWarning, load_camels
from dla_widgets.streamflow.caravan import CaravanError, load_caravan

BASINS = ["camels_01022500", "camels_01031500"]
VARIABLES = {
    "prcp": "total_precipitation_sum",
    "srad": "surface_net_solar_radiation_mean",
    "tmax": "temperature_2m_max",
    "tmin": "temperature_2m_min",
    "swe": "snow_depth_water_equivalent_mean",
    "discharge": "streamflow",
}


def table(n: int, days: int = 300, dew_point: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(n)
    columns = ["total_precipitation_sum", "potential_evaporation_sum", "surface_net_solar_radiation_mean"]
    columns += ["temperature_2m_max", "temperature_2m_mean", "temperature_2m_min"]
    columns += ["dewpoint_temperature_2m_mean"] * dew_point + ["snow_depth_water_equivalent_mean", "streamflow"]
    values = {name: rng.gamma(2, 3, days).round(2) for name in columns}
    values["streamflow"][: 20 + n] = np.nan
    index = pd.date_range("1951-01-01" if n == 0 else "1951-02-01", periods=days, name="date")
    return pd.DataFrame(values, index)


def write_caravan(root, kind="csv", dew_point=True):
    """Two basins of CAMELS (US) and one of CAMELS-GB, with their attributes."""
    for n, basin in enumerate([*BASINS, "camelsgb_1001"]):
        source = basin.split("_")[0]
        path = root / "timeseries" / ("netcdf" if kind == "nc" else "csv") / source / f"{basin}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = table(n, dew_point=dew_point)
        data.to_csv(path) if kind == "csv" else data.to_xarray().to_netcdf(path)
    for source, basins in {"camels": BASINS, "camelsgb": ["camelsgb_1001"]}.items():
        folder = root / "attributes" / source
        folder.mkdir(parents=True, exist_ok=True)
        other = {"gauge_lat": 44.6, "gauge_lon": -67.9, "gauge_name": "A river", "country": "Somewhere", "area": 573.6}
        climate = {"p_mean": 3.2, "aridity_ERA5_LAND": 0.8, "high_prec_freq": 0.02}
        for name, values in {"other": other, "caravan": climate, "hydroatlas": {"ele_mt_sav": 91.0}}.items():
            rows = pd.DataFrame(values, pd.Index(basins, name="gauge_id"))
            rows.to_csv(folder / f"attributes_{name}_{source}.csv")
    return root


@pytest.fixture(params=["csv", "nc"])
def root(request, tmp_path):
    return write_caravan(tmp_path / "Caravan", request.param)


def test_reads_both_forms_into_the_schema(root):
    basins = check_schema(load_caravan(root))
    assert basins["basin"].values.tolist() == BASINS
    assert forcings(basins) == ["prcp", "srad", "tmax", "tmin", "vp", "swe"]
    assert basins.sizes["time"] == 331
    for n, basin in enumerate(BASINS):
        expected = table(n).reindex(basins["time"].values)
        for name, original in VARIABLES.items():
            np.testing.assert_allclose(basins[name].sel(basin=basin), expected[original], rtol=2e-7, err_msg=name)
    assert attributes(basins) == ["p_mean", "aridity_ERA5_LAND", "high_prec_freq", "ele_mt_sav", "area"]
    assert basins["lat"].values.tolist() == [44.6, 44.6] and basins["area"].attrs["units"] == "km2"
    assert basins["gauge_name"].values.tolist() == ["A river"] * 2 and basins.attrs["source"] == "Caravan"
    assert basins["srad"].attrs["long_name"] == "net shortwave radiation"


def test_load_camels_knows_a_caravan_folder(root):
    xr.testing.assert_identical(load_camels(root, "01031500"), load_caravan(root, [BASINS[1]]))
    xr.testing.assert_identical(load_camels(root).compute(), load_camels(root, chunks={"basin": 1}).compute())


def test_vapour_pressure_comes_from_the_dew_point_or_the_minimum_temperature(tmp_path):
    basins = load_caravan(write_caravan(tmp_path / "a"))
    dew_point = table(0)["dewpoint_temperature_2m_mean"]
    got = basins["vp"].sel(basin=BASINS[0])[:300].values
    # Tetens' formula, another approximation of the same curve, is within 1 % of it between 0 and 40 degC.
    np.testing.assert_allclose(got, 610.8 * np.exp(17.27 * dew_point / (dew_point + 237.3)), rtol=0.01)
    without = load_caravan(write_caravan(tmp_path / "b", dew_point=False))
    night = table(0, dew_point=False)["temperature_2m_min"]
    np.testing.assert_allclose(
        without["vp"].sel(basin=BASINS[0])[:300], 610.8 * np.exp(17.27 * night / (night + 237.3)), rtol=0.01
    )


def test_basins_of_other_sources(root):
    assert load_caravan(root, source="camelsgb")["basin"].values.tolist() == ["camelsgb_1001"]
    assert load_caravan(root, ["camelsgb_1001", BASINS[0]])["basin"].values.tolist() == ["camelsgb_1001", BASINS[0]]
    with pytest.raises(CamelsError, match=r"no basins of hysets in .*; it has the sources camels, camelsgb"):
        load_caravan(root, source="hysets")
    with pytest.raises(BasinError, match=r"no basin 'camels_0103150' in Caravan .*; did you mean 'camels_01031500'\?"):
        load_caravan(root, ["0103150"])


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (9, lambda line: line.rsplit(",", 2)[0], "line 9: expected 10 fields, found 8"),
        (
            9,
            lambda line: line.replace(line.split(",")[1], "wet"),
            "line 9: total_precipitation_sum is 'wet', not a number",
        ),
        (9, lambda line: line.replace("1951-01-08", "1951-01-32"), "line 9: date is '1951-01-32', not a date"),
        (9, lambda line: [line, line], "line 10: 1951-01-08 is there twice, first on line 9"),
        (301, lambda line: [line[:-1]], "line 301: the last line has no end. The file looks cut off"),
        (1, lambda line: line.replace("date", "day"), "line 1: expected a column date, found day"),
        (1, lambda line: line.replace("streamflow", "runoff"), "line 1: expected a variable streamflow, found"),
    ],
)
def test_a_damaged_csv_file_is_named_with_its_line(tmp_path, line, change, message):
    root = write_caravan(tmp_path / "Caravan")
    path = root / "timeseries" / "csv" / "camels" / f"{BASINS[0]}.csv"
    edit(path, line, change)
    if "no end" in message:
        path.write_text(path.read_text().rstrip("\n"))
    with pytest.raises(CaravanError, match=f"^{BASINS[0]}.csv, {message}") as error:
        load_caravan(root)
    assert "zenodo.6522634" in str(error.value)
    with pytest.warns(CamelsWarning, match="skipped 1 of 2 basins: camels_01022500"):
        assert load_caravan(root, on_error="skip")["basin"].values.tolist() == BASINS[1:]


def test_a_damaged_netcdf_file_is_named(tmp_path):
    root = write_caravan(tmp_path / "Caravan", "nc")
    path = root / "timeseries" / "netcdf" / "camels" / f"{BASINS[0]}.nc"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(CaravanError, match=f"{BASINS[0]}.nc, step 1: this is no netCDF file .*The file looks cut off"):
        load_caravan(root)


def test_a_gap_is_filled_with_nan_and_named(tmp_path):
    root = write_caravan(tmp_path / "Caravan")
    edit(root / "timeseries" / "csv" / "camels" / f"{BASINS[0]}.csv", 100, None)
    with pytest.warns(CamelsWarning, match=f"{BASINS[0]}.csv, line 100: 1 day is missing before 1951-04-10"):
        assert load_caravan(root)["prcp"].sel(basin=BASINS[0], time="1951-04-09").isnull()


def test_without_attributes_the_time_series_still_load(root):
    for path in (root / "attributes").rglob("*.csv"):
        path.unlink()
    with pytest.warns(CamelsWarning, match=r"no attributes/camels/attributes_\*.csv"):
        assert load_caravan(root)["lat"].isnull().all()
