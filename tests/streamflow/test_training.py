"""Training: the gradient of the fused kernel, what is drawn, that nothing leaks, that it learns, and what it says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dla_widgets.progress import ProgressLine
from dla_widgets.streamflow import models
from dla_widgets.streamflow.basins import INPUTS, PERIODS
from dla_widgets.streamflow.fused import fused, worthwhile
from dla_widgets.streamflow.layers import Scale
from dla_widgets.streamflow.losses import BasinNSE
from dla_widgets.streamflow.sequences import SequenceError, forcing_array
from dla_widgets.streamflow.simulated import simulated_basins
from dla_widgets.streamflow.skill import nse
from dla_widgets.streamflow.training import SCHEMES, draw_from, train

RNG = np.random.default_rng(3)
QUICK = {"updates": 3, "batch": 4, "progress": False}


@pytest.fixture(scope="module")
def basins():
    return simulated_basins(n=4)


# ------------------------------------------------------------------------------------------------- the fused kernel


@pytest.mark.parametrize(("batch", "days", "inputs", "hidden"), [(1, 1, 1, 1), (3, 40, 5, 8), (16, 120, 32, 64)])
@pytest.mark.parametrize("sequences", [True, False])
def test_the_fused_kernel_is_the_lstm_of_keras(batch, days, inputs, hidden, sequences):
    x = RNG.normal(size=(batch, days, inputs)).astype("float32")
    model = keras.Sequential([keras.Input((None, inputs)), keras.layers.LSTM(hidden, return_sequences=sequences)])
    twin = fused(model)
    assert twin is not model and {id(w) for w in twin.weights} == {id(w) for w in model.weights}
    results = []
    for network in (model, twin):
        with tf.GradientTape() as tape:
            seen = tf.convert_to_tensor(x)
            tape.watch(seen)
            out = network(seen)
            # a loss that weighs days, samples and cells differently, so that no gradient can be right by symmetry
            loss = tf.reduce_sum(tf.sin(tf.reshape(tf.range(tf.size(out), dtype="float32"), tf.shape(out))) * out**2)
        gradients = tape.gradient(loss, [seen, *[w.value for w in model.trainable_variables]])
        results.append([out.numpy(), *[g.numpy() for g in gradients]])
    for theirs, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5 * max(1, abs(theirs).max()))


def test_what_the_kernel_cannot_do_is_left_to_keras():
    for odd in ({"go_backwards": True}, {"activation": "relu"}, {"use_bias": False}, {"recurrent_dropout": 0.1}):
        model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3, return_sequences=True, **odd)])
        assert fused(model) is model, odd
    ea = models.entity_aware_lstm(4)
    assert fused(ea) is ea


def test_the_kernel_is_for_small_batches():
    assert worthwhile(models.lstm(64), 64) and not worthwhile(models.regional_lstm(64), 64)
    assert worthwhile(models.regional_lstm(64), 48) and not worthwhile(models.lstm(128), 4)
    assert not worthwhile(models.entity_aware_lstm(4), 4)


def test_both_kernels_learn_the_same(basins):
    losses = [train(models.regional_lstm(8, seed=1), basins, fused=f, **QUICK).history["loss"] for f in (True, False)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


# ---------------------------------------------------------------------------------------------------- what is drawn


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_sample_is_a_stretch_of_one_basin_with_its_own_discharge(basins, scheme):
    samples = draw_from(models.lstm(2), basins, PERIODS["train"], scheme)
    warmup, taught = SCHEMES[scheme]
    forcings, targets = next(samples.batches(16, seed=0))
    assert forcings.shape == (16, warmup + taught, 5) and targets.shape == (16, taught, 2)
    record, discharge = forcing_array(basins), basins["discharge"].values
    for x, y in zip(forcings, targets, strict=True):
        (b, t), *more = [(b, t) for b in range(4) for t in np.flatnonzero((record[b] == x[0]).all(1))
                         if (record[b, t : t + len(x)] == x).all()]  # fmt: skip
        assert not more
        np.testing.assert_array_equal(y[:, 0], discharge[b, t + warmup : t + warmup + taught])
        inside = basins["discharge"].sel(time=PERIODS["train"]).values[b]
        assert y[0, 1] == pytest.approx(np.nanstd(inside, dtype="f8"), rel=1e-5)
        first = basins["time"].values[t + warmup]
        assert np.datetime64("1999-10-01") <= first <= np.datetime64("2008-09-30")


def test_every_training_day_can_be_drawn_and_no_other(basins):
    one = basins.isel(basin=[0], time=slice(3000, 5000))
    period = slice("1999-10-01", "2001-12-31")
    samples = draw_from(models.lstm(2), one, period)
    taught = np.zeros(len(samples.discharge[0]), bool)
    for start in samples.starts[0]:
        taught[start + 365 : start + 730] = True
    measured = np.isfinite(one["discharge"].sel(time=period).values[0])
    assert taught[-len(measured) :][measured].all() and np.isnan(samples.discharge[0, : -len(measured)]).all()


def test_test_discharge_cannot_leak(basins):
    """Whatever was measured outside the training period, the network comes out the same."""
    changed = basins.copy(deep=True)
    changed["discharge"].loc[{"time": PERIODS["test"]}] = 1e4
    results = []
    for data in (basins, changed):
        model = models.regional_lstm(4)
        train(model, data, **QUICK)
        results.append(model.get_weights())
    for before, after in zip(*results, strict=True):
        np.testing.assert_array_equal(before, after)


def test_scaling_is_fitted_once_and_on_the_training_period(basins):
    model = models.lstm(4)
    train(model, basins, **QUICK)
    scaler = models.scaler_of(model)
    assert scaler.saw == "1999-10-01 ... 2008-09-30, 4 basins"
    expected = basins["prcp"].sel(time=PERIODS["train"]).values
    np.testing.assert_allclose(scaler.of(["prcp"]), [[expected.mean()], [expected.std()]], rtol=1e-5)
    train(model, basins.isel(basin=[0]), slice("1990-10-01", "1992-09-30"), **QUICK)  # going on elsewhere
    assert models.scaler_of(model) == scaler


def test_a_basin_without_discharge_is_left_out(basins):
    silent = basins.copy(deep=True)
    silent["discharge"][1] = np.nan
    samples = draw_from(models.lstm(2), silent, "train")
    assert len(samples.starts[1]) == 0
    targets = np.concatenate([y for _, (_, y) in zip(range(5), samples.batches(8, 0), strict=False)])
    assert (targets[..., 1] > 0).all()


# -------------------------------------------------------------------------------------------------------- it learns


def test_the_same_seed_gives_the_same_network(basins):
    def final(seed):
        model = models.lstm(4)
        history = train(model, basins, seed=seed, **QUICK)
        return history.history["loss"], model.get_weights()

    (loss, weights), (loss2, weights2), (loss3, _) = final(1), final(1), final(2)
    assert loss == loss2 != loss3
    assert all((a == b).all() for a, b in zip(weights, weights2, strict=True))


def test_one_basin_is_learnt_in_seconds():
    """A learner's training cell: the defaults give a useful hydrograph of days that were never trained on."""
    basin = simulated_basins(n=1)
    model = models.lstm()
    history = train(model, basin, progress=False)
    observed = basin["discharge"].sel(time=PERIODS["test"])
    assert nse(observed.values[0], models.predict(model, basin, "test").values[0]) > 0.55
    losses = history.history["loss"]
    assert np.mean(losses[-10:]) < 0.5 * losses[0]
    assert len(history.history["seconds"]) == len(losses) and np.all(np.diff(history.history["seconds"]) > 0)


