#: plain -> fileinto Friends
require "fileinto";
if address :is :all "from" "bob@example.net" { fileinto "Friends"; }
