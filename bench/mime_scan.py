"""Time of one scan of a 10 KB multipart message, and of the standard library's `email` for the same octets.

Each scan is of a message with names, ids, dates and boundaries of its own, so that what the scanner remembers from one
message to the next helps it no more than in a mail server.

Run: python bench/mime_scan.py

The interpreter that runs this is the one that is measured; build/bench-python/bin/python is that of the benchmark.
"""

import email
import email.policy
import random
import timeit
from email.message import Message
from itertools import cycle

from angarium.mime import (
    decode_parts,
    encode_parts,
    field_selection,
    scan,
    select_stored_fields,
)

TEN_FIELDS = (
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Content-Type",
    "X-Mailer",
)

VARIED = (
    b"f3a1c2d4-7b61", b"0GrenzeA7", b"1GrenzeB8", b"Umzug im April", b"Weiss", b"weiss", b"Ole Hansen", b"joerg",
    b"team", b"plan",
)  # fmt: skip
"""What differs between two letters of one sender's program; words of equal length take their places."""
MESSAGES = 400


def sample_message() -> bytes:
    """A letter as one arrives: trace fields, text and HTML alternatives, and a small attachment; about 10 KB."""
    header = [
        "Return-Path: <katrin.weiss@post.example>",
        (
            "Received: from mx1.angarium.example ([unix socket])\r\n\tby store.angarium.example with LMTPA;"
            "\r\n\tTue, 03 Mar 2026 09:14:07 +0100"
        ),
        "X-Sieve: CMU Sieve 3.0",
        (
            "Received: from out7.post.example (out7.post.example [192.0.2.17])\r\n\tby mx1.angarium.example (Postfix)"
            " with ESMTPS id 4YbX2c1\r\n\tfor <ole@angarium.example>; Tue,  3 Mar 2026 09:14:06 +0100 (CET)"
        ),
        (
            "Received: from [198.51.100.4] (dsl4.access.example [198.51.100.4])\r\n\tby out7.post.example with ESMTPSA"
            " id 77AB\r\n\t(version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256);\r\n\tTue, 3 Mar 2026 09:14:05 +0100"
        ),
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=post.example; s=k7; t=1772525645;\r\n"
        + "".join("\tb=" + "Zm9vYmFyYmF6" * 5 + "\r\n" for _ in range(4)).rstrip(),
        "Message-ID: <f3a1c2d4-7b61@post.example>",
        "Date: Tue, 3 Mar 2026 09:14:05 +0100",
        "MIME-Version: 1.0",
        "User-Agent: Brieftaube 4.1",
        "Subject: =?UTF-8?Q?Re=3A_Pl=C3=A4ne_f=C3=BCr_den?= Umzug im April",
        'From: "Katrin Weiss" <katrin.weiss@post.example>',
        "To: Ole Hansen <ole@angarium.example>, =?UTF-8?Q?J=C3=B6rg?= <joerg@angarium.example>",
        "Cc: team@angarium.example",
        "References: <a1@angarium.example> <b2@post.example>\r\n <c3@angarium.example>",
        "In-Reply-To: <c3@angarium.example>",
        "Content-Language: de",
        'Content-Type: multipart/mixed; boundary="------------0GrenzeA7"',
        "X-Spam-Status: No, score=-1.2",
        "List-Unsubscribe: <mailto:leave@angarium.example>",
    ]
    text = "Der Wagen kommt am Montag um acht, und wir brauchen noch Kisten.\r\n" * 25
    html = "<p>Der Wagen kommt am <b>Montag</b> um acht, und wir brauchen Kisten.</p>\r\n" * 25
    image = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA\r\n") * 45
    body = [
        "This is a message in several parts.",
        "--------------0GrenzeA7",
        'Content-Type: multipart/alternative; boundary="------------1GrenzeB8"\r\n',
        "--------------1GrenzeB8",
        "Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n",
        text,
        "--------------1GrenzeB8",
        "Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n",
        html,
        "--------------1GrenzeB8--\r\n",
        "--------------0GrenzeA7",
        (
            'Content-Type: image/png; name="plan.png"\r\nContent-Transfer-Encoding: base64\r\n'
            'Content-Disposition: attachment; filename="plan.png"\r\n'
        ),
        image,
        "--------------0GrenzeA7--",
        "",
    ]
    return ("\r\n".join(header) + "\r\n\r\n" + "\r\n".join(body)).encode()


def varied_message(number: int) -> bytes:
    """The sample as another letter of the same mail program."""
    digits = random.Random(number)
    message = sample_message()
    for text in VARIED:
        message = message.replace(text, f"{digits.getrandbits(4 * len(text)):0{len(text)}x}".encode())
    return message.replace(b"14:05 +0100", b"%02d:%02d +0100" % (digits.randrange(60), digits.randrange(60)))


def parse_with_email(message: bytes) -> Message:
    """What the standard library needs to know the fields and parts that `scan` tells."""
    parsed = email.message_from_bytes(message, policy=email.policy.compat32)
    for part in parsed.walk():
        part.get_content_type()
        part.get_params()
    return parsed


def parse_with_email_default_policy(message: bytes) -> Message:
    """The same with the policy that also parses addresses and dates."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    for part in parsed.walk():
        for name in ("from", "to", "cc", "date", "subject", "message-id", "content-type", "content-disposition"):
            part.get(name)
    return parsed


def microseconds(statement: str, names: dict[str, object], count: int) -> float:
    """The best of five rounds, for one run."""
    return min(timeit.repeat(statement, globals=names, number=count, repeat=5)) / count * 1e6


def main() -> None:
    message = sample_message()
    letters = cycle([varied_message(number) for number in range(MESSAGES)])
    scanned = scan(message)
    stored = encode_parts(scanned.root, scanned.fields)
    names: dict[str, object] = {
        "letters": letters,
        "scan": scan,
        "root": scanned.root,
        "fields": scanned.fields,
        "stored": stored,
        "header": message[: scanned.root.header_size],
        "selection": field_selection(TEN_FIELDS),
        "encode_parts": encode_parts,
        "decode_parts": decode_parts,
        "select_stored_fields": select_stored_fields,
        "parse_with_email": parse_with_email,
        "parse_with_email_default_policy": parse_with_email_default_policy,
    }
    ours = microseconds("scan(next(letters))", names, MESSAGES)
    compat = microseconds("parse_with_email(next(letters))", names, 50)
    default = microseconds("parse_with_email_default_policy(next(letters))", names, 20)
    print(f"message                         {len(message):8d} octets")
    print(f"scan                            {ours:8.1f} µs")
    print(f"email, compat32 policy          {compat:8.1f} µs   {compat / ours:5.1f} x")
    print(f"email, default policy           {default:8.1f} µs   {default / ours:5.1f} x")
    print(
        f"encode_parts ({len(stored)} octets)       {microseconds('encode_parts(root, fields)', names, 2000):8.2f} µs"
    )
    print(f"decode_parts                    {microseconds('decode_parts(stored)', names, 2000):8.2f} µs")
    selected = microseconds("select_stored_fields(stored, header, selection)", names, 10000)
    print(f"ten header fields               {selected:8.2f} µs")


if __name__ == "__main__":
    main()
