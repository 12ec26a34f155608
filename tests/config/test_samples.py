"""Files as administrators have them load unchanged; what they ask for in vain is told."""

from datetime import timedelta
from pathlib import Path

import pytest

from angarium.config import (
    CheckpointCommand,
    CyrusConf,
    ExpireCommand,
    ImapService,
    LmtpService,
    Loaded,
    NoticeEvent,
    Pop3Service,
    PwcheckMethod,
    RecoverCommand,
    SieveService,
    VirtDomains,
    load_cyrus_conf,
    load_settings,
)

DATA = Path(__file__).parent / "data"


def no_services(service: str, transport: str) -> int | None:
    return None


def load(sample: str) -> tuple[Loaded, CyrusConf]:
    conf = load_cyrus_conf(DATA / f"{sample}.cyrus.conf", lookup=no_services)
    return load_settings(DATA / f"{sample}.imapd.conf", services=conf.service_names), conf


def subjects(notices: Loaded | CyrusConf, event: NoticeEvent) -> set[str]:
    return {notice.subject for notice in notices.notices if notice.event is event}


@pytest.mark.parametrize("sample", ["debian", "installation"])
def test_a_sample_has_no_name_that_is_not_known(sample: str) -> None:
    loaded, conf = load(sample)
    unknown = {NoticeEvent.OPTION_UNKNOWN, NoticeEvent.KEY_UNKNOWN, NoticeEvent.SERVICE_UNKNOWN}
    assert not unknown & {notice.event for notice in (*loaded.notices, *conf.notices)}


def test_the_files_of_debian() -> None:
    loaded, conf = load("debian")
    settings = loaded.settings
    assert settings.directories.partitions["news"] == Path("/var/spool/cyrus/news")
    assert not settings.namespace.altnamespace
    assert not settings.namespace.unixhierarchysep
    assert settings.auth.allowplaintext
    assert "httpmodules" in subjects(loaded, NoticeEvent.OPTION_NOT_SERVED)
    assert settings.directories.proc_path == Path("/run/cyrus/proc")
    assert [each.command for each in conf.start] == [RecoverCommand(), ExpireCommand(duplicates=timedelta(days=3))]
    assert [(each.name, each.command, each.maxchild) for each in conf.services] == [
        ("imap", ImapService(tls=False), 100),
        ("pop3", Pop3Service(tls=False), 50),
        ("lmtpunix", LmtpService(preauthorised=False), 20),
        ("sieve", SieveService(), 100),
    ]
    assert subjects(conf, NoticeEvent.SERVICE_NOT_SERVED) == {"nntp", "http"}
    assert subjects(conf, NoticeEvent.COMMAND_NOT_NEEDED) == {"tlsprune", "notify", "idled"}
    assert subjects(conf, NoticeEvent.COMMAND_NOT_SERVED) == {"squatter_1"}


def test_the_files_of_the_installation_page() -> None:
    loaded, conf = load("installation")
    settings = loaded.settings
    assert settings.auth.admins == ("imapuser",)
    assert settings.namespace.virtdomains is VirtDomains.ON
    assert settings.namespace.defaultdomain == "localhost"
    assert settings.auth.sasl_pwcheck_method == (PwcheckMethod.SASLAUTHD,)
    assert subjects(loaded, NoticeEvent.VALUE_NOT_SERVED) == set()
    assert "duplicate_db_path" in subjects(loaded, NoticeEvent.OPTION_WITHOUT_MEANING)
    assert {each.name for each in conf.services} == {
        *("imap", "imaps", "pop3", "pop3s", "lmtp", "lmtpunix", "sieve", "smmap"),
    }
    assert subjects(conf, NoticeEvent.SERVICE_WITHOUT_TLS) == {"imaps"}
    assert subjects(conf, NoticeEvent.SERVICE_NOT_SERVED) == {
        "nntp", "http", "https",
    }  # fmt: skip
    assert [each.command for each in conf.events] == [
        CheckpointCommand(),
        ExpireCommand(duplicates=timedelta(days=3)),
        ExpireCommand(duplicates=timedelta(days=4), deleted=timedelta(days=28)),
        ExpireCommand(duplicates=timedelta(days=4), expunged=timedelta(days=28)),
    ]
