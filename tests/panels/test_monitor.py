"""A training that is watched: held, let go, ended, its best weights kept, its errors said."""

import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest

from dla_widgets.panels.monitor import TrainingMonitor, _kind
from dla_widgets.panels.pace import Curve, Pace, in_words

rng = np.random.default_rng(0)
X = rng.normal(size=(256, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


@pytest.fixture
def monitor():
    monitor = TrainingMonitor()
    yield monitor
    monitor.end()


def until(monitor, *statuses, seconds=20):
    end = time.monotonic() + seconds
    while monitor.status not in statuses:
        assert time.monotonic() < end, f"{monitor.status}, not {statuses}"
        time.sleep(0.005)


def after(monitor, epochs, seconds=20):
    end = time.monotonic() + seconds
    while monitor.epoch < epochs:
        assert time.monotonic() < end
        time.sleep(0.005)


def at(monitor):
    return monitor.epoch, monitor._step


def test_it_is_a_callback_like_any_other(model, monitor):
    history = model.fit(X, Y, epochs=3, validation_split=0.25, verbose=0, callbacks=[monitor])
    assert monitor.status == "finished" and monitor.epoch == 3
    assert monitor.history == history.history
    assert set(monitor.result["curves"]) == {"loss", "mae", "val_loss", "val_mae"}
    assert monitor.result["curves"]["loss"]["y"].tolist() == np.float32(history.history["loss"]).tolist()
    assert len(monitor.result["batches"]["loss"]["x"]) == 3 * 6  # 192 samples in batches of 32
    assert monitor.describe().startswith("Finished, 3 of 3 epochs done in ")
    assert monitor.table().loc[3, "loss"] == history.history["loss"][-1]
    assert monitor.figure().alt == monitor.describe()
    model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0, callbacks=[monitor])  # the curves go on
    assert monitor.epoch == len(monitor.history["loss"]) == 5
    model.evaluate(X, Y, verbose=0, callbacks=[monitor])  # no training
    assert monitor._epochs == 5
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[monitor])  # new ones
    assert monitor.epoch == len(monitor.history["loss"]) == 2


def test_stop_holds_it_and_resume_goes_on_from_exactly_there(model, monitor):
    monitor.fit(model, X, Y, epochs=100_000, batch_size=8)
    after(monitor, 2)
    before = at(monitor)
    time.sleep(0.1)
    assert at(monitor) > before  # without stop it goes on
    since = time.perf_counter()
    monitor.stop()
    until(monitor, "stopped")
    assert time.perf_counter() - since < 5  # a hundredth of that on an idle machine
    held, weights, steps = at(monitor), model.get_weights(), int(model.optimizer.iterations)
    time.sleep(0.3)
    assert at(monitor) == held and int(model.optimizer.iterations) == steps
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights()))
    assert monitor.describe().startswith(f"Stopped in epoch {held[0] + 1}, {held[0]} of 100000 epochs done")
    monitor.resume()
    until(monitor, "training")
    after(monitor, held[0] + 2)
    monitor.end()
    history = monitor.wait(20)
    assert monitor.status == "ended" and len(monitor.history["loss"]) == monitor.epoch
    assert len(history.epoch) - monitor.epoch in (0, 1)  # Keras counts the epoch that was cut short
    assert monitor.epoch * 32 <= int(model.optimizer.iterations) < (monitor.epoch + 1) * 32


def test_it_is_held_within_the_validation_too(model, monitor):
    monitor.fit(model, X, Y, epochs=100_000, validation_data=(np.repeat(X, 50, 0), np.repeat(Y, 50, 0)), validation_batch_size=4)
    after(monitor, 1, seconds=60)
    while monitor._step < 8:  # all steps of the epoch are done, so it validates
        time.sleep(0.001)
    monitor.stop()
    until(monitor, "stopped", seconds=5)
    monitor.end()
    monitor.wait(20)


