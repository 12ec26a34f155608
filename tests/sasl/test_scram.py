import base64
import hashlib
import hmac

import pytest

from angarium.errors import PreparationFailed
from angarium.sasl import ScramHash, derive_keys

# The recorded dialogues of RFC 5802 §5 and RFC 7677 §3: hash, client's first, server's first, client's final without
# proof, proof, server's signature.
DIALOGUES = [
    (
        ScramHash.SHA_1,
        "n=user,r=fyko+d2lbbFgONRv9qkxdawL",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
        "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ),
    (
        ScramHash.SHA_256,
        "n=user,r=rOprNGfwEbeRWgbNEkqO",
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ),
]


@pytest.mark.parametrize(("hash_", "first", "challenge", "final", "proof", "signature"), DIALOGUES)
def test_keys_prove_both_sides_of_a_recorded_dialogue(
    hash_: ScramHash, first: str, challenge: str, final: str, proof: str, signature: str
) -> None:
    salt = base64.b64decode(challenge.split(",")[1].removeprefix("s="))
    keys = derive_keys("pencil", salt=salt, iterations=4096, hash=hash_)
    message = f"{first},{challenge},{final}".encode()
    client_signature = hmac.digest(keys.stored, message, hash_.value)
    client_key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), client_signature, strict=True))
    assert hashlib.new(hash_.value, client_key).digest() == keys.stored
    assert hmac.digest(keys.server, message, hash_.value) == base64.b64decode(signature)


@pytest.mark.parametrize(("hash_", "octets"), [(ScramHash.SHA_1, 20), (ScramHash.SHA_256, 32), (ScramHash.SHA_512, 64)])
def test_keys_are_as_long_as_the_hash(hash_: ScramHash, octets: int) -> None:
    keys = derive_keys("pencil", salt=b"salt of a user", iterations=4096, hash=hash_)
    assert (len(keys.stored), len(keys.server)) == (octets, octets)
    assert (keys.hash, keys.salt, keys.iterations) == (hash_, b"salt of a user", 4096)


def test_keys_depend_on_password_salt_and_iterations() -> None:
    reference = derive_keys("pencil", salt=b"a", iterations=4096, hash=ScramHash.SHA_256)
    others = [
        derive_keys("pen", salt=b"a", iterations=4096, hash=ScramHash.SHA_256),
        derive_keys("pencil", salt=b"b", iterations=4096, hash=ScramHash.SHA_256),
        derive_keys("pencil", salt=b"a", iterations=4097, hash=ScramHash.SHA_256),
    ]
    assert len({keys.stored for keys in (reference, *others)}) == 4
    assert len({keys.server for keys in (reference, *others)}) == 4


def test_password_is_prepared() -> None:
    composed, decomposed = (
        derive_keys(password, salt=b"a", iterations=4096, hash=ScramHash.SHA_256) for password in ("é", "e\u0301")
    )
    assert composed == decomposed
    with pytest.raises(PreparationFailed):
        derive_keys("\x07", salt=b"a", iterations=4096, hash=ScramHash.SHA_256)


def test_few_iterations_are_refused() -> None:
    with pytest.raises(ValueError, match="4096"):
        derive_keys("pencil", salt=b"a", iterations=4095, hash=ScramHash.SHA_256)


def test_keys_are_not_printed() -> None:
    keys = derive_keys("pencil", salt=b"a", iterations=4096, hash=ScramHash.SHA_1)
    assert repr(keys.stored) not in repr(keys)
    assert repr(keys.server) not in repr(keys)
