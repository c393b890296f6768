#!/bin/sh
# Reads the superuser's password from its secret file, then starts the image's own entry point.
set -eu
POSTGRES_PASSWORD=$(cat /run/kasane/superuser)
export POSTGRES_PASSWORD
for own in docker-entrypoint.sh postgres-entrypoint; do
    if command -v "$own" >/dev/null 2>&1; then
        # Connections for two replicas of each service. Our statements are short: compiling them costs more than it gives.
        exec "$own" postgres -c max_connections=200 -c jit=off
    fi
done
echo "this image has no entry point that is known here" >&2
exit 1
