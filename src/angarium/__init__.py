"""Angarium: a mail store."""

__version__ = "0.1.0"
