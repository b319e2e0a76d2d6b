#!/bin/sh
# Makes sure that the programs which tests need are on this machine. What is missing is installed where that is possible (Debian or
# Ubuntu, as root or with sudo that asks for no password); elsewhere the script says what to install, and fails.
#
# Usage: need.sh THING…, each of: compiler postgresql node patroni etcd sites deploy chromium
set -eu

have_postgresql() {
	command -v initdb >/dev/null 2>&1 && return 0
	for program in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb; do
		[ -x "$program" ] && return 0
	done
	return 1
}

have() {
	case $1 in
	compiler) command -v cc >/dev/null 2>&1 ;;
	postgresql) have_postgresql ;;
	node) command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 ;;
	chromium) command -v chromium >/dev/null 2>&1 ;;
	patroni) [ -e /usr/bin/patroni ] && /usr/bin/python3 -c 'import etcd' 2>/dev/null ;;
	etcd) command -v etcd >/dev/null 2>&1 ;;
	deploy)
		[ -x /usr/sbin/haproxy ] && [ -x /usr/bin/pgbackrest ] && command -v systemd-analyze >/dev/null 2>&1 &&
			/usr/bin/python3 -c 'import idna' 2>/dev/null
		;;
	sites) command -v ip >/dev/null 2>&1 && command -v mkfs.ext4 >/dev/null 2>&1 && command -v losetup >/dev/null 2>&1 ;;
	*) echo "need.sh: nothing is known of $1" >&2; exit 2 ;;
	esac
}

packages() {
	case $1 in
	compiler) echo gcc libc6-dev ;;
	postgresql) echo postgresql ;;
	node) echo nodejs npm ;;
	patroni) echo patroni python3-etcd ;;
	etcd) echo etcd-server ;;
	deploy) echo haproxy pgbackrest systemd python3-idna ;;
	sites) echo iproute2 e2fsprogs mount ;;
	chromium) echo chromium fonts-noto-cjk fonts-noto-color-emoji ;;
	esac
}

missing=
for thing in "$@"; do
	have "$thing" || missing="$missing $(packages "$thing")"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" -ne 0 ]; then
	root="sudo -n"
fi
if ! command -v apt-get >/dev/null 2>&1 || ! $root true 2>/dev/null; then
	echo "The tests need what these packages of Debian hold; please install them:$missing" >&2
	exit 1
fi
echo "Installing what the tests need:$missing"
export DEBIAN_FRONTEND=noninteractive
$root apt-get update -q
# shellcheck disable=SC2086 # a list of words
$root apt-get install -q -y --no-install-recommends $missing

for thing in "$@"; do
	have "$thing" || { echo "$thing is still missing after installing$missing" >&2; exit 1; }
done
