# The verbs of ./dev, one function each.

# setup [test]: what every verb needs, or also what only the tests do.
setup() {
  local for=${1:-} downloads= downloaded start=$SECONDS
  [ "$(id -u)" = 0 ] || fail "run ./dev as root: it makes a Debian root and mounts it"
  mkdir -p "$cache/logs"
  exec 9>"$cache/lock"
  flock -n 9 || { say "  waiting for another ./dev to finish its set-up ..."; flock 9; }
  need_host_tools
  plan root sources archivers openssl curl pg18 pg17 prefix ${for:+peer public}
  # What only has to be downloaded comes while the root is unpacked. What fails there is tried again below, in sight.
  if [ -n "${planned[sources]:-}${planned[public]:-}${planned[peer]:-}" ]; then
    download "$for" >"$cache/logs/downloads.log" 2>&1 &
    downloads=$!
  fi
  setup_root
  if [ -n "$downloads" ]; then
    downloaded=0
    wait "$downloads" || downloaded=$?
    [ "$downloaded" -ne 0 ] || grep '^  note: ' "$cache/logs/downloads.log" || true
  fi
  setup_sources
  setup_libs
  setup_prefix
  if [ -n "$for" ]; then setup_peer; setup_public; fi
  if [ "$stages_made" -gt 0 ] || [ -n "$for" ]; then left_out; fi
  [ "$stages_made" -eq 0 ] ||
    say "  Set-up is complete: $stages_made parts made in $(clock $((SECONDS - start))), $(du -sh "$cache" | cut -f1) in $cache."
  flock -u 9
  exec 9>&-
}

download() {
  setup_sources
  [ -n "$1" ] || return 0
  setup_public
  [ -z "$host_npm" ] || setup_peer
}

# The Wine prefix of this checkout is a copy of a template: making one takes longer.
setup_prefix() {
  build_prefix() {
    CMMS_BIND="$1=/out" in_root bash "$top/.dev/wine-prefix.sh" /out/prefix
  }
  stage prefix "Wine prefix with stand-ins for Windows' fonts" \
    "$(hash_text "${stage_key[root]}" "$(cat "$top/.dev/wine-prefix.sh")")" build_prefix
  local here=$top/build/wine
  if [ "$(cat "$here/.key" 2>/dev/null)" != "${stage_key[prefix]}" ]; then
    rm -rf "$here"
    mkdir -p "$top/build"
    cp -a --reflink=auto "${stage_dir[prefix]}/prefix" "$here"
    echo "${stage_key[prefix]}" >"$here/.key"
  fi
}

# EDB's server, which Windows users have: a peer for the tests, never shipped. npm checks its integrity hash.
setup_peer() {
  npm_ci() {
    local options="--force --os=win32 --cpu=x64 --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=60000"
    cp "$top/.dev/peer/package.json" "$top/.dev/peer/package-lock.json" "$1/"
    if [ -n "$host_npm" ]; then
      cd "$1"
      npm ci $options
    else
      [ -x "${stage_dir[root]}/usr/bin/npm" ] || { echo "FAIL: there is no npm"; exit 1; }
      # npm's own settings and the certificates that this machine trusts go into the root with it.
      cp "$HOME/.npmrc" "$1/.npmrc" 2>/dev/null || cp /etc/npmrc "$1/.npmrc" 2>/dev/null || touch "$1/.npmrc"
      cp -L "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" "$1/ca.crt" 2>/dev/null || true
      CMMS_BIND="$1=/out" in_root bash -c "cd /out && export npm_config_userconfig=/out/.npmrc \
        \$([ ! -s ca.crt ] || echo npm_config_cafile=/out/ca.crt) && npm ci $options"
      rm -f "$1/.npmrc" "$1/ca.crt"
    fi
  }
  build_peer() { optionally "EDB's-PostgreSQL" "$1" npm_ci; }
  stage peer "EDB's PostgreSQL for Windows, a peer for the tests" \
    "$(hash_text "$(cat "$top/.dev/peer/package-lock.json")")" build_peer
}

# A database that the public has, for tests/e2e/test_public.py; never shipped, and unpacked, not installed.
setup_public() {
  build_public() {
    local file name
    fetch "$top/.dev/public.lock" "$1"
    for file in "$1"/*.deb; do
      [ -f "$file" ] || continue
      name=${file##*/}
      dpkg-deb -x "$file" "$1/${name%%_*}"
      rm "$file"
    done
  }
  stage public "A public database for the tests" "$(lock_key "$top/.dev/public.lock")" build_public
}

