#: plain -> keep $Label1 \Flagged important
require ["imap4flags"];
addflag "$Label1 \\Flagged";
if hasflag :contains "label" { addflag ["important", "$LABEL1"]; }
keep;
