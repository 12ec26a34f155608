from angarium.mime import scan


def test_what_searches_and_sorts_compare() -> None:
    scanned = scan(
        b'From: "\xc3\x84da Quill" <Ada@b.example>, other@b.example\r\n'
        b"To: Friends: x@y.example;\r\nCc: =?utf-8?q?J=C3=96?= <JO@c.example>\r\n"
        b'Subject: Re: =?utf-8?q?T=C3=84?= (fwd)\r\nDate: Mon, 1 Jan 2024 13:00:00 +0100\r\nMessage-ID: <"3"@x>\r\n'
        b"Resent-Message-ID: <r@x>\r\nIn-Reply-To: <2@x> <9@x>\r\nReferences: <1@x>\r\n <2@x>\r\n\r\nbody"
    )
    assert scanned.subject == "re: ta\u0308 (fwd)"
    assert scanned.base_subject == "ta\u0308"
    assert scanned.is_reply
    assert scanned.from_ == '"a\u0308da quill" <ada@b.example>, other@b.example'
    assert scanned.cc == "jo\u0308 <jo@c.example>"
    assert (scanned.sort_from, scanned.sort_to, scanned.sort_cc) == ("ada", "friends", "jo")
    assert scanned.sent_date == 1704110400
    assert (scanned.message_id, scanned.resent_message_id) == ("3@x", "r@x")
    assert scanned.in_reply_to == ("2@x", "9@x")
    assert scanned.references == ("1@x", "2@x")


def test_in_reply_to_stands_in_for_references() -> None:
    assert scan(b"References: none\r\nIn-Reply-To: <2@x> <9@x>\r\n\r\n").references == ("2@x",)


def test_missing_fields_are_empty() -> None:
    scanned = scan(b"")
    assert (scanned.subject, scanned.from_, scanned.sort_from, scanned.message_id) == ("", "", "", None)
    assert scanned.sent_date is None
    assert scanned.envelope == b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"


def test_address_fields_of_one_name_are_one_list() -> None:
    envelope = scan(b"To: a@b\r\nTo: c@d\r\nSubject: first\r\nSubject: second\r\n\r\n").envelope
    assert envelope == b'(NIL "first" NIL NIL NIL ((NIL NIL "a" "b")(NIL NIL "c" "d")) NIL NIL NIL NIL)'
