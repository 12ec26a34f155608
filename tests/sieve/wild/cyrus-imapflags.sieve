#: plain -> keep \Flagged $Work
require ["imapflags"];
addflag "\\Deleted";
mark;
addflag ["$Work", "\\Seen"];
removeflag ["\\Deleted", "\\seen"];
keep;
