#: spam -> reject I am not taking mail from you, and I don't want your\r\nbirdseed, either!
#: plain -> implicit keep
require ["reject"];
if header :contains "from" "winner" {
    reject "I am not taking mail from you, and I don't want your
birdseed, either!";
}
