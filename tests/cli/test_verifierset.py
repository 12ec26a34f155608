from pathlib import Path

import pytest
from tests.auth.world import CHEAP, new_engine

from angarium.auth import CodeThrottle, Passwords
from angarium.cli.outsiders import Outsiders
from angarium.cli.verifierset import verifier_set
from angarium.config import Machine, PwcheckMethod, parse_settings


class NoPam:
    async def check_pam(self, service: str, user: str, password: str, address: str) -> int:
        raise AssertionError("nobody asks")


def names(*lines: str) -> tuple[list[str], list[str], int]:
    """The methods, the sources of secrets, and how many know keys."""
    text = "\n".join(["configdirectory: /c", "partition-default: /s", *lines])
    settings = parse_settings(text, file=Path("/etc/imapd.conf"), machine=Machine("mail.test", 1)).settings
    passwords = Passwords(CHEAP, threads=1)
    try:
        parts = verifier_set(
            settings, new_engine(), passwords, NoPam(), seed=b"seed", codes=CodeThrottle(), outsiders=Outsiders()
        )
    finally:
        passwords.close()
    return [each.name for each in parts.methods], [each.name for each in parts.secrets], len(parts.keys)


@pytest.mark.parametrize(
    ("lines", "methods", "secrets", "keys"),
    [
        ((), ["angarium"], [], 1),
        (("sasl_pwcheck_method: saslauthd angarium",), ["saslauthd", "angarium"], [], 1),
        (("sasl_pwcheck_method: auxprop",), ["auxprop:sasldb"], ["sasldb"], 1),
        (("sasl_pwcheck_method: auxprop", "sasl_auxprop_plugin: sasldb"), ["auxprop:sasldb"], ["sasldb"], 1),
        (("sasl_pwcheck_method: angarium auxprop",), ["angarium", "auxprop:sasldb"], ["sasldb"], 2),
        (("sasl_pwcheck_method: saslauthd", "sasl_auxprop_plugin: sasldb"), ["saslauthd"], ["sasldb"], 1),
        (("sasl_pwcheck_method: pam passwd shadow htpasswd",), ["pam", "passwd", "shadow", "htpasswd"], [], 0),
    ],
)
def test_methods_are_asked_in_order_and_a_plug_in_serves_without_being_one(
    lines: tuple[str, ...], methods: list[str], secrets: list[str], keys: int
) -> None:
    assert names(*lines) == (methods, secrets, keys)


def test_every_method_has_its_verifier() -> None:
    methods, _, _ = names(
        "sasl_pwcheck_method: " + " ".join(PwcheckMethod),
        "ldap_uri: ldap://directory.test",
        "sasl_sql_engine: sqlite",
        "sasl_sql_database: /users.db",
        "sasl_sql_select: SELECT password FROM users WHERE name = %u",
    )
    assert [name.split(":")[0] for name in methods] == list(PwcheckMethod)
