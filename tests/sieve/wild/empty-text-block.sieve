#: plain -> reject
require "reject";
reject text:
.
;
