"""What a customer is worth: RFM classes, BG/NBD and Gamma-Gamma by maximum likelihood.

* BG/NBD: how often somebody buys and whether he still does. Fader, Hardie, Lee, "Counting Your
  Customers" the Easy Way, Marketing Science 24 (2005), 275-284.
* Gamma-Gamma: what a purchase is worth. Fader, Hardie, "The Gamma-Gamma Model of Monetary Value"
  (2013).

A customer is (x, t_x, T): ``x`` repeat purchases, the last of them ``t_x`` after the first
purchase, seen until ``T`` after it. One unit of time throughout, here days. Customers with equal
numbers are one row with a count. numpy and scipy are loaded when something is computed, not with
the addon.
"""

from collections import namedtuple

#: what the likelihood may not leave; a value at the edge means that the data do not determine it
LOWEST, HIGHEST = 1e-4, 1e4
#: below this many customers who came back, four parameters would be guessed, not estimated
MIN_REPEAT_CUSTOMERS = 30
QUINTILES = 5
NODES = 64

Rhythm = namedtuple("Rhythm", "r alpha a b log_likelihood")
Spending = namedtuple("Spending", "p q v log_likelihood")


class NotFitted(Exception):
    """The data do not support a model.

    :ivar str reason: ``few_customers`` or ``no_optimum``; the words are the caller's
    """

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


# ----------------------------------------------------------------------
# Recency, frequency, monetary
# ----------------------------------------------------------------------