# compile PRESET TARGETS...: configures if need be and builds, inside the root.
compile() {
  local preset=$1
  shift
  mkdir -p "$top/build/logs"
  work "Building: $preset" "$top/build/logs/build-$preset.log" in_root bash -ec "
    cd '$top'
    [ -f 'build/$preset/build.ninja' ] || cmake --preset $preset
    cmake --build 'build/$preset' $(for t in "$@"; do printf -- '--target %s ' "$t"; done)"
}

build_product() {
  compile mingw
  work "Laying out the product" "$top/build/logs/product.log" \
    in_root bash "$top/installer/stage.sh" "$top/build/mingw" "$top/build/product"
}

wine_env="WINEPREFIX=$top/build/wine WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml="

verb_setup() {
  case ${1:-} in
    '') ;;
    --strict) strict=1 ;;
    --check) check_setup; return ;;
    *) fail "setup knows --strict and --check, not '$1'" ;;
  esac
  try_again=1
  setup test
  say "Set-up is complete."
}

verb_build() { setup; compile native; build_product; say "Built: build/product (Windows), build/native (Linux)."; }

verb_shell() {
  setup
  [ $# -gt 0 ] || set -- bash
  in_root env $wine_env "$@"
}

verb_cli() {
  setup >&2
  if [ "${1:-}" = --native ]; then
    shift
    compile native cmms-backup-cli >&2
    in_root env $(pg_env) CMMS_BACKUP_TOOLS=/usr/lib/postgresql/17/bin CMMS_BACKUP_ENGINE=/usr/lib/postgresql/17/bin \
      "$top/build/native/cmms-backup-cli" "$@"
  else
    build_product >&2
    in_root env $wine_env $(pg_env) wine "$top/build/product/cmms-backup-cli.exe" "$@" 2> >(grep -v -e wine32 \
      -e 'multiarch needs' -e 'execute "dpkg' -e 'apt-get install' >&2)
  fi
}

# The PG* and CMMS_* settings of the caller go into the root with the command.
pg_env() { env | grep -E '^(PG|CMMS_)[A-Z_]*=[^[:space:]]*$' | grep -v '^CMMS_BACKUP_CACHE=' || true; }

verb_app() {
  setup
  build_product
  in_root env $wine_env $(pg_env) bash "$top/.dev/on-display.sh" wine "$top/build/product/cmms-backup.exe" "$@"
}

verb_db() {
  local action=${1:-}
  shift || true
  case $action in
    start)
      local size=50 pg=17
      while [ $# -gt 0 ]; do
        case $1 in
          --size) size=$2; shift 2 ;;
          --pg) pg=$2; shift 2 ;;
          *) fail "db start knows --size MB and --pg 17|engine, not '$1'" ;;
        esac
      done
      case $pg in 17|engine) ;; *) fail "--pg is 17 or engine, not '$pg'" ;; esac
      setup >&2
      if [ "$pg" = engine ]; then build_product >&2; else compile bench cmms-backup-cli >&2; fi
      verb_db stop >&2
      mkdir -p "$top/build/db"
      touch "$top/build/db/run"
      # A session of its own, which lives until `db stop` removes the file.
      ( enter_root --keep "${stage_dir[root]}" env $wine_env setsid bash "$top/.dev/db.sh" "$pg" "$size" "$top/build/db" ) \
        >"$top/build/db/log" 2>&1 </dev/null &
      local pid=$!
      while [ ! -s "$top/build/db/env" ]; do
        kill -0 "$pid" 2>/dev/null || fail "the server did not start; the log is $top/build/db/log"
        sleep 0.2
      done
      disown "$pid"
      cat "$top/build/db/env" ;;
    stop)
      rm -f "$top/build/db/run"
      local waited=0
      while [ -e "$top/build/db/alive" ] && [ "$waited" -lt 150 ]; do sleep 0.2; waited=$((waited + 1)); done
      rm -rf "$top/build/db" ;;
    *) fail "db start [--size MB] [--pg 17|engine], or db stop" ;;
  esac
}

verb_run() {
  local start=$SECONDS
  setup
  build_product
  in_root env $wine_env bash "$top/.dev/on-display.sh" bash "$top/.dev/run.sh" "$top"
  say "./dev run took $(clock $((SECONDS - start)))."
}

