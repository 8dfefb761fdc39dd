"""Pictures of discharge over time. Each returns a :class:`~dla_widgets.panels.picture.Picture` that tells in words what
it shows, from the numbers that it draws. Maps are in :mod:`.maps`, water balances in
:mod:`.attribute_figures`, pictures of scores in :mod:`.score_figures`; all can be had from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..panels.picture import CYCLE, OKABE_ITO, Picture, style
from .attribute_figures import attribute_scatter, water_balance
from .maps import basin_map
from .pairs import SkillError, aligned
from .score_figures import calibration, learning_curve, score_bars, skill_cdf
from .signatures import flow_duration
from .skill import UndefinedSkill, nse

__all__ = [
    "attribute_scatter", "basin_map", "calibration", "flow_duration_curves", "hydrograph", "learning_curve", "regime",
    "score_bars", "skill_cdf", "water_balance",
]

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Series = Any  #: (time,) DataArray or pandas Series; a plain array has no dates, so days are counted


@style()
def hydrograph(
    observed: Series | None,
    simulated: Series | Mapping[str, Series] | None = None,
    forcing: Series | None = None,
    period: slice | tuple | str | None = None,
    band: tuple[Series, Series] | None = None,
    log: bool = False,
    title: str | None = None,
) -> Picture:
    """Discharge over time, rain hanging from above.

    Parameters
    ----------
    observed : (time,) discharge [mm/day]; gaps stay gaps. None draws simulations alone
    simulated : one series, or name -> series; the legend says each one's NSE over the period
    forcing : (time,) precipitation [mm/day], drawn downwards in a panel above
    period : part of the record: ``"1995"``, ``("1994-10-01", "1995-09-30")`` or a slice of dates; all of it by default
    band : lower and upper bound of a forecast, shaded
    log : logarithmic discharge, to see low flows
    title : the basin's id by default

    Raises
    ------
    SkillError : a series is not (time,), or nothing of it lies in the period
    """
    simulated = simulated if isinstance(simulated, Mapping) else {} if simulated is None else {"simulated": simulated}
    lines = ({} if observed is None else {"observed": observed}) | dict(simulated)
    lines = {name: _in_period(values, period, name) for name, values in lines.items()}
    if not lines:
        raise SkillError("nothing to draw: give observed or simulated discharge")
    first = next(iter(lines.values()))
    picture, rain_ax, ax = _rain_over_river(forcing is not None)
    words = [_draw_line(ax, name, values, lines.get("observed"), k) for k, (name, values) in enumerate(lines.items())]
    if band is not None:
        low, high = (_in_period(edge, period, "band") for edge in band)
        ax.fill_between(_steps(low), low.values, high.values, color=CYCLE[0], alpha=0.25, lw=0, label="forecast range")
    if rain_ax is not None:
        words.append(_hang_rain(rain_ax, _in_period(forcing, period, "forcing")))
    ax.set_ylabel(f"discharge [{first.attrs.get('units', 'mm/day')}]")
    _flow_axis(ax, log)
    _date_axis(ax, first)
    heading = _name_of(first) if title is None else title
    (rain_ax or ax).set_title(heading)
    _legend_above(picture, ax)
    picture.alt = f"Hydrograph{', ' + heading if heading else ''}, {_span(first)}. {' '.join(words)}"
    return picture


@style()
def flow_duration_curves(
    series: Series | Mapping[str, Series], period: slice | tuple | str | None = None, title: str | None = None
) -> Picture:
    """How often is a flow exceeded? Flows from high to low over the share of days that exceed them.

    Parameters
    ----------
    series : (time,) discharge [mm/day], or name -> series; the one called "observed" is black. Days without flow cannot
        be drawn on the logarithmic axis; the words say how many there are
    period : as in :func:`hydrograph`

    Raises
    ------
    SkillError : a series is not (time,), has no value, or nothing of it lies in the period
    """
    series = series if isinstance(series, Mapping) else {"observed": series}
    picture = Picture(7, 3.8)
    ax = picture.subplots()
    words, colours = [], iter(CYCLE * len(series))
    for name, values in series.items():
        curve = flow_duration(_in_period(values, period, name))
        colour = OKABE_ITO["black"] if name == "observed" else next(colours)
        flowing = np.where(curve.discharge > 0, curve.discharge, np.nan)
        ax.plot(100 * curve.exceedance, flowing, color=colour, label=name)
        words.append(_curve_in_words(name, curve.exceedance, curve.discharge))
    _flow_axis(ax, log=True)
    ax.set(xlabel="share of the days on which the flow is exceeded [%]", ylabel="discharge [mm/day]", xlim=(0, 100))
    ax.set_title("" if title is None else title)
    ax.legend(loc="upper right")
    picture.alt = f"Flow-duration curves. {' '.join(words)}"
    return picture


@style()
def regime(basins: xr.Dataset, names: tuple[str, ...] = ("prcp", "discharge"), title: str | None = None) -> Picture:
    """The year of a river: mean of each calendar month, in the order of the water year.

    Parameters
    ----------
    basins : one basin of the schema, with dates
    names : of the (time,) variables to draw, all in the same unit; precipitation and discharge [mm/day] by default

    Raises
    ------
    SkillError : more than one basin
    """
    months = [*range(10, 13), *range(1, 10)]
    picture = Picture(7, 3.4)
    ax = picture.subplots()
    words = []
    for k, name in enumerate(names):
        values = _in_period(basins[name], None, name)
        means = values.groupby(f"{values.dims[0]}.month").mean().reindex(month=months).values
        colour = {"prcp": OKABE_ITO["sky"], "discharge": OKABE_ITO["black"]}.get(name, CYCLE[k % len(CYCLE)])
        label = values.attrs.get("long_name", name)
        ax.plot(range(12), means, "o-", ms=4, color=colour, label=label)
        words.append(f"{label}: highest in {MONTHS[months[int(np.nanargmax(means))] - 1]} ({np.nanmax(means):.2f}), "
                     f"lowest in {MONTHS[months[int(np.nanargmin(means))] - 1]} ({np.nanmin(means):.2f}).")
    ax.set_xticks(range(12), [MONTHS[m - 1] for m in months])
    ax.set_ylabel(f"monthly mean [{basins[names[0]].attrs.get('units', 'mm/day')}]")
    ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
    heading = _name_of(basins) if title is None else title
    ax.set_title(heading)
    ax.legend(loc="best")
    picture.alt = f"The mean year{', ' + heading if heading else ''}. {' '.join(words)}"
    return picture


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _curve_in_words(name: str, exceedance: np.ndarray, discharge: np.ndarray) -> str:
    high, middle, low = np.interp([0.05, 0.5, 0.95], exceedance, discharge)
    dry = int((discharge <= 0).sum())
    return (f"{name}: {high:.3g} mm/day exceeded on 5 % of the days, {middle:.3g} on half of them, {low:.3g} on 95 %"
            + (f"; no flow on {dry} days." if dry else "."))


def _rain_over_river(with_rain: bool) -> tuple[Picture, Axes | None, Axes]:
    picture = Picture(8, 4.2 if with_rain else 3.4)
    if not with_rain:
        return picture, None, picture.subplots()
    return picture, *picture.subplots(2, sharex=True, height_ratios=[1, 3])


def _legend_above(picture: Picture, ax: Axes) -> None:
    """In as few rows as the names allow."""
    handles, labels = ax.get_legend_handles_labels()
    columns = max(1, 105 // (max(map(len, labels)) + 6))
    rows = -(-len(labels) // columns)
    picture.legend(handles, labels, loc="outside upper right", ncols=-(-len(labels) // rows))


def _draw_line(ax: Axes, name: str, values: xr.DataArray, observed: xr.DataArray | None, k: int) -> str:
    """One series into the picture, and what it shows in words."""
    seen = name == "observed"
    score = "" if seen or observed is None else _nse_in_words(observed, values)
    colour = OKABE_ITO["black"] if seen else CYCLE[(k - (observed is not None)) % len(CYCLE)]
    width = 1.3 if values.size < 800 else 0.8  # ten years of thick lines hide each other
    ax.plot(_steps(values), values.values, color=colour, lw=width, label=name + (f" ({score})" if score else ""))
    if not np.isfinite(values.values).any():
        return f"{name}: no value."
    at = int(np.nanargmax(values.values))
    return (f"{name}: mean {np.nanmean(values.values):.2f}, highest {values.values[at]:.3g} "
            f"{values.attrs.get('units', 'mm/day')} on {_day(values, at)}{', ' + score if score else ''}.")


def _hang_rain(ax: Axes, rain: xr.DataArray) -> str:
    name, unit = rain.attrs.get("long_name") or rain.name or "rain", rain.attrs.get("units", "mm/day")
    ax.fill_between(_steps(rain), 0, rain.values, step="mid", color=OKABE_ITO["sky"], lw=0.4)
    ax.set(ylabel=f"{name}\n[{unit}]")
    measured = rain.values[np.isfinite(rain.values)]
    ax.set_ylim(max(1.0, 1.05 * measured.max(initial=0)), 0)
    ax.spines["bottom"].set_visible(False)
    ax.tick_params(axis="x", length=0, labelbottom=False)
    if not measured.size:
        return f"Above, {name}: no value."
    return (f"Above, hanging down, {name}: mean {measured.mean():.2f}, highest "
            f"{measured.max():.3g} {unit} on {_day(rain, int(np.nanargmax(rain.values)))}.")


def _nse_in_words(observed: xr.DataArray, values: xr.DataArray) -> str:
    try:
        return f"NSE {nse(observed, values):.2f}"
    except UndefinedSkill:
        return "NSE undefined"


def _in_period(values: Series, period: slice | tuple | str | None, name: str) -> xr.DataArray:
    """A (time,) DataArray of the period; a plain array becomes one that counts days."""
    import xarray as xr

    values = values.to_xarray() if hasattr(values, "to_xarray") and not hasattr(values, "dims") else values
    if not isinstance(values, xr.DataArray):
        array, _ = aligned(values, values)
        values = xr.DataArray(array, dims="time", coords={"time": np.arange(array.size)})
    values = values.squeeze()
    if values.ndim != 1:
        raise SkillError(f"a hydrograph draws series over time, {name} has the dimensions {dict(values.sizes)}; "
                         "choose one basin with .sel(basin=...)")
    time = values.dims[0]
    chosen = values if period is None else values.sel({time: slice(*period) if isinstance(period, tuple) else period})
    if chosen.ndim != 1 or not chosen.size:
        raise SkillError(f"{name} has nothing in {period!r}; it is {_span(values)}")
    return chosen


def _steps(values: xr.DataArray) -> np.ndarray:
    return values[values.dims[0]].values


def _day(values: xr.DataArray, at: int) -> str:
    return str(_steps(values)[at])[:10] if _has_dates(values) else f"day {_steps(values)[at]}"


def _has_dates(values: xr.DataArray) -> bool:
    return np.issubdtype(_steps(values).dtype, np.datetime64)


def _span(values: xr.DataArray) -> str:
    return f"{_day(values, 0)} to {_day(values, -1)}"


def _name_of(values: xr.DataArray | xr.Dataset) -> str:
    return f"basin {values['basin'].values}" if "basin" in values.coords else ""


def _flow_axis(ax: Axes, log: bool) -> None:
    """Discharge from 0, or logarithmic with plain numbers instead of powers of ten."""
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda flow, _: f"{flow:g}"))
    else:
        ax.set_ylim(bottom=0)


def _date_axis(ax: Axes, values: xr.DataArray) -> None:
    if _has_dates(values):
        locator = AutoDateLocator(minticks=4, maxticks=9)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    else:
        ax.set_xlabel("day")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlim(_steps(values)[0], _steps(values)[-1])
