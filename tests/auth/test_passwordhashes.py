"""Hashes that other systems have made: libxcrypt, Dovecot's doveadm, OpenSSL, and passlib's form of PBKDF2."""

import ctypes

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.auth import passwordhashes
from angarium.auth.passwordhashes import MAX_HASH_LENGTH, check_hash, parse_hash

PASSWORD = "pässword"

HASHES = [
    "$1$abcdefgh$6qENbeetgn0exf.OCTQaP0",
    "{MD5-CRYPT}$1$abcdefgh$6qENbeetgn0exf.OCTQaP0",
    "$5$rounds=1000$abcdefgh$bxXyfpxAtmGM7NYOgQpui7aFu2BOgnLGhSaHRYwyvOA",
    "$6$abcdefgh$iiBW30h6MQUpgkXT9F87NVy6FIbloKXQmfPH87w2UkYa6T8cikoVXkyDCmOccwyrz69xvCZIs4Q.UiGV4ZRkv.",
    "{SHA512-CRYPT}$6$abcdefgh$iiBW30h6MQUpgkXT9F87NVy6FIbloKXQmfPH87w2UkYa6T8cikoVXkyDCmOccwyrz69xvCZIs4Q.UiGV4ZRkv.",
    "$2a$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG",
    "$2b$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG",
    "{CRYPT}$2y$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG",
    "{BLF-CRYPT}$2y$05$JaCYRrY/fKl5pXRKmBMfFO8TWoZDAQvbA/ZPRzwqOH3Mjn6uq5VH6",
    "$y$j75$abcdefgh$Lbzf4wnUUxk0NqqqU7jPVuNNFoHuI2oej3gjRRzgJ07",
    "abRy4/6THFs9U",
    "$apr1$abcdefgh$rRdIxwY5XRHT4TMtBPZn.0",
    "{SSHA}IV+Npq5YlxBDBufIDyqJNnqFG2V3HILK",
    "{SSHA256}5tv/tdHt4Z3rlrYYs3FRK/OETiNvX+LQLQg44E4dVq9LC3AG",
    "{SSHA256.hex}434179d3f829c22b9702aa757ef57f8f24fec3f4524c7c53fceb854b0ac8a7a7186a8717",
    "{SSHA512}4YxDN96KXR2atsD+vGVqN3gdXKyJpUc5lYfvsBCD6+rRIGqgpWCxc7Z0gJEf9tnvDU5MUJD+EbaeSODwvEH5/Yffzgc=",
    "{SMD5}mb013mFYeIJQsoBrm7kgRdgYYnk=",
    "{SHA}I7dElEdfX4dJgLdnbVEeI9iG2mQ=",
    "{SHA256}NHgme1YSeRtAmIkGs6eJfrarUB4EuV7TL5nQr99mnZw=",
    "{sha512}KF3icbSeAO9oGc8Ku/AxXpfCXLo2FhZ8dw78Umxki03hH0sA3HH67TOjEse6g2kNPtFKqq32tiKqSJlv8H7IpA==",
    "{PLAIN-MD5}8e1843033a0f6ee52e2f618aa8ebbef4",
    "{LDAP-MD5}jhhDAzoPbuUuL2GKqOu+9A==",
    "{MD5}jhhDAzoPbuUuL2GKqOu+9A==",
    "{MD5}$1$abcdefgh$6qENbeetgn0exf.OCTQaP0",
    "{PBKDF2}$1$zF1Iv/aT7v3z/dOB$5000$61ccbbc333b0dad10cadf32a1394b08b6f9608d8",
    "{PBKDF2-SHA512}1000$c2FsdA$6ha6KBnUAP8Sf3sQ3CFP0ig1wcWkxCC1VxyDSMeIMrEY5LiebphU0DUZQb8mqWK8Ha00VOVtc1vCAvsR1Dir6g",
    "$pbkdf2-sha256$1000$c2FsdA$zaPBw25cko7Ca8lZz1fxPhI2duvzpPRkKl9tLENcH14",
    "$pbkdf2$1000$c2FsdA$qGQU4oLbpuhDMZk6x40KUgoaOGE",
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$1DqYIqesDt0mAT++w6GVRw",
    "{ARGON2I}$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$OMVhA3b6TwLcNvNqYmrePg",
]


