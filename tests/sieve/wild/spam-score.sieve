#: spam -> fileinto Spam \Seen
#: plain -> implicit keep
require ["fileinto", "relational", "comparator-i;ascii-numeric", "imap4flags"];
if anyof (header :value "ge" :comparator "i;ascii-numeric" "X-Spam-Score" ["7"],
          header :contains "X-Spam-Level" "*****",
          header :count "ge" :comparator "i;ascii-numeric" "received" "50") {
    fileinto :flags ["\\Seen"] "Spam";
}
