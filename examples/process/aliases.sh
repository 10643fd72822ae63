#!/bin/sh
# A rule module as a program in plain sh: an alias for every server, without its leading zeros. The attributes it reads are
# labels, so no quotes can be in them.
echo '{"zonecast":1,"version":"1"}'
while IFS= read -r line; do
	id=${line#*'"id":'}
	id=${id%%,*}
	host=${line#*'"hostname":"'}
	host=${host%%'"'*}
	suffix=${line##*'"suffix":"'}
	suffix=${suffix%%'"'*}
	letters=${host%%[0-9]*}
	number=${host#"$letters"}
	while [ "${number#0}" != "$number" ]; do number=${number#0}; done
	if [ "$letters$number" = "$host" ]; then
		printf '{"id":%s,"records":[]}\n' "$id"
	else
		printf '{"id":%s,"records":[{"name":"%s.%s","type":"CNAME","ttl":60,"value":"%s.%s"}]}\n' "$id" "$letters$number" "$suffix" "$host" "$suffix"
	fi
done
