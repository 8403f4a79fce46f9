"""Arithmetic of revenue over time: pure Python on ``Decimal``, without access to a database."""
