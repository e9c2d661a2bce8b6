#!/usr/bin/env bash
# Makes what is given to people from a staged folder:
#
#   package.sh VERSION STAGE_DIR OUT_DIR
#
#   OUT_DIR/CMMSBackup-VERSION-x64.exe           the installer
#   OUT_DIR/CMMSBackup-VERSION-x64-portable.zip  the same folder, to unpack anywhere
#   OUT_DIR/SHA256SUMS
#
# CMMS_SIGN (optional) is a program that signs the file whose path it gets, in place. It gets each program and DLL, the
# uninstaller and the installer: Windows 11's Smart App Control lets nothing unsigned start, and asks for each file.
#
# Unsigned, the same inputs give the same bytes: files in sorted order, all with one time, SOURCE_DATE_EPOCH (default: the
# time of the last commit).
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 022
top=$(cd "$(dirname "$0")/.." && pwd -P)
fail() { printf 'package: %s\n' "$*" >&2; exit 1; }

[ $# -eq 3 ] || fail "usage: package.sh VERSION STAGE_DIR OUT_DIR"
version=$1 stage=$2 out=$3
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "the version is not like 1.2.3: $version"
[ -f "$stage/cmms-backup.exe" ] || fail "$stage is not a staged folder (installer/stage.sh makes one)"
# name_of DEFINE: a text that include/version.h defines.
name_of() {
  local text
  text=$(sed -n "s/^#define $1 \"\([^\"]*\)\".*/\1/p" "$top/include/version.h")
  [ -n "$text" ] || fail "include/version.h does not define $1"
  printf '%s' "$text"
}
[ "$(name_of CMMS_VERSION)" = "$version" ] || fail "include/version.h says $(name_of CMMS_VERSION), not $version"
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git -c safe.directory="$top" -C "$top" log -1 --format=%ct 2>/dev/null || true)
  : "${SOURCE_DATE_EPOCH:=1767225600}" # 2026-01-01: not a checkout, or nothing committed yet
fi
export SOURCE_DATE_EPOCH

mkdir -p "$out"
out=$(cd "$out" && pwd -P)
stage=$(cd "$stage" && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder="CMMS Backup"
cp -r "$stage" "$work/$folder"
cd "$work"
sign() { [ -z "${CMMS_SIGN:-}" ] || "$CMMS_SIGN" "$1" </dev/null || fail "$CMMS_SIGN did not sign $1"; }
find "$folder" -type f \( -name '*.exe' -o -name '*.dll' \) | sort | while IFS= read -r file; do sign "$work/$file"; done
find "$folder" -type f -exec chmod 644 {} + -o -type d -exec chmod 755 {} +
find "$folder" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# The portable zip. -X: no owners; the order is the one given.
zip_name=CMMSBackup-$version-x64-portable.zip
rm -f "$out/$zip_name"
find "$folder" -type f | sort | zip -X -q -9 "$out/$zip_name" -@

# The lists for the installer: units that change places as a whole, programs, files.
windows() { printf '%s' "${1//\//\\}"; }
{
  cd "$work/$folder"
  echo '!macro ForEachUnit ACTION'
  { find . -mindepth 1 -maxdepth 1 ! -name tools; find tools -mindepth 1 -maxdepth 1; } | sed 's,^\./,,' | sort |
    while IFS= read -r unit; do printf '  !insertmacro ${ACTION} "%s"\n' "$(windows "$unit")"; done
  echo '!macroend'
  echo '!macro ForEachProgram ACTION'
  find . -name '*.exe' -printf '%P\n' | sort |
    while IFS= read -r file; do printf '  !insertmacro ${ACTION} "%s"\n' "$(windows "$file")"; done
  echo '!macroend'
  echo '!macro UnpackFiles TO'
  last=-
  find . -type f -printf '%h\t%f\n' | sort | while IFS=$'\t' read -r dir file; do
    dir=${dir#.}; dir=${dir#/}
    if [ "$dir" != "$last" ]; then
      printf '  SetOutPath "${TO}%s"\n' "$(windows "${dir:+/$dir}")"
      last=$dir
    fi
    printf '  File "%s"\n' "$work/$folder/${dir:+$dir/}$file"
  done
  echo '!macroend'
  echo '!macro DeleteFiles'
  find . -type f -printf '%P\n' | sort | while IFS= read -r file; do printf '  Delete "$INSTDIR\\%s"\n' "$(windows "$file")"; done
  find . -mindepth 1 -type d -printf '%P\n' | sort -r | while IFS= read -r dir; do printf '  RMDir "$INSTDIR\\%s"\n' "$(windows "$dir")"; done
  echo '!macroend'
} >"$work/files.nsh"
cd "$work"

exe_name=CMMSBackup-$version-x64.exe
icon=$(find "$top/res" -maxdepth 2 -name app.ico | sort | head -1)
cp "$top/installer/cmms-backup.nsi" "$top/installer/identity.nsh" "$work/"
[ -z "$icon" ] || cp "$icon" "$work/app.ico"
touch -d "@$SOURCE_DATE_EPOCH" "$work/cmms-backup.nsi" "$work/identity.nsh" "$work/files.nsh"
makensis -V2 -WX -NOCD -INPUTCHARSET UTF8 \
  "-DVERSION=$version" "-DVERSION_NUMBERS=$version.0" "-DSTAGE=$folder" "-DLISTS=$work/files.nsh" \
  "-DOUTPUT=$work/$exe_name" "-DSIZE_KB=$(find "$folder" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%d", n / 1024 }')" \
  "-DAPP_ID=$(name_of CMMS_APP_ID)" "-DTASK_NAME=$(name_of CMMS_TASK_NAME)" \
  "-DAUTOSTART_NAME=$(name_of CMMS_AUTOSTART_NAME)" "-DSECRET_PREFIX=$(name_of CMMS_SECRET_PREFIX)" \
  ${icon:+"-DICON=$work/app.ico"} ${CMMS_SIGN:+"-DSIGN=$CMMS_SIGN"} "$work/cmms-backup.nsi"
sign "$work/$exe_name"
mv "$work/$exe_name" "$out/$exe_name"
touch -d "@$SOURCE_DATE_EPOCH" "$out/$exe_name" "$out/$zip_name"
( cd "$out" && sha256sum "$exe_name" "$zip_name" >SHA256SUMS )
printf 'package: %s\n' "$out/$exe_name" "$out/$zip_name"
