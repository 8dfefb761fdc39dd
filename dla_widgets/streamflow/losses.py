"""What a network is told to make small. Each loss leaves out days without a measurement and weighs all basins alike.

A target is (sample, day, 2): discharge [mm/day], NaN where nothing was measured, and the spread of its basin
[mm/day]. A loss looks only at the last days of a prediction, as many as there are targets: the days before were there
to warm up.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

#: Added to the spread of a basin [mm/day], so that a nearly dry one does not outweigh the rest.
EPSILON = 0.1


@keras.saving.register_keras_serializable("dla_widgets")
class BasinNSE(keras.losses.Loss):
    r"""Squared error over the variance of the basin's own discharge: about 1 - NSE, averaged over basins.

    .. math::
        L = \frac1N \sum_{b,t} \frac{(\hat q_{b,t} - q_{b,t})^2}{(s_b + \epsilon)^2}, \qquad \epsilon = 0.1

    With plain squared errors a wet basin would count a hundred times more than a dry one.

    References
    ----------
    Kratzert et al. (2019), doi:10.5194/hess-23-5089-2019, eq. 13
    """

    def __init__(self, epsilon: float = EPSILON, name: str = "basin_nse", **options):
        super().__init__(name=name, reduction=None, **options)
        self.epsilon = epsilon

    def call(self, y_true, y_pred):
        observed, measured, spread, simulated = _aligned(y_true, y_pred)
        error = (simulated - observed) / (spread + self.epsilon)
        return _mean_where(measured, ops.square(error))

    def get_config(self) -> dict:
        return {"name": self.name, "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("dla_widgets")
class Pinball(keras.losses.Loss):
    r"""Quantile loss: to be under the observation costs :math:`\tau`, to be over it :math:`1 - \tau`, in spreads of
    the basin.

    .. math:: L_\tau = \max(\tau (q - \hat q_\tau),\ (\tau - 1)(q - \hat q_\tau)) / (s_b + \epsilon)

    Averaged over many levels and doubled it is the continuous ranked probability score (CRPS).

    References
    ----------
    Koenker and Bassett (1978), doi:10.2307/1913643; Gneiting and Raftery (2007), doi:10.1198/016214506000001437
    """

    def __init__(
        self, quantiles=(0.05, 0.25, 0.5, 0.75, 0.95), epsilon: float = EPSILON, name: str = "pinball", **options
    ):
        super().__init__(name=name, reduction=None, **options)
        self.quantiles, self.epsilon = tuple(quantiles), epsilon

    def call(self, y_true, y_pred):
        observed, measured, spread, simulated = _aligned(y_true, y_pred)
        under = (observed - simulated) / (spread + self.epsilon)
        levels = ops.convert_to_tensor(np.array(self.quantiles, "float32"))
        return _mean_where(measured, ops.mean(ops.maximum(levels * under, (levels - 1) * under), -1, keepdims=True))

    def get_config(self) -> dict:
        return {"name": self.name, "quantiles": list(self.quantiles), "epsilon": self.epsilon}


def _aligned(y_true, y_pred):
    """Observed (NaN as 0), whether measured, spread, and the last days predicted; each (sample, day, 1 or more)."""
    y_pred = y_pred if len(y_pred.shape) == 3 else ops.expand_dims(y_pred, 1)
    simulated = y_pred[:, -y_true.shape[1] :]
    measured = ops.logical_not(ops.isnan(y_true[..., :1]))
    return ops.where(measured, y_true[..., :1], 0.0), ops.cast(measured, simulated.dtype), y_true[..., 1:], simulated


def _mean_where(measured, values):
    """Mean over the measured days of the batch; 0 if there are none."""
    return ops.sum(measured * values) / ops.maximum(ops.sum(measured), 1.0)
