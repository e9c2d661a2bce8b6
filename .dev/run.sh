# ./dev run, inside the root, with a display: the main job on the sample database, through the window's own button.
set -u
top=$1
work=$top/build/run
mkdir -p "$work/backups"
windows() { printf 'Z:%s' "$1" | tr / '\\'; }
# Where nobody sees the window it ends with this script; else it stays open.
wine "$top/build/product/cmms-backup.exe" --demo --demo-data "$(windows "$work/demo")" \
  --folder "$(windows "$work/backups")" >"$work/app.log" 2>&1 &
app=$!
echo "The window opens on the sample database; its button is pressed when it is ready ..."
before=$(ls "$work/backups" | grep -c '\.backup$' || true)
timeout 400 wine "$top/build/mingw/win/press.exe" 360 2>"$work/press.log" | tee "$work/window.log"
status=${PIPESTATUS[0]}
# The list takes the new row in a moment after the button is ready again; the picture shows it.
import -window root "$work/screen.png"
newest=$(ls -t "$work"/backups/*.backup 2>/dev/null | head -1)
after=$(ls "$work/backups" | grep -c '\.backup$' || true)
if [ "$status" != 0 ] || [ -z "$newest" ] || [ "$after" -le "$before" ]; then
  kill "$app" 2>/dev/null
  cat "$work/press.log" | grep -v -e wine32 -e multiarch -e 'dpkg --add' -e 'apt-get install' >&2
  echo "dev: no backup was made; the window's output is in $work" >&2
  exit 1
fi
echo "The manifest:"
python3 - "$newest.manifest.json" <<'END'
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    m = json.load(f)
tables = m.pop("tables")
print(json.dumps(m, indent=2, ensure_ascii=False))
print("tables: %d, rows: %d, all as in the snapshot: %s" % (
    len(tables), sum(t["rows"] for t in tables), all(t["rows"] == t["expected"] for t in tables)))
END
echo
echo "The backup:      $newest"
echo "The manifest:    $newest.manifest.json"
echo "The screenshot:  $work/screen.png"
if [ -n "${CMMS_INVISIBLE:-}" ]; then
  echo "Nobody sees this display, so the window is closed. ./dev app --demo opens it again where there is one."
  kill "$app" 2>/dev/null
  exit 0
fi
echo "The window stays open; close it to end."
wait "$app"
