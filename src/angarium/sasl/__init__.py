"""The server's side of SASL (RFC 4422): mechanisms as state machines, and the texts and keys that they need."""

from angarium.sasl import saslprep
from angarium.sasl.anonymous import loggable_trace
from angarium.sasl.base64line import MAX_LINE_OCTETS, decode_initial_response, decode_response, encode_challenge
from angarium.sasl.exchange import (
    MAX_IDENTITY_OCTETS,
    AnonymousWanted,
    Challenge,
    CredentialsWanted,
    Failed,
    FailureReason,
    Outcome,
    ServerMechanism,
)
from angarium.sasl.mechanisms import MECHANISMS, Mechanism, find_mechanism
from angarium.sasl.scram import MIN_ITERATIONS, ScramHash, ScramKeys, derive_keys

__all__ = [
    "MAX_IDENTITY_OCTETS",
    "MAX_LINE_OCTETS",
    "MECHANISMS",
    "MIN_ITERATIONS",
    "AnonymousWanted",
    "Challenge",
    "CredentialsWanted",
    "Failed",
    "FailureReason",
    "Mechanism",
    "Outcome",
    "ScramHash",
    "ScramKeys",
    "ServerMechanism",
    "decode_initial_response",
    "decode_response",
    "derive_keys",
    "encode_challenge",
    "find_mechanism",
    "loggable_trace",
    "saslprep",
]
