#: plain -> implicit keep
#: list -> fileinto Lists
require ["fileinto"];
# rule:[not any more]
if false # anyof (header :contains "subject" "Hello", header :contains "subject" "Hi")
{
	fileinto "Old";
}
# rule:[Lists]
if header :contains "list-id" "lists.example.org"
{
	fileinto "Lists";
}
