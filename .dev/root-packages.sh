# Installs the root's packages, inside it. $1: the folder of packages.sh, $2: what is needed, $3: what is wanted.
set -euo pipefail
. "$1/apt.sh"
export DEBIAN_FRONTEND=noninteractive
apt="apt-get -y -q -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none"
# Updates and security may not be on this mirror; the suite itself must be.
output=$($apt update 2>&1) || true
printf '%s\n' "$output"
expired /var/lib/apt/lists
if ! apt-cache show "${2%% *}" >/dev/null 2>&1; then
  why=$(reason "$output")
  echo "FAIL: the mirror's list of packages cannot be had: ${why:-it is empty}"
  exit 1
fi
bash "$1/packages.sh" download /etc/apt/preferences /tmp/choice /etc/cmms-missing "$2" "$3"
$apt install --no-install-recommends --no-download $(cat /tmp/choice)
apt-get clean
rm -rf /var/lib/apt/lists/*
