"""Forecasts of monthly series by their own past, with the error that each method had.

Several classical methods run on every series; the one with the smallest error over a rolling
origin is taken (Tashman 2000, *Out-of-sample tests of forecasting accuracy*). Errors are MASE,
scaled by the seasonal naive method (Hyndman & Koehler 2006): below 1 means better than "as last
year". All methods are vectorised over the series; parameters come from a grid by least squares.

* seasonal naive: the value a season ago
* simple exponential smoothing (Brown), Holt's linear trend damped (Gardner & McKenzie 1985)
* Holt-Winters with additive seasons and a damped trend
* theta (Assimakopoulos & Nikolopoulos 2000): SES with half the slope, on deseasonalised data
* the mean of the last two (Bates & Granger 1969)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

SEASON = 12
ORIGINS = 9
LOOK_AHEAD = 3
SHORTEST = 4
Z80 = 1.2815515655446004
DAMPING = 0.95
GRID = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
COARSE = np.array([0.1, 0.3, 0.6])


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecast of a series: ``values`` and the bounds of an 80 % interval, one a step.

    ``mase`` and ``mape`` (a fraction) are the errors of ``method`` in the past, ``None`` where
    the history is too short to say; ``errors`` the MASE of every method that was tried.
    """

    method: str
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    mase: float | None
    mape: float | None
    errors: dict[str, float]


# ----------------------------------------------------------------------
# Methods: (series, steps) -> forecasts, arrays of one row a series
# ----------------------------------------------------------------------


def naive(y: np.ndarray, steps: int, season: int = SEASON) -> np.ndarray:
    """The last value goes on."""
    return np.repeat(y[:, -1:], steps, axis=1)


def seasonal_naive(y: np.ndarray, steps: int, season: int = SEASON) -> np.ndarray:
    """The last season repeats; the last value where there is no whole season yet.

    >>> seasonal_naive(np.array([[1.0, 2, 3, 4]]), 5, season=4).tolist()
    [[1.0, 2.0, 3.0, 4.0, 1.0]]
    """
    if y.shape[1] < season:
        return naive(y, steps)
    last = y[:, -season:]
    return last[:, np.arange(steps) % season]


def smoothing(y: np.ndarray, steps: int, season: int = SEASON) -> np.ndarray:
    """Simple exponential smoothing; the smoothing factor of each series by least squares.

    >>> smoothing(np.array([[5.0, 5, 5, 5, 5]]), 2).round(6).tolist()
    [[5.0, 5.0]]
    """
    level = np.repeat(y[:, :1], GRID.size, axis=1)
    loss = np.zeros_like(level)
    for t in range(1, y.shape[1]):
        error = y[:, t : t + 1] - level
        loss += error**2
        level = level + GRID * error
    best = loss.argmin(axis=1)
    return np.repeat(level[np.arange(len(y)), best][:, None], steps, axis=1)


def damped_trend(y: np.ndarray, steps: int, season: int = SEASON) -> np.ndarray:
    """Holt's linear trend, damped so that it does not run away."""
    alpha, beta = (grid.ravel() for grid in np.meshgrid(GRID, COARSE / 2))
    level = np.repeat(y[:, :1], alpha.size, axis=1)
    trend = np.repeat(y[:, 1:2] - y[:, :1], alpha.size, axis=1) * 0.5
    loss = np.zeros_like(level)
    for t in range(1, y.shape[1]):
        expected = level + DAMPING * trend
        error = y[:, t : t + 1] - expected
        loss += error**2
        level = expected + alpha * error
        trend = DAMPING * trend + alpha * beta * error
    best, rows = loss.argmin(axis=1), np.arange(len(y))
    return level[rows, best][:, None] + trend[rows, best][:, None] * _damped_sums(steps)


