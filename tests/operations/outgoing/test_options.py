from pathlib import Path

import pytest

from angarium.config import Settings, parse_settings
from angarium.operations.outgoing import queue_options, reporter_for, rewriter_for
from angarium.operations.outgoing.options import wait_s

BASE = "configdirectory: /c\npartition-default: /p\nservername: mail.example.org\n"


def settings(text: str = "") -> Settings:
    return parse_settings(BASE + text, file=Path("/etc/imapd.conf")).settings


@pytest.mark.parametrize(
    ("text", "postmaster"),
    [("", "postmaster@mail.example.org"), ("postmaster: help@example.org\n", "help@example.org")],
)
def test_reports_come_from_an_address_with_a_domain(text: str, postmaster: str) -> None:
    found = settings(text)
    reporter = reporter_for(found.outgoing, found.server, version="1.0")
    assert (reporter.postmaster, reporter.domain, reporter.product) == (postmaster, "mail.example.org", "Angarium 1.0")


@pytest.mark.parametrize("text", ["", "srs_domain: x.org\n", "srs_secrets: s\n"])
def test_without_domain_and_secret_nothing_is_rewritten(text: str) -> None:
    assert rewriter_for(settings(text).outgoing) is None


def test_rewriting_is_as_configured() -> None:
    rewriter = rewriter_for(settings("srs_domain: x.org\nsrs_secrets: s t\n").outgoing)
    assert rewriter is not None
    assert (rewriter.domain, rewriter.secrets) == ("x.org", ("s", "t"))
    assert (rewriter.hash_length, rewriter.separator) == (4, "=")
    base = "srs_domain: x.org\nsrs_secrets: s\n"
    other = rewriter_for(settings(f"{base}srs_hashlength: 8\nsrs_separator: -\nsrs_alwaysrewrite: 1\n").outgoing)
    assert other is not None
    assert (other.hash_length, other.separator, other.rewrites_own) == (8, "-", True)


def test_the_queue_s_options_are_those_of_the_file() -> None:
    found = settings("queue_lifetime: 1d\nqueue_parallel: 7\n")
    options = queue_options(found.outgoing, found.server, version="1.0")
    assert (options.lifetime_s, options.parallel) == (86_400, 7)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 60), (2, 120), (6, 1920), (7, 3600), (1000, 3600)])
def test_intervals_double_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert wait_s(attempts) == seconds
