"""Password hashes as other systems store them: those of crypt(3), of LDAP and Dovecot (`{SSHA}`…), of htpasswd, PBKDF2
and argon2.

`check_hash` may compute for some tenths of a second, and gives up the interpreter's lock meanwhile: it is for threads.
What a hash may cost is bounded, so that nobody can stop the server by one. Passwords are compared as they were typed,
since those who made these hashes prepared nothing.

crypt(3) is the system's own, through its reentrant function: libxcrypt has all that anybody has used, bcrypt and
yescrypt among it. Where the library is missing, or lacks a method, hashes of that method are refused as unknown ones
are.
"""

import base64
import ctypes
import hashlib
import hmac
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import argon2

Check = Callable[[bytes], bool]
"""Whether a password, which holds no NUL, is the one that the hash was made of."""

MAX_HASH_LENGTH: Final = 1024
_ROUNDS_MAX: Final = 2_000_000
"""Of SHA-crypt and PBKDF2: some seconds."""
_BCRYPT_COST_MAX: Final = 16
_ARGON2_MEMORY_MAX_KIB: Final = 1 << 20
_ARGON2_PASSES_MAX: Final = 64
_ARGON2_LANES_MAX: Final = 64

_CRYPT_LIBRARIES: Final = ("libcrypt.so.1", "libcrypt.so.2", None)
"""That of Debian, that of Fedora, and the C library itself."""
_CRYPT_DATA_OCTETS: Final = 256 * 1024
"""`struct crypt_data` of the library that has the largest."""

