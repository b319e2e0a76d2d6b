#!/bin/sh
# Makes the server's role and database. Patroni runs it once, in the first site, and gives it the address of the database. No other site
# is there yet to wait for.
set -eu
export PGOPTIONS='-c synchronous_commit=local'
exec psql -v ON_ERROR_STOP=1 -q -d "$1" -c 'CREATE ROLE bongsu LOGIN' \
	-c "CREATE DATABASE bongsu OWNER bongsu ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0"
