"""Services of the machine's own PAM, made for a test and removed after it; only root can."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PAM_DIRECTORY: Final = Path("/etc/pam.d")

_SCRIPT: Final = """#!/bin/sh
# The password comes as pam_exec gives it, with a NUL behind.
password=$(tr -d '\\0')
echo "$(id -u) $PAM_SERVICE $PAM_USER $PAM_RHOST $$" >>"$0.log"
case "$PAM_USER $password" in
'alice secret' | 'expired secret') exit 0 ;;
'slow secret') exec sleep 60 ;;
*) exit 1 ;;
esac
"""


@contextmanager
def pam_services(directory: Path, *services: str) -> Iterator[str]:
    """Lets `alice` and `expired` in with `secret`, the latter with an account that has expired; gives the prefix.

    What was asked stands in `script.log` below `directory`: uid, service, user, address, process.
    """
    prefix = f"angarium-test-{os.getpid()}-"
    script = directory / "script"
    script.write_text(_SCRIPT)
    script.chmod(0o755)
    files = [PAM_DIRECTORY / f"{prefix}{service}" for service in services]
    text = (
        # The module alone would call a wrong password an error of the system.
        f"auth sufficient pam_exec.so quiet expose_authtok {script}\n"
        "auth required pam_deny.so\n"
        "account [success=1 default=ignore] pam_succeed_if.so quiet user != expired\n"
        "account [default=acct_expired] pam_debug.so acct=acct_expired\n"
        "account required pam_permit.so\n"
    )
    try:
        for file in files:
            file.write_text(text)
        yield prefix
    finally:
        for file in files:
            file.unlink(missing_ok=True)
