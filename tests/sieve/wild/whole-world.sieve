#: plain -> fileinto First
#: list -> discard
require ["body", "fileinto", "reject", "vacation", "imap4flags", "notify", "envelope", "relational", "regex",
         "subaddress", "copy", "mailbox", "date", "index", "variables", "editheader", "duplicate", "fcc",
         "mboxmetadata", "servermetadata", "include", "environment", "ihave", "encoded-character",
         "comparator-i;ascii-numeric", "comparator-i;octet", "comparator-i;ascii-casemap", "special-use",
         "vacation-seconds", "ereject", "extlists", "redirect-dsn", "redirect-deliverby", "mailboxid", "vnd.cyrus.log"];
if header :index 1 :contains "list-id" "users" { discard; stop; }
if body :text :contains "see you" { fileinto "First"; }
