"""Pictures of scores: how training went, which model wins, and on how many basins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..panels.picture import CYCLE, OKABE_ITO, Picture, style
from .pairs import SkillError
from .uncertainty import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

#: how the usual names of a training log read in a legend
LEGEND = {"loss": "training", "val_loss": "validation"}


@style()
def learning_curve(
    history: Any,
    label: str = "loss [-]",
    step: str = "epoch",
    benchmark: Mapping[str, float] | None = None,
    log: bool = False,
    title: str | None = None,
) -> Picture:
    """How a model learned: one line for each quantity of a training log.

    Parameters
    ----------
    history : what ``model.fit`` returns, or name -> values per step such as ``{"loss": [...], "val_loss": [...]}``
    label : of the vertical axis, with its unit
    step : what the horizontal axis counts, from 1
    benchmark : name -> value, drawn as horizontal lines: what was to be beaten
    log : logarithmic vertical axis

    Raises
    ------
    SkillError : the log is empty
    """
    curves = {name: np.asarray(v, dtype=float) for name, v in dict(getattr(history, "history", history)).items()}
    if not curves or not max(v.size for v in curves.values()):
        raise SkillError("there is no training step to draw yet; train first, then draw the history that it returns")
    picture = Picture(7, 3.4)
    ax = picture.subplots()
    for k, (name, values) in enumerate(curves.items()):
        marker = "o" if values.size <= 30 else None
        ax.plot(np.arange(1, values.size + 1), values, color=CYCLE[k % len(CYCLE)], label=LEGEND.get(name, name),
                marker=marker, ms=4)
    for name, value in (benchmark or {}).items():
        ax.axhline(value, color="#555555", ls="--", lw=1, label=f"{name} ({value:.2f})")
    _whole_steps(ax)
    ax.set(xlabel=step, ylabel=label, yscale="log" if log else "linear")
    ax.set_title("" if title is None else title)
    picture.legend(*ax.get_legend_handles_labels(), loc="outside upper right", ncols=4)
    words = [_curve_in_words(name, values, step) for name, values in curves.items()]
    picture.alt = f"Learning curve, {label} over {step}s. {' '.join(words)}"
    return picture


@style()
def score_bars(
    values: Mapping[str, float | Interval],
    label: str = "NSE [-]",
    benchmark: float | None = None,
    title: str | None = None,
) -> Picture:
    """Models side by side by one score, in the order given; intervals as whiskers.

    Parameters
    ----------
    values : name -> score, or the :class:`~dla_widgets.streamflow.uncertainty.Interval` of a score
    label : of the score, with its unit
    benchmark : a vertical line: what was to be beaten

    Raises
    ------
    SkillError : nothing to draw
    """
    if not values:
        raise SkillError("nothing to draw: give name -> score, as in {'climatology': 0.31, 'LSTM': 0.72}")
    picture = Picture(7, 1.1 + 0.42 * len(values))
    ax = picture.subplots()
    numbers = [v.value if isinstance(v, Interval) else float(v) for v in values.values()]
    rows = np.arange(len(numbers))
    ax.barh(rows, numbers, height=0.6, color=OKABE_ITO["sky"])
    for row, (value, number) in enumerate(zip(values.values(), numbers, strict=True)):
        _whisker_and_number(ax, row, value, number)
    if benchmark is not None:
        ax.axvline(benchmark, color=OKABE_ITO["black"], ls="--", lw=1.2, label=f"benchmark {benchmark:.3f}")
        picture.legend(loc="outside upper right")
    ax.axvline(0, color="#888888", lw=0.8)
    ax.set_yticks(rows, list(values))
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.12)
    ax.set_xlabel(label)
    ax.set_title("" if title is None else title)
    words = "; ".join(f"{name} {v if isinstance(v, Interval) else format(v, '.2f')}" for name, v in values.items())
    against = "" if benchmark is None else f" Benchmark {benchmark:.3f}."
    picture.alt = f"{label} of {len(values)} models: {words}.{against}"
    return picture


@style()
def skill_cdf(
    values: Mapping[str, ArrayLike], label: str = "NSE [-]", left: float = -0.2, title: str | None = None
) -> Picture:
    """On what share of the basins is a model worse than a given score? The further right a line, the better the model.

    Parameters
    ----------
    values : name -> (basin,) scores; NaN are left out, and counted in the legend's n
    label : of the score, with its unit
    left : where the axis starts; basins below it are counted in words and raise the line's start

    Raises
    ------
    SkillError : a model has no score at all
    """
    picture = Picture(7, 3.8)
    ax = picture.subplots()
    words = []
    for k, (name, scores) in enumerate(values.items()):
        numbers = np.sort(np.asarray(scores, dtype=float).ravel())
        numbers = numbers[~np.isnan(numbers)]
        if not numbers.size:
            raise SkillError(f"{name} has no score on any basin")
        median = float(np.median(numbers))
        _step_line(ax, numbers, left, CYCLE[k % len(CYCLE)], f"{name}: median {median:.2f}, n = {numbers.size}")
        ax.plot([median], [0.5], "o", ms=5, color=CYCLE[k % len(CYCLE)], zorder=4)
        below = int((numbers < left).sum())
        words.append(f"{name}: median {median:.2f} over {numbers.size} basins, {below} below {left:g}.")
    ax.axhline(0.5, color="#888888", lw=0.8, ls=":")
    ax.set(xlabel=label, ylabel="share of the basins below [-]", ylim=(0, 1.01))
    ax.set_xlim(left=left)
    ax.set_title("" if title is None else title)
    picture.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    picture.alt = f"Cumulative distribution of {label} over basins. {' '.join(words)}"
    return picture


@style()
def calibration(stated: ArrayLike, found: ArrayLike, title: str | None = None) -> Picture:
    """Does a forecast know what it does not know? Of its 90 % quantiles, 90 % of the observations should lie below.

    Parameters
    ----------
    stated : (level,) probabilities of the forecast's quantiles, 0 to 1 [-]
    found : (level,) shares of the observations below each of them [-], or name -> shares

    Raises
    ------
    SkillError : not one share for each level
    """
    curves = found if isinstance(found, Mapping) else {"forecast": found}
    stated = np.asarray(stated, dtype=float)
    picture = Picture(4.6, 4.4)
    ax = picture.subplots()
    ax.plot([0, 1], [0, 1], color="#888888", lw=1, ls="--", label="perfectly calibrated")
    words = []
    for k, (name, below) in enumerate(curves.items()):
        shares = np.asarray(below, dtype=float)
        if shares.shape != stated.shape:
            raise SkillError(f"{name}: one share for each of the {stated.size} levels is needed, received "
                             f"{shares.size}")
        ax.plot(stated, shares, "o-", color=CYCLE[k % len(CYCLE)], label=name, ms=4)
        worst = int(np.argmax(np.abs(shares - stated)))
        words.append(f"{name}: furthest from the diagonal at {stated[worst]:.0%}, where {shares[worst]:.0%} lie below.")
    ax.set(xlabel="stated probability of a lower flow [-]", ylabel="share of the observations below [-]",
           xlim=(0, 1), ylim=(0, 1), aspect="equal")
    ax.legend(loc="upper left")
    ax.set_title("" if title is None else title)
    picture.alt = f"Calibration of a forecast at {stated.size} levels. {' '.join(words)}"
    return picture


def _curve_in_words(name: str, values: np.ndarray, step: str) -> str:
    if not np.isfinite(values).any():
        return f"{LEGEND.get(name, name)}: no value."
    best = int(np.nanargmin(values))
    return (f"{LEGEND.get(name, name)}: {values[0]:.3g} at first, {values[-1]:.3g} after {values.size}, "
            f"lowest {values[best]:.3g} at {step} {best + 1}.")


def _whole_steps(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def _whisker_and_number(ax: Axes, row: int, value: float | Interval, number: float) -> None:
    end = number
    if isinstance(value, Interval):
        ax.plot([value.low, value.high], [row, row], color="#222222", lw=1.6, marker="|", ms=7)
        end = value.high if number >= 0 else value.low
    ax.annotate(f"{number:.2f}", (end, row), xytext=(5 if number >= 0 else -5, 0), textcoords="offset points",
                va="center", ha="left" if number >= 0 else "right", fontsize=9)


def _step_line(ax: Axes, numbers: np.ndarray, left: float, colour: str, label: str) -> None:
    below = (numbers < left).mean()
    inside = numbers[numbers >= left]
    shares = below + np.arange(1, inside.size + 1) / numbers.size
    ax.step(np.r_[left, inside], np.r_[below, shares], where="post", color=colour, label=label)
