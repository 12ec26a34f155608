"""A provider of identities on this machine: a page of keys, answers about tokens, and the tokens themselves."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER: Final = "https://login.example.org/realm"
AUDIENCE: Final = "mail"
CLIENT: Final = ("mail server", "client's s:cret")
_BASIC: Final = "Basic bWFpbCtzZXJ2ZXI6Y2xpZW50JTI3cytzJTNBY3JldA=="
"""The two of `CLIENT` in the form of RFC 6749 §2.3.1."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def new_key(algorithm: str) -> PrivateKey:
    """A key for signatures by this algorithm."""
    if algorithm.startswith(("RS", "PS")):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm.startswith("ES"):
        curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
        return ec.generate_private_key(curves[algorithm])
    return ed25519.Ed25519PrivateKey.generate()


def public_fields(key: PrivateKey, key_id: str, **more: object) -> dict[str, object]:
    """As a key set has it (RFC 7517)."""
    algorithms = jwt.algorithms
    public: Any = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        fields = algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        fields = algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        fields = algorithms.OKPAlgorithm.to_jwk(public, as_dict=True)
    return {**fields, "kid": key_id, "use": "sig", **more}


def claims(**changed: object) -> dict[str, object]:
    """Good ones, but for those that are given; one that is None is left out."""
    now = int(time.time())
    usual: dict[str, object] = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": now + 600, "scope": "mail other"}
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def signed(key: PrivateKey, algorithm: str, *, key_id: str = "", header: Any = None, **changed: object) -> str:
    """A token."""
    headers: dict[str, object] = {**({"kid": key_id} if key_id else {}), **(header or {})}
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers=headers)


@dataclass
class Provider:
    """What it says, which tests change."""

    url: str
    keys: list[dict[str, object]] = field(default_factory=list)
    about_tokens: dict[str, dict[str, object]] = field(default_factory=dict)
    status: int = 200
    body: bytes | None = None
    """In place of what would be said."""
    asked: int = 0


@contextlib.contextmanager
def running_provider() -> Iterator[Provider]:
    """`/keys` has the keys; `/introspect` tells of tokens to whom knows the secret."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(provider.status, {"keys": provider.keys})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.headers["Authorization"] != _BASIC:
                self._say(401, {})
                return
            token = parse_qs(body)["token"][0]
            self._say(provider.status, provider.about_tokens.get(token, {"active": False}))

        def _say(self, status: int, said: object) -> None:
            provider.asked += 1
            body = json.dumps(said).encode() if provider.body is None else provider.body
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's word
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    provider = Provider(f"http://127.0.0.1:{server.server_address[1]}")
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
