# Shared by every part of ./dev: words on the screen, the cache, stages.
#
# A stage is something that takes minutes once: a Debian root, a cross-built library. Its result lies in
# $cache/NAME-KEY, where KEY is a hash of everything the result depends on: the recipe's text and the keys
# of the stages it builds on. It is made in $cache/NAME-KEY.tmp and renamed when it is whole, so that an
# interruption leaves nothing that looks finished. A list of its files and their sizes is kept with it and
# compared on every use: a cache that lost or gained a byte is thrown away and made again.

cache=${CMMS_BACKUP_CACHE:-/var/cache/cmms-backup}
jobs=$(nproc)
declare -A stage_dir stage_key

say()  { printf '%s\n' "$*"; }
fail() { printf 'dev: %s\n' "$*" >&2; exit 1; }

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

hash_of() { cat "$@" | sha256sum | cut -c1-12; }
hash_text() { printf '%s\n' "$@" | sha256sum | cut -c1-12; }

# work TITLE LOG COMMAND...: runs the command with its output in LOG and shows that time passes.
work() {
  local title=$1 log=$2 start=$SECONDS pid status=0
  shift 2
  mkdir -p "$(dirname "$log")"
  say "  $title ..."
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  # The sleep must not keep our output or the set-up's lock when the rest has ended.
  ( while sleep 60 >/dev/null 2>&1 9>&-; do say "  $title ... $(clock $((SECONDS - start)))"; done ) &
  local ticker=$!
  wait "$pid" || status=$?
  { kill "$ticker" && wait "$ticker"; } 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    fail "$title did not work (exit code $status); the log is $log"
  fi
  say "  $title: done in $(clock $((SECONDS - start)))"
}

stage_files() { ( cd "$1" && find . -xdev -type f ! -path ./.complete -printf '%s %p\n' | LC_ALL=C sort ); }

# stage NAME TITLE KEY FUNCTION: makes sure that the stage is there; FUNCTION gets the folder to fill.
stage() {
  local name=$1 title=$2 key=$3 build=$4
  local dir=$cache/$name-$key
  stage_dir[$name]=$dir
  stage_key[$name]=$key
  if [ -f "$dir/.complete" ]; then
    if stage_files "$dir" | cmp -s - "$dir/.complete"; then return 0; fi
    say "  $title: the cached copy is damaged, making it again"
  fi
  rm -rf "$dir" "$dir.tmp"
  mkdir -p "$dir.tmp"
  work "$title" "$cache/logs/$name.log" "$build" "$dir.tmp"
  stage_files "$dir.tmp" >"$dir.tmp.list"
  mv "$dir.tmp.list" "$dir.tmp/.complete"
  mv "$dir.tmp" "$dir"
  # Older results of the same stage are of no more use.
  local old
  for old in "$cache/$name"-????????????; do
    [ "$old" = "$dir" ] || [ ! -d "$old" ] || [ -n "${KEEP_OLD_STAGES:-}" ] || rm -rf "$old"
  done
}
