# The sources, and the cross-built libraries and servers: one stage each, in the order in which they build on each other.

recipes=$top/.dev/recipes
sources_lock=$top/.dev/sources.lock

lock_key() { hash_text "$(grep -v '^#' "$1")"; }

# fetch LOCK DIR [OPTIONS]: fetch.sh with what this machine knows.
fetch() {
  local lock=$1 dir=$2 mirror mirrors=()
  shift 2
  for mirror in $(debian_mirrors); do mirrors+=(--mirror "$mirror"); done
  bash "$top/.dev/fetch.sh" get --lock "$lock" --into "$dir" --given "${CMMS_BACKUP_SOURCES:-}" "$@" \
    ${mirrors[@]+"${mirrors[@]}"}
}

setup_sources() {
  fetch_sources() {
    # What came before an interruption, or before something optional was tried again, need not come once more.
    mkdir -p "$cache/downloads"
    [ ! -d "${stage_dir[sources]}" ] ||
      find "${stage_dir[sources]}" -type f ! -name '.*' ! -name sources.lock -exec ln -f -t "$cache/downloads" {} +
    fetch "$sources_lock" "$1" --keep "$cache/downloads"
  }
  stage sources "Source packages" "$(lock_key "$sources_lock")" fetch_sources
  rm -rf "$cache/downloads"
}

# came PACKAGE...: the lines of what really came for the packages: another version than the lock's is another key.
came() {
  local name
  for name in "$@"; do grep "^$name " "${stage_dir[sources]}/sources.lock" || true; done
}

# compilers: what in the root decides how a library turns out. A root made anew with the same need not build them again.
compilers() {
  awk '/^Package: /{ name = $2 } /^Version: / && name ~ /mingw|^(cmake|ninja-build|meson|bison|flex|perl|make|libc-bin|tzdata|nasm)$/ { print name, $2 }' \
    "${stage_dir[root]}/var/lib/dpkg/status"
}

# library NAME TITLE "LIBRARIES IT BUILDS ON" "SOURCE PACKAGES" RECIPE [ARGUMENTS]: made by a recipe inside the root.
library() {
  local name=$1 title=$2 on=$3 packages=$4 recipe=$5 keys= d
  shift 5
  for d in $on; do keys="$keys ${stage_key[$d]}"; done
  library_recipe=$recipe library_arguments=$*
  build_library() {
    CMMS_BIND="$1=/out" in_root bash "$recipes/$library_recipe.sh" /out $library_arguments
  }
  stage "$name" "$title" "$(hash_text "$keys" "$(compilers)" "$(came $packages)" "$*" \
    "$(cat "$recipes/$recipe.sh" "$recipes/common.sh")")" build_library
}

setup_libs() {
  library archivers "zlib, zstd, lz4, cJSON, cmocka for Windows" "" "zlib libzstd lz4 cjson cmocka" archivers
  library openssl "OpenSSL for Windows" "" openssl openssl
  library curl "libcurl for Windows" "" curl curl
  library pg18 "PostgreSQL 18 for Windows: tools and engine" "openssl archivers" postgresql-18 postgresql postgresql-18 engine
  # The product brings these tools too, so every verb wants them; but it can be built without.
  if [ -n "$(came postgresql-17)" ]; then
    library pg17 "PostgreSQL 17 for Windows: tools" "openssl archivers" postgresql-17 postgresql postgresql-17 client
  else
    unset "planned[pg17]"
  fi
}
