"""Messages as octets: scanned once for all that the store keeps, and decoded for those who read or search them.

`scan` yields ENVELOPE, BODY and BODYSTRUCTURE ready to send, the part tree with offsets, and what SEARCH, SORT and
THREAD compare; `section` and `select_fields` serve BODY[...] from what was stored. Pure: octets in, values out.
"""

from .address import Address, parse_addresses
from .basesubject import BaseSubject, base_subject
from .casemap import fold, merge_spaces
from .charset import CHARSETS, codec_name, decode, load_codecs
from .date import parse_date
from .decodedparameters import decode_parameters
from .downgrade import downgrade_bodies, downgrade_envelopes
from .encodedword import decode_header, unfold
from .envelopetexts import EnvelopeTexts, parse_envelope_texts
from .header import FieldSelection, HeaderFields, field_selection, select_fields, select_stored_fields
from .limits import Limits, MessageBuffer
from .message import SCANNER_VERSION, ScannedMessage, scan, scan_in_slices
from .messageid import parse_message_ids
from .part import Part
from .parts import decode_fields, decode_parts, encode_parts
from .section import ByteRange, SectionKind, find_part, section
from .textual import without_binary
from .transfer import (
    TransferDecoder,
    decode_text,
    decode_text_in_chunks,
    decode_transfer,
    decode_transfer_in_chunks,
    transfer_decoder,
)

__all__ = [
    "CHARSETS",
    "SCANNER_VERSION",
    "Address",
    "BaseSubject",
    "ByteRange",
    "EnvelopeTexts",
    "FieldSelection",
    "HeaderFields",
    "Limits",
    "MessageBuffer",
    "Part",
    "ScannedMessage",
    "SectionKind",
    "TransferDecoder",
    "base_subject",
    "codec_name",
    "decode",
    "decode_fields",
    "decode_header",
    "decode_parameters",
    "decode_parts",
    "decode_text",
    "decode_text_in_chunks",
    "decode_transfer",
    "decode_transfer_in_chunks",
    "downgrade_bodies",
    "downgrade_envelopes",
    "encode_parts",
    "field_selection",
    "find_part",
    "fold",
    "load_codecs",
    "merge_spaces",
    "parse_addresses",
    "parse_date",
    "parse_envelope_texts",
    "parse_message_ids",
    "scan",
    "scan_in_slices",
    "section",
    "select_fields",
    "select_stored_fields",
    "transfer_decoder",
    "unfold",
    "without_binary",
]
