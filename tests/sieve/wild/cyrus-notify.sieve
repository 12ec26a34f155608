#: plain -> notify mailto:ann%20jones@example.org,bob@example.org Bob Jones <bob@example.net>/bob@example.net: Hello | implicit keep
#: list -> implicit keep
require ["notify"];
notify :method "mailto" :id "one" :options ["ann jones@example.org", "bob@example.org"] :high :message "$from$/$env-from$: $subject$";
if exists "list-id" { denotify :is "one" :high; }
