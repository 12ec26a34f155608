#: list -> fileinto Lists/angarium-users
#: plain -> implicit keep
require ["fileinto", "regex", "variables"];
if header :regex "Subject" "^(re: *)?\\[([[:alnum:]-]+)\\]" {
    fileinto "Lists/${2}";
}
