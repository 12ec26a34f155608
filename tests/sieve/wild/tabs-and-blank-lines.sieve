#: plain -> fileinto T
require	[	"fileinto"	]	;


		
if	header	:contains	"subject"	"hello"		
	{

	fileinto	"T"	;

	}

