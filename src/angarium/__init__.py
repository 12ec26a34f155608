"""Angarium: a mail store."""

import logging

__version__ = "0.1.0"

from angarium.logrecords import EventLogger

# Before the modules of the program ask for theirs.
logging.setLoggerClass(EventLogger)
