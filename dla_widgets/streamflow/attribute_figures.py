"""How basins differ: the water balance of each, and one attribute against another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..panels.picture import CYCLE, OKABE_ITO, Picture, style
from .basins import BasinError
from .maps import Values, known_basins, range_in_words, ring, values_of, wrapped
from .signatures import runoff_ratio

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


@style()
def water_balance(
    basins: xr.Dataset, values: Values = None, label: str | None = None, highlight: str | None = None
) -> Picture:
    r"""Where does the rain go? Evaporative index against aridity, with Budyko's curve.

    .. math:: \frac{E}{P} = \sqrt{\phi \tanh(1/\phi) \, (1 - e^{-\phi})}, \quad \phi = \mathrm{PET} / P

    Over many years what does not run off evaporates, so :math:`E/P = 1 - Q/P`. No basin should evaporate more than
    falls (the water limit, 1) or more than the sun can lift (the energy limit, :math:`\phi`); one that does has an
    error in its rain, its area or its gauge, or water that leaves underground.

    Parameters
    ----------
    basins : with ``prcp`` and ``discharge`` [mm/day] and the attribute ``aridity`` [-] (or ``pet_mean`` [mm/day])
    values, label : what colours the dots, as in :func:`basin_map`
    highlight : a basin to ring and name

    Raises
    ------
    BasinError : a variable is missing

    References
    ----------
    Budyko (1974), Climate and Life, Academic Press; Addor et al. (2017), doi:10.5194/hess-21-5293-2017
    """
    aridity, evaporated = _aridity(basins), 1 - runoff_ratio(basins["discharge"], basins["prcp"]).values
    numbers, bar = (None, None) if values is None else values_of(basins, values, label)
    picture = Picture(7, 4.2)
    ax = picture.subplots()
    reach = np.linspace(0.02, max(2.0, 1.05 * float(np.nanmax(aridity))), 300)
    ax.plot(reach, budyko(reach), color=OKABE_ITO["black"], lw=1.4, label="Budyko (1974)")
    ax.plot(reach, np.minimum(reach, 1), color="#777777", lw=1, ls="--", label="energy and water limit")
    dots = _draw_dots(ax, aridity, evaporated, numbers)
    if numbers is not None:
        picture.colorbar(dots, ax=ax, label=wrapped(bar))
    ids = [str(b) for b in np.atleast_1d(basins["basin"].values)]
    for basin in known_basins([highlight] if highlight else [], ids):
        ring(ax, aridity[ids.index(basin)], evaporated[ids.index(basin)], basin)
    ax.set(xlabel="aridity: potential evaporation / precipitation [-]", xlim=(0, reach[-1]),
           ylabel="evaporative index: 1 - runoff / precipitation [-]")
    ax.set_ylim(min(0.0, float(np.nanmin(evaporated)) - 0.05), 1.15)
    ax.legend(loc="lower right")
    beyond = int(np.sum((evaporated > 1) | (evaporated > aridity) | (evaporated < 0)))
    picture.alt = (f"Water balance of {aridity.size} basins: aridity {range_in_words(aridity)}, evaporative index "
                   f"{range_in_words(evaporated)}, with Budyko's curve; {beyond} lie beyond the energy or water limit.")
    return picture


@style()
def attribute_scatter(
    basins: xr.Dataset,
    x: Values,
    y: Values,
    values: Values = None,
    log: str = "",
    labels: tuple[str | None, str | None, str | None] = (None, None, None),
    title: str | None = None,
) -> Picture:
    """One attribute of the basins against another, with their rank correlation.

    Parameters
    ----------
    basins : in the one schema
    x, y : names of attributes, or one value per basin such as its NSE
    values : what colours the dots
    log : axes with a logarithmic scale: ``"x"``, ``"y"`` or ``"xy"``
    labels : of the axes and the colour bar; the variables' own names and units by default

    Raises
    ------
    BasinError : no such attribute, or not one value per basin
    """
    (across, x_label), (up, y_label) = values_of(basins, x, labels[0]), values_of(basins, y, labels[1])
    numbers, bar = (None, None) if values is None else values_of(basins, values, labels[2])
    picture = Picture(6.2, 4.2)
    ax = picture.subplots()
    dots = _draw_dots(ax, across, up, numbers)
    if numbers is not None:
        picture.colorbar(dots, ax=ax, label=wrapped(bar))
    ax.set(xlabel=wrapped(x_label, 60), ylabel=wrapped(y_label))
    for axis in log:
        _plain_log(ax, axis)
    rho = rank_correlation(across, up)
    ax.set_title(f"rank correlation {rho:+.2f}" if title is None else title)
    picture.alt = (f"{y_label} ({range_in_words(up)}) against {x_label} ({range_in_words(across)}) of {across.size} "
                   f"basins; rank correlation {rho:+.2f}.")
    return picture


def budyko(aridity: np.ndarray) -> np.ndarray:
    """Evaporative index [-] that Budyko (1974) expects at an aridity above 0 [-]; see :func:`water_balance`."""
    return np.sqrt(aridity * np.tanh(1 / aridity) * (1 - np.exp(-aridity)))


def rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rank correlation [-] of the pairs without NaN, ties sharing their mean rank."""
    from scipy.stats import rankdata

    both = ~(np.isnan(x) | np.isnan(y))
    ranks = rankdata(x[both]), rankdata(y[both])
    return float(np.corrcoef(*ranks)[0, 1]) if both.sum() > 1 and min(map(np.ptp, ranks)) > 0 else float("nan")


def _draw_dots(ax: Axes, x: np.ndarray, y: np.ndarray, numbers: np.ndarray | None):
    size = 36 if x.size <= 60 else 14
    colour = {"color": CYCLE[0]} if numbers is None else {"c": numbers, "cmap": "viridis"}
    return ax.scatter(x, y, s=size, edgecolor="white", lw=0.4, zorder=3, **colour)


def _plain_log(ax: Axes, axis: str) -> None:
    """A logarithmic axis with plain numbers instead of powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set(**{f"{axis}scale": "log"})
    ticks = getattr(ax, f"{axis}axis")
    ticks.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ticks.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ticks.set_minor_formatter(NullFormatter())


def _aridity(basins: xr.Dataset) -> np.ndarray:
    if "aridity" in basins:
        return np.atleast_1d(basins["aridity"].values).astype(float)
    if "pet_mean" in basins:
        return np.atleast_1d((basins["pet_mean"] / basins["prcp"].mean("time")).values)
    raise BasinError("a water balance needs the attribute 'aridity' or 'pet_mean'; these basins have neither. With "
                     "CAMELS the attribute tables are a separate download: dla fetch camels")
