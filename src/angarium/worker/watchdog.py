"""Notices when the event loop stands still, and logs where (DESIGN §2).

The loop looks at the clock every few milliseconds; a look that comes late tells of a stall. What ran meanwhile shows by
a signal, for which each look sets a timer, and puts off the one before: where the next look is late it comes, into the
midst of whatever keeps the loop, and notes the stack. When the loop has had little to do for a while it looks twice a
second only; a task that begins, as every command does, ends that rest at once, since most stalls come with the first
command after a silence.

A thread that looked at the loop from beside it would take the interpreter's lock each time, and cost several times as
much.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from types import FrameType
from typing import Any, Final, TypeVar

log = logging.getLogger(__name__)

_IDLE_LOOKS: Final = 40
"""Idle looks in a row after which the next ones are further apart."""
_IDLE_REST_S: Final = 0.5
_IDLE_SHARE: Final = 0.05
"""Of the processor, up to which the loop is idle where no task began; looks take less."""
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
    """Watches the loop of the main thread, which starts it; `on_stall` is called on the loop.

    It takes the place of the loop's task factory, so as to see tasks begin, and the signal SIGALRM with its timer.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, stall_s: float = 0.005, on_stall: Callable[[], None] = lambda: None
    ) -> None:
        self._loop = loop
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._reports = StallReports()
        self._look_at: asyncio.TimerHandle | None = None
        self._is_resting = False
        self._idle_looks = 0
        self._task_began = False
        self._due_s = 0.0
        """When the next look should be, by a clock that never goes back."""
        self._set_s = 0.0
        """When it was decided, by the processor time of the thread."""
        self._stack = ""
        """Of the moment when the look that is due was late."""
        self._handler_before: Any = None

    def start(self) -> None:
        """On the loop."""
        self._loop.set_task_factory(self._make_task)
        self._handler_before = signal.signal(signal.SIGALRM, self._note)
        # What a library waits for goes on behind the signal.
        signal.siginterrupt(signal.SIGALRM, False)
        self._watch_closely()

    def stop(self) -> None:
        """A second time, or before a start, does nothing."""
        if self._look_at is not None:
            self._look_at.cancel()
            self._look_at = None
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._handler_before)
            self._loop.set_task_factory(None)

    # Any: what a coroutine is sent and yields is the loop's own affair.
    def _make_task(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        self._task_began = True
        if self._is_resting:
            self._watch_closely()
        return asyncio.Task(coroutine, loop=loop, context=context)

    def _watch_closely(self) -> None:
        """From this moment on, whatever was due."""
        if self._look_at is not None:
            self._look_at.cancel()
        self._is_resting = False
        self._idle_looks = 0
        self._look_in(self._stall_s, time.monotonic(), time.thread_time())

    def _look_in(self, wait_s: float, now_s: float, cpu_now_s: float) -> None:
        self._task_began = False
        self._stack = ""
        self._set_s = cpu_now_s
        self._due_s = now_s + wait_s
        self._look_at = self._loop.call_later(wait_s, self._look)
        signal.setitimer(signal.ITIMER_REAL, wait_s + self._stall_s)

    def _look(self) -> None:
        now_s, cpu_now_s = time.monotonic(), time.thread_time()
        late_s, cpu_s = now_s - self._due_s, cpu_now_s - self._set_s
        if late_s >= self._stall_s:
            # What was computed before the look was due is not told apart.
            self._reports.report(late_s, self._stack, cpu_s=min(cpu_s, late_s), now_s=now_s)
            self._on_stall()
        if self._task_began or cpu_s > _IDLE_SHARE * (_IDLE_REST_S if self._is_resting else self._stall_s):
            self._idle_looks = 0
        else:
            self._idle_looks += 1
        self._is_resting = self._idle_looks > _IDLE_LOOKS
        self._look_in(_IDLE_REST_S if self._is_resting else self._stall_s, now_s, cpu_now_s)

    def _note(self, _: int, frame: FrameType | None) -> None:
        """The signal has come: the loop's thread is in this frame."""
        self._stack = _where(frame)


def _where(frame: FrameType | None) -> str:
    """The innermost frames on one line, outermost first; without a look at source files, as `traceback` takes one."""
    places: list[str] = []
    while frame is not None and len(places) < _FRAMES_SHOWN:
        code = frame.f_code
        places.append(f"{os.path.basename(code.co_filename)}:{frame.f_lineno} in {code.co_name}")
        frame = frame.f_back
    return " > ".join(reversed(places))
