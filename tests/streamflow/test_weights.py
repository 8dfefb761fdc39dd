"""The bundled models: they load, reach the scores on their cards, and are small."""

import re

import pytest

from dla_widgets.streamflow import models, numpy_lstm
from dla_widgets.streamflow.basins import PERIODS
from dla_widgets.streamflow.camels import load_camels
from dla_widgets.streamflow.simulated import simulated_basins
from dla_widgets.streamflow.skill import by_basin, nse
from dla_widgets.streamflow.weights import make

SCORES = ("median NSE", "median KGE", "share of basins with NSE below 0.5")


@pytest.fixture(scope="module")
def simulated():
    return simulated_basins()


def test_what_is_bundled():
    assert models.references() == ["camels", "simulated"]
    files = [p for p in models.WEIGHTS.iterdir() if p.suffix != ".py" and p.is_file()]
    assert sorted(p.name for p in files) == ["camels.keras", "camels.md", "simulated.keras", "simulated.md"]
    assert sum(p.stat().st_size for p in files) < 3e6


@pytest.mark.parametrize("name", ["camels", "simulated"])
def test_a_card_says_what_it_must(name):
    text = (models.WEIGHTS / f"{name}.md").read_text()
    for part in (
        "| training | 1999-10-01 to 2008-09-30",
        "| test | 1989-10-01 to 1999-09-30",
        "**Limits.**",
        "**Source.**",
        "seed 0",
    ):
        assert part in text
    recipe = make.RECIPES[name]
    assert f"{recipe['train']['updates']} updates of {recipe['train']['batch']} random 730-day pieces" in text
    assert (
        f"{recipe['hidden']} memory cells" in text
        and models.load_reference(name).get_layer("lstm").units == recipe["hidden"]
    )
    assert models.scaler_of(models.load_reference(name)).period == ("1999-10-01", "2008-09-30")


def test_simulated_reaches_its_recorded_score(simulated):
    scores = make.grade(models.load_reference("simulated"), simulated, list(simulated["basin"].values))
    for score in SCORES:
        assert scores[score] == pytest.approx(make.recorded("simulated", score), abs=0.002), score
    assert scores["median NSE"] > 0.6


def test_camels_reaches_its_recorded_score(real_data):
    file = real_data / "camels_us_daymet.nc"
    if not file.is_file():
        pytest.skip(f"no {file}")
    from dla_widgets.streamflow.camels import load_camels
    from dla_widgets.streamflow.published import published_scores

    basins = load_camels(file)
    published = published_scores(real_data)["LSTM"].dropna()
    graded = [b for b in basins["basin"].values if b in published and b not in make.DOUBTFUL]
    scores = make.grade(models.load_reference("camels"), basins, graded)
    for score in SCORES:
        assert scores[score] == pytest.approx(make.recorded("camels", score), abs=0.002), score
    assert len(graded) > 300 and scores["median NSE"] > 0.72


@pytest.mark.parametrize("name", ["camels", "simulated"])
def test_the_numpy_engine_runs_them(name, simulated):
    theirs = models.predict(models.load_reference(name), simulated, "test")
    ours = numpy_lstm.load(name).predict(simulated, "test")
    assert float(abs(ours - theirs).max()) <= 1e-5 * max(1, float(theirs.max()))


def pass_and_windows(name, basins):
    """NSE by basin of the state carried through ten years, and of a year afresh for every day."""
    model, observed = models.load_reference(name), basins["discharge"].sel(time=PERIODS["test"])
    return [
        by_basin(nse, observed, models.predict(model, basins, "test", scheme=scheme)) for scheme in ("pass", "windows")
    ]


def test_one_pass_scores_as_windows_do_on_real_basins(real_data):
    """On the usual basin. Of twelve, four differ by 0.002 and one, with a long memory, by 0.02."""
    carried, afresh = pass_and_windows("camels", load_camels(real_data / "camels_us").isel(basin=slice(0, 24, 2)))
    difference = abs(carried - afresh)
    assert float(difference.median()) < 0.001
    assert float(difference.max()) < 0.03


def test_one_pass_and_windows_are_near_where_rivers_remember_longer_than_a_window(simulated):
    """Groundwater of the simulated basins remembers more than 365 days, which only the carried state can know."""
    carried, afresh = pass_and_windows("simulated", simulated.isel(basin=slice(0, 32, 11)))
    assert float(abs(carried - afresh).max()) < 0.05


def test_the_script_makes_a_model_its_card_and_its_scores(tmp_path, monkeypatch):
    monkeypatch.setitem(
        make.RECIPES, "simulated", {"hidden": 8, "seed": 0, "train": {"updates": 4, "batch": 4, "learning_rate": 1e-2}}
    )
    basins = simulated_basins(n=2)
    scores = make.make("simulated", basins, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["simulated.keras", "simulated.md"]
    assert make.recorded("simulated", folder=tmp_path) == pytest.approx(scores["median NSE"], abs=5e-4)
    again = make.grade(models.load(tmp_path / "simulated.keras"), basins, ["sim-00", "sim-01"])
    assert again["median NSE"] == pytest.approx(scores["median NSE"], abs=1e-6)
    assert re.search(r"4 updates of 4 random 730-day pieces", (tmp_path / "simulated.md").read_text())
    assert make.make("simulated", basins, tmp_path) == scores  # the same ones every time
    with pytest.raises(KeyError, match="has no 'median mood'"):
        make.recorded("simulated", "median mood", tmp_path)
