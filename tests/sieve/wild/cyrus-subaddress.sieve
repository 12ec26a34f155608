#: plain -> fileinto INBOX.shop
require ["envelope", "subaddress", "fileinto", "variables"];
if envelope :detail :matches "to" "*" {
  if not string :is "${1}" "" { set :lower "name" "${1}"; fileinto "INBOX.${name}"; }
}
