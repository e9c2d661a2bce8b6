#!/bin/sh
# make_ico.sh: res/icons/*.svg -> *.ico with every size that Windows asks for. NAME-small.svg, where there is
# one, is drawn for 16 to 24 pixels. The result is kept with the source, because Visual Studio cannot make it.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for svg in *.svg; do
  name=${svg%.svg}
  case $name in *-small) continue ;; esac
  small=$svg
  [ ! -f "$name-small.svg" ] || small=$name-small.svg
  set --
  for size in 16 20 24 32 40 48 64; do
    from=$svg
    [ "$size" -gt 24 ] || from=$small
    rsvg-convert -w "$size" -h "$size" "$from" -o "$work/$name-$size.png"
    set -- "$@" "$work/$name-$size.png"
  done
  rsvg-convert -w 256 -h 256 "$svg" -o "$work/$name-256.png"
  icotool -c -o "$work/$name.ico" "$@" --raw="$work/$name-256.png"
  if ! cmp -s "$work/$name.ico" "$name.ico"; then cp "$work/$name.ico" "$name.ico"; fi
done
