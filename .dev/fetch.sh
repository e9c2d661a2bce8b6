#!/usr/bin/env bash
# fetch.sh: gets files that are known by their size and SHA-256 from whoever has them, or tells who would.
#
#   fetch.sh get   --lock FILE --into DIR [OPTIONS]    exit code 0: all that is needed has come
#   fetch.sh check --lock FILE [OPTIONS]               exit code 0: all that is needed would come; nothing is kept
#
#   --given PLACE      a folder, or an http, https or file address, that is asked first
#   --mirror ADDRESS   a Debian archive that this machine knows; as often as there are, best first
#   --keep DIR         where whole files wait when others of the list are missing yet
#   --newer "SUITE.."  suites whose versions are tried last
#   --signed-by FILE   the keyring by which APT checks lists (default: Debian's); "trusted": none, for tests
#
# A line of the lock: Debian source package, version, suite, file, size, SHA-256, "needed" or "optional". What came is
# written in the same form to DIR/sources.lock; what is optional and did not come is named in DIR/.missing.
#
# A file is taken from the first way that yields exactly its bytes: the place given, the pool of each mirror, any place
# where the suites' lists name these bytes, debsnap. An index is no help for that: it names only the newest version of
# a suite, often before its files have arrived, while the pool keeps older ones for a long time. Only when all that
# fails, other versions are tried, as the suites list them: there APT's signatures vouch for list and file.
#
# A file gets its name when its bytes are known to be right, so whatever has a name may be used. Lines that begin with
# NOTE: or FAIL: are for the user.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

verb=${1:-}
shift || true
lock= into= keep= given= newer="forky sid" keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirrors=()
while [ $# -gt 1 ]; do
  case $1 in
    --lock) lock=$2 ;;
    --into) into=$2 ;;
    --keep) keep=$2 ;;
    --given) given=$2 ;;
    --mirror) mirrors+=("${2%/}") ;;
    --newer) newer=$2 ;;
    --signed-by) keyring=$2 ;;
    *) echo "FAIL: fetch.sh does not know $1"; exit 2 ;;
  esac
  shift 2
done
case $verb:$#:$lock:$into in
  get:0:?*:?*|check:0:?*:) ;;
  *) echo "FAIL: fetch.sh get --lock FILE --into DIR, or fetch.sh check --lock FILE"; exit 2 ;;
esac

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
apt_folder "$tmp/apt"
export APT_CONFIG=$tmp/apt/apt.conf
apt_settings >"$tmp/settings"
[ -z "$into" ] || mkdir -p "$into"
[ -z "$keep" ] || mkdir -p "$keep"
declare -A dead # servers that cannot be reached at all are asked once

server_of() { local rest=${1#*://}; printf '%s' "${1%%:*}://${rest%%/*}"; }

# wrong FILE SIZE SHA256: what is wrong with a file, in words; nothing if it is what it should be.
wrong() {
  local size
  size=$(stat -c %s "$1")
  if [ "$size" = "$2" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$3" ]; then return 0; fi
  if head -c 512 "$1" | LC_ALL=C tr -d '\0' | grep -qiE '<(!doctype )?html'; then
    echo "a web page instead of the file"
  elif [ "$size" != "$2" ]; then
    echo "$size bytes instead of $2"
  else
    echo "other bytes than those of the lock"
  fi
}

# attempt ADDRESS FILE SIZE SHA256 [CHECK]: one way. On success the file is in $part (get) or would be (check).
# On failure $said is the reason.
attempt() {
  local uri server output
  uri=$(plain_uri "$1")
  server=$(server_of "$uri")
  part=$tmp/part
  rm -f "$part"
  if [ -n "${dead[$server]:-}" ]; then said=${dead[$server]}; return 1; fi
  if [ "$verb" = check ]; then
    if ! said=$(ask "$tmp/settings" "$uri"); then mark "$server"; return 1; fi
    [ "$said" != - ] && [ "$said" != "$3" ] || return 0
    said="$said bytes instead of $3"
    return 1
  fi
  part=$into/.$2.part
  rm -f "$part"
  if ! output=$(timeout -k 5 1800 "$helper" download-file "$uri" "$part" 2>&1); then
    said=$(reason "$output")
    [ -n "$said" ] || said="no end within half an hour"
    rm -f "$part"
    mark "$server"
    return 1
  fi
  said=$(wrong "$part" "$3" "$4")
  [ -n "$said" ] || return 0
  rm -f "$part"
  return 1
}

# mark SERVER: after a failure: is it the server, or our own disk, that no other file needs to try?
mark() {
  case $said in
    *"No space left"*) full ;;
    "Could not resolve"*|"Could not connect"*|"Temporary failure"*|"Unable to connect"*|"Cannot initiate"*|*"onnection timed out"*|"Something wicked"*)
      dead[$1]=$said ;;
  esac
}

full() { echo "FAIL: the disk is full: $(df -h --output=avail "${into:-$tmp}" | tail -1 | tr -d ' ') free for $into"; exit 1; }

# settle FILE WAY: the file in $part is right and gets its name.
settle() {
  way=$2
  [ "$verb" = get ] || return 0
  # Between file systems mv copies, and what it leaves when the disk fills has the name already.
  if [ "$part" != "$into/.$1.part" ]; then
    if ! cp "$part" "$into/.$1.part"; then
      rm -f "$into/.$1.part"
      full
    fi
  fi
  mv "$into/.$1.part" "$into/$1" || { echo "FAIL: $into/$1 cannot be written"; exit 1; }
  [ -z "$keep" ] || cp -fl "$into/$1" "$keep/$1" 2>/dev/null || true
}

# The ways. Each returns 0 when the file came, or would come; else it adds to $why.
remember() { case $why in *"$1"*) ;; *) why="$why${why:+; }$1" ;; esac; }