_CRYPT_METHODS: Final = {
    # The method: what its hashes look like, with the cost as first group; a hash that is quickly made, to see whether
    # the library has the method. The cost of yescrypt is bounded by its two characters: 256 MB at the most.
    "MD5": (r"\$1\$()[^$:\s]{0,8}\$[./0-9A-Za-z]{22}", "$1$ab$"),
    "SHA-256": (r"\$5\$(?:rounds=([0-9]{1,9})\$)?[^$:\s]{0,16}\$[./0-9A-Za-z]{43}", "$5$rounds=1000$ab$"),
    "SHA-512": (r"\$6\$(?:rounds=([0-9]{1,9})\$)?[^$:\s]{0,16}\$[./0-9A-Za-z]{86}", "$6$rounds=1000$ab$"),
    "bcrypt": (r"\$2[abxy]\$([0-9]{2})\$[./0-9A-Za-z]{53}", "$2b$04$abcdefghijklmnopqrstuu"),
    "yescrypt": (r"\$y\$()j[./0-9A-D][./0-9A-T]\$[./0-9A-Za-z]{1,86}\$[./0-9A-Za-z]{43}", "$y$j75$abcdefgh$"),
    "DES": (r"()[./0-9A-Za-z]{13}", "ab"),
}
_CRYPT_SCHEMES: Final = frozenset(
    {"CRYPT", "BCRYPT", "BLF-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "MD5-CRYPT", "DES-CRYPT"}
)
_DIGEST_SCHEMES: Final = {
    # The scheme: the digest, and whether a salt stands behind it.
    "SHA": ("sha1", False),
    "SHA1": ("sha1", False),
    "SSHA": ("sha1", True),
    "SHA256": ("sha256", False),
    "SSHA256": ("sha256", True),
    "SHA512": ("sha512", False),
    "SSHA512": ("sha512", True),
    "MD5": ("md5", False),
    "PLAIN-MD5": ("md5", False),
    "LDAP-MD5": ("md5", False),
    "SMD5": ("md5", True),
}
_PBKDF2_DIGESTS: Final = {"": "sha1", "-SHA1": "sha1", "-SHA256": "sha256", "-SHA512": "sha512"}
_CRYPT_ALPHABET: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def check_hash(stored: str, password: str) -> bool:
    """Whether the hash was made of this password; takes as long as the hash says, so call it in a thread.

    ValueError for what is no hash, or none that can be checked here; its text holds nothing of the hash.
    """
    check = parse_hash(stored)
    # C would see a password end there, and HMAC takes it for padding.
    return "\0" not in password and check(password.encode(errors="surrogatepass"))


def parse_hash(stored: str) -> Check:
    """What checks passwords against this hash; quick. ValueError as `check_hash`."""
    if len(stored) > MAX_HASH_LENGTH or not stored.isascii():
        raise ValueError("not a password hash")
    if stored.startswith("{"):
        scheme, brace, rest = stored[1:].partition("}")
        if not brace:
            raise ValueError("not a password hash")
        return _parse_scheme(scheme.upper(), rest)
    if stored.startswith("$argon2"):
        return _parse_argon2(stored)
    if stored.startswith("$pbkdf2"):
        return _parse_modular_pbkdf2(stored)
    if stored.startswith("$apr1$"):
        return _parse_apr1(stored)
    return _parse_crypt(stored)


def _parse_scheme(scheme: str, rest: str) -> Check:
    if scheme in _CRYPT_SCHEMES or (scheme == "MD5" and rest.startswith("$1$")):
        return _parse_crypt(rest)
    if scheme in ("ARGON2", "ARGON2I", "ARGON2ID"):
        return _parse_argon2(rest)
    if scheme.startswith("PBKDF2") and scheme[6:] in _PBKDF2_DIGESTS:
        return _parse_pbkdf2(_PBKDF2_DIGESTS[scheme[6:]], rest)
    name, _, encoding = scheme.partition(".")
    if name in _DIGEST_SCHEMES and encoding in ("", "HEX", "B64", "BASE64"):
        digest, is_salted = _DIGEST_SCHEMES[name]
        return _parse_digest(digest, rest, is_salted=is_salted, encoding=encoding)
    raise ValueError(f"a password hash of an unknown scheme: {scheme[:20]!r}")


# Plain digests


def _parse_digest(digest: str, text: str, *, is_salted: bool, encoding: str) -> Check:
    size = hashlib.new(digest, usedforsecurity=False).digest_size
    is_hex = encoding == "HEX" or (not encoding and not is_salted and len(text) == 2 * size)
    data = bytes.fromhex(text) if is_hex else _decode_base64(text)
    expected, salt = data[:size], data[size:]
    if len(expected) != size or bool(salt) != is_salted:
        raise ValueError(f"not a digest of {digest}")

    def check(password: bytes) -> bool:
        found = hashlib.new(digest, password + salt, usedforsecurity=False).digest()
        return hmac.compare_digest(found, expected)

    return check


# PBKDF2 (RFC 8018 §5.2)


def _parse_pbkdf2(digest: str, rest: str) -> Check:
    """`$1$salt$rounds$hex` of Dovecot, or `rounds$salt$hash` of OpenLDAP."""
    fields = rest.split("$")
    if len(fields) == 5 and fields[:2] == ["", "1"]:
        return _pbkdf2(digest, fields[3], fields[2].encode(), bytes.fromhex(fields[4]))
    if len(fields) == 3:
        return _pbkdf2(digest, fields[0], _decode_base64(fields[1]), _decode_base64(fields[2]))
    raise ValueError("not a hash of PBKDF2")


def _parse_modular_pbkdf2(stored: str) -> Check:
    """`$pbkdf2-sha256$rounds$salt$hash`; without a digest it is SHA-1."""
    fields = stored.split("$")
    digest = _PBKDF2_DIGESTS.get(fields[1].removeprefix("pbkdf2").upper())
    if len(fields) != 5 or digest is None:
        raise ValueError("not a hash of PBKDF2")
    return _pbkdf2(digest, fields[2], _decode_base64(fields[3]), _decode_base64(fields[4]))


def _pbkdf2(digest: str, rounds_text: str, salt: bytes, expected: bytes) -> Check:
    rounds = _cost(rounds_text, _ROUNDS_MAX)
    if not 1 <= len(expected) <= 128:
        raise ValueError("not a hash of PBKDF2")

    def check(password: bytes) -> bool:
        found = hashlib.pbkdf2_hmac(digest, password, salt, rounds, len(expected))
        return hmac.compare_digest(found, expected)

    return check


# argon2 (RFC 9106)


def _parse_argon2(text: str) -> Check:
    try:
        parameters = argon2.extract_parameters(text)
    except argon2.exceptions.InvalidHash as error:
        raise ValueError("not a hash of argon2") from error
    if (
        parameters.memory_cost > _ARGON2_MEMORY_MAX_KIB
        or parameters.time_cost > _ARGON2_PASSES_MAX
        or parameters.parallelism > _ARGON2_LANES_MAX
    ):
        raise ValueError("a password hash that costs too much to check")

    def check(password: bytes) -> bool:
        try:
            return argon2.low_level.verify_secret(text.encode(), password, parameters.type)
        except argon2.exceptions.VerifyMismatchError:
            return False
        except argon2.exceptions.VerificationError as error:
            raise ValueError("not a hash of argon2") from error

    return check


# Those of crypt(3)


def _parse_crypt(stored: str) -> Check:
    for method, (pattern, sample) in _CRYPT_METHODS.items():
        match = re.fullmatch(pattern, stored, re.ASCII)
        if match is None:
            continue
        if match[1]:
            _cost(match[1], _BCRYPT_COST_MAX if method == "bcrypt" else _ROUNDS_MAX)
        if not _has_method(sample):
            raise ValueError(f"a password hash of {method}, which the system's libcrypt does not have")
        return lambda password: _matches_crypt(password, stored)
    raise ValueError("not a password hash that is known here")


def _matches_crypt(password: bytes, stored: str) -> bool:
    found = _crypt(password, stored)
    if found is None:
        raise ValueError("not a hash that the system's libcrypt takes")
    return hmac.compare_digest(found, stored.encode())


@lru_cache
def _has_method(sample: str) -> bool:
    found = _crypt(b"", sample)
    return found is not None and found.startswith(sample.encode()) and len(found) > len(sample)


def _crypt(password: bytes, setting: str) -> bytes | None:
    function = _crypt_function()
    if function is None:
        return None
    data = ctypes.create_string_buffer(_CRYPT_DATA_OCTETS)
    found: bytes | None = function(password, setting.encode(), data)
    # A text that begins so stands for a failure, and is never equal to a hash.
    return None if found is None or found.startswith(b"*") else found


@lru_cache(maxsize=1)
def _crypt_function() -> Callable[[bytes, bytes, object], bytes | None] | None:
    for name in _CRYPT_LIBRARIES:
        try:
            function = ctypes.CDLL(name).crypt_r
        except (OSError, AttributeError):
            continue
        function.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p]
        function.restype = ctypes.c_char_p
        return function
    return None


