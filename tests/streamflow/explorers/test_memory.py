"""The explorer's own float64 network is the bundled one, and what it says of a changed day is what that network does."""

import numpy as np
import pytest

from dla_widgets import MemoryExplorer, simulated_basins
from dla_widgets.streamflow.arrays import attribute_array, forcing_array
from dla_widgets.streamflow.numpy_lstm import load


@pytest.fixture(scope="module")
def basins():
    return simulated_basins(12, 3)


def test_it_runs_the_bundled_network(basins):
    explorer, network = MemoryExplorer(basin=1), load()
    one = basins.sel(basin=["sim-05"])
    discharge, inside = network.run(forcing_array(one, network.inputs), attribute_array(one, network.attributes), states=True)
    mine, cells = explorer.run(explorer.weather(changed=False))
    days = len(mine)
    np.testing.assert_allclose(mine, np.maximum(discharge[0, :days, 0], 0), atol=2e-3)
    for name in ("input", "forget", "candidate", "output", "cell"):
        np.testing.assert_allclose(cells[name], inside[name][0, :days], atol=2e-3)


def test_numbers_follow_from_two_runs_of_the_bundled_network(basins):
    explorer = MemoryExplorer(state="basin=1;day=80;rain=30")
    network, one = load(), basins.sel(basin=["sim-05"])
    forcings, attributes = forcing_array(one, network.inputs), attribute_array(one, network.attributes)
    wet = forcings.copy()
    wet[0, 365 + 80, network.inputs.index("prcp")] += 30
    difference = np.maximum(network.run(wet, attributes)[0], 0) - np.maximum(network.run(forcings, attributes)[0], 0)
    difference = difference[0, 365 + 80 : 365 + 80 + 365, 0]
    numbers = explorer.numbers()
    assert numbers["peak"] == pytest.approx(difference.max(), abs=0.01)
    assert numbers["lag"] == difference.argmax()
    assert numbers["total"] == pytest.approx(difference.sum(), abs=0.05)
    assert numbers["share"] == pytest.approx(difference.sum() / 30, abs=0.01)


def test_nothing_happens_before_the_changed_day_and_nothing_without_a_change():
    explorer = MemoryExplorer(state="day=200")
    changed, cells = explorer.run(explorer.weather())
    without, before = explorer.run(explorer.weather(changed=False))
    assert np.array_equal(changed[: 365 + 200], without[: 365 + 200])
    assert np.array_equal(cells["cell"][: 365 + 200], before["cell"][: 365 + 200])
    numbers = explorer.show("rain=0").numbers()
    assert (numbers["peak"], numbers["total"], numbers["memory"], numbers["awake"]) == (0, 0, 0, 0)


def test_rain_does_not_fall_below_none():
    explorer = MemoryExplorer(state="rain=-50;days=30")
    assert explorer.weather().min(axis=0)[explorer.data["inputs"].index("prcp")] == 0


def test_own_basins_and_what_is_wrong_with_them(basins):
    assert MemoryExplorer(basins.isel(basin=[3])).describe().startswith("sim-03, Appalachians")
    assert MemoryExplorer(basins.isel(basin=3)).problem == ""
    short = MemoryExplorer(basins.isel(time=slice(0, 400)))
    assert short.problem.startswith("the memory of a day is followed for a year, after two years of weather;")
    assert short.problem.endswith("these basins have 400 days, 1095 are needed")
    assert "no bundled model" in MemoryExplorer(basins, model="nonsense").problem


def test_its_table_is_the_followed_year():
    table = MemoryExplorer(state="day=80").table()
    assert len(table) == 365 and str(table.index[0].date()) == "1990-12-20"
    np.testing.assert_allclose(table["with"] - table["without"], table["difference"])
