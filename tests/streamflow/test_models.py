"""The networks: what they take and give, how they are saved, what they say when they get something else."""

import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from dla_widgets.streamflow import models
from dla_widgets.streamflow.basins import INPUTS
from dla_widgets.streamflow.layers import EntityAwareCell, LayerError, Quantiles, Scale
from dla_widgets.streamflow.prediction import columns_of
from dla_widgets.streamflow.sequences import ATTRIBUTES, Scaler, SequenceError, by_period
from dla_widgets.streamflow.simulated import simulated_basins

RNG = np.random.default_rng(2)
BUILDERS = [models.lstm, models.regional_lstm, models.entity_aware_lstm, models.quantile_lstm]


@pytest.fixture(scope="module")
def basins():
    return simulated_basins(n=3)


@pytest.fixture(scope="module")
def scaler(basins):
    return Scaler.fit(by_period(basins)["train"])


def scaled(build, scaler, **options):
    """A model with first weights and a fitted scaling."""
    model = build(8, **options)
    for layer in model.layers:
        if isinstance(layer, Scale):
            layer.take(scaler)
    return model


@pytest.mark.parametrize("build", BUILDERS)
def test_saved_and_loaded_it_gives_the_same(build, basins, scaler, tmp_path):
    model = scaled(build, scaler, seed=3)
    path = models.save(model, tmp_path / "deep" / "model.keras")
    again = models.load(path)
    np.testing.assert_array_equal(models.predict(model, basins, "test"), models.predict(again, basins, "test"))
    assert columns_of(again) == columns_of(model)
    assert [p.name for p in path.parent.iterdir()] == ["model.keras"]  # no half-written file is left
    np.testing.assert_allclose(models.scaler_of(again).of(["prcp"]), scaler.of(["prcp"]), rtol=1e-6)
    assert models.scaler_of(again).saw == "1999-10-01 ... 2008-09-30, 3 basins"


def test_a_saved_model_holds_no_code_and_no_optimiser(basins, tmp_path):
    model = models.regional_lstm(8)
    models.train(model, basins, updates=1, batch=2, progress=False)
    path = models.save(model, tmp_path / "model.keras")
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
        text = archive.read("config.json").decode()
    assert "lambda" not in text.lower() and not json.loads(text).get("compile_config")
    assert path.stat().st_size < 60_000


def test_a_model_is_at_home_anywhere(scaler, tmp_path):
    """Another process, another folder, Keras's own loader."""
    models.save(scaled(models.entity_aware_lstm, scaler), tmp_path / "a.keras")
    (tmp_path / "a.keras").rename(tmp_path / "b.keras")
    code = ("import keras, dla_widgets.streamflow.layers as l; m = keras.saving.load_model('b.keras', safe_mode=True); "
            "print(m.name, m.get_layer('scale_forcings').names[0])")  # fmt: skip
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["entity_aware_lstm", "prcp"]


