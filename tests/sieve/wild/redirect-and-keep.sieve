#: plain -> redirect alice@phone.example | keep
#: big -> keep
if size :under 50K { redirect "alice@phone.example"; }
keep;