def quintiles(values):
    """Return 1 (lowest) to 5 for each value: in which fifth of the customers it stands.

    Equal values always share a fifth, that of the customers below them: 1 + ⌊5 · percent_rank⌋.

    >>> quintiles([10, 20, 30, 40, 50]).tolist()
    [1, 2, 3, 4, 5]
    >>> quintiles([1, 1, 1, 1, 9]).tolist()
    [1, 1, 1, 1, 5]
    >>> quintiles([7]).tolist()
    [1]
    """
    import numpy as np

    values = np.asarray(values)
    if len(values) < 2:
        return np.ones(len(values), dtype=int)
    below = np.searchsorted(np.sort(values), values, side="left")
    return np.minimum(1 + QUINTILES * below // (len(values) - 1), QUINTILES)


def rfm_class(recency, frequency, monetary, purchases):
    """Return the class of a customer from its three fifths and its number of purchases.

    >>> rfm_class(5, 5, 5, 12), rfm_class(5, 1, 1, 1), rfm_class(1, 4, 5, 9)
    ('champion', 'new', 'at_risk')
    >>> rfm_class(3, 3, 3, 4), rfm_class(3, 2, 2, 2), rfm_class(2, 1, 2, 1), rfm_class(1, 1, 2, 1)
    ('loyal', 'potential', 'hibernating', 'lost')
    """
    worth = frequency + monetary
    if recency <= 2:
        return "at_risk" if worth >= 6 else "hibernating" if recency == 2 else "lost"
    if worth >= 8 and recency >= 4:
        return "champion"
    if worth >= 6:
        return "loyal"
    return "new" if recency >= 4 and purchases == 1 else "potential"


def churn_class(buys):
    """Return the churn risk of who buys within the horizon with probability ``buys``.

    >>> churn_class(0.9), churn_class(0.5), churn_class(0.1)
    ('low', 'medium', 'high')
    """
    return "low" if buys >= 0.7 else "medium" if buys >= 0.4 else "high"


# ----------------------------------------------------------------------
# BG/NBD: when they buy
# ----------------------------------------------------------------------


def distinct(*columns):
    """Return distinct rows and how many customers each stands for: ``(columns, count, inverse)``.

    >>> rows, count, inverse = distinct([1, 0, 1], [5, 0, 5])
    >>> [column.tolist() for column in rows], count.tolist(), inverse.tolist()
    ([[0.0, 1.0], [0.0, 5.0]], [1, 2], [1, 0, 1])
    """
    import numpy as np

    columns = [np.asarray(column, dtype=float) for column in columns]
    order = np.lexsort(columns[::-1])
    new = np.zeros(len(order), dtype=bool)
    new[:1] = True
    for column in columns:
        new[1:] |= np.diff(column[order]) != 0
    inverse = np.empty(len(order), dtype=int)
    inverse[order] = np.cumsum(new) - 1
    first = order[new]
    return [column[first] for column in columns], np.bincount(inverse), inverse


def _dot(left, right):
    """Return the sum of the products, without the threads of a linear algebra library.

    Those wait for each other longer than they work where the processors are busy.
    """
    import numpy as np

    return float(np.einsum("i,i->", left, right))


class _RhythmLikelihood:
    """Log-likelihood of BG/NBD and its gradient on distinct rows, in logs of the parameters."""

    def __init__(self, x, t_x, T, count):
        import numpy as np

        self.count, self.x, self.t_x, self.T = count, x, t_x, T
        self.total = count.sum()
        self.repeated = x > 0
        # Gamma functions depend on x alone, of which there are few.
        self.levels, self.level = np.unique(x, return_inverse=True)
        self.level_count = np.bincount(self.level, weights=count)

    def __call__(self, logs):
        """Return minus the mean log-likelihood, and its gradient."""
        import numpy as np

        r, alpha, a, b = parameters = np.exp(logs)
        shares, joint = self._shares(r, alpha, a, b)
        value, d_r, d_a, d_b = self._levels(r, alpha, a, b)
        value += _dot(self.count, joint)
        alive, dead = shares
        log_T, log_tx = np.log(alpha + self.T), np.log(alpha + self.t_x)
        d_r -= _dot(self.count, alive * log_T + dead * log_tx)
        rate = alive / (alpha + self.T) + dead / (alpha + self.t_x)
        d_alpha = self.total * r / alpha - _dot(self.count, (r + self.x) * rate)
        weighted = self.count * dead
        d_a += weighted.sum() / a
        d_b -= (weighted[self.repeated] / (b + self.x[self.repeated] - 1)).sum()
        gradient = np.array([d_r, d_alpha, d_a, d_b]) * parameters
        return -value / self.total, -gradient / self.total

    def _shares(self, r, alpha, a, b):
        """Return ((share alive, share gone) of each row's likelihood, log of their sum)."""
        import numpy as np

        power = r + self.x
        alive = -power * np.log(alpha + self.T)
        dead = np.full(len(self.x), -np.inf)
        some = self.repeated
        dead[some] = (
            np.log(a) - np.log(b + self.x[some] - 1) - (power * np.log(alpha + self.t_x))[some]
        )
        joint = np.logaddexp(alive, dead)
        return (np.exp(alive - joint), np.exp(dead - joint)), joint

    def _levels(self, r, alpha, a, b):
        """Return what depends on x alone: the value and its derivatives by r, a and b."""
        import numpy as np
        from scipy.special import digamma, gammaln

        x, n = self.levels, self.level_count
        value = n @ (gammaln(r + x) - gammaln(r) + gammaln(a + b) - gammaln(a + b + x)) + n @ (
            gammaln(b + x) - gammaln(b)
        )
        value += self.total * r * np.log(alpha)
        both = digamma(a + b) - digamma(a + b + x)
        d_r = n @ (digamma(r + x) - digamma(r)) + self.total * np.log(alpha)
        return value, d_r, n @ both, n @ (both + digamma(b + x) - digamma(b))


def _minimise(function, starts, width):
    """Return the best of the L-BFGS runs within the bounds, or raise ``NotFitted``.

    A start that ends away from the bounds is the optimum, and the others are not tried.
    """
    import numpy as np
    from scipy.optimize import minimize

    bounds = [(np.log(LOWEST), np.log(HIGHEST))] * width
    options = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7}
    low, high = bounds[0][0] + 1e-3, bounds[0][1] - 1e-3
    found = []
    for start in starts:
        with np.errstate(over="ignore", invalid="ignore"):
            result = minimize(
                function, np.log(start), jac=True, method="L-BFGS-B", bounds=bounds, options=options
            )
        if np.isfinite(result.fun):
            found.append(result)
            if result.success and ((result.x > low) & (result.x < high)).all():
                break
    if not found:
        raise NotFitted("no_optimum")
    return min(found, key=lambda result: result.fun)


