"""What goes to a client that has asked for compression."""

import zlib

from tests.connections.test_output import Transport

from angarium.imap.compression import Deflater
from angarium.imap.output import Output


def test_what_is_sent_behind_compress_is_compressed_until_that_ends() -> None:
    transport = Transport()
    output = Output(transport)
    output.write(b"a OK DEFLATE active\r\n")
    output.flush()
    output.deflater = Deflater()
    output.write(b"b ")
    output.write(b"OK\r\n")
    output.flush()
    output.write(b"c OK\r\n")
    output.end_compression()
    output.write(b"d OK\r\n")
    output.flush()
    assert (transport.pieces[0], transport.pieces[-1]) == (b"a OK DEFLATE active\r\n", b"d OK\r\n")
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    assert stream.decompress(b"".join(transport.pieces[1:-1])) == b"b OK\r\nc OK\r\n"
    assert stream.eof
    assert output.sent_octets == 39
