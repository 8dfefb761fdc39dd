"""What the explorer says of the days shown is what the package's scores say of them; gaps and missing days stay gaps."""

import numpy as np
import pytest

from dla_widgets import HydrographExplorer, scores, simulated_basins
from dla_widgets.streamflow.baselines import Climatology
from dla_widgets.streamflow.skill import nse_decomposition


@pytest.fixture(scope="module")
def basins():
    return simulated_basins(3, 3)


@pytest.fixture(scope="module")
def explorer(basins):
    return HydrographExplorer(basins, {"usual": Climatology().fit(basins).predict(basins), "itself": basins.discharge})


@pytest.mark.parametrize(("basin", "start", "length"), [(0, 0, 365), (2, 400, 90), (1, 0, 1096)])
def test_scores_are_those_of_the_days_shown(explorer, basins, basin, start, length):
    explorer.show(f"basin={basin};start={start};length={length}")
    days = slice(start, start + length)
    o = basins.discharge.values[basin, days]
    s = explorer.data["simulated"][0, basin, days]
    wanted, numbers = scores(o.astype(float), s.astype(float)), explorer.numbers()
    for name in ("nse", "log_nse", "kge", "r"):
        assert numbers[name] == pytest.approx(wanted[name], abs=1e-6)
    assert numbers["bias"] == pytest.approx(wanted["percent_bias"] / 100, abs=1e-6)
    lost = nse_decomposition(o.astype(float), s.astype(float))
    assert numbers["lost.bias"] == pytest.approx(lost.bias, abs=1e-6)
    parts = [numbers[f"lost.{part}"] for part in ("correlation", "variability", "bias")]
    assert 1 - numbers["nse"] == pytest.approx(sum(parts), abs=1e-6)
    assert numbers["missing"] == np.isnan(o).sum()
    assert numbers["rain"] == pytest.approx(basins.prcp.values[basin, days].sum(), rel=1e-5)


def test_the_runoff_ratio_is_that_of_the_days_with_a_measurement(basins):
    """A flood that was not measured must not look like water that vanished."""
    gap = basins.copy(deep=True)
    gap.discharge[0, 100:200] = np.nan
    explorer = HydrographExplorer(gap, state="start=90;length=120")
    days = np.r_[90:100, 200:210]
    q, p = (gap[name].values[0, days].astype(float) for name in ("discharge", "prcp"))
    known = np.isfinite(q)
    assert explorer.numbers()["ratio"] == pytest.approx(q[known].sum() / p[known].sum(), rel=1e-5)
    nothing = explorer.show("start=120;length=50").numbers()
    assert np.isnan(nothing["flow"]) and np.isnan(nothing["ratio"]) and nothing["missing"] == 50


def test_a_river_is_its_own_best_simulation(explorer):
    numbers = explorer.show("simulation=1").numbers()
    assert (numbers["nse"], numbers["kge"]) == (1, 1) and numbers["bias"] == 0


def test_without_a_simulation_there_is_no_score(basins):
    explorer = HydrographExplorer(basins)
    assert np.isnan(explorer.numbers()["nse"]) and explorer.describe().endswith("days without a measurement.")
    assert len(explorer.figure().png()) > 1000


def test_a_simulation_of_other_days_is_matched_by_day(basins):
    part = basins.discharge.isel(time=slice(100, 200), basin=[1])
    explorer = HydrographExplorer(basins, part, state="basin=1;start=50;length=100")
    assert explorer.numbers()["nse"] == 1 and np.isnan(explorer.table()["simulated"].iloc[:50]).all()
    explorer.show("basin=0")
    assert np.isnan(explorer.numbers()["nse"])


@pytest.mark.parametrize(("change", "said"), [
    (lambda b: (b.drop_vars("prcp"),), "a hydrograph needs prcp; this Dataset has"),
    (lambda b: (b.isel(time=slice(0, 9)),), "a hydrograph needs 30 days or more; received 9"),
    (lambda b: (b, np.zeros(3)), "the simulation 'simulated' needs to know its days: a DataArray (basin, time)"),
    (lambda b: ([1, 2],), "needs a Dataset of basins"),
])  # fmt: skip
def test_data_that_do_not_fit_are_explained(basins, change, said):
    assert said in HydrographExplorer(*change(basins)).problem


def test_one_basin_without_its_dimension_is_fine(basins):
    explorer = HydrographExplorer(basins.isel(basin=1), basins.discharge.isel(basin=1))
    assert not explorer.presets and HydrographExplorer().presets  # the examples speak of the bundled rivers only
    assert explorer.problem == "" and explorer.numbers()["nse"] == 1