from_keep() {
  [ -n "$keep" ] && [ -f "$keep/$1" ] && [ -z "$(wrong "$keep/$1" "$2" "$3")" ] || return 1
  way="what an interrupted set-up left"
  [ "$verb" = check ] || ln -f "$keep/$1" "$into/$1" 2>/dev/null || { part=$keep/$1; settle "$1" "$way"; }
}

from_given() {
  local place candidates=() found
  [ -n "$given" ] || return 1
  case $given in
    http://*|https://*) candidates=("${given%/}/$1" "${given%/}/$pool/$1") ;;
    *)
      place=${given#file://} place=${place#file:}
      while IFS= read -r found; do candidates+=("$found"); done < <(find "$place" -name "$1" -type f 2>/dev/null)
      [ ${#candidates[@]} -gt 0 ] || { remember "$given: no such file"; return 1; } ;;
  esac
  for found in "${candidates[@]}"; do
    if attempt "$found" "$1" "$2" "$3"; then settle "$1" "$given"; return 0; fi
    remember "$given: $said"
  done
  return 1
}

from_pools() {
  local mirror folder
  for mirror in ${mirrors[@]+"${mirrors[@]}"}; do
    folder=$pool
    case $mirror in *security*) folder=${pool/pool\//pool/updates/} ;; esac
    if attempt "$mirror/$folder/$1" "$1" "$2" "$3"; then settle "$1" "the pool of $mirror"; return 0; fi
    remember "$mirror: $said"
  done
  return 1
}

# list_suite SUITE: APT's lists of one suite, fetched once, and its updates and security where there are such.
list_suite() {
  local suite=$1 dir=$tmp/lists-$1 mirror kind=deb-src line output server
  [ "${2:-}" != deb ] || kind=deb
  [ ! -d "$dir-$kind" ] || return 0
  dir=$dir-$kind
  mkdir -p "$dir/lists/partial"
  for mirror in ${mirrors[@]+"${mirrors[@]}"}; do
    server=$(server_of "$mirror")
    [ -z "${dead[$server]:-}" ] || continue
    case $mirror in
      *security*) line="$suite-security main" ;;
      *) line="$suite main" ;;
    esac
    line="$kind [${keyring:+signed-by=$keyring}] $(plain_uri "$mirror") $line"
    echo "${line/\[\] /}"
    case $mirror in *security*) ;; *) line=${line/ $suite main/ $suite-updates main}; echo "${line/\[\] /}" ;; esac
  done >"$dir/sources.list"
  [ "$keyring" != trusted ] || sed -i 's/signed-by=trusted/trusted=yes/' "$dir/sources.list"
  if [ -s "$dir/sources.list" ]; then
    output=$(timeout -k 5 600 apt-get -o "Dir::Etc::SourceList=$dir/sources.list" -o "Dir::State::Lists=$dir/lists" update 2>&1) || true
    printf '%s\n' "$output" >&2
    case $output in *"No space left"*) full ;; esac
    if [ -z "$(ls "$dir"/lists/*Release 2>/dev/null)" ]; then
      said=$(reason "$output")
      remember "the list of $suite: ${said:-cannot be had}"
    fi
    expired "$dir/lists"
  fi
}

