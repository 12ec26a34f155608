#: plain -> fileinto Archive/2026/11
require ["fileinto", "mailbox", "date", "variables"];
if currentdate :matches "year" "*" { set "year" "${1}"; }
if date :matches :originalzone "date" "month" "*" { set "month" "${1}"; }
fileinto :create "Archive/${year}/${month}";
