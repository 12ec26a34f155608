"""Rules about clients: what may be written, and whom each is about."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config.clientrules import Client, ClientRule, ClientRules
from angarium.config.kinds import ValueRefused


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", ()),
        (" ; ;", ()),
        ("user:alice move", (ClientRule(("MOVE",), user="alice"),)),
        (
            'name:"Old Mail" version:1.* MOVE UTF8=ACCEPT; address:192.0.2.7 IDLE',
            (
                ClientRule(("MOVE", "UTF8=ACCEPT"), name="old mail", version="1.*"),
                ClientRule(("IDLE",), (ip_network("192.0.2.7/32"),)),
            ),
        ),
        (
            "IDLE address:10.1.2.3/8 address:2001:db8::/32;user:*@example.org IDLE;",
            (
                ClientRule(("IDLE",), (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))),
                ClientRule(("IDLE",), user="*@example.org"),
            ),
        ),
        ('name:"a;b" IDLE', (ClientRule(("IDLE",), name="a;b"),)),
        ("name:it's#1 IDLE", (ClientRule(("IDLE",), name="it's#1"),)),
        ("name:a\\b IDLE", (ClientRule(("IDLE",), name="a\\b"),)),
        ("IDLE", ValueRefused),
        ("user:alice", ValueRefused),
        ("user:alice user:bob IDLE", ValueRefused),
        ("host:x IDLE", ValueRefused),
        ("address:x IDLE", ValueRefused),
        ('name:"a IDLE', ValueRefused),
        ("user:a IDLE;" * 201, ValueRefused),
    ],
)
def test_rules(text: str, rules: object) -> None:
    if rules is ValueRefused:
        with pytest.raises(ValueRefused):
            ClientRules().parse(text)
    else:
        assert ClientRules().parse(text) == rules


@given(st.text(st.sampled_from("au:;\"'\\ #*IDLE/1.name"), max_size=60) | st.text(max_size=40))
def test_any_text_is_rules_or_refused(text: str) -> None:
    try:
        rules = ClientRules().parse(text)
    except ValueRefused:
        return
    assert all(rule.hidden for rule in rules)


@pytest.mark.parametrize(
    ("text", "client", "matches"),
    [
        ("user:alice X", Client(user="alice"), True),
        ("user:alice X", Client(user="alice2"), False),
        ("user:alice X", Client(), False),
        ("user:*@example.org X", Client(user="Bob@Example.org"), True),
        ('name:"old mail" X', Client(name="Old Mail"), True),
        ("name:old* version:[12].* X", Client(name="Old", version="2.7"), True),
        ("name:old* version:[12].* X", Client(name="Old", version="3.7"), False),
        ("name:old* version:[12].* X", Client(name="Old"), False),
        ("address:10.0.0.0/8 X", Client(address="10.9.8.7"), True),
        ("address:10.0.0.0/8 X", Client(address="::ffff:10.9.8.7"), True),
        ("address:10.0.0.0/8 X", Client(address="11.9.8.7"), False),
        ("address:10.0.0.0/8 X", Client(address="2001:db8::1"), False),
        ("address:fe80::/10 X", Client(address="fe80::1%eth0"), True),
        ("address:10.0.0.0/8 X", Client(), False),
        ("address:10.0.0.0/8 user:alice X", Client(address="10.9.8.7", user="bob"), False),
    ],
)
def test_a_rule_is_about_clients_of_which_all_conditions_are_true(text: str, client: Client, matches: bool) -> None:
    (rule,) = ClientRules().parse(text)
    assert rule.matches(client) is matches
