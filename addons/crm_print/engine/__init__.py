"""Printing HTML with Chromium over the DevTools protocol. No ORM import below this package."""
