#: spam -> fileinto Junk
# This script has been automatically generated
#AVELSIEVE_VERSIONYTo0OntzOjU6Im1ham9yIjtpOjE7czo1OiJtaW5vciI7aTo5O3M6NzoicmVsZWFzZSI7aTo3O3M6Njoic3RyaW5nIjtzOjU6IjEuOS43Ijt9
require ["fileinto","envelope","reject","vacation","imapflags","relational","comparator-i;ascii-numeric","regex","notify"];
if
#START_SIEVE_RULEYTo2OntzOjQ6ImNvbmQiO2E6MTp7aTowO2E6NDp7czo0OiJraW5kIjtzOjY6ImhlYWRlciI7czo2OiJoZWFkZXIiO3M6Nzoi%3DEND_SIEVE_RULE
header :contains "x-spam-flag" "YES"
{
fileinto "Junk";
stop;}