@pytest.mark.parametrize("build", BUILDERS)
def test_the_same_seed_gives_the_same_first_weights(build):
    first, same, other = (build(4, seed=s).get_weights() for s in (5, 5, 6))
    assert all((a == b).all() for a, b in zip(first, same, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_the_forget_gate_starts_open():
    lstm = models.lstm(4, forget_bias=3.0).get_layer("lstm").cell.bias.numpy()
    np.testing.assert_array_equal(lstm, [0] * 4 + [3] * 4 + [0] * 8)
    ea = next(
        w for w in models.entity_aware_lstm(4, forget_bias=3.0).weights if w.path.endswith("bias") and w.shape == (12,)
    )
    np.testing.assert_array_equal(ea.numpy(), [3] * 4 + [0] * 8)


def test_the_entity_aware_cell_by_hand():
    """Kratzert et al. (2019), eqs. 7-12, written out."""
    n, cell = 3, EntityAwareCell(3)
    rnn = keras.layers.RNN(cell, return_sequences=True)
    x, i = RNG.normal(size=(2, 6, 4)).astype("f4"), RNG.random((2, 3)).astype("f4")
    got = rnn(np.concatenate([x, np.repeat(i[:, None], 6, 1)], -1)).numpy()
    w, u, b = (v.numpy() for v in (cell.kernel, cell.recurrent_kernel, cell.bias))
    h, c = np.zeros((2, n)), np.zeros((2, n))
    for t in range(6):
        f, g, o = np.split(x[:, t] @ w + h @ u + b, 3, -1)
        c = c / (1 + np.exp(-f)) + i * np.tanh(g)
        h = np.tanh(c) / (1 + np.exp(-o))
        np.testing.assert_allclose(got[:, t], h, atol=1e-6)


def test_in_an_entity_aware_lstm_attributes_matter_only_through_the_gate(basins, scaler):
    model = scaled(models.entity_aware_lstm, scaler)
    gate = keras.Model(model.inputs, model.get_layer("gate").output)
    forcings, attributes = RNG.normal(size=(2, 5, 5)).astype("f4"), RNG.normal(size=(2, 27)).astype("f4")
    values = gate([forcings, attributes]).numpy()
    assert values.shape == (2, 8) and (values >= 0).all() and (values <= 1).all()
    np.testing.assert_array_equal(values, gate([forcings * 2, attributes]).numpy())


def test_attributes_change_what_a_regional_lstm_expects(basins, scaler):
    model = scaled(models.regional_lstm, scaler)
    elsewhere = basins.assign(aridity=basins["aridity"] + 1)
    assert float(abs(models.predict(model, basins, "test") - models.predict(model, elsewhere, "test")).max()) > 1e-3


def test_quantiles_never_cross():
    head = Quantiles((0.1, 0.5, 0.9))
    values = head(RNG.normal(0, 5, (4, 6, 8)).astype("f4")).numpy()
    assert values.shape == (4, 6, 3) and (np.diff(values) >= 0).all()
    with pytest.raises(LayerError, match=r"must rise from above 0 to below 1, got \(0.5, 0.1\)"):
        Quantiles((0.5, 0.1))


# ------------------------------------------------------------------------------------------------------- prediction


def test_prediction_is_labelled_in_mm_per_day_and_never_negative(basins, scaler):
    discharge = models.predict(scaled(models.lstm, scaler), basins, "test")
    assert (
        discharge.name == "discharge" and discharge.dims == ("basin", "time") and discharge.attrs["units"] == "mm/day"
    )
    assert discharge.sizes == {"basin": 3, "time": 3652} and float(discharge.min()) >= 0
    assert set(discharge.coords) == {"basin", "time", "lat", "lon"}
    ranges = models.predict(scaled(models.quantile_lstm, scaler), basins.isel(basin=0), "test")
    assert ranges.dims == ("basin", "time", "quantile") and list(ranges["quantile"].values) == [
        0.05,
        0.25,
        0.5,
        0.75,
        0.95,
    ]


def test_a_model_takes_physical_units(basins, scaler):
    """The scaling is inside: a plain call with mm, W/m2, degC and Pa gives mm/day."""
    model = scaled(models.lstm, scaler)
    day = np.stack([basins[name].values[:1, :400] for name in INPUTS], -1)
    by_hand = model(day).numpy()[0, :, 0]
    np.testing.assert_allclose(
        np.maximum(by_hand, 0), models.predict(model, basins.isel(basin=0, time=slice(0, 400)))[0], atol=1e-6
    )


def test_the_memory_is_filled_with_the_days_before(basins, scaler):
    model = scaled(models.lstm, scaler)
    period = slice("1995-10-01", "1996-09-30")
    warm, cold = models.predict(model, basins, period), models.predict(model, basins, period, warmup=0)
    whole = models.predict(model, basins).sel(time=period)
    assert float(abs(warm - whole).isel(time=0).max()) < float(abs(cold - whole).isel(time=0).max())


def test_many_basins_are_predicted_in_parts(basins, scaler):
    model = scaled(models.regional_lstm, scaler)
    np.testing.assert_allclose(
        models.predict(model, basins, "test", batch=2), models.predict(model, basins, "test"), atol=1e-5
    )


def test_a_windowed_prediction_of_a_day_sees_its_window_only(basins, scaler):
    model, one = scaled(models.lstm, scaler), basins.isel(basin=[1])
    period = slice("1996-03-01", "1996-03-20")
    windowed = models.predict(model, one, period, scheme="windows", warmup=60)
    for day in ("1996-03-01", "1996-03-20"):
        end = one.indexes["time"].get_loc(day)
        alone = models.predict(model, one.isel(time=slice(end - 59, end + 1)))
        np.testing.assert_allclose(windowed.sel(time=day), alone.isel(time=-1), atol=1e-6)


def test_where_the_record_begins_there_is_no_window(basins, scaler):
    model, one = scaled(models.lstm, scaler), basins.isel(basin=[0], time=slice(0, 100))
    windowed = models.predict(model, one, scheme="windows", warmup=30)
    assert np.isnan(windowed.values[0, :29]).all() and np.isfinite(windowed.values[0, 29:]).all()
    with pytest.raises(SequenceError, match="a window of 365 days does not fit into the 100 days of the record"):
        models.predict(model, one, scheme="windows")


# ----------------------------------------------------------------------------------------------------------- errors


def test_a_model_for_other_inputs(basins):
    model = models.lstm(4, inputs=("prcp", "swe"))
    with pytest.raises(
        SequenceError, match=r"'lstm' takes the forcings prcp, swe; simulated.* has no usable swe. Load it"
    ):
        models.predict(model, basins)
    with pytest.raises(SequenceError, match=r"takes the static attributes .* has no usable p_mean, "):
        models.predict(models.regional_lstm(4), basins.drop_vars(ATTRIBUTES))


def test_a_model_that_does_not_say_what_it_takes(basins):
    own = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(2, return_sequences=True), keras.layers.Dense(1)])
    with pytest.raises(
        SequenceError, match=r"takes 3 forcings but does not say which; put Scale\(\[names ...\]\) first"
    ):
        models.predict(own, basins)


def test_a_model_of_the_last_day_only(basins):
    own = keras.Sequential([keras.Input((None, 5)), keras.layers.LSTM(2), keras.layers.Dense(1)])
    with pytest.raises(SequenceError, match='return_sequences=True, or predict with scheme="windows"'):
        models.predict(own, basins)
    day = slice("1995-10-01", "1995-10-02")
    assert models.predict(own, basins, day, scheme="windows", warmup=30).shape == (3, 2)
    with pytest.raises(SequenceError, match='scheme must be "pass" or "windows", got \'window\''):
        models.predict(own, basins, day, scheme="window")


def test_files_that_are_not_there(tmp_path):
    models.save(models.lstm(2), tmp_path / "mine.keras")
    with pytest.raises(models.ModelError, match=r"no model at .*yours.keras; in that folder there is mine.keras"):
        models.load(tmp_path / "yours.keras")
    with pytest.raises(models.ModelError, match=r"one .keras file, got 'mine.h5'; try 'mine.keras'"):
        models.save(models.lstm(2), tmp_path / "mine.h5")
    with pytest.raises(models.ModelError, match="no bundled model 'camel'; there are"):
        models.load_reference("camel")
    with pytest.raises(models.ModelError, match="no fitted scaling inside"):
        models.scaler_of(models.lstm(2))
