"""Notices when the event loop stands still, and logs where (DESIGN §2).

A thread looks every few milliseconds whether the loop's thread is outside its idle frame. If so it posts a callback; a
callback that has not run by the next look is a stall, and the stack of that moment shows what runs. When the loop has
been idle for a while the thread looks twice a second only, and posts nothing; a task that begins, as every command
does, ends that rest at once, since most stalls come with the first command after a silence.
"""

import asyncio
import contextlib
import gc
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextvars import Context
from types import FrameType
from typing import Any, Final, TypeVar

log = logging.getLogger(__name__)

_IDLE_LOOKS: Final = 40
"""Idle looks in a row after which the thread rests longer."""
_IDLE_REST_S: Final = 0.5
_REPORT_INTERVAL_S: Final = 1.0
_FRAMES_SHOWN: Final = 6

T = TypeVar("T")


class StallReports:
    """Logs stalls, one a second, and those that are longer than it; the next line counts those that were left out."""

    def __init__(self) -> None:
        self._next_s = float("-inf")
        self._longest_s = 0.0
        self._left_out = 0

    def report(self, duration_s: float, stack: str, *, cpu_s: float, now_s: float) -> None:
        """`cpu_s` is what the loop's thread has computed meanwhile; `now_s` is of a clock that never goes back."""
        if now_s < self._next_s and duration_s <= self._longest_s:
            self._left_out += 1
            return
        log.warning(
            "loop_stalled",
            extra={
                "duration_ms": round(duration_s * 1000, 1),
                "cpu_ms": round(cpu_s * 1000, 1),
                "stack": stack,
                "not_reported": self._left_out,
            },
        )
        self._next_s = now_s + _REPORT_INTERVAL_S
        self._longest_s = duration_s
        self._left_out = 0


class Watchdog:
    """Watches the loop of the thread that starts it; `idle_frame` is the frame that runs the loop.

    It takes the place of the loop's task factory, so as to see tasks begin.
    """

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
        self._cpu_clock = time.pthread_getcpuclockid(self._watched)
        self._reports = StallReports()
        self._is_resting = False
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._answered_s = 0.0
        self._answered_cpu_s = 0.0
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        self._loop.set_task_factory(self._make_task)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread before it returns, unless it is that of a stall."""
        self._stopped.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=1.0)

    # Any: what a coroutine is sent and yields is the loop's own affair.
    def _make_task(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        if self._is_resting:
            self._is_resting = False
            self._woken.set()
        return asyncio.Task(coroutine, loop=loop, context=context)

    # In the thread

    def _watch(self) -> None:
        idle_looks = 0
        while not self._stopped.is_set():
            if idle_looks <= _IDLE_LOOKS:
                self._sleep(self._stall_s)
            elif self._rest():
                idle_looks = 0
            if self._stopped.is_set():
                return
            if self._is_idle():
                idle_looks += 1
            else:
                idle_looks = 0
                self._probe()

    def _sleep(self, seconds: float) -> bool:
        """Whether it was ended early, by `stop` or a task that began."""
        return self._woken.wait(seconds)

    def _rest(self) -> bool:
        """Sleep until a task begins, or for as long as an idle loop may go unseen; whether a task began."""
        self._woken.clear()
        if self._stopped.is_set():
            return False
        self._is_resting = True
        # A task may have begun just before, and did not see that it had to wake anybody.
        was_woken = not self._is_idle() or self._sleep(_IDLE_REST_S)
        self._is_resting = False
        if not self._stopped.is_set():
            self._woken.clear()
        return was_woken

    def _is_idle(self) -> bool:
        with _others_as_they_are():
            frame = sys._current_frames().get(self._watched)  # noqa: SLF001 - the documented way to see other threads
            # uvloop waits below the frame that runs it; asyncio's own loop waits in `select`.
            return frame is None or frame is self._idle_frame or frame.f_code.co_name == "select"

    def _probe(self) -> None:
        self._answered_s = 0.0
        posted_s, posted_cpu_s = time.monotonic(), time.clock_gettime(self._cpu_clock)
        try:
            self._loop.call_soon_threadsafe(self._answer)
        except RuntimeError:
            # The loop is closed.
            self._stopped.set()
            return
        if self._sleep(self._stall_s) or self._answered_s:
            return
        with _others_as_they_are():
            stack = _where(sys._current_frames().get(self._watched))  # noqa: SLF001 - as above
        while not self._answered_s and not self._sleep(self._stall_s):
            pass
        if not self._answered_s:  # the watch is over before the stall
            self._answer()
        cpu_s = self._answered_cpu_s - posted_cpu_s
        self._reports.report(self._answered_s - posted_s, stack, cpu_s=cpu_s, now_s=time.monotonic())
        self._on_stall()

    def _answer(self) -> None:
        self._answered_cpu_s = time.clock_gettime(self._cpu_clock)
        self._answered_s = time.monotonic()


_looking: Final = threading.Lock()


@contextlib.contextmanager
def _others_as_they_are() -> Iterator[None]:
    """Keep the garbage collector off while frames of other threads are looked at. Python 3.11 makes an object of a
    frame when it is asked for; a collection that begins in the midst of that may run a finalizer, and with it the other
    thread, and the object is made of what lies where its frame was: it is something else, or the process dies."""
    with _looking:
        is_on = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if is_on:
                gc.enable()


def _where(frame: FrameType | None) -> str:
    """The innermost frames on one line, outermost first; without a look at source files, as `traceback` takes one."""
    places: list[str] = []
    while frame is not None and len(places) < _FRAMES_SHOWN:
        code = frame.f_code
        places.append(f"{os.path.basename(code.co_filename)}:{frame.f_lineno} in {code.co_name}")
        frame = frame.f_back
    return " > ".join(reversed(places))
