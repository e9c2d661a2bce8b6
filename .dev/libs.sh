# The cross-built libraries and the servers: one stage each, in the order in which they build on each other.

recipes=$top/.dev/recipes

# library NAME TITLE "STAGES IT BUILDS ON" RECIPE [ARGUMENTS]: a stage made by a recipe inside the root.
library() {
  local name=$1 title=$2 on=$3 recipe=$4 keys= d
  shift 4
  for d in $on; do keys="$keys ${stage_key[$d]}"; done
  library_recipe=$recipe library_arguments=$*
  build_library() {
    CMMS_BIND="$1=/out" in_root bash "$recipes/$library_recipe.sh" /out $library_arguments
  }
  stage "$name" "$title" "$(hash_text "$keys" "$*" "$(cat "$recipes/$recipe.sh" "$recipes/common.sh")")" build_library
}

sources_lock=$top/.dev/sources.lock

setup_libs() {
  library_sources() {
    mkdir -p "$1"
    CMMS_BIND="$1=/out" in_root bash "$recipes/sources.sh" /out "$sources_lock"
  }
  stage sources "Source packages" \
    "$(hash_text "${stage_key[root]}" "$(cat "$recipes/sources.sh" "$sources_lock")")" library_sources
  library archivers "zlib, zstd, lz4, cJSON, cmocka for Windows" "root sources" archivers
  library openssl "OpenSSL for Windows" "root sources" openssl
  library curl "libcurl for Windows" "root sources" curl
  library pg18 "PostgreSQL 18 for Windows: tools and engine" "root sources openssl archivers" postgresql postgresql-18 engine
  library pg17 "PostgreSQL 17 for Windows: tools" "root sources openssl archivers" postgresql postgresql-17 client
}