def log_likelihood(parameters, x, t_x, T, count):
    """Return the log-likelihood of (r, alpha, a, b) and its gradient.

    :param count: customers with each row's numbers
    """
    import numpy as np

    function = _RhythmLikelihood(*(np.asarray(v, dtype=float) for v in (x, t_x, T, count)))
    value, gradient = function(np.log(parameters))
    return -value * function.total, -gradient * function.total / np.asarray(parameters)


def fit_rhythm(x, t_x, T, count, minimum=MIN_REPEAT_CUSTOMERS):
    """Estimate BG/NBD on distinct rows.

    :param int minimum: customers with a repeat purchase that a fit needs
    :raise NotFitted: too few customers came back, or no optimum was found
    :rtype: Rhythm
    """
    import numpy as np

    x, t_x, T, count = (np.asarray(column, dtype=float) for column in (x, t_x, T, count))
    if count[x > 0].sum() < max(minimum, 1):
        raise NotFitted("few_customers")
    # In units of the longest history every parameter is near one, whatever the unit of time.
    unit = T.max()
    function = _RhythmLikelihood(x, t_x / unit, T / unit, count)
    best = _minimise(function, [(1.0, 0.5, 0.5, 2.0), (0.3, 0.1, 1.0, 5.0)], 4)
    r, alpha, a, b = map(float, np.exp(best.x))
    # (α + T)^-(r + x) · α^r counts time in units: x purchases bring x logarithms of the unit.
    shift = float(count @ x) * np.log(unit)
    return Rhythm(r, alpha * unit, a, b, float(-best.fun * count.sum() - shift))


def alive(model, x, t_x, T):
    """Return the probability that a customer is still one. Who bought once has 1 by definition.

    In BG/NBD a customer may only leave after a repeat purchase; see ``buys``.
    """
    import numpy as np

    x, t_x, T = (np.asarray(column, dtype=float) for column in (x, t_x, T))
    power = (model.r + x) * np.log((model.alpha + T) / (model.alpha + t_x))
    odds = np.log(model.a) - np.log(np.maximum(model.b + x - 1, LOWEST)) + power
    return np.where(x > 0, 1 / (1 + np.exp(np.minimum(odds, 700))), 1.0)


def buys(model, x, t_x, T, time):
    """Return the probability of at least one purchase within ``time``.

    Somebody alive leaves only after a purchase, so that the waiting time for the next one is
    Pareto: P = alive · (1 − ((α + T) / (α + T + time))^(r + x)).
    """
    import numpy as np

    x, T = np.asarray(x, dtype=float), np.asarray(T, dtype=float)
    waits = ((model.alpha + T) / (model.alpha + T + time)) ** (model.r + x)
    return alive(model, x, t_x, T) * (1 - waits)


def expected_if_alive(model, x, T, time):
    """Return the purchases expected within ``time`` of somebody alive at ``T``.

    Equation 10 of the paper after Euler's transformation of the hypergeometric function, which
    takes the large powers out of it:
    (a+b+x-1)/(a-1) · [1 − (1−z)^(a-1) · ₂F₁(a+b-1-r, a-1; a+b+x-1; z)], z = time/(α+T+time).
    Rows where it cancels out or leaves (0, rate · time) are integrated numerically.
    """
    import numpy as np
    from scipy.special import hyp2f1

    x, T = np.asarray(x, dtype=float), np.asarray(T, dtype=float)
    r, alpha, a, b = model[:4]
    total = a + b + x - 1
    z = time / (alpha + T + time)
    most = (r + x) / (alpha + T) * time
    with np.errstate(all="ignore"):
        part = (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, total, z)
        result = total / (a - 1) * (1 - part)
        lost = (np.abs(1 - part) < 1e-7) | ~np.isfinite(result)
    lost |= (result < 0) | (result > most * (1 + 1e-9))
    if lost.any():
        result[lost] = _integrate(model, x[lost], T[lost], time)
    return np.clip(result, 0, most)


def _integrate(model, x, T, time):
    """Return the same by quadrature over the chance ``p`` to leave, Beta(a, b + x) if alive."""
    import numpy as np
    from scipy.special import betaincinv

    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    result = np.zeros(len(x))
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        p = np.maximum(betaincinv(model.a, model.b + x, node), 1e-300)
        growth = np.log1p(p * time / (model.alpha + T))
        result += weight * -np.expm1(-(model.r + x) * growth) / p
    return result


