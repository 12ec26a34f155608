#: plain -> vacation I am away. | implicit keep
#: list -> vacation I am away. | implicit keep
require ["vacation", "regex"];
# Vacation. `exists` wants all of the fields, which is not what was meant.
if allof ( not exists ["list-help", "list-unsubscribe", "list-subscribe", "list-owner", "list-post", "list-archive", "list-id", "Mailing-List"], not header :comparator "i;ascii-casemap" :is "Precedence" ["list", "bulk", "junk"], not header :comparator "i;ascii-casemap" :matches "To" "Multiple recipients of*" ) {
    vacation :days 7 :addresses "alice@example.org" :subject "Away" "I am away.";
}
