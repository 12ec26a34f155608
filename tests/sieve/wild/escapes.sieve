#: plain -> fileinto "Odd\name"
require "fileinto";
fileinto "\"O\dd\\name\"";
