#!/usr/bin/env bash
# packages.sh: which Debian packages can be had, when not all can. Uses the APT that APT_CONFIG or the system sets up.
#
#   packages.sh download|ask PREFERENCES CHOICE MISSING "NEEDED..." "WANTED..."
#
# `download` leaves the files in APT's cache for an installation that follows; `ask` only asks the servers. The names to
# install are written to CHOICE; to MISSING those of WANTED that are left out, with the reason. Lines that begin with
# NOTE: or FAIL: are for the user.
#
# An index is often ahead of the files: a version that it lists is not there. That version's source package is then
# ruled out in PREFERENCES (a file that APT reads), and APT chooses again among what the other lists have; a package of
# WANTED that cannot be installed any more is left out. Older files may still lie in the pool, but no list vouches for
# their bytes any more, so they are not taken.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"
[ $# -eq 6 ] || { echo "FAIL: usage: packages.sh download|ask PREFERENCES CHOICE MISSING NEEDED WANTED"; exit 2; }
mode=$1 preferences=$2 choice=$3 missing=$4
read -r -a needed <<<"$(echo $5)"
read -r -a wanted <<<"$(echo $6)"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
: >"$missing"
apt_settings >"$tmp/settings"
apt="apt-get -y -q --no-install-recommends -o Acquire::Retries=2"
excluded=

full() { echo "FAIL: the disk is full: the packages need more room"; exit 1; }

# resolve PACKAGE...: what would have to be fetched for them, "URI SIZE FILE" lines in $tmp/uris.
resolve() {
  if ! $apt --print-uris install "$@" >"$tmp/plan" 2>"$tmp/error"; then
    ! grep -q "No space left" "$tmp/error" || full
    return 1
  fi
  sed -n "s/^'\([^']*\)' \([^ ]*\) \([0-9]*\).*/\1 \3 \2/p" "$tmp/plan" >"$tmp/uris"
}

# Why APT would not install, in its words.
apt_says() {
  sed -n "s/^E: //p;s/^ *\([a-z0-9][^ ]*\) : \(Depends: .*\)/\1 \2/p" "$tmp/plan" "$tmp/error" |
    grep -v '^Unable to correct problems' | head -1
}

# The reasons for the version or the name that PACKAGE is out, as far as they are known.
because() { echo "$(apt_says)${excluded:+; not there:$excluded}"; }

# lost: the lines of $tmp/uris that cannot be had, with "# REASON" behind.
lost() {
  local output said uri rest
  if [ "$mode" = ask ]; then ask_all "$tmp/settings" <"$tmp/uris" >"$tmp/lost"; return 0; fi
  : >"$tmp/lost"
  output=$($apt --download-only install "$@" 2>&1) && { printf '%s\n' "$output"; return 0; }
  printf '%s\n' "$output"
  case $output in
    *"No space left"*|*"enough free space"*) full ;;
  esac
  # What APT still lacks has not come. A server that nobody reaches says nothing about its files.
  resolve "$@"
  while read -r uri rest; do
    said=$(reason "$(printf '%s\n' "$output" | grep -F "Failed to fetch $uri " || true)")
    case $said in
      "Could not resolve"*|"Could not connect"*|"Temporary failure"*|"Unable to connect"*|"Cannot initiate"*)
        echo "FAIL: no Debian mirror is to be reached: $said"; exit 1 ;;
    esac
    echo "$uri $rest # ${said:-it did not come whole}" >>"$tmp/lost"
  done <"$tmp/uris"
}

while :; do
  if ! resolve "${needed[@]}" ${wanted[@]+"${wanted[@]}"}; then
    if ! resolve "${needed[@]}"; then
      echo "FAIL: a package that is needed cannot be had: $(because)"
      exit 1
    fi
    kept=()
    for name in "${wanted[@]}"; do
      if resolve "${needed[@]}" ${kept[@]+"${kept[@]}"} "$name"; then
        kept+=("$name")
      else
        echo "NOTE: the package $name cannot be had ($(because)); what needs it is left out"
        echo "$name the package $name cannot be had ($(because))" >>"$missing"
      fi
    done
    wanted=(${kept[@]+"${kept[@]}"})
    continue
  fi
  lost "${needed[@]}" ${wanted[@]+"${wanted[@]}"}
  [ -s "$tmp/lost" ] || break
  before=$excluded
  while read -r uri size file _ why; do
    name=${file%%_*} version=${file#*_} version=${version%_*} version=${version//%3a/:}
    source=$(apt-cache show "$name=$version" 2>/dev/null | awk '/^Source: /{ print $2; exit }')
    source=${source:-$name}
    case $excluded in *" $source $version ("*) continue ;; esac
    excluded="$excluded${excluded:+,} $source $version ($why)"
    echo "NOTE: $source $version is listed, but cannot be had ($uri: $why); looking for another version"
    printf 'Package: src:%s\nPin: version %s\nPin-Priority: -1\n\n' "$source" "$version" >>"$preferences"
  done <"$tmp/lost"
  [ "$excluded" != "$before" ] || { echo "FAIL: APT insists on what cannot be had:$excluded"; exit 1; }
done
echo "${needed[@]}" ${wanted[@]+"${wanted[@]}"} >"$choice"
if [ "$mode" = ask ]; then
  [ ! -s "${unasked:-/dev/null}" ] || echo "NOTE: of $(wc -l <"$tmp/uris") files $(sort -u "$unasked" | wc -l) were not asked for: the time was over"
  for name in $(cat "$choice"); do
    awk -v name="$name" '{ n = split($1, path, "/pool/"); f = $3; sub(/_.*/, "", f) }
      f == name { split($3, part, "_"); gsub(/%3a/, ":", part[2]); print name " " part[2] ": the pool of " path[1]; found = 1; exit }
      END { if (!found) print name ": by another package, which provides it" }' "$tmp/uris"
  done
fi
