#: plain -> fileinto Upper
REQUIRE ["fileinto"];
IF AnyOf (HEADER :Contains "SUBJECT" "HELLO", FALSE) { FileInto "Upper"; STOP; } ELSE { Discard; }
