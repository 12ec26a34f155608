"""Warns of certificates that expire soon: when a server starts, when it reads its files again, and each day."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from angarium.worker.certificates import ServerCertificate
from angarium.worker.tls import ServiceTls

_AHEAD: Final = timedelta(days=21)
_DAY_S: Final = 86_400.0
_SETTLED_S: Final = 1.0
"""While a server starts, the first slot goes from worker to worker."""

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class CertificateWatch:
    """Of one worker; it speaks while that has the first slot, so that each line stands in the log once."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tls: Callable[[], Mapping[str, ServiceTls]],
        has_first_slot: Callable[[], bool],
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._loop = loop
        self._tls = tls
        self._has_first_slot = has_first_slot
        self._now = now
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Warn soon, and each day from then on."""
        self.stop()
        self._timer = self._loop.call_later(_SETTLED_S, self._look)

    def _look(self) -> None:
        self._timer = self._loop.call_later(_DAY_S, self._look)
        if self._has_first_slot():
            for certificate, services in _by_file(self._tls()).values():
                self._tell(certificate, services)

    def stop(self) -> None:
        """Warn no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, certificate: ServerCertificate, services: list[str]) -> None:
        remaining = certificate.expires - self._now()
        if remaining > _AHEAD:
            return
        fields = {
            "file": str(certificate.file),
            "expires": certificate.expires.isoformat(),
            "services": " ".join(services),
        }
        if remaining <= timedelta(0):
            log.error("certificate_expired", extra=fields)
        else:
            log.warning("certificate_expires", extra={**fields, "days": remaining.days})


def _by_file(tls: Mapping[str, ServiceTls]) -> dict[Path, tuple[ServerCertificate, list[str]]]:
    found: dict[Path, tuple[ServerCertificate, list[str]]] = {}
    for service, each in tls.items():
        for certificate in each.certificates:
            found.setdefault(certificate.file, (certificate, []))[1].append(service)
    return found