def expected_purchases(model, x, t_x, T, time):
    """Return the purchases expected within ``time`` after ``T``."""
    return alive(model, x, t_x, T) * expected_if_alive(model, x, T, time)


def discounted_if_alive(model, x, T, horizon, rate, nodes=6):
    """Return the purchases expected within ``horizon`` of somebody alive, discounted.

    ∫ e^(−δs) dY(s) = e^(−δH) Y(H) + δ ∫ e^(−δs) Y(s) ds, by Gauss-Legendre in √s, where Y is
    smooth.

    :param float rate: continuous discount rate δ per unit of time
    """
    import numpy as np

    result = np.exp(-rate * horizon) * expected_if_alive(model, x, T, horizon)
    if not rate:
        return result
    points, weights = np.polynomial.legendre.leggauss(nodes)
    for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
        s = horizon * point**2
        step = 2 * horizon * point * weight
        result += rate * step * np.exp(-rate * s) * expected_if_alive(model, x, T, s)
    return result


# ----------------------------------------------------------------------
# Gamma-Gamma: what a purchase is worth
# ----------------------------------------------------------------------


def fit_spending(n, mean, count=None, minimum=MIN_REPEAT_CUSTOMERS):
    """Estimate Gamma-Gamma from ``n`` purchases worth ``mean`` on average, both positive.

    :raise NotFitted: too few customers, or no optimum
    :rtype: Spending
    """
    import numpy as np

    n, mean = np.asarray(n, dtype=float), np.asarray(mean, dtype=float)
    count = np.ones(len(n)) if count is None else np.asarray(count, dtype=float)
    if count.sum() < max(minimum, 1):
        raise NotFitted("few_customers")
    unit = float(count @ mean / count.sum())
    function = _SpendingLikelihood(n, mean / unit, count)
    best = _minimise(function, [(2.0, 3.0, 1.0), (6.0, 4.0, 0.5)], 3)
    p, q, v = map(float, np.exp(best.x))
    shift = count.sum() * np.log(unit)
    return Spending(p, q, v * unit, float(-best.fun * count.sum() - shift))


class _SpendingLikelihood:
    """Log-likelihood of Gamma-Gamma and its gradient, in logs of p, q and v."""

    def __init__(self, n, mean, count):
        import numpy as np

        self.n, self.mean, self.count, self.total = n, mean, count, count.sum()
        self.log_nm = np.log(n * mean)
        self.log_m = _dot(count, np.log(mean))
        self.levels, self.level = np.unique(n, return_inverse=True)
        self.level_count = np.bincount(self.level, weights=count)

    def __call__(self, logs):
        """Return minus the mean log-likelihood, and its gradient."""
        import numpy as np
        from scipy.special import digamma, gammaln

        p, q, v = parameters = np.exp(logs)
        n, levels, count = self.n, self.levels, self.level_count
        pn = p * levels
        log_sum = np.log(v + n * self.mean)
        value = count @ (gammaln(pn + q) - gammaln(pn) - gammaln(q)) + self.total * q * np.log(v)
        value += _dot(self.count, p * n * self.log_nm - (p * n + q) * log_sum) - self.log_m
        gamma_sum = digamma(pn + q)
        d_p = count @ (levels * (gamma_sum - digamma(pn)))
        d_p += _dot(self.count, n * (self.log_nm - log_sum))
        d_q = count @ (gamma_sum - digamma(q)) + self.total * np.log(v) - _dot(self.count, log_sum)
        d_v = self.total * q / v - _dot(self.count, (p * n + q) / (v + n * self.mean))
        gradient = np.array([d_p, d_q, d_v]) * parameters
        return -value / self.total, -gradient / self.total


def expected_spend(model, n, mean):
    """Return what a further purchase is worth: p (v + n·mean) / (p·n + q − 1).

    Between the customer's own mean and that of all. Who brought nothing so far is expected to go
    on so: 0.
    """
    import numpy as np

    n, mean = np.asarray(n, dtype=float), np.asarray(mean, dtype=float)
    # With q <= 1 the mean of the population does not exist; the customer's own then stands alone.
    weight = np.maximum(model.p * n + model.q - 1, LOWEST)
    value = np.where(model.q > 1, model.p * (model.v + n * mean) / weight, mean)
    return np.where(mean > 0, value, 0.0)
