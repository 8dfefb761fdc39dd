"""Honest opponents: what a network must beat before anyone should be impressed.

Each is fitted on training basins and asked for the discharge of others, or of the same ones at another time::

    climatology = Climatology().fit(train)
    climatology.predict(test)        # (basin, time) discharge [mm/day]

Every one of them runs from the first day of the record it is given. Those with a memory (:class:`RidgeLags`,
:class:`Conceptual`) know nothing of the days before and need about a year to find their feet: give them a year more.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import xarray as xr

from .basins import FORCINGS, INPUTS, TARGET, BasinError, no_such_basin
from .conceptual import PARAMETERS, calibrate, potential_evapotranspiration, simulate

__all__ = ["BaselineError", "Climatology", "Conceptual", "Persistence", "RidgeLags", "potential_evapotranspiration"]


class BaselineError(BasinError):
    """A baseline cannot be fitted or asked; the message says what to do."""


class Baseline:
    """One model per basin. A subclass says what it `needs` and writes `_fit` and `_predict` for a single basin."""

    needs: tuple[str, ...] = ()

    def fit(self, basins: xr.Dataset) -> Self:
        """Learn from the discharge of `basins`, each basin for itself.

        Raises
        ------
        BaselineError : a forcing is missing or in another unit, or a basin has no discharge at all
        """
        self._check(basins, [*self.needs, TARGET])
        self.fitted_ = {str(b): self._fit(_measured(basins.sel(basin=b))) for b in basins["basin"].values}
        return self

    def predict(self, basins: xr.Dataset) -> xr.DataArray:
        """Discharge [mm/day], (basin, time), of `basins` on the days they have.

        Raises
        ------
        BaselineError : not fitted, not fitted on this basin, or a forcing is missing or in another unit
        """
        name, known = type(self).__name__, list(getattr(self, "fitted_", ()))
        if not known:
            raise BaselineError(f"this {name} has learnt nothing yet; call .fit(basins) with training basins first")
        for wanted in map(str, basins["basin"].values):
            if wanted not in known:
                hint = f"{name} makes one model per basin: fit it on the basins that you ask for"
                raise BaselineError(f"{no_such_basin(wanted, known, f'this {name}')}. {hint}")
        self._check(basins, self.needs)
        values = [self._predict(self.fitted_[str(b)], basins.sel(basin=b)) for b in basins["basin"].values]
        coords = {k: v for k, v in basins.coords.items() if set(v.dims) <= {"basin", "time"}}
        label = {"units": "mm/day", "long_name": f"discharge by {name}"}
        return xr.DataArray(np.array(values, "float32"), coords, ("basin", "time"), TARGET, label)

    def _check(self, basins: xr.Dataset, names) -> None:
        for name in names:
            unit = FORCINGS.get(name, ("mm/day",))[0]
            if name not in basins:
                found = ", ".join(sorted(map(str, basins.data_vars)))
                raise BaselineError(f"{type(self).__name__} needs {name!r} [{unit}], which is not among {found}")
            if (got := basins[name].attrs.get("units")) != unit:
                raise BaselineError(f"{name!r} must be in {unit}, is in {got}; convert it and set its attrs['units']")
            if name != TARGET and not np.isfinite(basins[name]).all():
                bad = np.argwhere(~np.isfinite(basins[name].transpose("basin", "time").values))[0]
                where = f"basin {str(basins['basin'].values[bad[0]])!r} on {str(basins['time'].values[bad[1]])[:10]}"
                raise BaselineError(f"{name!r} is missing for {where}; fill the gap, or leave the basin out")

    def _fit(self, basin: xr.Dataset):
        raise NotImplementedError

    def _predict(self, fitted, basin: xr.Dataset) -> np.ndarray:
        raise NotImplementedError


class Climatology(Baseline):
    """The usual discharge of the day of the year: no weather, no memory, and yet hard to beat where snow rules.

    Parameters
    ----------
    window : days over which the mean of each calendar day is smoothed, centred, around the turn of the year too
    """

    def __init__(self, window: int = 15):
        self.window = window

    def _fit(self, basin: xr.Dataset) -> np.ndarray:
        """(365,) mean discharge; sums and counts are smoothed before they are divided, so that gaps do no harm."""
        day, q = _calendar_day(basin), basin[TARGET].values
        there = np.isfinite(q)
        total = self._smooth(np.bincount(day[there], q[there], minlength=365))
        count = self._smooth(np.bincount(day[there], minlength=365))
        return np.where(count > 0, total / np.maximum(count, 1), q[there].mean())

    def _smooth(self, year: np.ndarray) -> np.ndarray:
        half = self.window // 2
        return np.convolve(np.concatenate([year[365 - half :], year, year[:half]]), np.ones(2 * half + 1), "valid")

    def _predict(self, fitted: np.ndarray, basin: xr.Dataset) -> np.ndarray:
        return fitted[_calendar_day(basin)]


class Persistence(Baseline):
    """As `lead` days ago. It looks at measured discharge, so it plays another game than all the others.

    A forecaster with a gauge may use it; a model for the past, the future or the ungauged may not. Where the gauge
    was down the last value before counts; before the first one, the mean of the training period.

    Parameters
    ----------
    lead : days ahead, at least 1
    """

    needs = (TARGET,)

    def __init__(self, lead: int = 1):
        if lead < 1:
            raise BaselineError(f"lead must be at least 1 day, got {lead}: the discharge of today is what is asked for")
        self.lead = lead

    def _fit(self, basin: xr.Dataset) -> float:
        return float(basin[TARGET].mean())

    def _predict(self, fitted: float, basin: xr.Dataset) -> np.ndarray:
        q = np.concatenate([np.full(self.lead, fitted), basin[TARGET].values])[: basin.sizes["time"]]
        last = np.maximum.accumulate(np.where(np.isfinite(q), np.arange(q.size), 0))
        return q[last]


class RidgeLags(Baseline):
    r"""Linear regression on the weather of the last days and the mean weather of the last weeks and months.

    .. math:: \min_\beta \; \lVert q - X \beta \rVert^2 + \alpha \lVert \beta \rVert^2

    Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634. The columns of :math:`X` are standardised,
    :math:`\alpha` is chosen by cross-validation over whole years (neighbouring days are too alike to test each
    other), and negative discharge becomes zero.

    Parameters
    ----------
    lags : days, today included, that get a column per forcing
    means : lengths [day] of the antecedent means that get a column per forcing
    alphas : to choose from
    """

    needs = INPUTS

    def __init__(self, lags: int = 10, means=(30, 90, 365), alphas=(1.0, 10.0, 100.0, 1e3, 1e4)):
        self.lags, self.means, self.alphas = lags, tuple(means), tuple(alphas)

    def _fit(self, basin: xr.Dataset):
        there = np.isfinite(basin[TARGET].values)
        x, q = self.columns(basin)[there], basin[TARGET].values[there].astype(float)
        years = np.flatnonzero(there) // 365
        if np.unique(years).size < 2:
            raise BaselineError(f"basin {_name(basin)}: RidgeLags needs two years of discharge to choose alpha")
        shift, scale = x.mean(0), np.maximum(x.std(0), 1e-9)
        x, mean = (x - shift) / scale, q.mean()
        fold = years % min(5, np.unique(years).size)
        errors = sum(self._left_out(x, q - mean, fold == k) for k in np.unique(fold))
        return shift, scale, mean, _ridge(x.T @ x, x.T @ (q - mean), self.alphas[int(np.argmin(errors))])

    def _left_out(self, x: np.ndarray, q: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Sum of squared errors on the days `out`, one per alpha, of the regression on the other days."""
        gram, moment = x[~out].T @ x[~out], x[~out].T @ q[~out]
        return np.array([np.sum((q[out] - x[out] @ _ridge(gram, moment, alpha)) ** 2) for alpha in self.alphas])

    def _predict(self, fitted, basin: xr.Dataset) -> np.ndarray:
        shift, scale, mean, beta = fitted
        return np.maximum((self.columns(basin) - shift) / scale @ beta + mean, 0)

    def columns(self, basin: xr.Dataset) -> np.ndarray:
        """(time, column) lagged and antecedent-mean forcings; before the record its first day is repeated."""
        weather = np.stack([basin[name].values for name in self.needs], axis=1).astype(float)
        before = max(self.lags - 1, *self.means)
        padded = np.concatenate([np.repeat(weather[:1], before, axis=0), weather])
        total = np.concatenate([np.zeros((1, weather.shape[1])), padded.cumsum(0)])
        end = np.arange(before, len(padded)) + 1
        return np.concatenate([padded[end - 1 - k] for k in range(self.lags)]
                              + [(total[end] - total[end - k]) / k for k in self.means], axis=1)  # fmt: skip