# htpasswd's own form of MD5-crypt, which libcrypt does not have


def _parse_apr1(stored: str) -> Check:
    match = re.fullmatch(r"\$apr1\$([^$:\s]{0,8})\$([./0-9A-Za-z]{22})", stored, re.ASCII)
    if match is None:
        raise ValueError("not a hash of htpasswd")
    salt, expected = match[1].encode(), match[2].encode()
    return lambda password: hmac.compare_digest(_apr1(password, salt), expected)


def _apr1(password: bytes, salt: bytes) -> bytes:
    """The digest in crypt's letters."""
    alternate = _md5(password + salt + password)
    start = password + b"$apr1$" + salt + (alternate * (len(password) // 16 + 1))[: len(password)]
    length = len(password)
    while length:
        start += b"\0" if length & 1 else password[:1]
        length >>= 1
    final = _md5(start)
    for round_number in range(1000):
        odd = round_number & 1
        text = password if odd else final
        if round_number % 3:
            text += salt
        if round_number % 7:
            text += password
        final = _md5(text + (final if odd else password))
    # The order in which the octets stand in three at a time.
    order = [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)]
    letters = [_letters(final[a] << 16 | final[b] << 8 | final[c], 4) for a, b, c in order]
    return ("".join(letters) + _letters(final[11], 2)).encode()


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _letters(value: int, count: int) -> str:
    return "".join([_CRYPT_ALPHABET[value >> 6 * index & 63] for index in range(count)])


# Parts


def _cost(text: str, maximum: int) -> int:
    cost = int(text) if text.isdecimal() and len(text) < 10 else 0
    if cost < 1:
        raise ValueError("a password hash with a cost that is no number")
    if cost > maximum:
        raise ValueError("a password hash that costs too much to check")
    return cost


def _decode_base64(text: str) -> bytes:
    """With or without padding; `.` stands for `+` in some forms."""
    text = text.rstrip("=").replace(".", "+")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
