#: plain -> fileinto A
require["fileinto"];if/**/header:contains"subject""hello"{fileinto"A";}else{keep;}