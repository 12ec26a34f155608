"""What DISPLAYFROM and DISPLAYTO compare (RFC 5957 §3)."""

from angarium.mime import Address, decode_header


def display_address(address: Address | None) -> str:
    """The decoded name of a list's first address, else its mailbox and host; `""` for an empty list.

    A group, whose address in ENVELOPE has its name as mailbox and no host, is compared by that name.
    """
    if address is None:
        return ""
    name = decode_header(address.name) if address.name is not None else ""
    if name or address.mailbox is None:
        return name
    octets = address.mailbox if address.host is None else address.mailbox + b"@" + address.host
    return decode_header(octets)
