#: plain -> implicit keep
#: big -> fileinto Big
require "fileinto";
if size :over 2G { discard; }
elsif size :over 1m { discard; }
elsif size :over 100K { fileinto "Big"; }
elsif not size :under 90000 { fileinto "Nearly"; }
