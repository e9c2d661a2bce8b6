# Downloads the Debian source packages of all that is cross-built. Runs in the root. $1: folder to fill,
# $2: the lock file. APT checks the signatures; what came is written to $1/sources.lock.
set -e
out=$1 lock=$2
apt=$(mktemp -d)
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
mirror=$(awk '$1 == "deb" { print $2; exit }' /etc/apt/sources.list)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
for suite in trixie forky; do
  echo "deb-src [signed-by=$keyring] $mirror $suite main"
done >"$apt/sources.list"
touch "$apt/status"
# A frozen mirror's lists expire. That guards against being served old packages for ever; here the lock names the
# version and the hash of each source, so an old list can do no harm.
options="-o Acquire::Check-Valid-Until=false -o Dir::Etc::SourceList=$apt/sources.list -o Dir::Etc::SourceParts=$apt/parts -o Dir::State::Lists=$apt/lists
  -o Dir::Cache=$apt/cache -o Dir::State::Status=$apt/status -o APT::Sandbox::User=root"
apt-get $options update
cd "$out"
while read -r package version suite sha256; do
  case $package in ''|'#'*) continue ;; esac
  # A mirror drops a version when its suite has a newer one. Then the suite's own is used, and said so.
  if ! apt-get $options source --download-only --only-source "$package=$version"; then
    echo "NOTE: $package $version is no longer on the mirror; taking what $suite has"
    apt-get $options source --download-only --only-source "$package/$suite" ||
      apt-get $options source --download-only --only-source -t "$suite" "$package"
  fi
  dsc=$(ls "${package}"_*.dsc)
  plain=${version#*:}
  if [ -f "${package}_$plain.dsc" ] && [ -n "$sha256" ] &&
      ! echo "$sha256  ${package}_$plain.dsc" | sha256sum -c --quiet; then
    echo "$package $version is not the source that the lock file names"
    exit 1
  fi
  echo "$package $(sed -n 's/^Version: //p' "$dsc" | head -1) $suite $(sha256sum "$dsc" | cut -d' ' -f1)" >>sources.lock
done <"$lock"
