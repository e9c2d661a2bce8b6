# Downloads the Debian source packages of all that is cross-built. Runs in the root. $1: folder to fill,
# $2: the lock file. What came is written to $1/sources.lock.
#
# A source is fetched by its name from the mirror's pool: the lock has the hash of its .dsc, and that has the hashes of
# the rest, so nothing else has to be trusted. (The mirror's lists are no help: they name only the newest version of a
# suite, often before its files have arrived, while the pool keeps older ones for a long time.) Where the pool does not
# have it any more, the suite's own version is taken, by APT with its signatures, and said so.
set -e
out=$1 lock=$2
apt=$(mktemp -d)
mirror=$(awk '$1 == "deb" { print $2; exit }' /etc/apt/sources.list)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# A frozen mirror's lists expire.
options="-o Acquire::Check-Valid-Until=false -o Dir::Etc::SourceList=$apt/sources.list -o Dir::Etc::SourceParts=$apt/parts -o Dir::State::Lists=$apt/lists
  -o Dir::Cache=$apt/cache -o Dir::State::Status=$apt/status -o APT::Sandbox::User=root"

# fetch PACKAGE FILE SHA256
fetch() {
  local package=$1 start=${1:0:1}
  case $package in lib*) start=${package:0:4} ;; esac
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$mirror/pool/main/$start/$package/$2" "$2" "SHA256:$3"
}

# The files that a .dsc names, as "SHA256 NAME" lines.
files_of() { awk '/^[^ ]/ { inside = /^Checksums-Sha256:/ } /^ / && inside { print $1, $3 }' "$1"; }

# from_pool PACKAGE VERSION SHA256
from_pool() {
  local dsc=$1_${2#*:}.dsc hash name
  fetch "$1" "$dsc" "$3" || return 1
  while read -r hash name; do
    fetch "$1" "$name" "$hash" || return 1
  done < <(files_of "$dsc")
}

from_suite() {
  local suite
  if [ ! -d "$apt/lists" ]; then
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
    for suite in trixie forky; do
      echo "deb-src [signed-by=$keyring] $mirror $suite main"
    done >"$apt/sources.list"
    touch "$apt/status"
    apt-get $options update
  fi
  apt-get $options source --download-only --only-source "$1/$2" ||
    apt-get $options source --download-only --only-source -t "$2" "$1"
}

cd "$out"
while read -r package version suite sha256; do
  case $package in ''|'#'*) continue ;; esac
  if ! from_pool "$package" "$version" "$sha256"; then
    echo "NOTE: $package $version is no longer on the mirror; taking what $suite has"
    rm -f "${package}"_*
    from_suite "$package" "$suite"
  fi
  dsc=$(ls "${package}"_*.dsc)
  echo "$package $(sed -n 's/^Version: //p' "$dsc" | head -1) $suite $(sha256sum "$dsc" | cut -d' ' -f1)" >>sources.lock
done <"$lock"
