"""A new competition: what learners get does not hold what they are to predict, and what it is scored by is kept from them."""

import stat
import zipfile

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from served_wells import wells

from autograder.competition.making import make, new, zip_inputs
from autograder.competition.rules import RulesError, read_rules
from autograder.competition.scoring import score_file, unpack
from autograder.competition.truth import open_truth
from dla_widgets.competition import competition_basins, validate_submission
from dla_widgets.competition import write_submission as write_rivers
from dla_widgets.landcover.competition import Expected, competition_scenes
from dla_widgets.landcover.competition import write_submission as write_maps
from dla_widgets.landcover.legend import IGNORE
from dla_widgets.leaderboard.inputs import expected
from dla_widgets.submission_csv import SubmissionError


def changed(folder, **changes):
    path = folder / "competition.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


@pytest.fixture(scope="module")
def rivers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c") / "rivers"
    new(folder, "streamflow")
    changed(folder, truth={"seed": "secret/seed", "count": 8}, benchmarks=[])
    make(folder)
    return folder


@pytest.fixture(scope="module")
def lands(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c") / "lands"
    new(folder, "landcover")
    changed(folder, truth={"seed": "secret/seed", "count": 10}, benchmarks=[])
    make(folder)
    return folder


def test_inputs_of_rivers_hold_neither_discharge_nor_seed(rivers, tmp_path):
    seed = (rivers / "secret" / "seed").read_text()
    assert int(seed).bit_length() > 90
    zip_inputs(rivers, tmp_path / "a.zip")
    assert zip_inputs(rivers, tmp_path / "b.zip") == zip_inputs(rivers, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["inputs/basins.nc"]
        assert seed.encode() not in archive.read("inputs/basins.nc")
    basins = competition_basins(rivers / "inputs" / "basins.nc")
    start, end = basins.attrs["withheld"].split("/")
    assert basins.discharge.sel(time=slice(start, end)).isnull().all() and basins.discharge.notnull().any("time").all()
    assert "seed" not in str(xr.open_dataset(rivers / "inputs" / "basins.nc").attrs)
    assert stat.S_IMODE((rivers / "secret").stat().st_mode) == 0o700


def test_the_truth_itself_scores_1_in_both_parts(rivers, tmp_path):
    truth = open_truth(rivers, read_rules(rivers))
    asked = expected(rivers / "inputs")
    right = xr.DataArray(np.nan_to_num(truth.values), {"basin": list(asked.basins), "time": asked.days}, ("basin", "time"))
    scored = score_file(str(rivers), str(write_rivers(right, tmp_path / "right.csv", asked)), "right.csv")
    assert scored.fault == "" and scored.public > 0.9999 and scored.private > 0.9999
    assert score_file(str(rivers), str(tmp_path / "right.csv"), "again.csv") == scored
    assert unpack(scored.units).shape == (8, 1) and truth.public.sum() == 3


def test_a_faulty_file_says_so_under_the_teams_own_name(rivers, tmp_path):
    (tmp_path / "f3a1").write_text("basin,date,q\n1,2,3\n")
    scored = score_file(str(rivers), str(tmp_path / "f3a1"), "hbg.csv")
    assert scored.fault.startswith("hbg.csv: expected the columns basin,date,discharge, found basin,date,q. Rename")
    assert str(tmp_path) not in scored.fault


def test_absurd_numbers_are_refused_before_they_are_squared(rivers, tmp_path):
    asked = expected(rivers / "inputs")
    flat = xr.DataArray(np.ones((8, len(asked.days))), {"basin": list(asked.basins), "time": asked.days}, ("basin", "time"))
    flat[2, 5] = 1e200
    with pytest.raises(SubmissionError, match=r"discharge is 1e\+200 mm/day for basin .* No river of this world has more"):
        write_rivers(flat, tmp_path / "far.csv", asked)


def test_scenes_lose_labels_and_truth(lands, tmp_path):
    scenes = competition_scenes(lands / "inputs" / "scenes.nc")
    assert "truth" not in scenes and "seed" not in scenes.attrs
    asked = expected(lands / "inputs")  # without reading the radar
    assert repr(asked) == repr(Expected.of(scenes)) and asked.scenes == tuple(np.atleast_1d(scenes.attrs["withheld"]))
    hidden = scenes.sel(scene=list(np.atleast_1d(scenes.attrs["withheld"])))
    assert (hidden.landcover == IGNORE).all() and hidden.sizes["scene"] == 2
    kept = open_truth(lands, read_rules(lands))
    assert kept.labels.shape[0] == 2 and kept.public.size == 2 * 16 and kept.public.sum() == 13
    right = xr.DataArray(np.where(kept.labels == IGNORE, 0, kept.labels).astype("uint8"),
                         {"scene": hidden.scene.values}, ("scene", "y", "x"))  # fmt: skip
    for name in ("right.npz", "right.zip"):
        path = write_maps(right, tmp_path / name, scenes)
        scored = score_file(str(lands), str(path), name)
        assert (scored.fault, scored.public, scored.private) == ("", 1.0, 1.0)
    tables = unpack(scored.units)
    assert tables.shape == (32, 9, 9) and tables.sum() == (kept.labels != IGNORE).sum()
    square = kept.labels[1, 64:128, 192:256]
    np.testing.assert_array_equal(np.diag(tables[16 + 4 + 3]), np.bincount(square[square != IGNORE], minlength=9))


def test_truth_and_split_stay_as_they_were_made(rivers):
    with pytest.raises(RulesError, match="the truth was made before, and teams may have its inputs"):
        make(rivers)
    with pytest.raises(RulesError, match="is there already; choose another folder"):
        new(rivers, "streamflow")
    before = (rivers / "competition.yaml").read_text()
    try:
        changed(rivers, split={"public": 0.5})
        with pytest.raises(RulesError, match="project, truth or split have changed in competition.yaml since the truth"):
            open_truth(rivers, read_rules(rivers))
    finally:
        (rivers / "competition.yaml").write_text(before)
    with pytest.raises(RulesError, match="there is no project 'glaciers'; there are streamflow, landcover, table"):
        new(rivers / "x", "glaciers")


def test_a_partners_table_needs_a_file_and_a_folder(tmp_path):
    folder, rng = tmp_path / "wells", np.random.default_rng(0)
    new(folder, "table")
    days = [f"2024-01-{day:02d}" for day in range(1, 21)]
    rows = pd.DataFrame([(f"w{site}", day, rng.gamma(2)) for site in range(6) for day in days], columns=["site", "date", "value"])
    rows.to_csv(folder / "secret" / "truth.csv", index=False)
    (folder / "data").mkdir()
    (folder / "data" / "rain.csv").write_text("date,rain\n")
    make(folder)
    assert sorted(p.name for p in (folder / "inputs").rglob("*.*")) == ["expected.csv", "expected.json", "rain.csv"]
    assert "value" not in pd.read_csv(folder / "inputs" / "expected.csv")

    def score(path):
        return score_file(str(folder), str(path), path.name).fault

    def told(frame, name="wells.csv"):
        save = frame.to_parquet if name.endswith("parquet") else frame.to_csv
        save(tmp_path / name, index=False)
        return score_file(str(folder), str(tmp_path / name), name)

    shuffled = rows.sample(frac=1, random_state=1)
    assert told(shuffled)[:2] == told(shuffled, "wells.parquet")[:2] == (1.0, 1.0)
    assert "wells.csv: 2 of 120 rows are missing (first: w0, 2024-01-01). Predict every row." in told(rows.iloc[2:]).fault
    assert "line 122: the row w0, 2024-01-04 is there twice." in told(pd.concat([rows, rows.iloc[[3]]])).fault
    assert "line 7: the row w9, 2024-01-06 is not asked for." in told(rows.replace({"site": {"w0": "w9"}}).iloc[[0] * 5 + [5]]
                                                                      .assign(site=["w0"] * 5 + ["w9"])).fault  # fmt: skip
    assert "line 5: the row w0, 2024-01-04 has no number below 1e+30 in value" in told(
        rows.assign(value=rows["value"].where(rows.index != 3, np.inf))).fault  # fmt: skip
    assert "expected the columns site,date,value, found site,date,level" in told(rows.rename(columns={"value": "level"})).fault
    assert "it has more than 120 rows" in told(pd.concat([rows] * 50), "wells.parquet").fault
    assert "the column 'value' holds lists or records" in told(rows.assign(value=[[1.0]] * 120), "wells.parquet").fault
    assert "the column 'value' holds bytes" in told(rows.assign(value=[b"1"] * 120), "wells.parquet").fault
    (tmp_path / "semicolons.csv").write_text(rows.to_csv(index=False, sep=";"))
    assert "Cells are separated by commas, not semicolons." in score(tmp_path / "semicolons.csv")
    (tmp_path / "utf16.csv").write_text(rows.to_csv(index=False), encoding="utf-16")
    assert "utf16.csv: this is no table (it is not UTF-8 text)" in score(tmp_path / "utf16.csv")
    assert told(rows, "wells.parquet").fault == ""
    whole = (tmp_path / "wells.parquet").read_bytes()
    (tmp_path / "torn.parquet").write_bytes(whole[: len(whole) // 2])
    assert "torn.parquet: this is no table (it is damaged" in score(tmp_path / "torn.parquet")
    assert "gone.csv: no such file" in score(tmp_path / "gone.csv")


@pytest.mark.parametrize("metric, change, words", [
    ("nse", {"w2": 0.0}, "w2 has no nse, whatever is predicted .* Are its values all the same"),
    ("kge", {"w2": 0.0}, "w2 has no kge"),
    ("kappa", dict.fromkeys([f"w{k}" for k in range(6)], 3), "the public part has no kappa"),
])
def test_a_truth_that_cannot_be_scored_is_refused_when_it_is_made(tmp_path, metric, change, words):
    new(tmp_path / "wells", "table")
    changed(tmp_path / "wells", metric=metric, benchmarks=[])
    rows = pd.DataFrame([(f"w{site}", f"2024-01-{day:02d}", day % 7) for site in range(6) for day in range(1, 21)],
                        columns=["site", "date", "value"])
    rows.loc[rows["site"].isin(change), "value"] = rows["site"].map(change)
    rows.to_csv(tmp_path / "wells" / "secret" / "truth.csv", index=False)
    with pytest.raises(RulesError, match=words):
        make(tmp_path / "wells")
    assert not (tmp_path / "wells" / "inputs").exists()


def test_what_a_score_says_of_the_truth_is_not_told(tmp_path):
    folder = wells(tmp_path / "wells", metric="kge", benchmarks=[])
    with np.load(folder / "secret" / "truth.npz") as stored:
        kept = dict(stored)
    kept["values"][kept["unit"] == 2] = 2.15939  # as an earlier version would have taken
    np.savez(folder / "secret" / "truth.npz", **kept)
    rows = pd.read_csv(folder / "inputs" / "expected.csv").assign(value=np.arange(120.0))
    rows.to_csv(tmp_path / "ours.csv", index=False)
    assert score_file(str(folder), str(tmp_path / "ours.csv"), "ours.csv").fault == (
        "ours.csv: it has no median KGE; is the prediction the same everywhere, or far out?")


def test_inputs_that_are_none(tmp_path):
    with pytest.raises(SubmissionError, match=r"expected one of basins.nc, scenes.nc and expected.json, found none of them"):
        expected(tmp_path)
    (tmp_path / "scenes.nc").write_bytes(b"CDF\x01 torn")
    with pytest.raises(SubmissionError, match=r"scenes.nc is damaged .* Get the inputs from the competition again"):
        expected(tmp_path)
    (tmp_path / "basins.nc").touch()
    with pytest.raises(SubmissionError, match=r"found basins.nc and scenes.nc"):
        expected(tmp_path)


def test_the_same_checks_here_and_there(rivers, tmp_path):
    """What a learner's machine lets through the service takes, and what it refuses is refused with the same words."""
    asked = expected(rivers / "inputs")
    wet = xr.DataArray(np.tile(np.reshape(asked.usual, (-1, 1)), len(asked.days)), {"basin": list(asked.basins),
                       "time": asked.days}, ("basin", "time"))  # fmt: skip
    path = write_rivers(wet, tmp_path / "ours.csv", asked)
    text = path.read_text().replace("sim-03,1991", "sim-33,1991")
    path.write_text(text)
    with pytest.raises(SubmissionError) as here:
        validate_submission(path, asked, name="ours.csv")
    assert score_file(str(rivers), str(path), "ours.csv").fault == str(here.value)


def test_an_advisor_makes_a_competition_and_scores_by_hand(tmp_path, rivers):
    from typer.testing import CliRunner

    from autograder.cli import app

    def run(*words):
        return CliRunner().invoke(app, ["competition", *map(str, words)])

    made = run("new", "landcover", tmp_path / "lands", "--rules-only")
    assert made.exit_code == 0 and "Edit them, then: autograder competition make" in made.output
    again = run("new", "landcover", tmp_path / "lands")
    assert again.exit_code == 1 and "is there already" in again.output and "Traceback" not in again.output
    changed(tmp_path / "lands", truth={"seed": "secret/seed", "count": 8}, deadline="2020-01-01T00:00:00Z")
    (tmp_path / "lands" / "inputs").mkdir()
    (tmp_path / "lands" / "inputs" / "mine.txt").write_text("precious")
    kept = run("make", tmp_path / "lands")
    assert kept.exit_code == 1 and "is not empty" in kept.output and (tmp_path / "lands" / "inputs" / "mine.txt").exists()
    (tmp_path / "lands" / "inputs" / "mine.txt").unlink()
    assert run("new", "table", tmp_path / "My Cup 2026").exit_code == 0
    assert read_rules(tmp_path / "My Cup 2026").name == "my-cup-2026"
    (tmp_path / "a file").touch()
    for words in (("new", "table", tmp_path / "a file"), ("new", "table", tmp_path / "x", "--days", "0")):
        wrong = run(*words)
        assert wrong.exit_code in (1, 2) and isinstance(wrong.exception, SystemExit)
    made = run("make", tmp_path / "lands")
    assert "Its deadline, 2020-01-01 00:00:00+00:00, has passed" in made.output
    assert [p.name for p in (tmp_path / "lands" / "secret").iterdir() if p.name.startswith(".")] == []
    assert made.exit_code == 0 and "6 of 16 blocks are scored in public, the others decide in the end." in made.output
    (tmp_path / "text.csv").write_text("hello")
    scored = run("score", rivers, tmp_path / "text.csv")
    assert scored.exit_code == 1 and "expected the columns basin,date,discharge, found hello." in scored.output


def test_a_partners_array_is_scored_cell_by_cell(tmp_path):
    folder, rng = tmp_path / "ice", np.random.default_rng(1)
    new(folder, "table")
    days, sites = pd.date_range("2024-01-01", periods=9), [f"glacier {k}" for k in range(5)]
    melt = xr.DataArray(rng.gamma(2, size=(5, 9)), {"site": sites, "date": days}, ("site", "date"), "melt")
    melt[3, 4] = np.nan  # nothing was measured there, and nothing is asked
    melt.to_netcdf(folder / "secret" / "truth.nc", engine="netcdf4")
    changed(folder, truth={"file": "secret/truth.nc"}, value="melt", metric="percent_bias")
    make(folder)
    asked = pd.read_csv(folder / "inputs" / "expected.csv")
    assert list(asked) == ["site", "date"] and len(asked) == 5 * 9 - 1 and asked.date[0] == "2024-01-01"
    rows = melt.to_series().dropna().reset_index()  # whose days pandas writes as they are asked for
    for factor, bias in ((1, 0), (1.25, -25), (0.5, -50)):
        rows.assign(melt=rows["melt"] * factor).to_csv(tmp_path / "ice.csv", index=False)
        assert score_file(str(folder), str(tmp_path / "ice.csv"), "ice.csv")[:2] == pytest.approx((bias, bias))
