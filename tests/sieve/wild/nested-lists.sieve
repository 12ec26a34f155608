#: plain -> fileinto Deep
#: list -> discard
#: spam -> implicit keep
require ["fileinto"];
if anyof (allof (not anyof (allof (exists "x-spam-flag", true), anyof (false, exists "list-id")),
                 allof (anyof (header :is "subject" "nothing", header :matches "subject" "*ell*"), not not true)),
          false) {
    if true { if not false { if allof (true) { fileinto "Deep"; } } }
} elsif not anyof (not exists ["list-id", "subject"], false) { discard; }
