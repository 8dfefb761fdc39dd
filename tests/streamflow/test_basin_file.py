"""Basins from one netCDF file, whoever wrote it."""

from __future__ import annotations

import numpy as np
import pytest
from camels_like import AREAS, write_camels

from dla_widgets.streamflow.basins import BasinError, attributes, check_schema, forcings
from dla_widgets.streamflow.camels import CamelsError, CamelsWarning, load_camels

BASINS = list(AREAS)


@pytest.fixture
def root(tmp_path):
    return write_camels(tmp_path / "camels_us")


def netcdf_form(basins):
    stored = (
        basins[["prcp", "tmax"]].rename(prcp="prcp_daymet", tmax="tmax_daymet", time="date").drop_vars(["lat", "lon"])
    )
    return stored.assign(QObs=basins["discharge"].drop_vars(["lat", "lon"]).rename(time="date")).drop_attrs()


def test_a_netcdf_file_takes_its_attributes_from_the_tables_near_it(root):
    text = load_camels(root)
    netcdf_form(text).to_netcdf(root.parent / "basins.nc")
    basins = check_schema(load_camels(root.parent / "basins.nc"))
    assert forcings(basins) == ["prcp", "tmax"]
    for name in ("prcp", "tmax", "discharge", "lat", "frac_forest", "dom_land_cover"):
        np.testing.assert_array_equal(basins[name].values, text[name].values)
    assert basins["area"].values.tolist() == basins["area_gages2"].values.tolist()
    for places in ([2, 0], [2, 1], [1]):
        for chunks in (None, {"basin": 1}):
            chosen = load_camels(root.parent / "basins.nc", [BASINS[place] for place in places], chunks=chunks)
            assert (chosen["prcp"].chunks is None) == (chunks is None)
            for name in ("prcp", "discharge", "lat"):
                np.testing.assert_array_equal(chosen[name].values, text[name].values[places])


def test_a_netcdf_file_in_the_schema_is_taken_as_it_is(root, tmp_path):
    text = load_camels(root)
    text.to_netcdf(tmp_path / "mine.nc")
    mine = load_camels(tmp_path / "mine.nc")
    assert set(mine.variables) == set(text.variables)
    for name in text.variables:
        np.testing.assert_array_equal(mine[name].values, text[name].values)
    assert attributes(mine) == attributes(text)


def test_a_netcdf_file_without_tables_or_without_basins(root, tmp_path):
    alone = tmp_path / "a" / "b" / "c" / "d"
    alone.mkdir(parents=True)
    stored = netcdf_form(load_camels(root))
    stored.to_netcdf(alone / "basins.nc")
    with pytest.warns(CamelsWarning, match="no attribute tables"):
        assert load_camels(alone / "basins.nc")["lat"].isnull().all()
    with pytest.raises(BasinError, match=r"no basin '9' in basins.nc"):
        load_camels(alone / "basins.nc", "9")
    with pytest.raises(CamelsError, match="no basins with nldas forcing: expected discharge or QObs, and prcp_nldas"):
        load_camels(alone / "basins.nc", forcing="nldas")
    stored.rename(basin="station").to_netcdf(alone / "stations.nc")
    with pytest.raises(CamelsError, match="holds no basins: expected the dimensions basin and time"):
        load_camels(alone / "stations.nc")
    (alone / "text.nc").write_text("no netCDF at all")
    with pytest.raises(CamelsError, match="cannot be read as a netCDF file"):
        load_camels(alone / "text.nc")
