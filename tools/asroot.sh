#!/bin/sh
# Runs a program as root: as it is, or by sudo.
#
# Usage: asroot.sh PROGRAM [ARGUMENT…]
set -eu
if [ "$(id -u)" -eq 0 ]; then
	exec "$@"
fi
exec sudo "$@"
