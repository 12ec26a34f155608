"""Lines to a stream."""

import logging
from typing import TextIO


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes each record as a whole and at once, so that no crash takes one away.

    It does in one step what its base class does in seven: every login passes here twice.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        """Write one record; False if a filter keeps it back."""
        if self.filters and not self.filter(record):
            return False
        try:
            line = self.format(record) + self.terminator
            assert self.lock is not None
            self.lock.acquire()
            try:
                self.stream.write(line)
                self.stream.flush()
            finally:
                self.lock.release()
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001 - a record that cannot be written must not harm whoever logged it
            self.handleError(record)
        return True
