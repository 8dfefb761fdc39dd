r"""What a network is made to care about: losses for maps, which skip ignored pixels.

Every function here returns ``loss(labels, logits)`` for Keras: labels (batch, y, x) with :data:`~.legend.IGNORE` where nobody
knows, or (batch, y, x, class) shares; logits (batch, y, x, class), not yet softmaxed. A batch without a known pixel has
the loss 0 and no gradient.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from .legend import IGNORE

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

TINY = 1e-7


def _known(labels, logits) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Shares (pixel, class), logits (pixel, class) and 1 where a pixel is known, 0 elsewhere (pixel,)."""
    classes = logits.shape[-1]
    flat = tf.reshape(tf.cast(logits, tf.float32), (-1, classes))
    if len(labels.shape) == len(logits.shape) and labels.shape[-1] == classes:
        shares = tf.reshape(tf.cast(labels, tf.float32), (-1, classes))
        known = tf.cast(tf.reduce_sum(shares, -1) > 0, tf.float32)
        return shares, flat, known
    labels = tf.reshape(tf.cast(labels, tf.int32), (-1,))
    known = tf.cast(labels != IGNORE, tf.float32)
    return tf.one_hot(tf.where(labels == IGNORE, -1, labels), classes), flat, known


def _mean(values: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(values * known) / tf.maximum(tf.reduce_sum(known), 1.0)


def cross_entropy(weights=None) -> Loss:
    r"""Cross-entropy, :math:`-\sum_c w_c y_c \log p_c`, averaged over the known pixels by their weights.

    Parameters
    ----------
    weights : (class,) as :func:`~.class_weights.class_weights` makes them, or None for equal ones
    """
    weights = None if weights is None else tf.constant(np.asarray(weights, np.float32))

    def loss(labels, logits):
        shares, logits, known = _known(labels, logits)
        entropy = tf.nn.softmax_cross_entropy_with_logits(shares, logits)
        if weights is None:
            return _mean(entropy, known)
        weight = tf.linalg.matvec(shares, weights) * known
        return tf.reduce_sum(entropy * weight) / tf.maximum(tf.reduce_sum(weight), TINY)

    return loss


def focal(gamma: float = 2.0, weights=None) -> Loss:
    r"""Focal loss, :math:`-w_c (1-p_t)^\gamma \log p_t`: what is easy counts less (Lin et al. 2017, doi:10.1109/ICCV.2017.324).

    With weights from ``class_weights(counts, "effective")`` it is the class-balanced focal loss of Cui et al. (2019),
    doi:10.1109/CVPR.2019.00949.
    """
    weights = None if weights is None else tf.constant(np.asarray(weights, np.float32))

    def loss(labels, logits):
        shares, logits, known = _known(labels, logits)
        log_p = tf.nn.log_softmax(logits)
        each = -shares * (1 - tf.exp(log_p)) ** gamma * log_p
        if weights is not None:
            each *= weights
        return _mean(tf.reduce_sum(each, -1), known)

    return loss


def tversky(alpha: float = 0.5, beta: float = 0.5) -> Loss:
    r"""1 minus the Tversky index, the mean over the classes that occur (Salehi et al. 2017, doi:10.1007/978-3-319-67389-9_44).

    .. math:: T_c = \frac{\sum p_c y_c}{\sum p_c y_c + \alpha \sum p_c (1-y_c) + \beta \sum (1-p_c) y_c}

    `alpha` is the price of a false alarm, `beta` of a miss; 0.5 and 0.5 is Dice.
    """

    def loss(labels, logits):
        index, there = _tversky(labels, logits, alpha, beta)
        return tf.reduce_sum((1 - index) * there) / tf.maximum(tf.reduce_sum(there), 1.0)

    return loss


def _tversky(labels, logits, alpha, beta):
    shares, logits, known = _known(labels, logits)
    p = tf.nn.softmax(logits) * known[:, None]
    shares = shares * known[:, None]
    hit = tf.reduce_sum(p * shares, 0)
    alarm, miss = tf.reduce_sum(p, 0) - hit, tf.reduce_sum(shares, 0) - hit
    there = tf.cast(tf.reduce_sum(shares, 0) > 0, tf.float32)
    return (hit + TINY) / (hit + alpha * alarm + beta * miss + TINY), there


def dice() -> Loss:
    """1 minus the soft Dice score of every class that occurs in the batch (Milletari et al. 2016, doi:10.1109/3DV.2016.79)."""
    return tversky(0.5, 0.5)


def focal_tversky(alpha: float = 0.3, beta: float = 0.7, gamma: float = 0.75) -> Loss:
    r"""Mean over the classes of :math:`(1 - T_c)^\gamma` (Abraham and Khan 2019, doi:10.1109/ISBI.2019.8759329).

    `gamma` is 1/gamma of the paper: below 1 it makes the classes that are nearly right count for more, above for less.
    """

    def loss(labels, logits):
        index, there = _tversky(labels, logits, alpha, beta)
        return tf.reduce_sum((1 - index + TINY) ** gamma * there) / tf.maximum(tf.reduce_sum(there), 1.0)

    return loss


def generalised_dice() -> Loss:
    r"""1 minus the Dice score of all classes together, each weighted by :math:`1/n_c^2` of its pixels in the batch.

    Sudre et al. (2017), doi:10.1007/978-3-319-67558-9_28.
    """

    def loss(labels, logits):
        shares, logits, known = _known(labels, logits)
        p, shares = tf.nn.softmax(logits) * known[:, None], shares * known[:, None]
        counts = tf.reduce_sum(shares, 0)
        weight = tf.where(counts > 0, 1 / tf.maximum(counts, 1.0) ** 2, 0.0)
        hit = tf.reduce_sum(weight * tf.reduce_sum(p * shares, 0))
        both = tf.reduce_sum(weight * (tf.reduce_sum(p, 0) + counts))
        return tf.where(both > 0, 1 - 2 * hit / tf.maximum(both, 1e-30), 0.0)

    return loss


def lovasz() -> Loss:
    """Lovasz-softmax: the surrogate of the mean intersection over union (Berman et al. 2018, doi:10.1109/CVPR.2018.00464).

    The mean over the classes that occur in the batch. It needs hard labels.
    """

    def loss(labels, logits):
        shares, logits, known = _known(labels, logits)
        p = tf.nn.softmax(logits)
        values, there = [], []
        for c in range(logits.shape[-1]):
            mine = shares[:, c] * known
            errors = tf.abs(mine - p[:, c]) * known
            order = tf.argsort(errors, direction="DESCENDING")
            values.append(tf.reduce_sum(tf.gather(errors, order) * _jaccard_steps(tf.gather(mine, order))))
            there.append(tf.cast(tf.reduce_sum(mine) > 0, tf.float32))
        there = tf.stack(there)
        return tf.reduce_sum(tf.stack(values) * there) / tf.maximum(tf.reduce_sum(there), 1.0)

    return loss


def _jaccard_steps(mine: tf.Tensor) -> tf.Tensor:
    """How much the Jaccard loss grows with each further error; algorithm 1 of the paper."""
    total = tf.reduce_sum(mine)
    left = total - tf.cumsum(mine)
    union = total + tf.cumsum(1 - mine)
    jaccard = 1 - left / tf.maximum(union, 1.0)
    return tf.stop_gradient(jaccard - tf.concat([[0.0], jaccard[:-1]], 0))


def ldam(counts, margin: float = 0.5, scale: float = 1.0, weights=None) -> Loss:
    r"""Cross-entropy after the true class has given up :math:`\Delta_c \propto n_c^{-1/4}` of its logit.

    Cao et al. (2019), arXiv:1906.07413. The rarest class gives up `margin`. The paper normalises features and weights and so
    needs a `scale` of 30; a network with free logits does not.
    """
    counts = np.asarray(counts, float)
    room = np.where(counts > 0, np.maximum(counts, 1) ** -0.25, 0)
    room = tf.constant(margin * room / room.max(), tf.float32)
    entropy = cross_entropy(weights)

    def loss(labels, logits):
        shares, flat, _ = _known(labels, logits)
        shifted = tf.reshape(scale * (flat - shares * room), tf.shape(logits))
        return entropy(labels, tf.ensure_shape(shifted, logits.shape))

    return loss


def combined(*parts: tuple[Loss, float]) -> Loss:
    """A sum of losses: ``combined((cross_entropy(), 1.0), (dice(), 1.0))``."""

    def loss(labels, logits):
        return tf.add_n([factor * part(labels, logits) for part, factor in parts])

    return loss


def logit_adjusted(prior, tau: float = 1.0) -> Loss:
    r"""Cross-entropy of :math:`z_c + \tau \log \pi_c` (Menon et al. 2021, arXiv:2007.07314): rare classes must win by more."""
    prior = np.asarray(prior, float)
    shift = tf.constant(tau * np.log(np.maximum(prior / prior.sum(), 1e-6)), tf.float32)
    entropy = cross_entropy()

    def loss(labels, logits):
        return entropy(labels, tf.cast(logits, tf.float32) + shift)

    return loss
