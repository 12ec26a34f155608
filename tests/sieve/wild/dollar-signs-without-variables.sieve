#: plain -> fileinto ${1} ${hex:40}
require "fileinto";
fileinto "${1} ${hex:40}";
