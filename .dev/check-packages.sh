# check-packages.sh DIR SOURCES PREFERENCES NEEDED WANTED: asks, with an APT of its own in DIR, whether the root's packages can be had.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/apt.sh"
export ask_until=$(($(date +%s) + 45))
apt_folder "$1"
printf '%s\n' "$2" >"$1/sources.list"
printf '%s\n\n' "$3" >"$1/preferences"
export APT_CONFIG=$1/apt.conf
output=$(apt-get -q update 2>&1) || true
printf '%s\n' "$output" >&2
expired "$1/lists"
# What debootstrap would install, from the suite itself.
base=$(apt-cache dumpavail | awk '/^Package: /{ name = $2 } /^Priority: required/ || /^Essential: yes/ { print name }' | sort -u)
if [ -z "$base" ]; then
  why=$(reason "$output")
  echo "FAIL: the mirror's list of packages cannot be had: ${why:-no mirror is known}"
  exit 1
fi
export unasked=$1/unasked
: >"$unasked"
bash "$here/packages.sh" ask "$1/preferences" "$1/choice" "$1/missing" "$4 $base" "$5"