def holt_winters(y: np.ndarray, steps: int, season: int = SEASON) -> np.ndarray:
    """Holt-Winters with additive seasons; needs two of them, else it is :func:`damped_trend`."""
    if y.shape[1] < 2 * season:
        return damped_trend(y, steps, season)
    alpha, beta, gamma = (g.ravel() for g in np.meshgrid(COARSE, COARSE / 3, COARSE / 2))
    first, second = y[:, :season], y[:, season : 2 * season]
    seasons = np.repeat(((first + second) / 2 - _mean(y, 2 * season))[:, :, None], alpha.size, 2)
    level = np.repeat(_mean(y, season), alpha.size, axis=1)
    trend = np.repeat((second - first).mean(axis=1, keepdims=True) / season, alpha.size, axis=1)
    loss = np.zeros_like(level)
    for t in range(y.shape[1]):
        turn = seasons[:, t % season]
        expected = level + DAMPING * trend
        error = y[:, t : t + 1] - expected - turn
        loss += error**2
        level = expected + alpha * error
        trend = DAMPING * trend + alpha * beta * error
        seasons[:, t % season] = turn + gamma * (1 - alpha) * error
    best, rows = loss.argmin(axis=1), np.arange(len(y))
    ahead = (y.shape[1] + np.arange(steps)) % season
    base = level[rows, best][:, None] + trend[rows, best][:, None] * _damped_sums(steps)
    return base + seasons[rows[:, None], ahead[None, :], best[:, None]]


def theta(y: np.ndarray, steps: int, season: int = SEASON) -> np.ndarray:
    """Theta: smoothing plus half the slope, seasons taken off first where there are two.

    >>> theta(np.array([[2.0, 4, 6, 8, 10, 12]]), 1).round(1).tolist()
    [[12.8]]
    """
    length = y.shape[1]
    seasons = _seasonal_offsets(y, season)
    plain = y - seasons[:, np.arange(length) % season]
    time = np.arange(length) - (length - 1) / 2
    slope = (plain * time).sum(axis=1, keepdims=True) / (time**2).sum()
    base = smoothing(plain, steps) + 0.5 * slope * np.arange(1, steps + 1)
    return base + seasons[:, (length + np.arange(steps)) % season]


def combination(y: np.ndarray, steps: int, season: int = SEASON) -> np.ndarray:
    """Mean of theta and Holt-Winters: errors of different methods partly cancel."""
    return (theta(y, steps, season) + holt_winters(y, steps, season)) / 2


METHODS = {
    "seasonal_naive": seasonal_naive,
    "smoothing": smoothing,
    "damped_trend": damped_trend,
    "holt_winters": holt_winters,
    "theta": theta,
    "combination": combination,
}


def _mean(y, count):
    return y[:, :count].mean(axis=1, keepdims=True)


def _damped_sums(steps):
    """Sum of the damping factors up to each step ahead."""
    return np.cumsum(DAMPING ** np.arange(1, steps + 1))


