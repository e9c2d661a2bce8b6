# ./dev shot, inside the root: pictures of every state of the window at 96 and 144 DPI, in build/shots.
set -u
top=$1
shots=$top/build/shots
rm -rf "$shots"
mkdir -p "$shots"
windows() { printf 'Z:%s' "$1" | tr / '\\'; }
app=$top/build/product/cmms-backup.exe
press=$top/build/mingw/win/press.exe
demo=$top/build/run/demo
mkdir -p "$demo"

# until COMMAND: waits for an event, looking often, two minutes at most.
until_true() { local n=0; until "$@"; do n=$((n + 1)); [ $n -lt 1200 ] || return 1; sleep 0.1; done; }
has_partial() { [ -n "$(find "$work" -name "*.partial" -size +4M)" ]; }

for dpi in 96 144; do
  work=$shots/backups-$dpi
  mkdir -p "$work" "$shots/empty-$dpi"
  rm -f /tmp/display
  mkfifo /tmp/display
  Xvfb -displayfd 3 -screen 0 $((1280 * dpi / 96))x$((960 * dpi / 96))x24 -dpi $dpi -nolisten tcp 3>/tmp/display \
    2>/dev/null &
  server=$!
  read -r number </tmp/display
  export DISPLAY=:$number
  openbox >/dev/null 2>&1 &
  wine reg add 'HKCU\Control Panel\Desktop' /v LogPixels /t REG_DWORD /d $dpi /f >/dev/null 2>&1
  wineserver -k -w
  echo "  $dpi DPI: no database yet"
  wine "$app" --folder "$(windows "$shots/empty-$dpi")" --screenshot "$(windows "$shots/empty-$dpi.png")" 2>/dev/null
  echo "  $dpi DPI: a server that does not answer"
  wine "$app" --folder "$(windows "$shots/empty-$dpi")" -h 127.0.0.1 -p 1 -U manager -d cmms 2>/dev/null &
  window=$!
  timeout 100 wine "$press" 90 >/dev/null 2>&1
  import -window root "$shots/failed-$dpi.png"
  kill $window
  wineserver -k -w
  echo "  $dpi DPI: a backup runs, and has ended"
  wine "$app" --demo --demo-data "$(windows "$demo")" --folder "$(windows "$work")" 2>/dev/null &
  window=$!
  timeout 300 wine "$press" 280 >/dev/null 2>&1 &
  pressed=$!
  until_true has_partial && import -window root "$shots/running-$dpi.png"
  wait $pressed
  import -window root "$shots/done-$dpi.png"
  kill $window
  wineserver -k -w
  kill $server
  wait $server 2>/dev/null
done
export DISPLAY=
wine reg add 'HKCU\Control Panel\Desktop' /v LogPixels /t REG_DWORD /d 96 /f >/dev/null 2>&1
wineserver -w
echo "The pictures are in $shots:"
ls "$shots"/*.png
