#: umlaut -> fileinto Archiv/Entwürfe – 2026
require "fileinto";
if header :matches "subject" "Grüße*" { fileinto "Archiv/Entwürfe – 2026"; }
