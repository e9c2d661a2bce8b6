# Downloads the Debian packages of which tests/e2e/test_public.py takes a database that the public has. Runs in the
# root. $1: folder to fill, $2: the lock file. What is in the packages is unpacked, none of it is installed.
set -e
out=$1 lock=$2
apt=$(mktemp -d)
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
mirror=$(awk '$1 == "deb" { print $2; exit }' /etc/apt/sources.list)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$apt/sources.list"
touch "$apt/status"
# As in recipes/sources.sh: the lock names the version and the hash, so an expired list can do no harm.
options="-o Acquire::Check-Valid-Until=false -o Dir::Etc::SourceList=$apt/sources.list -o Dir::Etc::SourceParts=$apt/parts -o Dir::State::Lists=$apt/lists
  -o Dir::Cache=$apt/cache -o Dir::State::Status=$apt/status -o APT::Sandbox::User=root"
apt-get $options update
cd "$out"
while read -r package version sha256; do
  case $package in ''|'#'*) continue ;; esac
  if apt-get $options download "$package=$version"; then
    echo "$sha256  $(ls "${package}"_*.deb)" | sha256sum -c --quiet
  else
    echo "NOTE: $package $version is no longer on the mirror; taking what there is"
    apt-get $options download "$package"
  fi
  dpkg-deb -x "$package"_*.deb "$package"
  rm "$package"_*.deb
done <"$lock"
