#: plain -> implicit keep
   
