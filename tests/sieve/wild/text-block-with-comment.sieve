#: plain -> reject .one dot\r\n..two\r\ntext: is no beginning here\r\n# nor a comment\r\n
require "ereject";
require "reject";
reject text:	 # what they get
..one dot
...two
text: is no beginning here
# nor a comment
.
;