# listed SUITE: the versions of $package that APT's lists of a suite have: "VERSION ADDRESS SIZE SHA256" lines, newest
# suite part last as APT names them.
listed() {
  local dir base list kind=Sources short=deb-src
  case $file in *.deb) kind=Packages short=deb ;; esac
  list_suite "$1" "$short" >&3
  dir=$tmp/lists-$1-$short
  [ -d "$dir" ] || return 0
  apt-get -o "Dir::Etc::SourceList=$dir/sources.list" -o "Dir::State::Lists=$dir/lists" indextargets \
      --format '$(REPO_URI) $(FILENAME)' "Created-By: $kind" 2>/dev/null | sort -u |
    while read -r base list; do
      "$helper" cat-file "$list" | awk -v want="$name" -v base="${base%/}" -v kind="$kind" '
        function give(   i) {
          if (kind == "Packages" && is) print version, base "/" path, size, hash
          for (i = 1; is && i <= n; i++) print version, base "/" folder "/" files[i], sizes[i], hashes[i]
          is = n = inside = 0; folder = path = ""
        }
        /^$/ { give() }
        /^[^ ]/ { inside = /^Checksums-Sha256:/ }
        /^Package: / { is = $2 == want }
        /^Version: / { version = $2 }
        /^Directory: / { folder = $2 }
        /^Filename: / { path = $2 }
        /^Size: / { size = $2 }
        /^SHA256: / { hash = $2 }
        /^ / && inside && $3 ~ /\.orig\.tar\.[a-z0-9]+$/ { n++; hashes[n] = $1; sizes[n] = $2; files[n] = $3 }
        END { give() }'
    done
}

from_lists() {
  local suite v uri s h
  for suite in $suite_of $newer; do
    listed "$suite" 3>&1 >"$tmp/listed"
    while read -r v uri s h; do
      [ "$h" = "$3" ] || continue
      if attempt "$uri" "$1" "$2" "$3"; then settle "$1" "$uri, as $suite lists it"; return 0; fi
      remember "$uri: $said"
    done <"$tmp/listed"
  done
  return 1
}

from_debsnap() {
  local found
  command -v debsnap >/dev/null || return 1
  if [ "$verb" = check ]; then way="debsnap, perhaps: it was not asked"; return 0; fi
  rm -rf "$tmp/snap"
  case $1 in
    *.deb) timeout 600 debsnap --binary --force --destdir "$tmp/snap" "$name" "$version" >&2 || true ;;
    *) timeout 600 debsnap --force --destdir "$tmp/snap" "$package" "$version" >&2 || true ;;
  esac
  found=$(find "$tmp/snap" -name "$1" -type f 2>/dev/null | head -1)
  [ -n "$found" ] || { remember "debsnap: not there"; return 1; }
  said=$(wrong "$found" "$2" "$3")
  [ -z "$said" ] || { remember "debsnap: $said"; return 1; }
  part=$found
  settle "$1" debsnap
}

# Another version, from the first suite that has one whole. Sets file, version and the rest to what came.
other_version() {
  local suite v uri s h f
  for suite in $suite_of $newer; do
    listed "$suite" 3>&1 >"$tmp/listed"
    while read -r v uri s h; do
      f=${uri##*/}
      [ "$h" != "$sha" ] || continue
      if attempt "$uri" "$f" "$s" "$h"; then
        settle "$f" "$uri"
        file=$f version=$v size=$s sha=$h suite_of=$suite
        return 0
      fi
      remember "$v of $suite: $said"
    done <"$tmp/listed"
  done
  return 1
}

came=0 lacking=0 lost=0
: >"$tmp/came"
: >"$tmp/missing"
while read -r package version suite_of file size sha need rest; do
  case $package in ''|'#'*) continue ;; esac
  case $need:$sha in
    needed:????????????????????????????????????????????????????????????????|optional:????????????????????????????????????????????????????????????????) ;;
    *) echo "FAIL: $lock: the line of $package is not \"package version suite file size sha256 needed|optional\""; exit 2 ;;
  esac
  start=${package:0:1}
  case $package in lib*) start=${package:0:4} ;; esac
  pool=pool/main/$start/$package
  name=$package
  case $file in *.deb) name=${file%%_*} ;; esac
  why= way= said= wanted=$version
  if from_keep "$file" "$size" "$sha" || from_given "$file" "$size" "$sha" || from_pools "$file" "$size" "$sha" ||
      from_lists "$file" "$size" "$sha" || from_debsnap "$file" "$size" "$sha"; then
    echo "$file: $way"
  elif other_version; then
    echo "NOTE: $name $version of $suite_of instead of $wanted, which cannot be had ($why)"
  elif [ "$need" = optional ]; then
    lacking=$((lacking + 1))
    echo "NOTE: $name $version cannot be had (${why:-no mirror is known}); what needs it is left out"
    echo "$name $name $version cannot be had (${why:-no mirror is known})" >>"$tmp/missing"
    continue
  else
    lost=$((lost + 1))
    echo "FAIL: $name $version cannot be had (${why:-no mirror is known}), and no other version of it"
    # The next run goes on with what came; here every file is asked for, so that all that is missing is known.
    continue
  fi
  came=$((came + 1))
  echo "$package $version $suite_of $file $size $sha $need" >>"$tmp/came"
done <"$lock"
[ "$lost" = 0 ] || exit 1
if [ "$verb" = get ]; then
  cp "$tmp/came" "$into/sources.lock"
  rm -f "$into/.missing"
  [ ! -s "$tmp/missing" ] || cp "$tmp/missing" "$into/.missing"
fi
