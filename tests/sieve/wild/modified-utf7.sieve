#: umlaut -> fileinto INBOX.Entw&APw-rfe
require "fileinto";
if header :contains "subject" "Köln" { fileinto "INBOX.Entw&APw-rfe"; }
