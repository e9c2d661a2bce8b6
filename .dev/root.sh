# The private Debian 13 root in which everything is built and run, and the way into it.

root_suite=trixie
root_packages="
  build-essential pkgconf cmake ninja-build bison flex perl patch file xz-utils dpkg-dev tzdata
  gcc-mingw-w64-x86-64-win32 mingw-w64-tools nsis
  clang libclang-rt-dev llvm
  libpq-dev libcurl4-openssl-dev libcjson-dev libcmocka-dev zlib1g-dev libzstd-dev liblz4-dev libssl-dev
  postgresql-17 postgresql-contrib pgbouncer openssl faketime
  wine wine64 xvfb xauth openbox xdotool x11-utils x11-xserver-utils imagemagick librsvg2-bin icoutils
  fonts-open-sans fonts-symbola fonts-dejavu-core fonts-droid-fallback
  python3 zip unzip procps iproute2 ca-certificates strace
"

# The mirror is the machine's own: what APT calls Debian here, else debootstrap's default.
debian_mirror() {
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

need_host_tools() {
  [ "$(id -u)" = 0 ] || fail "set-up makes a Debian root and mounts it: run ./dev as root"
  local missing=
  command -v unshare >/dev/null || missing="$missing util-linux"
  command -v debootstrap >/dev/null || missing="$missing debootstrap"
  command -v xz >/dev/null || missing="$missing xz-utils"
  [ -n "$missing" ] || return 0
  work "Installing$missing" "$cache/logs/host.log" \
    bash -c "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing"
}

build_root() {
  set -e
  local dir=$1 mirror proxy
  [ -n "$(debian_mirror)" ] || apt-get update
  mirror=$(debian_mirror)
  proxy=$(apt-config shell p Acquire::http::Proxy | sed "s/^p='\(.*\)'$/\1/")
  [ -z "$proxy" ] || export http_proxy=$proxy
  debootstrap --variant=minbase --include=ca-certificates "$root_suite" "$dir" $mirror
  # The host's own ways out hold in the root as well: APT's options, name resolution, added certificates.
  apt-config dump | grep -E '^Acquire::(http|https|Retries)' >"$dir/etc/apt/apt.conf.d/50host" || true
  cp -L /etc/resolv.conf "$dir/etc/resolv.conf"
  if [ -d /usr/local/share/ca-certificates ]; then
    cp -rL /usr/local/share/ca-certificates/. "$dir/usr/local/share/ca-certificates/"
  fi
  [ ! -f /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$dir/etc/ssl/certs/"
  printf '127.0.0.1 localhost\n::1 localhost\n127.0.0.1 %s\n' "$(hostname)" >"$dir/etc/hosts"
  # dpkg's own care against power loss only costs time here: a stage that is not finished is not used.
  echo force-unsafe-io >"$dir/etc/dpkg/dpkg.cfg.d/unsafe-io"
  printf '#!/bin/sh\nexit 101\n' >"$dir/usr/sbin/policy-rc.d"
  chmod +x "$dir/usr/sbin/policy-rc.d"
  # The cluster that the server's package would make is never used.
  mkdir -p "$dir/etc/postgresql-common"
  echo 'create_main_cluster = false' >"$dir/etc/postgresql-common/createcluster.conf"
  enter_root --write "$dir" bash -ec "
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y --no-install-recommends $(echo $root_packages) ${npm_packages:-}
    apt-get clean
    rm -rf /var/lib/apt/lists/*"
  rm -rf "$dir"/var/cache/apt/* "$dir"/var/cache/fontconfig/*
  mkdir -p "$dir/opt"
}

# enter_root [--write] [--keep] ROOT COMMAND...: runs a command in the root.
#   The root itself is read-only unless --write. Every finished stage is at /opt/NAME, the checkout where it
#   is on the host, as is the current folder; /tmp is empty and private. When the command ends, whatever it
#   left running ends with it, unless --keep. CMMS_BIND="source=target ..." binds more.
enter_root() {
  local write= keep=
  while :; do
    case $1 in
      --write) write=1; shift ;;
      --keep) keep=1; shift ;;
      *) break ;;
    esac
  done
  local root=$1 binds= name
  shift
  for name in "${!stage_dir[@]}"; do
    [ "$name" = root ] || [ ! -d "${stage_dir[$name]}" ] || binds="$binds ${stage_dir[$name]}=/opt/$name"
  done
  [ ! -d "$top" ] || binds="$binds $top=$top"
  case $PWD/ in "$top"/*) ;; /tmp/|/) ;; *) binds="$binds $PWD=$PWD" ;; esac
  [ ! -d /tmp/.X11-unix ] || [ -z "${DISPLAY:-}" ] || binds="$binds /tmp/.X11-unix=/tmp/.X11-unix"
  local ns="--mount --pid --fork --kill-child"
  [ -z "$keep" ] || ns="--mount"
  mkdir -p "$cache/mnt"
  ROOT=$root WRITE=$write KEEP=$keep BINDS="$binds ${CMMS_BIND:-}" MNT=$cache/mnt \
    unshare $ns --propagation private bash "$top/.dev/enter.sh" "$@"
}

in_root() { enter_root "${stage_dir[root]}" "$@"; }

setup_root() {
  need_host_tools
  npm_packages=
  command -v npm >/dev/null || npm_packages="npm"
  stage root "Debian 13 with Wine and the compilers" \
    "$(hash_text "$root_suite" "$(echo $root_packages $npm_packages)" "$(declare -f build_root)")" build_root
}
