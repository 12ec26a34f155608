#: plain -> implicit keep
require ["date","relational","vacation", "vacation-seconds"];
if allof (currentdate :zone "+0100" :value "ge" "iso8601" "2026-01-01T00:00:00+01:00", currentdate :zone "+0100" :value "le" "iso8601" "2026-01-15T00:00:00+01:00")
{
	vacation :seconds 3600 "Away";
}
