# The private Debian 13 root in which everything is built and run, and the way into it.

root_suite=trixie
root_packages="
  build-essential pkgconf cmake ninja-build bison flex perl patch file xz-utils dpkg-dev tzdata
  gcc-mingw-w64-ucrt64 mingw-w64-tools nsis
  libpq-dev libcurl4-openssl-dev libcjson-dev libcmocka-dev zlib1g-dev libzstd-dev liblz4-dev libssl-dev
  postgresql-17 postgresql-contrib openssl
  wine wine64 xvfb xauth openbox imagemagick
  python3 zip unzip procps iproute2 ca-certificates
"
# Set-up and most tests do without these, if they must.
root_wanted="
  clang libclang-rt-dev llvm pgbouncer faketime strace age rclone curl
  xdotool x11-utils x11-xserver-utils librsvg2-bin icoutils
  fonts-open-sans fonts-symbola fonts-dejavu-core fonts-droid-fallback
"
host_npm=$(command -v npm || true)
[ -n "$host_npm" ] || root_wanted="$root_wanted npm"

# debian_mirrors: the archives that this machine's APT calls Debian, the one of security updates after the others;
# where APT knows none, debootstrap's default.
debian_mirrors() {
  local list expand
  list=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's/^Debian\(-Security\)\{0,1\} //p')
  # Without lists APT does not know whose an archive is.
  [ -n "$list" ] || list=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    grep debian || true)
  [ -n "$list" ] || ! command -v debootstrap >/dev/null ||
    list=$(sed -n 's/^DEF_MIRROR="\(.*\)"/\1/p' "$(command -v debootstrap)")
  # A list of mirrors is APT's own idea; the others want one.
  for expand in $list; do
    case $expand in
      mirror+file:*)
        expand=${expand#mirror+file:}
        awk 'NF && !/^#/ { print $1 }' "${expand%/}" 2>/dev/null || true ;;
      *) echo "$expand" ;;
    esac
  done | sed 's#/*$##' | awk '
    seen[$0]++ { next }
    /security/ { security[++s] = $0; next }
    { print; if (/\/debian$/) guess[++g] = $0 "-security" }
    END { for (i = 1; i <= s; i++) print security[i]; for (i = 1; !s && i <= g; i++) print guess[i] }'
}

# root_sources MIRROR...: sources.list for the root. Updates and security stand in where the suite's own file is not
# there (root_preferences).
root_sources() {
  local mirror signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
  for mirror in "$@"; do
    case $mirror in
      *security*) echo "deb $signed $mirror $root_suite-security main" ;;
      *) echo "deb $signed $mirror $root_suite main"; echo "deb $signed $mirror $root_suite-updates main" ;;
    esac
  done
}

root_preferences() {
  printf 'Package: *\nPin: release n=%s\nPin-Priority: 400\n\n' "$root_suite-updates" "$root_suite-security"
}

need_host_tools() {
  [ "$(id -u)" = 0 ] || fail "set-up makes a Debian root and mounts it: run ./dev as root"
  local missing=
  command -v unshare >/dev/null || missing="$missing util-linux"
  command -v debootstrap >/dev/null || missing="$missing debootstrap"
  command -v xz >/dev/null || missing="$missing xz-utils"
  [ -n "$missing" ] || return 0
  install_host_tools() {
    apt-get update || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing ||
      { echo "FAIL: APT cannot install$missing here"; exit 1; }
  }
  work "Installing$missing" "$cache/logs/host.log" install_host_tools
}

build_root() {
  local dir=$1 mirrors mirror tried= proxy made= why=
  mirrors=$(debian_mirrors)
  [ -n "$mirrors" ] || { echo "FAIL: APT knows no Debian mirror on this machine"; exit 1; }
  proxy=$(apt-config shell p Acquire::http::Proxy | sed "s/^p='\(.*\)'$/\1/")
  [ -z "$proxy" ] || export http_proxy=$proxy
  for mirror in $mirrors; do
    case $mirror in *security*) continue ;; esac
    tried="$tried${tried:+, }$mirror"
    find "$dir" -mindepth 1 -delete
    # In a mount namespace of its own: what it mounts must not outlive it.
    if unshare --mount --propagation private debootstrap --variant=minbase --include=ca-certificates \
        "$root_suite" "$dir" "$mirror" >"$dir.debootstrap" 2>&1; then
      made=1
    fi
    cat "$dir.debootstrap"
    why=$(sed -n 's/^E: //p' "$dir.debootstrap" | head -1)
    rm -f "$dir.debootstrap"
    [ -z "$made" ] || break
  done
  [ -n "$made" ] || { echo "FAIL: debootstrap cannot make a Debian root from $tried: ${why:-it does not say why}"; exit 1; }
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
  root_sources $mirrors >"$dir/etc/apt/sources.list"
  root_preferences >"$dir/etc/apt/preferences"
  enter_root --write "$dir" bash "$top/.dev/root-packages.sh" "$top/.dev" "$(echo $root_packages)" "$(echo $root_wanted)"
  [ ! -s "$dir/etc/cmms-missing" ] || cp "$dir/etc/cmms-missing" "$dir/.missing"
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
  stage root "Debian 13 with Wine and the compilers" \
    "$(hash_text "$root_suite" "$(echo $root_packages / $root_wanted)" "$(declare -f build_root root_sources root_preferences)" \
      "$(cat "$top/.dev/root-packages.sh")")" build_root
}
