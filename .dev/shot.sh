# ./dev shot [DPI...], inside the root: pictures of the window and every dialog in build/shots, at 96, 120, 144 and 192
# DPI: empty, 10,000 rows, idle, alarm, running, done, closing, failed, menus and dialogs. At 96 also all of them with
# long texts and in high contrast, and the window's own states where the user wants dark windows (of which Wine shows
# nothing: openbox draws the caption). "small" in the place of a DPI: the states on a laptop, 1366 x 768 at 120 DPI.
set -u
top=$1
shift
shots=$top/build/shots
rm -rf "$shots"
mkdir -p "$shots"
windows() { printf 'Z:%s' "$1" | tr / '\\'; }
app=$top/build/product/cmms-backup.exe
failed=0

# take FOLDER NAME: the window draws itself, without its frame's surroundings.
take() {
  timeout 120 wine "$app" --folder "$(windows "$1")" --screenshot "$(windows "$2.png")" 2>/dev/null ||
    { echo "not ok $2: no picture"; failed=1; }
}

# scenarios FOLDER ARGS...: whatever a scenario takes a picture of.
scenarios() {
  mkdir -p "$1"
  timeout 600 python3 "$top/tests/win/test_dialogs.py" --shots "$@" >>"$at/log" 2>&1 || failed=1
}

# Colours of the user's own are what programs ask for in high contrast.
contrast() {
  {
    printf 'REGEDIT4\n\n[HKEY_CURRENT_USER\\Control Panel\\Colors]\n'
    for pair in 'Window=0 0 0' 'WindowText=255 255 255' 'ButtonFace=0 0 0' 'ButtonText=255 255 255' \
      'Hilight=0 255 255' 'HilightText=0 0 0' 'GrayText=63 242 63' 'Menu=0 0 0' 'MenuText=255 255 255' \
      'ButtonShadow=128 128 128' 'ButtonHilight=0 0 0' 'ButtonDkShadow=255 255 255' 'WindowFrame=255 255 255' \
      'MenuBar=0 0 0' 'HotTrackingColor=255 255 0'; do
      printf '"%s"="%s"\n' "${pair%%=*}" "${pair#*=}"
    done
    printf '\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\ThemeManager]\n"ThemeActive"="0"\n'
  } >"$shots/colours.reg"
  wine regedit /S "$(windows "$shots/colours.reg")" >/dev/null 2>&1
  rm -f "$shots/colours.reg"
  wineserver -k -w
}

# Whatever is changed for the pictures, the prefix is afterwards as it was.
wineserver -k -w
cp "$WINEPREFIX/user.reg" "$shots/user.reg"
trap 'wineserver -k -w; mv "$shots/user.reg" "$WINEPREFIX/user.reg"' EXIT
# Wine would show the icon beside the clock in a window of its own.
wine reg add 'HKCU\Software\Microsoft\Windows\CurrentVersion\Policies\Explorer' /v NoTrayItemsDisplay /t REG_DWORD \
  /d 1 /f >/dev/null 2>&1

python3 "$top/tests/win/folders.py" many "$shots/many"
mkdir -p "$shots/none"
for screen in ${*:-96 120 144 192 small}; do
  start=$SECONDS
  dpi=$screen
  [ "$screen" = small ] && dpi=120
  size=$((1280 * dpi / 96))x$((960 * dpi / 96))
  [ "$screen" = small ] && size=1366x768
  rm -f /tmp/display
  mkfifo /tmp/display
  Xvfb -displayfd 3 -screen 0 ${size}x24 -dpi $dpi -nolisten tcp 3>/tmp/display \
    2>/dev/null &
  server=$!
  read -r number </tmp/display
  export DISPLAY=:$number
  openbox >/dev/null 2>&1 &
  wine reg add 'HKCU\Control Panel\Desktop' /v LogPixels /t REG_DWORD /d $dpi /f >/dev/null 2>&1
  wineserver -k -w
  at=$shots/$screen
  mkdir -p "$at"
  take "$shots/none" "$at/empty"
  take "$shots/many" "$at/many-rows"
  if [ "$screen" = small ]; then
    scenarios "$at" states
  else
    scenarios "$at"
  fi
  if [ $dpi = 96 ]; then
    scenarios "$at/long" --long
    cp "$WINEPREFIX/user.reg" "$shots/before.reg"
    wine reg add 'HKCU\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize' /v AppsUseLightTheme /t REG_DWORD \
      /d 0 /f >/dev/null 2>&1
    scenarios "$at/dark" states
    wine reg delete 'HKCU\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize' /v AppsUseLightTheme /f \
      >/dev/null 2>&1
    contrast
    scenarios "$at/contrast" --high-contrast
    wineserver -k -w
    mv "$shots/before.reg" "$WINEPREFIX/user.reg"
  fi
  grep '^not ok' "$at/log"
  wineserver -k -w
  kill $server
  wait $server 2>/dev/null
  echo "  $screen: $(find "$at" -name "*.png" | wc -l) pictures in $((SECONDS - start)) s"
done
rm -rf "$shots/many" "$shots/none" "$shots"/demo "$shots"/*/demo
echo "The pictures are in $shots."
exit $failed
