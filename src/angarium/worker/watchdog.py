"""Notices when the event loop stands still, and logs where (DESIGN §2).

A thread looks every few milliseconds whether the loop's thread is outside its idle frame. If so it posts a callback; a
callback that has not run by the next look is a stall, and the stack of that moment shows what runs. While the loop is
idle the thread looks less often, and nothing is posted.
"""

import asyncio
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Final

log = logging.getLogger(__name__)

_IDLE_LOOKS: Final = 200
"""Idle looks in a row after which the thread rests longer."""
_IDLE_REST_S: Final = 0.05
_FRAMES_SHOWN: Final = 6


class Watchdog:
    """Watches the loop of the thread that starts it; `idle_frame` is the frame that runs the loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        idle_frame: FrameType,
        *,
        stall_s: float = 0.005,
        on_stall: Callable[[], None] = lambda: None,
    ) -> None:
        self._loop = loop
        self._idle_frame = idle_frame
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._watched = threading.get_ident()
        self._stop = threading.Event()
        self._answered_s = 0.0
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread before it returns, unless it is that of a stall."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=1.0)

    def _watch(self) -> None:
        idle_looks = 0
        while not self._stop.wait(_IDLE_REST_S if idle_looks > _IDLE_LOOKS else self._stall_s):
            if self._is_idle():
                idle_looks += 1
            else:
                idle_looks = 0
                self._probe()

    def _is_idle(self) -> bool:
        frame = sys._current_frames().get(self._watched)  # noqa: SLF001 - the documented way to see other threads
        # uvloop waits below the frame that runs it; asyncio's own loop waits in `select`.
        return frame is None or frame is self._idle_frame or frame.f_code.co_name == "select"

    def _probe(self) -> None:
        self._answered_s = 0.0
        posted_s = time.monotonic()
        try:
            self._loop.call_soon_threadsafe(self._answer)
        except RuntimeError:
            # The loop is closed.
            self._stop.set()
            return
        if self._stop.wait(self._stall_s) or self._answered_s:
            return
        frame = sys._current_frames().get(self._watched)  # noqa: SLF001
        stack = _where(frame) if frame is not None else ""
        del frame
        while not self._answered_s and not self._stop.wait(self._stall_s):
            pass
        duration_s = (self._answered_s or time.monotonic()) - posted_s
        log.warning("loop_stalled", extra={"duration_ms": round(duration_s * 1000, 1), "stack": stack})
        self._on_stall()

    def _answer(self) -> None:
        self._answered_s = time.monotonic()


def _where(frame: FrameType) -> str:
    """The innermost frames on one line, outermost first."""
    frames = traceback.extract_stack(frame)[-_FRAMES_SHOWN:]
    return " > ".join([f"{os.path.basename(each.filename)}:{each.lineno} in {each.name}" for each in frames])
