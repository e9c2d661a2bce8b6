#!/usr/bin/env bash
# wine-prefix.sh DIR: makes a Wine prefix in which the window looks as it does on Windows, or completes one.
#
# Wine has neither Segoe UI nor an emoji font. Stand-ins of the same widths are put in their place, so that
# what is cut here would be cut there. Run it in the root, as often as you like.
set -eu
[ $# -eq 1 ] || { echo "usage: wine-prefix.sh DIR" >&2; exit 2; }
mkdir -p "$1"
WINEPREFIX=$(cd "$1" && pwd -P)
export WINEPREFIX WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=" WINEARCH=win64
version="2 $(wine --version 2>/dev/null)"
if [ "$(cat "$WINEPREFIX/.cmms-prefix" 2>/dev/null)" = "$version" ]; then exit 0; fi

wineboot -i >/dev/null 2>&1
reg=$(mktemp)
trap 'rm -f "$reg"' EXIT
cat >"$reg" <<'REG'
REGEDIT4

[HKEY_CURRENT_USER\Software\Wine\Fonts\Replacements]
"Segoe UI"="Open Sans"
"Segoe UI Semibold"="Open Sans Semibold"
"Segoe UI Symbol"="Symbola"
"Segoe UI Emoji"="Symbola"
"MS Shell Dlg"="Open Sans"
"MS Shell Dlg 2"="Open Sans"
"Consolas"="DejaVu Sans Mono"

[HKEY_LOCAL_MACHINE\Software\Microsoft\Windows NT\CurrentVersion\FontLink\SystemLink]
"Open Sans"=hex(7):53,79,6d,62,6f,6c,61,2e,74,74,66,2c,53,79,6d,62,6f,6c,61,00,00
"Segoe UI"=hex(7):53,79,6d,62,6f,6c,61,2e,74,74,66,2c,53,79,6d,62,6f,6c,61,00,00
"DejaVu Sans Mono"=hex(7):53,79,6d,62,6f,6c,61,2e,74,74,66,2c,53,79,6d,62,6f,6c,61,00,00

[HKEY_CURRENT_USER\Software\Wine\WineDbg]
"ShowCrashDialog"=dword:00000000

[HKEY_CURRENT_USER\Control Panel\Desktop]
"FontSmoothing"="2"
"FontSmoothingType"=dword:00000002
REG
wine regedit /S "$(winepath -w "$reg")" >/dev/null 2>&1
wineserver -w
echo "$version" >"$WINEPREFIX/.cmms-prefix"