def test_the_windowed_form_of_the_papers(basins):
    own = keras.Sequential([keras.Input((None, 5)), Scale(INPUTS), keras.layers.LSTM(6), keras.layers.Dense(1),
                            Scale(["discharge"], inverse=True)])  # fmt: skip
    history = train(own, basins.isel(basin=[0]), scheme="windows", updates=12, batch=32, progress=False)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_a_quantile_model_gets_the_pinball_loss(basins):
    history = train(models.quantile_lstm(4), basins, updates=6, batch=8, progress=False)
    own = train(models.quantile_lstm(4), basins, updates=6, batch=8, progress=False, loss=BasinNSE())
    assert history.history["loss"][0] != own.history["loss"][0]


def test_callbacks_see_every_update_and_the_model_as_it_learns(basins):
    model, seen = models.lstm(4), []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((logs["loss"], model.get_weights()[2].sum()))
    )
    history = train(model, basins, callbacks=[watch], **QUICK)
    assert [loss for loss, _ in seen] == history.history["loss"]
    assert len({total for _, total in seen}) == 3


def test_progress_is_one_line(basins, capsys):
    train(models.lstm(4), basins, updates=3, batch=2)
    assert capsys.readouterr().out.startswith("update 3 of 3, loss ") and "\n" not in capsys.readouterr().out
    train(models.lstm(4), basins, **QUICK)
    assert capsys.readouterr().out == ""


def test_a_progress_line_is_not_shown_too_often(monkeypatch):
    shown = []
    line = ProgressLine(every=100)
    monkeypatch.setattr("dla_widgets.progress._in_notebook", lambda: True)
    monkeypatch.setattr(line, "_display", shown.append)
    for k in range(50):
        line.show(str(k), last=k == 49)
    assert shown == ["0", "49"]


# ----------------------------------------------------------------------------------------------------------- errors


def test_no_discharge_to_learn_from(basins):
    dry = basins.assign(discharge=basins["discharge"].where(basins["time"] < np.datetime64("1999-10-01")))
    with pytest.raises(
        SequenceError, match="no discharge was measured at any of the 4 basins between 1999-10-01 and 2008-09-30"
    ):
        train(models.lstm(2), dry, **QUICK)


def test_a_period_outside_the_record():
    with pytest.raises(
        SequenceError, match=r"1999-10-01 ... 2008-09-30 lies outside the record, 1989-10-01 ... 1991-09-30"
    ):
        train(models.lstm(2), simulated_basins(1, 2), **QUICK)


def test_too_few_days(basins):
    with pytest.raises(SequenceError, match="100 days are too few: 365 go into the warm-up"):
        train(models.lstm(2), basins.isel(time=slice(0, 100)), None, **QUICK)


def test_a_missing_forcing_and_an_unknown_scheme(basins):
    holed = basins.copy(deep=True)
    holed["vp"][3, 5000] = np.nan
    with pytest.raises(SequenceError, match="'vp' is missing at basin sim-03 on 2003-06-10"):
        train(models.lstm(2), holed, **QUICK)
    with pytest.raises(SequenceError, match="scheme must be one of pieces, windows, got 'window'"):
        train(models.lstm(2), basins, scheme="window", **QUICK)
