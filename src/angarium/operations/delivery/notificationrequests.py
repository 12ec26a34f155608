"""What SMTP asks for beside the delivery, as scripts see it (RFC 6009 §2, §3): reports, and a time to deliver by."""

import re
from collections.abc import Sequence
from typing import Final

_BY: Final = re.compile(r"(-?\d{1,9});([NRnr])([Tt]?)")


def requests_of_mail(*, ret: str, envid: str, deliver_by: str) -> dict[str, str]:
    """Of the parameters RET, ENVID and BY, those that were given."""
    items = {"ret": ret, "envid": envid}
    by = _BY.fullmatch(deliver_by)
    if by is not None:
        items |= {"bytimerelative": by[1], "bymode": by[2].upper(), "bytrace": by[3].upper()}
    return {name: value for name, value in items.items() if value}


def requests_of_rcpt(*, notify: Sequence[str], orcpt: str) -> dict[str, str]:
    """Of the parameters NOTIFY and ORCPT, those that were given."""
    items = {"notify": ",".join(notify), "orcpt": orcpt}
    return {name: value for name, value in items.items() if value}
