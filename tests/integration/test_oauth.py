"""Logins by bearer tokens: our own client and curl, with a provider of identities on this machine."""

import base64
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.auth.identityprovider import (
    AUDIENCE,
    CLIENT,
    ISSUER,
    Provider,
    new_key,
    public_fields,
    running_provider,
    signed,
)
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, run_client, running_server, wait_until

from angarium.sasl.client import ClientSetting, begin_client

RSA, EC = new_key("RS256"), new_key("ES256")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running_provider() as running:
        running.keys = [public_fields(RSA, "r"), public_fields(EC, "e")]
        yield running


@pytest.fixture(scope="module")
def server(provider: Provider) -> Iterator[RunningServer]:
    """IMAP takes JWTs, POP3 asks about tokens."""
    options = (
        "workers: 1\nfailedloginpause: 0\nautocreate_quota: 0\n"
        f"imaps_oauth_jwks: {provider.url}/keys\nimap_oauth_jwks: {provider.url}/keys\n"
        f"oauth_issuer: {ISSUER}\noauth_audience: {AUDIENCE}\noauth_scope: mail\n"
        f"pop3s_oauth_introspection_url: {provider.url}/introspect\n"
        f"oauth_client_id: {CLIENT[0]}\noauth_client_secret: {CLIENT[1]}\n"
    )
    with running_server(options) as running:
        yield running


def token_of(user: User, **changed: object) -> str:
    return signed(EC, "ES256", key_id="e", **{"sub": user.name, **changed})


def authenticate(server: RunningServer, mechanism: str, token: str, *, user: str = "") -> tuple[str, dict[str, str]]:
    """The tagged answer over TLS, and what the mechanism was told."""
    context = server.certificate()
    context.check_hostname = False
    setting = ClientSetting(
        service="imap", host="localhost", nonce=lambda: "", authcid=user, password="", token=token, port=993
    )
    client = begin_client(mechanism, setting)
    raw = socket.create_connection((LOOPBACK, server.port("imaps")), timeout=WAIT_S)
    with raw, context.wrap_socket(raw) as connection, connection.makefile("rwb") as stream:
        assert f"AUTH={mechanism}".encode() in stream.readline()
        start = client.start()
        assert start is not None
        stream.write(f"a AUTHENTICATE {mechanism} {base64.b64encode(start).decode()}\r\n".encode())
        stream.flush()
        while (line := stream.readline()).startswith(b"+"):
            stream.write(base64.b64encode(client.step(base64.b64decode(line[2:]))) + b"\r\n")
            stream.flush()
        refusal: dict[str, str] = getattr(client, "refusal", {})
        return line.decode(), refusal


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_our_client_logs_in(server: RunningServer, mechanism: str) -> None:
    after = len(server.output)
    answer, refusal = authenticate(server, mechanism, token_of(server.user), user=server.user.name)
    assert answer.startswith("a OK")
    assert not refusal
    server.output.wait_for(" login ", f"mechanism={mechanism}", "outcome=ok", after=after)


def test_a_token_lets_nobody_act_for_others(server: RunningServer) -> None:
    answer, _ = authenticate(server, "OAUTHBEARER", token_of(server.user), user=server.admin.name)
    assert "[AUTHORIZATIONFAILED]" in answer


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
@pytest.mark.parametrize("changed", [{"exp": 1}, {"aud": "web"}, {"scope": "calendar"}])
def test_a_token_that_does_not_do_is_refused_and_explained(
    server: RunningServer, mechanism: str, changed: dict[str, object]
) -> None:
    answer, refusal = authenticate(server, mechanism, token_of(server.user, **changed), user=server.user.name)
    assert "[AUTHENTICATIONFAILED]" in answer
    assert refusal["scope"] == "mail"
    if mechanism == "OAUTHBEARER":
        assert refusal["openid-configuration"] == f"{ISSUER}/.well-known/openid-configuration"


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_our_imtest_takes_a_token_for_a_password(server: RunningServer, tmp_path: Path, mechanism: str) -> None:
    file = tmp_path / "token"

    def imtest(token: str) -> str:
        file.write_text(token + "\n")
        who = ("-a", server.user.name, "--password-file", file)
        done = run_client("imtest", "-s", "-v", "-m", mechanism, *who, "-p", str(server.port("imaps")), LOOPBACK)
        assert (done.status, done.errors) == (0, "")
        return done.output

    assert "\nAuthenticated.\nSecurity strength factor: 256\n" in imtest(token_of(server.user))
    shown = imtest(token_of(server.user, aud="web"))
    assert re.search(r'\n\[server: {.*"scope": *"mail".*}\]\n', shown)
    assert "\nAuthentication failed. generic failure\nSecurity strength factor: 256\n" in shown


