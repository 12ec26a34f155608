"""The mechanism EXTERNAL (RFC 4422 Appendix A)."""

from angarium.sasl.exchange import AsksNothing, CertificateWanted, Challenge, Failed, Outcome, decode_text


class ExternalServer(AsksNothing):
    """One message of the client: whom it wants to act for, which may be empty."""

    __slots__ = ()

    def step(self, response: bytes | None) -> Outcome:
        """Asks for the message with an empty challenge if it did not come as initial response."""
        if response is None:
            return Challenge(b"")
        text = decode_text(response)
        return text if isinstance(text, Failed) else CertificateWanted(text or None)
