"""Instalment plans: amounts that sum to the total, dates, and the status that documents give."""

import calendar
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
HUNDRED = Decimal(100)


def rounded(amount, step):
    """Return ``amount`` as a whole number of ``step``, halves away from zero.

    >>> rounded(Decimal("1.005"), Decimal("0.01"))
    Decimal('1.01')
    """
    return (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step


def shares(total, percents, step):
    """Return the amount of each percentage of ``total``; percentages of 100 give the total.

    Each amount is the difference of two rounded running totals, so no cent is lost or invented.

    >>> cent, thirds = Decimal("0.01"), [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    >>> shares(Decimal("100"), thirds, cent)
    [Decimal('33.34'), Decimal('33.33'), Decimal('33.33')]
    >>> sum(shares(Decimal("0.10"), [Decimal("50"), Decimal("25"), Decimal("25")], cent))
    Decimal('0.10')
    """
    result, running, before = [], ZERO, ZERO
    for percent in percents:
        running += percent
        now = rounded(total * running / HUNDRED, step)
        result.append(now - before)
        before = now
    return result


def even(total, count, step):
    """Return ``count`` amounts that differ by one step at most and sum to ``total``.

    >>> even(Decimal("100"), 3, Decimal("0.01"))
    [Decimal('33.33'), Decimal('33.34'), Decimal('33.33')]
    """
    marks = [rounded(total * number / count, step) for number in range(count + 1)]
    return [after - before for before, after in zip(marks, marks[1:], strict=False)]


def add_months(day, months):
    """Return the same day of a later month, or the last day of a shorter one.

    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    >>> add_months(date(2026, 11, 30), 3)
    datetime.date(2027, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def months_between(start, end):
    """Return the whole months from the first day ``start`` to the last day ``end``, or None.

    >>> months_between(date(2026, 1, 1), date(2027, 12, 31))
    24
    >>> months_between(date(2026, 1, 15), date(2026, 2, 14))
    1
    >>> months_between(date(2026, 1, 1), date(2026, 1, 20)) is None
    True
    """
    after = date.fromordinal(end.toordinal() + 1)
    months = (after.year - start.year) * 12 + after.month - start.month
    return months if months > 0 and add_months(start, months) == after else None


def status(invoiced, collected, *, cancelled=False, overdue=False):
    """Return the status of an instalment from its posted documents.

    :param invoiced: posted invoices less posted credit notes
    :param collected: the part of that which is no longer open
    :param cancelled: it was cancelled; what is invoiced all the same still counts
    :param overdue: an open part is past its due date

    >>> status(ZERO, ZERO), status(ZERO, ZERO, cancelled=True)
    ('planned', 'cancelled')
    >>> [status(Decimal(10), Decimal(paid)) for paid in (0, 4, 10)]
    ['invoiced', 'partly', 'collected']
    >>> [status(Decimal(10), Decimal(paid), overdue=True) for paid in (4, 10)]
    ['overdue', 'collected']
    """
    if invoiced <= 0:
        return "cancelled" if cancelled else "planned"
    if collected >= invoiced:
        return "collected"
    if overdue:
        return "overdue"
    return "partly" if collected > 0 else "invoiced"