def _seasonal_offsets(y, season):
    """What each position of the season adds, shrunk by how much of it may be chance.

    The straight line is taken off first. With ``k`` seasons the mean of a position has a variance
    of that within positions by ``k``: James and Stein's factor for what lies between them.
    """
    whole = y.shape[1] // season
    if whole < 2:
        return np.zeros((len(y), season))
    time = np.arange(y.shape[1]) - (y.shape[1] - 1) / 2
    slope = ((y - y.mean(axis=1, keepdims=True)) * time).sum(axis=1, keepdims=True)
    plain = y - slope / (time**2).sum() * time
    shaped = plain[:, -whole * season :].reshape(len(y), whole, season)
    offsets = shaped.mean(axis=1) - shaped.mean(axis=(1, 2))[:, None]
    between = (offsets**2).mean(axis=1)
    within = ((shaped - shaped.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) / (whole - 1)
    chance = within.mean(axis=1) / whole
    kept = 1 - np.divide(chance, between, out=np.ones_like(chance), where=between > 1e-12)
    offsets = offsets * np.clip(kept, 0, 1)[:, None]
    # Position 0 is that of the first value of ``y``.
    return np.roll(offsets, y.shape[1] % season, axis=1)


# ----------------------------------------------------------------------
# Choice by past error
# ----------------------------------------------------------------------


def forecast_many(
    series: Mapping[Hashable, Sequence[float]],
    steps: int,
    season: int = SEASON,
    floor: float | None = 0.0,
) -> dict[Hashable, Forecast]:
    """Forecast each series ``steps`` ahead by the method that erred least in its past.

    Zeros before the first value do not count: a person who started in May has no January.

    :param floor: forecasts are not below it; ``None`` for no limit

    >>> found = forecast_many({"a": [0.0, 0.0, 7, 7, 7, 7, 7, 7, 7, 7]}, 2)["a"]
    >>> found.values, found.mape
    ((7.0, 7.0), 0.0)
    """
    if steps < 1:
        raise ValueError("at least one step ahead")
    groups = defaultdict(list)
    for key, values in series.items():
        trimmed = np.trim_zeros(np.asarray(values, dtype=float), "f")
        groups[trimmed.size].append((key, trimmed))
    found = {}
    for length, members in groups.items():
        keys = [key for key, _values in members]
        if not length:
            nothing = (0.0,) * steps
            found |= {k: Forecast("none", nothing, nothing, nothing, None, None, {}) for k in keys}
            continue
        y = np.vstack([values for _key, values in members])
        found |= dict(zip(keys, _forecast_block(y, steps, season, floor), strict=True))
    return {key: found[key] for key in series}


def _forecast_block(y, steps, season, floor):
    if y.shape[1] < SHORTEST:
        values = np.repeat(y.mean(axis=1, keepdims=True), steps, axis=1)
        return [_result("mean", row, 0 * row, None, None, {}, floor) for row in values]
    errors = {name: _past_errors(method, y, season) for name, method in METHODS.items()}
    scale = _scale(y, season)
    table = np.stack([np.abs(error).mean(axis=1) / scale for error, _actual in errors.values()])
    best = table.argmin(axis=0)
    ahead = {name: method(y, steps, season) for name, method in METHODS.items()}
    results = []
    for row, choice in enumerate(best):
        name = list(METHODS)[choice]
        error, actual = (part[row] for part in errors[name])
        tried = {key: float(table[index, row]) for index, key in enumerate(METHODS)}
        spread = Z80 * np.sqrt((error**2).mean()) * np.ones(steps)
        results.append(
            _result(name, ahead[name][row], spread, tried[name], _mape(error, actual), tried, floor)
        )
    return results


def _result(name, values, spread, mase, mape, errors, floor):
    if floor is not None:
        values = np.maximum(values, floor)
    low, high = values - spread, values + spread
    if floor is not None:
        low = np.maximum(low, floor)
    numbers = (tuple(float(value) for value in row) for row in (values, low, high))
    return Forecast(name, *numbers, mase, mape, errors)


def _past_errors(method, y, season):
    """Errors up to :data:`LOOK_AHEAD` steps ahead of the last origins, and what was true there."""
    length = y.shape[1]
    first = max(SHORTEST - 1, length - ORIGINS)
    errors, actuals = [], []
    for at in range(first, length):
        actual = y[:, at : at + LOOK_AHEAD]
        errors.append(method(y[:, :at], actual.shape[1], season) - actual)
        actuals.append(actual)
    return np.concatenate(errors, axis=1), np.concatenate(actuals, axis=1)


def _scale(y, season):
    """Mean absolute error of the naive method of the same season within the history."""
    lag = season if y.shape[1] > season else 1
    scale = np.abs(y[:, lag:] - y[:, :-lag]).mean(axis=1)
    size = np.abs(y).mean(axis=1)
    return np.where(scale > 1e-9, scale, np.maximum(size, 1e-9))


def _mape(error, actual):
    known = np.abs(actual) > 1e-9
    if not known.any():
        return None
    return float((np.abs(error[known]) / np.abs(actual[known])).mean())
