#!/usr/bin/env bash
# wine-prefix.sh DIR: makes a Wine prefix in which the window looks as it does on Windows, or completes one.
#
# Wine has neither Segoe UI nor an emoji font. Stand-ins of the same widths are put in their place, so that
# what is cut here would be cut there, and the system's own fonts are set to Segoe UI, 9 points, as on Windows.
# Run it in the root, as often as you like.
set -eu
[ $# -eq 1 ] || { echo "usage: wine-prefix.sh DIR" >&2; exit 2; }
mkdir -p "$1"
WINEPREFIX=$(cd "$1" && pwd -P)
export WINEPREFIX WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=" WINEARCH=win64
version="6 $(wine --version 2>/dev/null)"
if [ "$(cat "$WINEPREFIX/.cmms-prefix" 2>/dev/null)" = "$version" ]; then exit 0; fi

wineboot -i >/dev/null 2>&1

# A font setting is a LOGFONTW in hex: a height of -12 (9 points at 96 DPI), the weight, the name.
logfont() { printf 'hex:f4,ff,ff,ff,00,00,00,00,00,00,00,00,00,00,00,00,%s,00,00,00,00,00,01,00,00,05,00' "$1"
            printf '%s' "Segoe UI" | od -An -v -tx1 | tr -s ' \n' '\n' | sed '/^$/d' |
              while read -r byte; do printf ',%s,00' "$byte"; done
            printf ',00%.0s' $(seq 48); }
normal=$(logfont 90,01)
# FontLink wants "file,face" as a list of strings. A font that set-up could not get is not linked.
face() { [ -n "$(fc-list "$1" file)" ] || return 0; printf '%s,%s' "$(fc-list "$1" file | sed 's/: *$//; s#.*/##; q')" "$1" | od -An -v -tx1 | tr -s ' \n' ',' |
         sed 's/^,//; s/,*$/,00,/'; }
links="$(face Symbola)$(face 'Droid Sans Fallback')00"

reg=$(mktemp)
trap 'rm -f "$reg"' EXIT
cat >"$reg" <<REG
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
"Open Sans"=hex(7):$links
"Open Sans Bold"=hex(7):$links
"Open Sans Semibold"=hex(7):$links
"Segoe UI"=hex(7):$links
"DejaVu Sans Mono"=hex(7):$links

[HKEY_CURRENT_USER\Control Panel\Desktop\WindowMetrics]
"MessageFont"=$normal
"MenuFont"=$normal
"StatusFont"=$normal
"CaptionFont"=$normal
"SmCaptionFont"=$normal
"IconFont"=$normal

[HKEY_CURRENT_USER\Software\Wine\WineDbg]
"ShowCrashDialog"=dword:00000000

[HKEY_CURRENT_USER\Control Panel\Desktop]
"FontSmoothing"="2"
"FontSmoothingType"=dword:00000002
REG
wine regedit /S "$(winepath -w "$reg")" >/dev/null 2>&1
wineserver -w
echo "$version" >"$WINEPREFIX/.cmms-prefix"
