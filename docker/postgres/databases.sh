#!/bin/sh
# At the first start: a database and a role for each service. No role reads another's.
set -eu
for service in intake casework outreach notify; do
    name=kasane_$service
    password=$(cat "/run/kasane/$service")
    psql -v ON_ERROR_STOP=1 -q -U "$POSTGRES_USER" -d postgres -v name="$name" -v password="$password" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
