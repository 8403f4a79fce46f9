"""Arithmetic and rules of partner programmes: pure Python, without any access to a database."""
