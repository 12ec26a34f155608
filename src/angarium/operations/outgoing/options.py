"""How the queue works, by the options of imapd.conf."""

from dataclasses import dataclass
from typing import Final

from angarium.compose import DEFAULT_HASH_LENGTH, Reporter, Rewriter
from angarium.config.options import OutgoingSettings, ServerSettings

FIRST_WAIT_S: Final = 60
LONGEST_WAIT_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """Bounds of the queue, and who speaks for it."""

    reporter: Reporter
    rewriter: Rewriter | None = None
    lifetime_s: int = 5 * 86_400
    """For what the queue itself adds: reports."""
    parallel: int = 4


def rewriter_for(settings: OutgoingSettings) -> Rewriter | None:
    """Rewriting of senders; None where it is not configured."""
    if not settings.srs_domain or not settings.srs_secrets:
        return None
    return Rewriter(
        domain=settings.srs_domain,
        secrets=settings.srs_secrets,
        hash_length=settings.srs_hashlength or DEFAULT_HASH_LENGTH,
        separator=settings.srs_separator or "=",
        rewrites_own=settings.srs_alwaysrewrite,
    )


def reporter_for(settings: OutgoingSettings, server: ServerSettings, *, version: str) -> Reporter:
    """Who reports come from. A postmaster without a domain is one of the server."""
    postmaster = settings.postmaster
    if "@" not in postmaster:
        postmaster = f"{postmaster}@{server.servername}"
    return Reporter(postmaster, server.servername, f"Angarium {version}")


def queue_options(settings: OutgoingSettings, server: ServerSettings, *, version: str) -> QueueOptions:
    """All of them."""
    return QueueOptions(
        reporter=reporter_for(settings, server, version=version),
        rewriter=rewriter_for(settings),
        lifetime_s=int(settings.queue_lifetime.total_seconds()),
        parallel=settings.queue_parallel,
    )


def wait_s(attempts: int) -> int:
    """How long to wait after so many attempts that failed."""
    return min(FIRST_WAIT_S << min(attempts - 1, 10), LONGEST_WAIT_S)
