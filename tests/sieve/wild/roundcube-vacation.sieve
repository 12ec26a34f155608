#: plain -> vacation Bin weg.\r\n.\r\n-- \r\nAlice\r\n | implicit keep
#: list -> vacation Bin weg.\r\n.\r\n-- \r\nAlice\r\n | implicit keep
require ["date","relational","vacation"];
# rule:[Vacation]
if allof (currentdate :value "ge" "date" "2026-11-20", currentdate :value "le" "date" "2026-11-30")
{
	vacation :days 1 :addresses ["alice@example.org","a.smith@example.org"] :subject "=?UTF-8?Q?Ich_bin_f=C3=BCr_einige_Tage_weg?=" :from "Alice <alice@example.org>" text:
Bin weg.
..
-- 
Alice
.
;
}
