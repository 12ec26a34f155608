#: empty -> fileinto Odd
#: plain -> implicit keep
require "fileinto";
if anyof (not exists ["from", "date"], header :is "subject" "", not address :matches "to" "*@*") { fileinto "Odd"; }
