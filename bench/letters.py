"""Messages to deliver, the same for every server and in every run."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

SENDERS: Final = 40
FIRST_DAY: Final = datetime(2024, 1, 1, 8, tzinfo=UTC)
LETTERS_A_DAY: Final = 10

SMALL_OCTETS: Final = 2_500
LARGE_OCTETS: Final = 70_000

DELIVERED_OCTETS: Final = (4_000, 9_000, 120_000, 6_000, 35_000, 3_000, 210_000, 12_000, 90_000, 61_000)
"""Sizes in turn, 55 KB in the mean: most mail is small, and most octets are in attachments."""

_LINE: Final = "The carriage comes on Monday at eight, and we still need boxes for the books.\r\n"
_WORDS: Final = ("boxes", "carriage", "harbour", "invoice", "lantern", "meeting", "orchard", "report", "timetable")


def letter(number: int, octets: int) -> bytes:
    """About this large: text and HTML, and an attachment where there is room for one. No line begins with a dot."""
    header = _header(number)
    text, html = _LINE * 8, f"<p>{_LINE}</p>\r\n" * 8
    room = octets - len(header) - len(text) - len(html) - 600
    return f"{header}{_body(number, text, html, attachment=_attachment(number, room))}".encode("ascii")


def letters(octets: int, *, count: int, first: int = 0) -> Iterator[bytes]:
    for number in range(first, first + count):
        yield letter(number, octets)


def internal_date(number: int) -> datetime:
    """Letters come in one after another, ten a day."""
    return FIRST_DAY + timedelta(days=number // LETTERS_A_DAY, minutes=number % LETTERS_A_DAY)


def sender(number: int) -> str:
    """The local part of one of the senders."""
    return f"sender{number % SENDERS:02d}"


def _header(number: int) -> str:
    date = internal_date(number).strftime("%a, %d %b %Y %H:%M:%S +0000")
    name = sender(number)
    key = hashlib.sha256(b"%d" % number).hexdigest()
    signature = "".join(f"\tb={base64.b64encode(key.encode()).decode()[:66]}\r\n" for _ in range(4))
    return (
        f"Received: from mx.post.example (mx.post.example [192.0.2.17])\r\n\tby store.example (Postfix) with ESMTPS"
        f" id {key[:10]}\r\n\tfor <ole@store.example>; {date}\r\n"
        f"Received: from [198.51.100.4] (dsl.access.example [198.51.100.4])\r\n\tby mx.post.example with ESMTPSA"
        f" id {key[10:20]}\r\n\t(version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256);\r\n\t{date}\r\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=post.example; s=k7;\r\n{signature}"
        f"Message-ID: <{key[:24]}.{number}@post.example>\r\n"
        f"Date: {date}\r\n"
        "MIME-Version: 1.0\r\n"
        "X-Mailer: Pigeon 4.1\r\n"
        f"Subject: Re: {_WORDS[number % len(_WORDS)]} and {_WORDS[number // 7 % len(_WORDS)]}, part {number}\r\n"
        f'From: "Sender Number {number % SENDERS}" <{name}@post.example>\r\n'
        "To: Ole Hansen <ole@store.example>, Jana Novak <jana@store.example>\r\n"
        "Cc: team@store.example\r\n"
        f"In-Reply-To: <{key[24:40]}@store.example>\r\n"
        f"References: <{key[40:56]}@store.example>\r\n <{key[24:40]}@store.example>\r\n"
        "Content-Language: en\r\n"
        'Content-Type: multipart/mixed; boundary="------------outer"\r\n'
        "\r\n"
    )


def _body(number: int, text: str, html: str, *, attachment: str) -> str:
    alternative = (
        "--------------outer\r\n"
        'Content-Type: multipart/alternative; boundary="------------inner"\r\n\r\n'
        "--------------inner\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        f"{text}\r\n"
        "--------------inner\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        f"{html}\r\n--------------inner--\r\n"
    )
    attached = (
        "--------------outer\r\n"
        f'Content-Type: application/pdf; name="plan{number}.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="plan{number}.pdf"\r\n\r\n{attachment}'
    )
    return f"{alternative}{attached if attachment else ''}--------------outer--\r\n"


def _attachment(number: int, octets: int) -> str:
    """Lines of base64, different for each letter."""
    if octets <= 0:
        return ""
    block = base64.b64encode(hashlib.sha512(b"%d" % number).digest())[:76].decode()
    return f"{block}\r\n" * (octets // (len(block) + 2) + 1)
