"""Arithmetic of market development funds (MDF).

Amounts are :class:`~decimal.Decimal` in the currency of the company, ``step`` is the smallest
amount of that currency (0.01). Rates are percentages. Everything here follows from documents as
they stand: no function knows what was posted before.

>>> from decimal import Decimal as D
>>> accrued(D("2400000"), D("2"), D("0.01"))
Decimal('48000.00')
>>> cap(D("40000"), D("25000"))
Decimal('15000')
>>> lapsed(D("48000"), D("40000"))
Decimal('8000')
"""

from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
HUNDRED = Decimal(100)


def exact(amount, digits=2):
    """Return a float of the ORM as the decimal it stands for.

    >>> exact(0.1 + 0.2)
    Decimal('0.30')
    """
    return Decimal(repr(round(amount or 0.0, digits))).quantize(Decimal(1).scaleb(-digits))


def accrued(purchases, rate, step):
    """Return what net purchases add to a fund; more credit notes than invoices add nothing.

    >>> accrued(Decimal("-500"), Decimal("2"), Decimal("0.01"))
    Decimal('0.00')
    >>> accrued(Decimal("0.25"), Decimal("2"), Decimal("0.01"))
    Decimal('0.01')
    """
    return max(ZERO, purchases * rate / HUNDRED).quantize(step, ROUND_HALF_UP)


def co_funded(cost, rate, step):
    """Return our part of a cost.

    >>> co_funded(Decimal("80000"), Decimal("50"), Decimal("0.01"))
    Decimal('40000.00')
    """
    return (cost * rate / HUNDRED).quantize(step, ROUND_HALF_UP)


def cap(approved, claimed, cost_share=None):
    """Return the most that one more claim can bring.

    :param approved: what was approved for the request
    :param claimed: what earlier claims of the request were approved
    :param cost_share: our part of the cost that the claim proves, where the partner states it

    >>> cap(Decimal(100), Decimal(30), Decimal(50))
    Decimal('50')
    >>> cap(Decimal(100), Decimal(130))
    Decimal('0')
    """
    rest = max(ZERO, approved - claimed)
    return rest if cost_share is None else min(rest, max(ZERO, cost_share))


def service(fair_value, settled):
    """Return the part of a claim that pays for a distinct service (IFRS 15.70–72).

    The consideration payable to a customer beyond the fair value of what the customer delivers
    stays a reduction of revenue; what was not settled is no expense yet.

    >>> service(Decimal("22000"), Decimal("25000")), service(Decimal("22000"), Decimal("20000"))
    (Decimal('22000'), Decimal('20000'))
    """
    return max(ZERO, min(fair_value, settled))


def lapsed(accrued_amount, committed):
    """Return what of an expired fund goes back to revenue: all that is not promised to claims.

    >>> lapsed(Decimal(10), Decimal(12))
    Decimal('0')
    """
    return max(ZERO, accrued_amount - committed)


def return_on_investment(revenue, cost):
    """Return the ROI in percent, ``None`` without a cost.

    >>> return_on_investment(Decimal(120000), Decimal(40000))
    Decimal('200')
    >>> return_on_investment(Decimal(1), ZERO)
    """
    return (revenue - cost) / cost * HUNDRED if cost else None