class Conceptual(Baseline):
    """A hydrologist's model: GR4J and a snow store, six parameters calibrated for NSE (see :mod:`.conceptual`).

    It sees precipitation, temperature and latitude. :attr:`parameters` is a table of what it found.

    Parameters
    ----------
    seed : of the search; the same one finds the same parameters
    rounds : generations of the search; 45 usually come within 0.01 of the NSE that more would find
    """

    needs = ("prcp", "tmin", "tmax")
    #: First days of the training record that fill the stores and are not scored.
    spin_up = 365

    def __init__(self, seed: int = 0, rounds: int = 45):
        self.seed, self.rounds = seed, rounds

    @property
    def parameters(self) -> xr.Dataset:
        """The calibrated parameters, one variable (basin,) each, with units."""
        table = np.array(list(self.fitted_.values()))
        data = {k: ("basin", table[:, i], {"units": p.unit, "long_name": p.meaning})
                for i, (k, p) in enumerate(PARAMETERS.items())}  # fmt: skip
        return xr.Dataset(data, {"basin": list(self.fitted_)})

    def _fit(self, basin: xr.Dataset) -> np.ndarray:
        q = basin[TARGET].values
        if np.isfinite(q[self.spin_up :]).sum() < 365:
            raise BaselineError(f"basin {_name(basin)}: Conceptual needs a year to fill its stores and at least one "
                                f"year of discharge after it, got {q.size} days")  # fmt: skip
        return calibrate(q, *_conceptual_forcing(basin), self.spin_up, self.seed, self.rounds)

    def _predict(self, fitted: np.ndarray, basin: xr.Dataset) -> np.ndarray:
        return simulate(fitted, *_conceptual_forcing(basin))["discharge"]


