"""Printing HTML with Chromium over the DevTools protocol, and writing workbooks; no ORM here."""
