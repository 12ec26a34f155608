"""The IMAP front end (RFC 3501, RFC 9051 and extensions): parser, states, serializer, session."""
