#: list -> fileinto lists.users
#: plain -> implicit keep
require ["fileinto", "variables", "mailbox"];
if header :matches "List-Id" "*<*.*>" {
    set :lower "list" "${2}";
    fileinto :create "lists.${list}";
    stop;
}
