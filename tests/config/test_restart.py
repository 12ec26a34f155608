"""What a reload leaves as it was."""

from pathlib import Path

import pytest

from angarium.config import Machine, Settings, kept_until_restart, parse_settings
from angarium.config.table import OPTIONS

MACHINE = Machine("host.test", 2)
OF_THE_STORE = {"store/policy.py", "cli/policy.py"}
"""Modules that are asked once, before the first connection."""


def settings_of(text: str, *, spool: str = "/spool") -> Settings:
    whole = f"configdirectory: /state\npartition-default: {spool}\n{text}"
    return parse_settings(whole, file=Path("imapd.conf"), machine=MACHINE, services=("imap", "imaps")).settings


def test_what_may_change_is_taken_and_the_rest_waits() -> None:
    running = settings_of("unixhierarchysep: yes\nservername: before.test")
    kept, waiting = kept_until_restart(
        settings_of("unixhierarchysep: no\nreadonly: yes\nservername: after.test"), running
    )
    assert waiting == ("unixhierarchysep", "readonly")
    assert kept == settings_of("unixhierarchysep: yes\nservername: after.test")


def test_it_goes_on_waiting_at_the_next_reload() -> None:
    read = settings_of("workers: 7")
    once, _ = kept_until_restart(read, settings_of("workers: 2"))
    again, waiting = kept_until_restart(read, once)
    assert (again.server.workers, waiting) == (2, ("workers",))
    assert kept_until_restart(settings_of("workers: 2"), again)[1] == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("imaps_username_tolower: no", ""),
        ("", "imaps_username_tolower: no"),
        ("imaps_username_tolower: no", "username_tolower: yes\nimap_servername: other.test"),
    ],
)
def test_a_service_keeps_its_own_value(before: str, after: str) -> None:
    running, read = settings_of(before), settings_of(after)
    kept, waiting = kept_until_restart(read, running)
    assert waiting == ("username_tolower",)
    for service in ("imap", "imaps"):
        auth = kept.for_service(service).auth
        assert auth.username_tolower == running.for_service(service).auth.username_tolower
        assert kept.for_service(service).server == read.for_service(service).server


def test_a_partition_waits() -> None:
    running = settings_of("partition-fast: /fast")
    kept, waiting = kept_until_restart(settings_of("", spool="/other"), running)
    assert waiting == ("partition-default", "partition-fast")
    assert kept.directories.partitions == running.directories.partitions


def test_what_the_store_is_opened_by_waits() -> None:
    source = Path(__file__).parents[2] / "src" / "angarium"
    text = "".join([(source / name).read_text() for name in sorted(OF_THE_STORE)])
    waiting = {entry.option.name for entry in OPTIONS.values() if entry.option.at_start}
    asked = {name for name in OPTIONS if f".{name}" in text}
    assert {"delete_mode", "specialuse_protect", "open_accounts"} < asked <= waiting
