#!/usr/bin/env bash
# Lays out the product as it is shipped. Only what is newer is copied, and what does not belong there is
# removed, so it may run after every build.
#
#   stage.sh BUILD_DIR OUT_DIR
#
# BUILD_DIR holds cmms-backup.exe and cmms-backup-cli.exe (the mingw preset); the libraries, tools and the
# engine come from the stages under /opt. The result:
#
#   cmms-backup.exe, cmms-backup-cli.exe and the DLLs they import
#   tools\18, tools\17    pg_dump.exe, pg_restore.exe and their DLLs (17 only where set-up got its source)
#   engine\bin, lib, share  a PostgreSQL 18 server: what it needs at run time
#   licenses              the full text of every licence
set -euo pipefail
LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd -P)
strip=x86_64-w64-mingw32ucrt-strip
objdump=x86_64-w64-mingw32ucrt-objdump
fail() { printf 'stage: %s\n' "$*" >&2; exit 1; }

[ $# -eq 2 ] || fail "usage: stage.sh BUILD_DIR OUT_DIR"
build=$1 out=$2
for needed in "$build/cmms-backup.exe" "$build/cmms-backup-cli.exe" /opt/pg18/bin/postgres.exe \
    /opt/pg18/bin/pg_dump.exe /opt/openssl/LICENSE /opt/curl/LICENSE /opt/archivers/licenses/zlib; do
  [ -f "$needed" ] || fail "$needed is missing: build it first"
done
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT

# put SOURCE TARGET: one file, as it is.
put() {
  mkdir -p "$out/$(dirname "$2")"
  cp -u --no-preserve=mode "$1" "$out/$2"
  printf './%s\n' "$2" >>"$wanted"
}

# put_program SOURCE TARGET: one of ours, without its debugging information.
put_program() {
  if [ ! "$out/$2" -nt "$1" ]; then
    mkdir -p "$out/$(dirname "$2")"
    SOURCE_DATE_EPOCH=0 $strip -o "$out/$2.tmp" "$1" # else it would put the time of day into the file
    mv "$out/$2.tmp" "$out/$2"
    chmod 644 "$out/$2"
  fi
  printf './%s\n' "$2" >>"$wanted"
}

# put_tree SOURCE_DIR TARGET_DIR FIND_TEST...: the files below SOURCE_DIR that find selects.
put_tree() {
  local from=$1 to=$2
  shift 2
  mkdir -p "$out/$to"
  ( cd "$from" && find . -type f "$@" -print0 | xargs -0 cp -u --no-preserve=mode --parents -t "$out/$to" )
  ( cd "$from" && find . -type f "$@" -printf "./$to/%P\n" ) >>"$wanted"
}

# imports_among FOLDER FILE...: the DLLs of FOLDER that the files import, and those that they import in turn.
imports_among() {
  local folder=$1 new names known=" " name
  shift
  local queue=("$@")
  while [ ${#queue[@]} -gt 0 ]; do
    names=$($objdump -p "${queue[@]}" | sed -n 's/^\tDLL Name: //p' | sort -u)
    queue=()
    for name in $names; do
      new=$(find "$folder" -maxdepth 1 -iname "$name" -name '*.[dD][lL][lL]' -printf '%f\n' | head -1)
      if [ -n "$new" ] && [[ $known != *" $new "* ]]; then
        known="$known$new "
        queue+=("$folder/$new")
      fi
    done
  done
  printf '%s\n' $known
}

# The programs. Their DLLs are looked for where they were built; libpq.dll they load themselves, when it is needed.
for program in cmms-backup cmms-backup-cli; do
  put_program "$build/$program.exe" "$program.exe"
done
for dll in libpq.dll $(imports_among /opt/pg18/bin "$build/cmms-backup.exe" "$build/cmms-backup-cli.exe" \
    /opt/pg18/bin/libpq.dll); do
  put "/opt/pg18/bin/$dll" "$dll"
done

# The client tools, a folder a major version.
majors=18
if [ -f /opt/pg17/bin/pg_dump.exe ]; then
  majors="18 17"
else
  printf 'NOTE: the product has no tools of PostgreSQL 17: set-up had no source of them\n'
fi
for major in $majors; do
  bin=/opt/pg$major/bin
  for tool in pg_dump.exe pg_restore.exe; do
    put "$bin/$tool" "tools/$major/$tool"
  done
  for dll in $(imports_among "$bin" "$bin/pg_dump.exe" "$bin/pg_restore.exe"); do
    put "$bin/$dll" "tools/$major/$dll"
  done
done

# The engine. Modules in lib are loaded by postgres.exe, so what they import lies beside that. The receiver of
# replication is of no use to a server that proves a backup and goes away.
bin=/opt/pg18/bin lib=/opt/pg18/lib
for program in postgres.exe initdb.exe pg_ctl.exe; do
  put "$bin/$program" "engine/bin/$program"
done
modules=$(find "$lib" -maxdepth 1 -name '*.dll' ! -name 'libpqwalreceiver.dll' | sort)
for dll in $(imports_among "$bin" "$bin/postgres.exe" "$bin/initdb.exe" "$bin/pg_ctl.exe" $modules); do
  put "$bin/$dll" "engine/bin/$dll"
done
put_tree "$lib" engine/lib -name '*.dll' ! -name 'libpqwalreceiver.dll'
put_tree /opt/pg18/share engine/share ! -name 'psqlrc.sample' ! -name 'errcodes.txt'

# The licences, from what each part was built from.
put "$top/LICENSE" "licenses/CMMS Backup.txt"
put "$top/installer/THIRD-PARTY-NOTICES.md" licenses/THIRD-PARTY-NOTICES.md
for major in $majors; do
  put "/opt/pg$major/LICENSE" "licenses/PostgreSQL $major.txt"
done
put /opt/openssl/LICENSE licenses/OpenSSL.txt
put /opt/curl/LICENSE licenses/curl.txt
put /opt/archivers/licenses/cjson licenses/cJSON.txt
put /opt/archivers/licenses/zlib licenses/zlib.txt
put /opt/archivers/licenses/zstd licenses/zstd.txt
put /opt/archivers/licenses/lz4 licenses/lz4.txt
put /usr/share/doc/mingw-w64-ucrt64-dev/copyright licenses/mingw-w64.txt
put /usr/share/doc/gcc-mingw-w64-ucrt64-runtime/copyright licenses/gcc.txt
put /usr/share/common-licenses/GPL-3 "licenses/GPL 3.txt"
put /usr/share/doc/nsis-common/copyright licenses/NSIS.txt

# Nothing else belongs here.
( cd "$out" && find . -type f | sort | comm -23 - <(sort -u "$wanted") | while IFS= read -r file; do rm -f "$file"; done
  find . -mindepth 1 -type d -empty -delete )
printf 'stage: %s files, %s in %s\n' "$(sort -u "$wanted" | wc -l)" "$(du -sh "$out" | cut -f1)" "$out"