def _ridge(gram: np.ndarray, moment: np.ndarray, alpha: float) -> np.ndarray:
    """The coefficients that solve (X'X + alpha I) beta = X'q."""
    return np.linalg.solve(gram + alpha * np.eye(len(gram)), moment)


def _conceptual_forcing(basin: xr.Dataset):
    """Precipitation, tmin, tmax and potential evapotranspiration of one basin, (time,) each."""
    if "lat" not in basin.coords:
        raise BaselineError(f"basin {_name(basin)} has no coordinate 'lat', which says how high the sun stands")
    prcp, tmin, tmax = (basin[name].values for name in ("prcp", "tmin", "tmax"))
    doy = basin["time"].dt.dayofyear.values
    return prcp, tmin, tmax, potential_evapotranspiration(tmin, tmax, float(basin["lat"]), doy)


def _calendar_day(basin: xr.Dataset) -> np.ndarray:
    """0 ... 364 whatever the year: 29 February shares the place of 1 March."""
    time = basin["time"].dt
    leap = time.is_leap_year.values
    day = time.dayofyear.values - 1
    return np.where(leap & (day >= 60), day - 1, day)


def _measured(basin: xr.Dataset) -> xr.Dataset:
    if not bool(np.isfinite(basin[TARGET]).any()):
        raise BaselineError(f"basin {_name(basin)} has no discharge in this period; leave it out or change the period")
    return basin


def _name(basin: xr.Dataset) -> str:
    return repr(str(basin["basin"].values))
