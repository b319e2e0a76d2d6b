#!/bin/sh
# Makes fire drills of several seeds one after the other, each with a report of its own, and fails if one of them found something.
#
# Usage: drills.sh FIRST_SEED NUMBER [ARGUMENT OF bongsu drill…]
set -u
first=$1 number=$2
shift 2
failed=
seed=$first
while [ "$seed" -lt $((first + number)) ]; do
	"$(dirname "$0")/asroot.sh" bin/bongsu drill --seed "$seed" --out "drill-report/seed-$seed" "$@" || failed="$failed $seed"
	seed=$((seed + 1))
done
bin/bongsu drill summary drill-report/seed-*
if [ -n "$failed" ]; then
	echo "Something was found with these seeds:$failed" >&2
	exit 1
fi
