"""The private memory of a server and all its processes, looked at while something happens."""

import threading
from typing import Final, Self

from bench.proctime import rss_anon_kb

_INTERVAL_S: Final = 0.02


class MemoryWatch:
    """Looks as long as it is entered."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.before = 0
        """Octets when it was entered."""
        self.most = 0
        """The most that there were from then on."""

    def __enter__(self) -> Self:
        self.before = self.most = self._octets()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _octets(self) -> int:
        return rss_anon_kb(self._pid) * 1024

    def _look(self) -> None:
        while not self._is_over.wait(_INTERVAL_S):
            self.most = max(self.most, self._octets())
