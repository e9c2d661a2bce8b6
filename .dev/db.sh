# A throw-away server with the sample database; lives as long as $3/run is there. Inside the root, in a mount
# namespace of its own. $1: 17 or engine, $2: megabytes, $3: folder for env, run and alive.
set -e
pg=$1 size=$2 here=$3
top=$(cd "$(dirname "$0")/.." && pwd)
touch "$here/alive"
trap 'rm -f "$here/alive"' EXIT
if [ "$pg" = engine ]; then
  ( while [ -e "$here/run" ]; do sleep 0.3; done ) |
    wine "$top/build/product/cmms-backup-cli.exe" sample --size "$size" --data 'C:\cmms-db' >"$here/out" 2>"$here/err" &
  until grep -q '^PGDATABASE=' "$here/out"; do
    kill -0 $! 2>/dev/null || { cat "$here/err"; exit 1; }
    sleep 0.2
  done
  sed -n 's/^\(PG[A-Z]*\)=\(.*\)$/export \1=\2/p' "$here/out" | tr -d '\r' >"$here/env.new"
  mv "$here/env.new" "$here/env"
  wait
else
  bin=/usr/lib/postgresql/17/bin
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  password=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
  postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
  mkdir /tmp/db
  echo "$password" >/tmp/db/password
  chown -R postgres:postgres /tmp/db
  cd /tmp
  postgres $bin/initdb -D /tmp/db/data -U postgres -A scram-sha-256 --pwfile=/tmp/db/password --no-locale -E UTF8 --no-sync
  printf "port=%s\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\nfsync=off\n" "$port" >>/tmp/db/data/postgresql.conf
  postgres $bin/pg_ctl -D /tmp/db/data -l /tmp/db/data/log -w start
  export PGPASSWORD=$password
  "$top/build/bench/cmms-backup-cli" sample --size "$size" -h 127.0.0.1 -p "$port" -U postgres -d cmms_sample
  printf 'export %s\n' PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres PGPASSWORD=$password PGDATABASE=cmms_sample >"$here/env.new"
  mv "$here/env.new" "$here/env"
  while [ -e "$here/run" ]; do sleep 0.3; done
  postgres $bin/pg_ctl -D /tmp/db/data -m fast -w stop
fi