@pytest.mark.parametrize("stored", HASHES)
def test_a_hash_is_that_of_its_password_alone(stored: str) -> None:
    assert check_hash(stored, PASSWORD)
    for other in ("", "Pässword", "pässwo", "pässword\0", "\0"):
        assert not check_hash(stored, other)


def test_long_passwords_are_hashed_whole_by_htpasswd() -> None:
    assert check_hash("$apr1$xy$cKQIC7N0iBHeW6Fl2m00c.", "a" * 40)
    assert not check_hash("$apr1$xy$cKQIC7N0iBHeW6Fl2m00c.", "a" * 41)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "*",
        "!",
        "x",
        "secret",
        "{",
        "{SSHA",
        "{SSHA}",
        "{SSHA}NHg=",
        "{SHA}IV+Npq5YlxBDBufIDyqJNnqFG2V3HILK",
        "{SHA.HEX}zz",
        "{SHA.OCTAL}I7dElEdfX4dJgLdnbVEeI9iG2mQ=",
        "{SSHA}\x80",
        "{NONSENSE}x",
        "{PLAIN}secret",
        "{PBKDF2}1000$c2FsdA",
        "{PBKDF2-MD5}1000$c2FsdA$abcd",
        "{PBKDF2}0$c2FsdA$abcd",
        "$pbkdf2-sha256$1e3$c2FsdA$abcd",
        "$pbkdf2-sha256",
        "$argon2id$v=19$m=8,t=1,p=1",
        "$apr1$abcdefgh$",
        "$6$abcdefgh$short",
        "$2b$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wH",
        "$9$abc",
        # What would cost too much
        "$6$rounds=999999999$abcdefgh$" + "a" * 86,
        "$2b$31$" + "a" * 53,
        "$y$jZT$abcdefgh$" + "a" * 43,
        "$pbkdf2-sha256$999999999$c2FsdA$abcd",
        "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$1DqYIqesDt0mAT++w6GVRw",
        "$argon2id$v=19$m=8,t=1000,p=1$c2FsdHNhbHQ$1DqYIqesDt0mAT++w6GVRw",
        "$argon2id$v=19$m=8,t=1,p=1000$c2FsdHNhbHQ$1DqYIqesDt0mAT++w6GVRw",
        "{SHA}" + "A" * MAX_HASH_LENGTH,
    ],
)
def test_what_is_no_hash_is_refused_without_being_told(stored: str) -> None:
    with pytest.raises(ValueError, match=r"^(?!.*c2FsdA)") as refused:
        parse_hash(stored)
    assert len(stored) < 20 or stored not in str(refused.value)


_MARKS = "{SSHA} {PBKDF2} {CRYPT} $1$ $6$ rounds=9$ $2b$04$ $y$j75$ $argon2id$v=19$ m=8,t=1,p=1$ $pbkdf2-sha256$ $apr1$"
_PIECES = st.sampled_from([*_MARKS.split(), *"1$}=é\0", "c2FsdA", *["a" * length for length in (13, 22, 43, 53)]])


@given(stored=st.text(max_size=40) | st.lists(_PIECES, max_size=6).map("".join), password=st.text(max_size=20))
def test_any_text_is_a_hash_or_refused(stored: str, password: str) -> None:
    try:
        assert check_hash(stored, password) in (True, False)
    except ValueError:
        pass


def test_without_the_library_hashes_of_crypt_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str | None) -> ctypes.CDLL:
        raise OSError(f"{name}: cannot open shared object file")

    for cached in (passwordhashes._crypt_function, passwordhashes._has_method):
        cached.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", missing)
    try:
        with pytest.raises(ValueError, match="libcrypt does not have"):
            parse_hash(HASHES[0])
        assert check_hash("{SHA}I7dElEdfX4dJgLdnbVEeI9iG2mQ=", PASSWORD)
    finally:
        for cached in (passwordhashes._crypt_function, passwordhashes._has_method):
            cached.cache_clear()


def test_our_own_hashes_are_known_too() -> None:
    assert check_hash(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD), PASSWORD)
