"""The client's side of SASL (RFC 4422), for tools and for tests.

setting = ClientSetting(service="imap", host=host, nonce=new_nonce, authcid="alice", password="secret",
                        announced=announced)
name = choose_mechanism(announced, setting, allow_plaintext=is_tls)
client = begin_client(name, setting)
response = client.start()           # to go with the command, or as answer to the first, empty challenge
response = client.step(challenge)   # for each challenge
client.succeed(final)               # with what came along with the word of success, None where nothing did
"""

from angarium.sasl.client.choice import (
    CLIENT_MECHANISMS,
    PLAINTEXT,
    begin_client,
    can_use,
    choose_mechanism,
)
from angarium.sasl.client.exchange import ClientGssContext, ClientMechanism, ClientSetting

__all__ = [
    "CLIENT_MECHANISMS",
    "PLAINTEXT",
    "ClientGssContext",
    "ClientMechanism",
    "ClientSetting",
    "begin_client",
    "can_use",
    "choose_mechanism",
]
