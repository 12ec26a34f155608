#: spam -> fileinto Stars
#: plain -> implicit keep
require "fileinto";
if header :matches "subject" "\\*\\*\\*SPAM\\*\\*\\**" { fileinto "Stars"; }