def test_the_best_weights_come_back(model):
    monitor = TrainingMonitor("mae")
    seen = []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((logs["mae"], model.get_weights())))
    worse = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 if epoch < 3 else 3.0)
    model.fit(X, Y, epochs=5, verbose=0, callbacks=[worse, keep, monitor])
    best = min(range(5), key=lambda k: seen[k][0])
    assert best < 4 and monitor._best[:2] == (seen[best][0], best + 1)
    monitor.restore_best()
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), seen[best][1]))
    assert f"epoch {best + 1} now" in monitor.notice


@pytest.mark.parametrize(("options", "values", "best"), [
    ({"best": "nse"}, [0.1, 0.5, 0.3], 2), ({"best": "nse", "mode": "min"}, [0.1, 0.5, 0.3], 1),
    ({"best": "rmse"}, [3, 2, 1, 4], 3), ({}, [3, float("nan"), 1], 3),
])  # fmt: skip
def test_what_is_best_goes_by_the_name_or_by_mode(options, values, best):
    monitor = TrainingMonitor(**options)
    name = options.get("best", "loss")
    monitor.set_params({"epochs": len(values)})
    monitor.on_train_begin()
    for epoch, value in enumerate(values):  # a loop of one's own may call the hooks
        monitor.on_epoch_begin(epoch)
        monitor.on_epoch_end(epoch, {name: value})
    monitor.on_train_end()
    assert monitor._best[1] == best
    assert ("no number any more" in monitor.notice) == bool(np.isnan(values).any())


def test_a_misspelt_quantity_is_said(model):
    monitor = TrainingMonitor("val_los")
    model.fit(X, Y, epochs=1, validation_split=0.5, verbose=0, callbacks=[monitor])
    assert monitor.notice.endswith("did you mean 'val_loss'?")
    with pytest.raises(Exception, match="no weights were kept"):
        monitor.restore_best()
    assert TrainingMonitor(mode="up").problem.startswith("mode must be auto, min or max, received 'up'")
    assert TrainingMonitor(3).problem.startswith("best must be the name of a quantity")


def test_errors_are_said_in_the_frame_and_raised_by_wait(model, monitor):
    monitor.fit(model, X[:, :2], Y, epochs=2)
    with pytest.raises(ValueError, match="incompatible"):
        monitor.wait(20)
    assert monitor.status == "failed" and monitor.notice.startswith("The training failed. ValueError: ")
    assert monitor.describe().startswith("Failed, 0 of ")
    monitor.run(lambda: 42)  # and it can be used again
    assert monitor.wait(20) == 42 and monitor.status == "finished" and monitor.notice == ""
    with pytest.raises(Exception, match="no training was started"):
        TrainingMonitor().wait()


def test_one_training_at_a_time(model, monitor):
    monitor.fit(model, X, Y, epochs=100_000)
    after(monitor, 1)
    for other in (lambda: monitor.fit(model, X, Y), lambda: model.fit(X, Y, verbose=0, callbacks=[monitor])):
        with pytest.raises(Exception, match="already watches a training, now in epoch"):
            other()
    with pytest.raises(Exception, match="changes the weights at this moment"):
        monitor.restore_best()
    with pytest.raises(TimeoutError, match=r"still training after 0.1 s: epoch \d+ of 100000"):
        monitor.wait(0.1)
    monitor.stop()
    until(monitor, "stopped")
    with pytest.raises(Exception, match="was stopped in epoch"):
        monitor.wait()
    monitor.fit(model, X, Y, epochs=2)  # what was stopped is ended for it
    monitor.wait(20)
    assert monitor.status == "finished" and monitor.epoch == 2


def test_who_trains_in_a_cell_can_stop_from_another_thread(model, monitor):
    def presses():
        after(monitor, 2)
        monitor.stop()
        until(monitor, "stopped")
        seen.append(at(monitor))
        time.sleep(0.2)
        seen.append(at(monitor))
        monitor.resume()
        after(monitor, seen[0][0] + 2)
        monitor.end()

    seen = []
    threading.Thread(target=presses).start()
    model.fit(X, Y, epochs=100_000, verbose=0, callbacks=[monitor])
    assert monitor.status == "ended" and seen[0] == seen[1] and monitor.epoch >= seen[0][0] + 2


