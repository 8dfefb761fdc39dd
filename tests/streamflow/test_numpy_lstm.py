"""The NumPy engine gives what Keras gives, without TensorFlow."""

import subprocess
import sys

import numpy as np
import pytest

from dla_widgets.streamflow import models, numpy_lstm
from dla_widgets.streamflow.basins import INPUTS
from dla_widgets.streamflow.simulated import simulated_basins


@pytest.fixture(scope="module")
def basins():
    return simulated_basins(n=2)


@pytest.fixture(scope="module", params=["lstm", "regional_lstm", "quantile_lstm"])
def both(request, basins, tmp_path_factory):
    """A model that has learnt a little, in Keras and in NumPy."""
    model = getattr(models, request.param)(24, dropout=0.1)
    models.train(model, basins, updates=10, batch=4, progress=False)
    path = models.save(model, tmp_path_factory.mktemp("engine") / "model.keras")
    return model, numpy_lstm.load(path)


def test_it_gives_what_keras_gives(both, basins):
    model, engine = both
    for period in ("test", None):
        theirs, ours = models.predict(model, basins, period), engine.predict(basins, period)
        assert ours.dims == theirs.dims and ours.attrs == theirs.attrs and set(ours.coords) == set(theirs.coords)
        assert float(abs(ours - theirs).max()) <= 1e-5 * max(1, float(theirs.max()))


def test_a_single_basin(both, basins):
    _, engine = both
    np.testing.assert_allclose(
        engine.predict(basins.isel(basin=1), "test")[0], engine.predict(basins, "test")[1], atol=1e-5
    )


def test_what_happens_inside(basins, tmp_path):
    """c_t = f c_(t-1) + i g and h_t = o tanh(c_t), with the gates that the engine shows."""
    engine = numpy_lstm.load(models.save(models.lstm(6), tmp_path / "model.keras"))
    forcings = np.stack([basins[name].values[:, :50] for name in INPUTS], -1)
    plain, none = engine.run(forcings)
    discharge, inside = engine.run(forcings, states=True)
    assert none is None and engine.hidden == 6
    np.testing.assert_array_equal(plain, discharge)
    i, f, g, o, c, h = (inside[k] for k in ("input", "forget", "candidate", "output", "cell", "hidden"))
    assert {v.shape for v in inside.values()} == {(2, 50, 6)} and (i >= 0).all() and (o <= 1).all()
    np.testing.assert_allclose(c[:, 1:], f[:, 1:] * c[:, :-1] + i[:, 1:] * g[:, 1:], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(h, o * np.tanh(c), atol=1e-6)


def test_it_does_without_tensorflow(tmp_path):
    models.save(models.lstm(4), tmp_path / "model.keras")
    code = (
        "import sys; from dla_widgets.streamflow import numpy_lstm; from dla_widgets import simulated_basins; "
        "e = numpy_lstm.load('model.keras'); print(e.predict(simulated_basins(1, 1)).sizes['time'], "
        "'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["365", "False", "False"]


def test_what_it_cannot_run_it_refuses(tmp_path):
    path = models.save(models.entity_aware_lstm(4), tmp_path / "ea.keras")
    with pytest.raises(
        numpy_lstm.EngineError, match=r"ea.keras has a layer RNN; the NumPy engine runs .*Use load\(\) and predict"
    ):
        numpy_lstm.load(path)
    with pytest.raises(numpy_lstm.EngineError, match="no bundled model and no file 'simulatd'; bundled are"):
        numpy_lstm.load("simulatd")
    (tmp_path / "broken.keras").write_text("not a zip")
    with pytest.raises(numpy_lstm.EngineError, match=r"broken.keras is not a .keras file"):
        numpy_lstm.load(tmp_path / "broken.keras")
