"""The same kind of certificate for all, as Angarium makes one for itself."""

from pathlib import Path

from angarium.cli.certificate import make_certificate


def write_certificate(directory: Path) -> tuple[Path, Path]:
    """Certificate and key, in this directory."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    make_certificate(certificate, key, hostname="localhost")
    return certificate, key
