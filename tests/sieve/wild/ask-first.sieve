#: plain -> fileinto Plain
require ["ihave", "fileinto"];
if ihave "vnd.nobody.has.this" { nothing :known "here"; }
elsif ihave ["body", "copy"] { if body :contains "see you" { fileinto "Plain"; } }
