#: plain -> redirect carol@example.com | fileinto Copies
#: spam -> implicit keep
require ["fileinto","copy"];

if header :comparator "i;ascii-casemap" :is "Subject" "hello"
{
  redirect :copy "Carol Jones <carol@example.com>";
  fileinto "Copies";
}
