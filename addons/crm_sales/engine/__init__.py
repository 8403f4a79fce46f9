"""Arithmetic of commissions: pure Python on ``Decimal``, without any access to a database."""