def curl(server: RunningServer, scheme: str, user: str, token: str) -> "subprocess.CompletedProcess[str]":
    port = server.port(scheme)
    words = ["curl", "-sS", "-k", "--max-time", str(WAIT_S), "--user", user, "--oauth2-bearer", token]
    return subprocess.run(
        [*words, f"{scheme}://{LOOPBACK}:{port}/"], capture_output=True, text=True, timeout=WAIT_S, check=False
    )


def test_curl_logs_in_to_imap(server: RunningServer) -> None:
    done = curl(server, "imaps", server.user.name, token_of(server.user))
    assert done.returncode == 0, done.stderr
    assert "* LIST" in done.stdout
    done = curl(server, "imaps", server.user.name, token_of(server.user, aud="web"))
    assert done.returncode == 67, done


def test_curl_logs_in_to_pop3_where_the_provider_is_asked(server: RunningServer, provider: Provider) -> None:
    active = {"active": True, "iss": ISSUER, "aud": AUDIENCE, "scope": "mail", "sub": server.user.name}
    provider.about_tokens["opaque"] = {**active, "exp": int(time.time()) + 600}
    done = curl(server, "pop3s", server.user.name, "opaque")
    assert done.returncode == 0, done.stderr
    assert curl(server, "pop3s", server.user.name, "unknown").returncode == 67


def test_tokens_are_offered_where_an_issuer_is_named_and_under_tls_only(server: RunningServer) -> None:
    with socket.create_connection((LOOPBACK, server.port("imap")), timeout=WAIT_S) as connection:
        assert b"OAUTH" not in connection.recv(4096)
    context = server.certificate()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((LOOPBACK, server.port("pop3s")), timeout=WAIT_S) as raw,
        context.wrap_socket(raw) as connection,
        connection.makefile("rwb") as stream,
    ):
        stream.readline()
        stream.write(b"CAPA\r\n")
        stream.flush()
        lines = list(iter(stream.readline, b".\r\n"))
        assert any(line.startswith(b"SASL ") and b"OAUTHBEARER" in line for line in lines)


def test_a_provider_that_is_away_is_a_temporary_failure(server: RunningServer, provider: Provider) -> None:
    provider.status = 503
    server.stop()
    server.start()
    try:
        after = len(server.output)
        answer, refusal = authenticate(server, "OAUTHBEARER", token_of(server.user), user=server.user.name)
        assert "[UNAVAILABLE]" in answer
        assert not refusal
        server.output.wait_for("token_keys_unavailable", "503", after=after)
    finally:
        provider.status = 200
    wait_until(
        lambda: authenticate(server, "OAUTHBEARER", token_of(server.user))[0].startswith("a OK"), "she is let in again"
    )


def test_no_token_is_in_the_log(server: RunningServer) -> None:
    token = token_of(server.user)
    authenticate(server, "OAUTHBEARER", token, user=server.user.name)
    authenticate(server, "OAUTHBEARER", token[:-4], user=server.user.name)
    assert token[:-4] not in server.output.text
    assert CLIENT[1] not in server.output.text
