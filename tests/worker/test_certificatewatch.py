import asyncio
import logging
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from angarium.worker.certificates import ServerCertificate
from angarium.worker.certificatewatch import CertificateWatch
from angarium.worker.tls import Identity, ServiceTls

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Handle:
    """A timer."""

    def __init__(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.delay_s = delay_s
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Loop:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.timers: list[Handle] = []

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Handle:
        self.timers.append(Handle(delay_s, callback))
        return self.timers[-1]

    def go_on(self) -> None:
        """To the next timer."""
        self.timers[-1].callback()

    @property
    def waiting_s(self) -> list[float]:
        return [timer.delay_s for timer in self.timers if not timer.is_cancelled]


def identity(file: str, *, days: float) -> Identity:
    return Identity(CONTEXT, ServerCertificate(Path(file), (), NOW + timedelta(days=days), b""))


def watch(tls: dict[str, ServiceTls], loop: Loop, *, has_first_slot: bool = True) -> CertificateWatch:
    return CertificateWatch(cast(asyncio.AbstractEventLoop, loop), lambda: tls, lambda: has_first_slot, lambda: NOW)


@pytest.mark.parametrize(
    ("days", "said"),
    [(21.01, None), (21, "certificate_expires"), (0.5, "certificate_expires"), (0, "certificate_expired")],
)
def test_a_certificate_is_warned_of_three_weeks_ahead(
    days: float, said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tls = {"imap": ServiceTls(identity("/a.pem", days=days)), "imaps": ServiceTls(identity("/a.pem", days=days))}
    loop = Loop()
    watch(tls, loop).begin()
    assert not caplog.records
    loop.go_on()
    assert loop.waiting_s == [1, 86_400]
    assert [record.message for record in caplog.records] == ([said] if said else [])
    for record in caplog.records:
        fields = vars(record)
        assert (fields["file"], fields["services"]) == ("/a.pem", "imap imaps")
        assert fields["expires"] == (NOW + timedelta(days=days)).isoformat()
        assert fields.get("days") == (int(days) if days else None)


def test_each_of_several_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    other = identity("/b.pem", days=2)
    tls = {"imap": ServiceTls(identity("/a.pem", days=1), {"b.test": other, "c.test": other})}
    loop = Loop()
    watch(tls, loop).begin()
    loop.go_on()
    assert [vars(record)["file"] for record in caplog.records] == ["/a.pem", "/b.pem"]


def test_the_worker_without_the_first_slot_is_silent_and_goes_on_looking(caplog: pytest.LogCaptureFixture) -> None:
    loop = Loop()
    watch({"imap": ServiceTls(identity("/a.pem", days=1))}, loop, has_first_slot=False).begin()
    loop.go_on()
    assert not caplog.records
    assert loop.waiting_s == [1, 86_400]


def test_it_is_said_again_each_day(caplog: pytest.LogCaptureFixture) -> None:
    loop = Loop()
    watch({"imap": ServiceTls(identity("/a.pem", days=1))}, loop).begin()
    for _ in range(3):
        loop.go_on()
    assert len(caplog.records) == 3


def test_a_new_beginning_puts_the_next_look_off_and_a_stop_calls_it_off() -> None:
    loop = Loop()
    watched = watch({}, loop)
    watched.begin()
    loop.go_on()
    watched.begin()
    assert loop.waiting_s == [1, 1]  # the first of them is over
    watched.stop()
    watched.stop()
    assert loop.waiting_s == [1]
