#: umlaut -> fileinto Köln$
require ["encoded-character", "fileinto"];
if header :contains "subject" "${unicode:4B F6}ln" { fileinto "K${hex: c3 B6}ln${HEX:24}"; }
