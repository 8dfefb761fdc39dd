"""The same LSTM through TensorFlow's fused kernel: one operation for all days instead of some thirty per day.

``keras.layers.LSTM`` runs a loop in the graph; for the small batches of a lesson most of its time goes into the loop,
not into the arithmetic. ``BlockLSTM`` is the loop in C++. Its second version has a wrong gradient registered in
TensorFlow 2.21, so the first one is used here, and its gradient is given explicitly; a test compares both with
``keras.layers.LSTM``.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

#: Weights times samples of one day up to which the kernel computes on one thread; above, it is slower than the loop.
QUICK = 1_200_000


def worthwhile(model: keras.Model, batch: int) -> bool:
    """Whether the fused kernel is the quicker one for batches of this size, as measured on two cores."""
    sizes = [
        int(np.prod(layer.cell.kernel.shape) + np.prod(layer.cell.recurrent_kernel.shape))
        for layer in model.layers
        if _suits(layer)
    ]
    units = [layer.units for layer in model.layers if _suits(layer)]
    return bool(sizes) and max(sizes) * batch <= QUICK and max(units) <= 96


def fused(model: keras.Model) -> keras.Model:
    """A twin of `model` that shares every weight with it and runs its LSTM layers through the fused kernel.

    Train the twin, and `model` has learnt. Without a suitable LSTM, or with a GPU (whose own kernel is faster), it is
    `model`.
    """
    suits = [layer for layer in model.layers if _suits(layer)]
    if not suits or keras.backend.backend() != "tensorflow" or tf.config.list_physical_devices("GPU"):
        return model
    return keras.models.clone_model(model, clone_function=lambda layer: _Fused(layer) if layer in suits else layer)


def _suits(layer: keras.layers.Layer) -> bool:
    """Whether it is an LSTM as in the textbooks: what the kernel can do."""
    if type(layer) is not keras.layers.LSTM:
        return False
    odd = layer.go_backwards or layer.stateful or layer.return_state or layer.dropout or layer.recurrent_dropout
    usual = layer.activation is keras.activations.tanh and layer.recurrent_activation is keras.activations.sigmoid
    return usual and layer.use_bias and not odd


class _Fused(keras.layers.Layer):
    """Calls the fused kernel with the weights of the LSTM layer that it stands for."""

    def __init__(self, lstm: keras.layers.LSTM):
        super().__init__(name=lstm.name)
        self.lstm = lstm

    def call(self, sequences, **_):
        cell = self.lstm.cell
        kernel = _reorder(tf.concat([cell.kernel, cell.recurrent_kernel], 0))
        hidden = block_lstm(tf.transpose(sequences, (1, 0, 2)), kernel, _reorder(tf.convert_to_tensor(cell.bias)))
        return tf.transpose(hidden, (1, 0, 2)) if self.lstm.return_sequences else hidden[-1]

    def compute_output_shape(self, input_shape):
        return self.lstm.compute_output_shape(input_shape)


def _reorder(weights: tf.Tensor) -> tf.Tensor:
    """Gates from the order of Keras (i, f, c, o) to that of BlockLSTM (i, c, f, o)."""
    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], -1)


@tf.custom_gradient
def block_lstm(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor):
    """Hidden states (time, batch, unit) of an LSTM that starts from zero.

    Parameters
    ----------
    x : (time, batch, input); kernel : (input + unit, 4 unit), input weights above recurrent ones; bias : (4 unit,);
        gates in the order i, c, f, o
    """
    units = kernel.shape[1] // 4
    zero, peephole = tf.zeros((tf.shape(x)[1], units)), tf.zeros((units,))
    shared = dict(seq_len_max=tf.cast(tf.shape(x)[0], tf.int64), x=x, cs_prev=zero, h_prev=zero, w=kernel, b=bias,
                  wci=peephole, wcf=peephole, wco=peephole, use_peephole=False)  # fmt: skip
    out = tf.raw_ops.BlockLSTM(**shared, forget_bias=0.0, cell_clip=-1.0)

    def gradient(upstream):
        states = {name: getattr(out, name) for name in ("i", "cs", "f", "o", "ci", "co", "h")}
        g = tf.raw_ops.BlockLSTMGrad(**shared, **states, cs_grad=tf.zeros_like(out.cs), h_grad=upstream)
        return g.x_grad, g.w_grad, g.b_grad

    return out.h, gradient
