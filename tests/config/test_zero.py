from pathlib import Path

import pytest

from angarium.config import (
    CheckpointCommand,
    ExpireCommand,
    InetAddress,
    UnixAddress,
    ZeroPorts,
    parse_cyrus_conf,
    parse_settings,
    zero_configuration,
)
from angarium.errors import ConfigError

DIRECTORY = Path("/home/ann/mail")
ZERO = zero_configuration(DIRECTORY, ports=ZeroPorts(imap=1143, imaps=1993, pop3=1110, sieve=4190), admin="root")
CONF = parse_cyrus_conf(ZERO.cyrus_conf, file=DIRECTORY / "cyrus.conf")
LOADED = parse_settings(ZERO.imapd_conf, file=DIRECTORY / "imapd.conf", services=CONF.service_names)


def test_there_is_nothing_to_say_of_it() -> None:
    assert CONF.notices == ()
    assert LOADED.notices == ()


def test_everything_is_below_the_directory() -> None:
    settings = LOADED.settings
    directories = settings.directories
    paths = [directories.configdirectory, *directories.partitions.values()]
    assert all(DIRECTORY in path.parents for path in paths)
    assert UnixAddress(directories.lmtpsocket) in [service.listen for service in CONF.services]
    assert settings.tls.tls_server_cert == ZERO.certificate == DIRECTORY / "tls" / "cert.pem"
    assert settings.tls.tls_server_key == ZERO.key == DIRECTORY / "tls" / "key.pem"


def test_passwords_in_plain_text_never_leave_the_machine() -> None:
    assert LOADED.settings.auth.allowplaintext
    for service in CONF.services:
        assert isinstance(service.listen, UnixAddress) or service.listen.is_loopback


def test_the_services_have_the_ports_that_were_given() -> None:
    assert {service.name: service.listen for service in CONF.services} == {
        "imap": InetAddress("127.0.0.1", 1143),
        "imaps": InetAddress("127.0.0.1", 1993),
        "lmtp": InetAddress("127.0.0.1", 0),
        "lmtpunix": UnixAddress(DIRECTORY / "socket" / "lmtp"),
        "pop3": InetAddress("127.0.0.1", 1110),
        "pop3s": InetAddress("127.0.0.1", 0),
        "sieve": InetAddress("127.0.0.1", 4190),
    }


def test_the_administrator_is_named() -> None:
    assert LOADED.settings.auth.admins == ("root",)


def test_the_store_is_kept_in_order() -> None:
    commands = [event.command for event in CONF.events]
    assert commands[0] == CheckpointCommand()
    expiries = [command for command in commands if isinstance(command, ExpireCommand)]
    assert any(command.expunged for command in expiries)
    assert any(command.deleted for command in expiries)


@pytest.mark.parametrize("name", ["relative", '/a"b', "/a{configdirectory}", "/a\nb", "/a ", "/\udcff", "/" + "x" * 95])
def test_a_directory_that_the_files_cannot_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="allowed"):
        zero_configuration(Path(name), ports=ZeroPorts())


@pytest.mark.parametrize("name", ["/a b/c", "/ü", "/a#b", "/a\\", "/" + "x" * 94])
def test_other_directories_survive_the_files(name: str) -> None:
    zero = zero_configuration(Path(name), ports=ZeroPorts())
    conf = parse_cyrus_conf(zero.cyrus_conf, file=Path("cyrus.conf"))
    settings = parse_settings(zero.imapd_conf, file=Path("imapd.conf")).settings
    assert settings.directories.partitions == {"default": Path(name) / "spool"}
    assert UnixAddress(Path(name) / "socket" / "lmtp") in [service.listen for service in conf.services]
