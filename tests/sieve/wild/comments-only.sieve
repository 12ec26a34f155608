#: plain -> implicit keep
# everything was here once
/* and this too */
