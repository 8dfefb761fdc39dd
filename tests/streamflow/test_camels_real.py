"""The real CAMELS-US files, against pandas and against another form of the same data."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from camels_like import assert_like_pandas

from dla_widgets.streamflow import gauge_text
from dla_widgets.streamflow.basins import attributes, check_schema
from dla_widgets.streamflow.camels import CamelsWarning, load_camels
from dla_widgets.streamflow.tables import attribute_tables, find_tables


@pytest.fixture(scope="module")
def real(real_data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_camels(real_data / "camels_us", flags=True, cache=False)


def test_basins_are_those_that_pandas_reads(real, real_data):
    assert dict(real.sizes) == {"basin": 24, "time": 12784}
    assert_like_pandas(check_schema(real), real_data / "camels_us")


def test_basins_with_short_records(real):
    found = real["discharge"].notnull()
    short = [b for b in real["basin"].values if found.sel(basin=b).sum() < 7400]
    assert short == ["08267500", "09035900", "10259000"]
    for basin in short:
        days = real["time"].values[found.sel(basin=basin).values]
        assert days[[0, -1]].astype("datetime64[D]").astype(str).tolist() == ["1993-09-29", "2013-10-01"]


def test_flags_are_counted_as_the_files_do(real):
    quality = real["discharge_quality"].sel(basin="01022500").values
    assert [int((quality == code).sum()) for code in (0, 1, 2, 3)] == [0, 10838, 1854, 92]


def test_attributes_of_all_671_basins(real_data, real):
    tables = attribute_tables(find_tables(real_data / "camels_us"))
    assert tables.shape == (671, 59) and set(tables.index.str.len()) == {8}
    row = tables.loc["01022500"]
    assert row["p_mean"] == 3.60812594113621 and row["dom_land_cover"] == "Mixed Forests" and row["huc_02"] == "01"
    assert np.isnan(tables.loc["01013500", "root_depth_50"])
    assert real["gauge_name"].sel(basin="01022500").item() == "Narraguagus River at Cherryfield, Maine"
    assert {"p_mean", "frac_forest", "elev_mean"} <= set(attributes(real)) and "q_mean" not in attributes(real)
    assert all(
        real[name].attrs["long_name"] != name and real[name].attrs["units"]
        for name in tables.columns[:-2]
        if name in real
    )


def test_files_are_all_read_in_one_sweep(real_data):
    """The slow way gives the same, so nothing else would notice that the fast one is not taken."""
    for path in (real_data / "camels_us" / "basin_mean_forcing").glob("*/*/*.txt"):
        assert gauge_text._forcing_sweep(gauge_text._forcing_header(path, path.read_bytes())[1]) is not None, path.name
    for path in (real_data / "camels_us" / "usgs_streamflow").glob("*/*.txt"):
        assert gauge_text._streamflow_sweep(path, path.read_bytes()) is not None, path.name


def test_text_and_netcdf_agree(real, real_data):
    stored = load_camels(real_data / "camels_us_daymet.nc")
    assert dict(stored.sizes) == {"basin": 400, "time": 12784}
    netcdf = stored.sel(basin=real["basin"].values)
    # The file holds radiation in steps of 0.05 W/m2, vapour pressure of 0.2 Pa, discharge of 1e-4 mm/day.
    steps = {"prcp": 0, "tmax": 0, "tmin": 0, "swe": 0, "srad": 0.05, "vp": 0.2, "discharge": 1e-4}
    for name, step in steps.items():
        np.testing.assert_allclose(netcdf[name].values, real[name].values, rtol=2e-7, atol=0.501 * step, err_msg=name)
    np.testing.assert_array_equal(netcdf["p_mean"].values, real["p_mean"].values)


def test_maurer_ends_in_2008_and_repeats_its_temperature(real_data):
    with pytest.warns(CamelsWarning) as record:
        basins = load_camels(real_data / "camels_us", forcing=["daymet", "maurer", "nldas"], cache=False)
    texts = "\n".join(str(warning.message) for warning in record)
    assert "maurer: tmax equals tmin on every day in 4 of 4 files" in texts
    assert "nldas: tmax equals tmin on every day in 4 of 4 files" in texts
    assert "line 10597, on 2008-12-31; Maurer's data end there" in texts and "20 of 24 basins lack" in texts
    assert basins["prcp_maurer"].sel(time="2008-12-31").notnull().all()
    assert basins["prcp_maurer"].sel(time=slice("2009-01-01", None)).isnull().all()
    assert_like_pandas(basins, real_data / "camels_us", "nldas", "_nldas")