def test_stop_by_the_training_itself_ends_it(model, monitor):
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 1 and monitor.stop())
    model.fit(X, Y, epochs=50, verbose=0, callbacks=[stop, monitor])  # and does not wait for itself
    assert monitor.status == "ended" and monitor.epoch == 2


def test_functions_that_take_callbacks(monitor):
    def train(times, callbacks=(), progress=True):
        assert callbacks == [monitor] and progress is False
        monitor.set_params({"epochs": times})
        monitor.on_train_begin()
        for epoch in range(times):
            for callback in callbacks:
                callback.on_epoch_end(epoch, {"loss": 1 / (epoch + 1)})
        monitor.on_train_end()
        return "trained"

    monitor.run(train, 30)
    assert monitor.wait(20) == "trained" and monitor.epoch == 30

    def endless():
        monitor.set_params({"epochs": 9})
        monitor.on_train_begin()
        while True:
            monitor.on_train_batch_end(0, {})
            time.sleep(0.001)

    monitor.run(endless)
    time.sleep(0.05)
    monitor.end()
    until(monitor, "ended")


def test_a_training_of_the_package(monitor):
    from dla_widgets.streamflow.models import lstm, train
    from dla_widgets.streamflow.simulated import simulated_basins

    basins = simulated_basins(1, 3)
    network = lstm(hidden=4)
    monitor.run(train, network, basins, period=None, updates=4, batch=2, scheme=(60, 60))
    history = monitor.wait(120)
    assert monitor.epoch == 4 and monitor.history["loss"] == history.history["loss"]
    assert set(monitor.result["curves"]) == {"loss", "learning_rate"}
    assert _kind("learning_rate") == "rate" and _kind("val_mae") == "loss" and _kind("val_macro_f1") == "skill"


def test_a_long_history_stays_small():
    curve = Curve(most=100)
    for x in range(10_000):
        curve.add(x, np.sin(x / 1000))
    assert 50 <= len(curve.x) <= 100 and curve.x == sorted(curve.x)
    assert np.allclose(curve.y, np.sin(np.array(curve.x) / 1000), atol=0.01)
    monitor = TrainingMonitor(best=None)
    monitor.set_params({"epochs": 5000, "steps": 10})
    monitor.on_train_begin()
    for epoch in range(5000):
        monitor.on_epoch_begin(epoch)
        for batch in range(10):
            monitor.on_train_batch_end(batch, {"loss": 1.0})
        monitor.on_epoch_end(epoch, {"loss": 1.0})
    monitor.on_train_end()
    assert len(monitor.history["loss"]) == 5000  # all of it is in the kernel
    assert sum(len(buffer["data"]) for buffer in monitor._get_embed_state()["buffers"]) < 30_000  # the page has less


def test_the_time_left_is_robust():
    pace = Pace()
    assert pace.left(0, 10) is None
    now = 0.0
    for epoch in range(6):
        pace.began(now)
        now += 60.0 if epoch in (0, 3) else 2.0  # the graph is built; the machine does something else
        pace.ended(now)
    assert pace.left(now, 10) == 20
    assert pace.left(now + 0.5, 10) == 19.5
    assert pace.left(now, 10, step=50, steps=100) == 19
    first = Pace()
    first.began(0)
    for step in range(1, 11):
        first.stepped(5 + step)
    assert first.left(15, 3, step=10, steps=100) == 290
    assert [in_words(s) for s in (None, 0.4, 59.6, 3600)] == ["n/a", "0 s", "1 min 00 s", "1 h 00 min"]


def test_no_keras_until_something_is_trained():
    code = ("import sys; from dla_widgets import TrainingMonitor; m = TrainingMonitor(); m.describe(); "
            "print([x for x in ('keras', 'tensorflow') if x in sys.modules])")  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
