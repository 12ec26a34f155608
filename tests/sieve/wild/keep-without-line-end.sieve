#: plain -> keep
keep;