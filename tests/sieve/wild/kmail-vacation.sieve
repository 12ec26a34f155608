#: plain -> vacation I am out of office till 30/11.\r\n\r\n  In urgent cases: Ann <ann@example.org>\r\n\r\nyours\r\n | keep
#: spam -> keep
require "vacation";

if header :contains "X-Spam-Flag" "YES" { keep; stop; }
vacation :addresses [ "alice@example.org", "alice@mail.example.org" ] :days 7 text:
I am out of office till 30/11.

  In urgent cases: Ann <ann@example.org>

yours
.
;
keep;
