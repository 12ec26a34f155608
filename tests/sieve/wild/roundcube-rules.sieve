#: plain -> implicit keep
#: list -> fileinto INBOX.Lists \Seen
#: spam -> fileinto INBOX.Junk
require ["fileinto","imap4flags"];
# rule:[Lists]
if anyof (header :contains "list-id" "users.lists.example.org", header :contains "subject" "[nothing]")
{
	setflag "\\Seen";
	fileinto "INBOX.Lists";
	stop;
}
# rule:[Spam]
if allof (header :is "x-spam-flag" "YES", not address :contains "from" "boss@example.org")
{
	fileinto "INBOX.Junk";
	stop;
}