verb_test() {
  local start=$SECONDS
  setup test
  compile native
  case " $* " in *" --thorough "*) compile bench cloud_upload ;; esac # e2e/test_huge
  build_product
  local suites=" $* "
  suites=${suites/ --no-retry / }
  suites=${suites/ --thorough / }
  [ -n "${suites// /}" ] || suites=" installer simulate "
  case $suites in *" installer "*) pack ;; esac
  case $suites in *" simulate "*) compile bench simulate ;; esac
  # The closing count is the last line of the output.
  say "Set-up and build took $(clock $((SECONDS - start)))."
  # The report says of what it speaks; there is no git in the root.
  local commit clean=0
  commit=$(git -C "$top" rev-parse HEAD 2>/dev/null || true)
  [ -z "$commit" ] || [ -n "$(git -C "$top" status --porcelain 2>/dev/null)" ] || clean=1
  in_root env CMMS_COMMIT="$commit" CMMS_CLEAN="$clean" python3 "$top/tests/run.py" "$@"
}

verb_shot() {
  setup
  build_product
  in_root env $wine_env bash "$top/.dev/shot.sh" "$top" "$@"
}

verb_bench() {
  setup
  build_product
  if [ "${1:-}" = window ]; then
    shift
    in_root env $wine_env bash "$top/.dev/on-display.sh" python3 "$top/tests/bench/window_bench.py" "$@"
  elif [ "${1:-}" = restore ]; then
    shift
    compile bench
    in_root env $wine_env python3 "$top/tests/bench/restore_bench.py" "$@"
  elif [ "${1:-}" = upload ]; then
    shift
    compile bench
    in_root python3 "$top/tests/bench/upload_bench.py" "$@"
  else
    compile bench
    in_root env $wine_env python3 "$top/tests/bench/bench.py" "$@"
  fi
}

verb_fuzz() {
  setup
  compile fuzz
  local only=${1:-} seconds=${2:-60} target name
  for target in "$top"/tests/fuzz/fuzz_*.c; do
    name=$(basename "$target" .c)
    name=${name#fuzz_}
    [ -z "$only" ] || [ "$only" = "$name" ] || [ "$only" = all ] || continue
    mkdir -p "$top/tests/fuzz/corpus/$name" "$top/build/fuzz-found"
    work "Fuzzing: $name, $seconds s" "$top/build/logs/fuzz-$name.log" in_root "$top/build/fuzz/fuzz/fuzz_$name" \
      -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 -max_len=65536 -print_final_stats=1 \
      -artifact_prefix="$top/build/fuzz-found/$name-" "$top/tests/fuzz/corpus/$name"
  done
  say "No finding."
}

# Lives of a backup folder by seed (tests/sim/README.md): a thousand of them, or those that are named.
verb_simulate() {
  local log=
  if [ "${1:-}" = --log ]; then log=--log; shift; fi
  setup
  compile bench simulate
  in_root "$top/build/bench/simulate" $log "${1:-1-1000}" "${2:-400}"
}

# The installer and the zip; nothing to do when they are newer than the product.
pack() {
  local version package=$top/build/package
  version=$(sed -n 's/^#define CMMS_VERSION "\(.*\)"/\1/p' "$top/include/version.h")
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || echo 1700000000)}
  export SOURCE_DATE_EPOCH
  if [ -f "$package/.packed" ] && [ -z "$(find "$top/build/product" "$top/installer" -newer "$package/.packed" -type f \
      -print -quit)" ]; then
    return 0
  fi
  work "Packing version $version" "$top/build/logs/package.log" \
    in_root bash "$top/installer/package.sh" "$version" "$top/build/product" "$package"
  touch "$package/.packed"
}

verb_package() { setup; build_product; pack; ls -l "$top/build/package"; }

# It only reads the tree: where there is a python3, nothing has to be set up for it.
verb_figures() {
  if command -v python3 >/dev/null; then
    python3 "$top/.dev/figures.py" "$@"
  else
    setup
    in_root python3 "$top/.dev/figures.py" "$@"
  fi
}

verb_clean() {
  case ${1:-} in
    '') verb_db stop; rm -rf "$top/build"; say "build/ is gone." ;;
    --cache) verb_db stop; rm -rf "$top/build" "$cache"; say "build/ and $cache are gone." ;;
    *) fail "clean knows --cache, not '$1'" ;;
  esac
}
