"""The map's numbers are NumPy's and SciPy's, what is chosen is what the range and the hand choose, and it works offline."""

import base64

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from dla_widgets import BasinMapExplorer, simulated_basins
from dla_widgets.streamflow.explorers.basin_map import background


@pytest.fixture(scope="module")
def basins():
    return simulated_basins(12, 2)


@pytest.fixture
def explorer(basins):
    return BasinMapExplorer(basins, {"skill": np.linspace(0, 1, 12)})


def test_quartiles_and_rank_correlation(explorer, basins):
    numbers = explorer.show("colour=aridity;across=frac_snow;least=0.25").numbers()
    aridity, snow = basins.aridity.values, basins.frac_snow.values
    keep = aridity >= np.quantile(aridity, 0.25)
    assert numbers["count"] == keep.sum() == len(explorer.selected)
    assert [numbers[k] for k in ("low", "median", "high")] == pytest.approx(np.quantile(aridity[keep], [0.25, 0.5, 0.75]))
    assert numbers["rank"] == pytest.approx(spearmanr(aridity[keep], snow[keep]).statistic)


def test_picked_basins_can_be_loaded(explorer, basins):
    explorer.picked = [2, 5, 7]
    assert explorer.selected == ["sim-02", "sim-05", "sim-07"]
    assert explorer.selection().basin.values.tolist() == explorer.selected
    explorer.least = 0.4  # of the skill, which rises with the number
    assert explorer.selected == ["sim-05", "sim-07"]
    assert explorer.table().index.tolist() == explorer.selected


def test_missing_values_are_left_out(basins):
    values = pd.Series({"sim-00": 0.5, "sim-03": 0.7, "sim-04": np.nan}, name="score")
    explorer = BasinMapExplorer(basins, values)
    assert explorer.data["variables"][0] == "score" and explorer.numbers()["count"] == 2
    assert np.isnan(explorer.show("cursor=4").numbers()["value"]) and "n/a" in explorer.describe()


def test_a_score_without_a_name_is_called_by_its_key(basins):
    gain = basins.aridity - basins.frac_snow
    explorer = BasinMapExplorer(basins, {"gain": gain, "skill": pd.Series(1.0, basins.basin.values)})
    assert explorer.data["labels"][:2] == ["gain", "skill"] and explorer.describe().startswith("12 of 12 basins are chosen. gain")


def test_basins_lie_where_they_are(basins):
    """The east is right, the north is up, and what is near on the ground is near on the map."""
    explorer = BasinMapExplorer(basins)
    x, y = explorer.data["x"], explorer.data["y"]
    assert ((x > 0) & (x < 1) & (y > 0) & (y < 1)).all()
    assert spearmanr(x, basins.lon.values).statistic > 0.95 and spearmanr(y, basins.lat.values).statistic < -0.9


def test_the_background_is_drawn_once_and_mostly_transparent():
    import io

    from PIL import Image

    assert background() is background()
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(background().split(",")[1]))))
    assert image.shape[2] == 4 and 0.005 < np.mean(image[..., 3] > 0) < 0.2


@pytest.mark.parametrize(("change", "said"), [
    (lambda b: (b.drop_vars(["lat"]),), "a map needs the coordinates basin, lat and lon; lat missing"),
    (lambda b: (b, [1, 2, 3]), "one value per basin is needed, 12 in all; received the shape (3,)"),
    (lambda b: ("basins.nc",), "needs a Dataset of basins"),
    (lambda b: (b[["prcp"]],), "there is nothing to colour the basins by"),
])  # fmt: skip
def test_data_that_do_not_fit_are_explained(basins, change, said):
    assert said in BasinMapExplorer(*change(basins)).problem


def test_671_basins_are_no_trouble():
    import xarray as xr

    rng = np.random.default_rng(0)
    many = xr.Dataset({"skill": ("basin", rng.normal(size=671))}, {
        "basin": [f"{k:08d}" for k in range(671)], "lat": ("basin", rng.uniform(26, 48, 671)),
        "lon": ("basin", rng.uniform(-122, -70, 671))})  # fmt: skip
    assert BasinMapExplorer(many).numbers()["count"] == 671
