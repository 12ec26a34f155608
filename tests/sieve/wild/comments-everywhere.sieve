#: plain -> fileinto Found
/* a comment
 * over lines ; { } " */ require /* here */ [ "fileinto" # behind an item, "not" this
 , /* between */ "copy" ] /* before the end */ ;
if # why
  anyof /**/ ( /* first */ header /* tags */ :contains /* follow */ "subject" /* key */ "hello" , # next
  false /* never */ ) /* block */ { # begins
  fileinto /* where */ "Found" /* done */ ; # ends
} # and this is the end, without a line end behind it