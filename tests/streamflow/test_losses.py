"""The losses against plain NumPy: missing days, warm-up days, and the weight of each basin."""

import keras
import numpy as np
import pytest

from dla_widgets.streamflow.losses import EPSILON, BasinNSE, Pinball

RNG = np.random.default_rng(1)


def targets(samples=4, days=10, missing=0.2):
    """Discharge with gaps and a spread per basin, (sample, day, 2)."""
    q = RNG.gamma(1, 2, (samples, days))
    q[RNG.random(q.shape) < missing] = np.nan
    return np.stack([q, np.broadcast_to(RNG.uniform(0.1, 5, (samples, 1)), q.shape)], -1).astype("float32")


def by_hand(true, simulated):
    q, spread = true[..., 0].astype("f8"), true[..., 1]
    return np.nanmean(((simulated[:, -q.shape[1] :, 0] - q) / (spread + EPSILON)) ** 2)


def test_it_is_the_squared_error_in_spreads_of_the_basin():
    true, simulated = targets(), RNG.normal(size=(4, 10, 1)).astype("float32")
    assert float(BasinNSE()(true, simulated)) == pytest.approx(by_hand(true, simulated), rel=1e-5)


def test_only_the_last_days_count():
    true, simulated = targets(days=3), RNG.normal(size=(4, 10, 1)).astype("float32")
    other = simulated.copy()
    other[:, :7] = 1e6
    assert (
        float(BasinNSE()(true, simulated))
        == float(BasinNSE()(true, other))
        == pytest.approx(by_hand(true, simulated), rel=1e-5)
    )


def test_a_network_that_gives_only_the_last_day():
    true, simulated = targets(days=1, missing=0), RNG.normal(size=(4, 1)).astype("float32")
    assert float(BasinNSE()(true, simulated)) == pytest.approx(by_hand(true, simulated[:, None]), rel=1e-5)


def test_missing_days_have_no_gradient_and_do_no_harm():
    import tensorflow as tf

    true = targets(missing=0.5)
    simulated = tf.Variable(RNG.normal(size=(4, 10, 1)).astype("float32"))
    with tf.GradientTape() as tape:
        loss = BasinNSE()(true, simulated)
    gradient = tape.gradient(loss, simulated).numpy()[..., 0]
    assert np.isfinite(gradient).all()
    assert ((gradient == 0) == np.isnan(true[..., 0])).all()


def test_nothing_measured_is_no_loss_and_not_nan():
    true = targets()
    true[..., 0] = np.nan
    assert float(BasinNSE()(true, np.zeros((4, 10, 1), "float32"))) == 0
    assert float(Pinball()(true, np.zeros((4, 10, 5), "float32"))) == 0


def test_a_wet_and_a_dry_basin_weigh_alike():
    dry, wet = np.ones((1, 5, 2), "float32") * [0.1, 0.1], np.ones((1, 5, 2), "float32") * [10, 10]
    zero = np.zeros((1, 5, 1), "float32")
    loss = BasinNSE(epsilon=0.0)
    assert float(loss(dry.astype("float32"), zero)) == pytest.approx(float(loss(wet.astype("float32"), zero)), rel=1e-6)


def test_it_is_about_one_minus_nse():
    from dla_widgets.streamflow.skill import nse

    observed = RNG.gamma(1, 2, 4000)
    simulated = observed + RNG.normal(0, 1, 4000)
    true = np.stack([observed, np.full(4000, observed.std())], -1)[None].astype("float32")
    loss = float(BasinNSE(epsilon=0.0)(true, simulated[None, :, None].astype("float32")))
    assert loss == pytest.approx(1 - nse(observed, simulated), rel=1e-4)


def test_pinball_by_hand():
    levels = (0.1, 0.5, 0.9)
    true, simulated = targets(), RNG.normal(1, 1, (4, 10, 3)).astype("float32")
    under = (true[..., :1].astype("f8") - simulated) / (true[..., 1:] + EPSILON)
    tau = np.array(levels)
    expected = np.nanmean(np.where(under > 0, tau * under, (tau - 1) * under))
    assert float(Pinball(levels)(true, simulated)) == pytest.approx(expected, rel=1e-5)


def test_pinball_is_least_at_the_quantile():
    observed = RNG.gamma(1, 2, 20000)
    true = np.stack([observed, np.ones_like(observed)], -1)[None].astype("float32")
    guesses = np.quantile(observed, [0.8, 0.85, 0.9, 0.95, 0.97])
    losses = [float(Pinball((0.9,))(true, np.full((1, 20000, 1), g, "float32"))) for g in guesses]
    assert int(np.argmin(losses)) == 2


def test_losses_can_be_written_down_and_read_back():
    for loss in (BasinNSE(epsilon=0.3), Pinball((0.2, 0.8))):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        assert type(again) is type(loss) and again.get_config() == loss.get_config()
