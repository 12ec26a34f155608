"""What servers of tests have for TLS."""

import ssl
from pathlib import Path

from tests.worker.certificates import make_certificate


def server_context(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server has, and what trusts it."""
    certificate = make_certificate(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    client = ssl.create_default_context(cafile=str(certificate))
    client.check_hostname = False
    return context, client
