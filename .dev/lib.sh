#!/usr/bin/env bash
# Shared by every part of ./dev: words on the screen, the cache, stages.
#
# A stage is something that takes minutes once: a Debian root, a cross-built library. Its result lies in
# $cache/NAME-KEY, where KEY is a hash of everything the result depends on: the recipe's text and the keys
# of the stages it builds on. It is made in $cache/NAME-KEY.tmp and renamed when it is whole, so that an
# interruption leaves nothing that looks finished. A list of its files and their sizes is kept with it and
# compared on every use: a cache that lost or gained a byte is thrown away and made again.
#
# What is optional in a stage and could not be had is named in its file .missing, a line each: a name, a sentence.
# Such a stage counts as finished. It is tried again by ./dev setup, and by the other verbs a day later: they must not
# wait for a dead network each time. With --strict it is a failure.

cache=${CMMS_BACKUP_CACHE:-/var/cache/cmms-backup}
jobs=$(nproc)
declare -A stage_dir stage_key
strict= try_again= began=$(date +%s)

say()  { printf '%s\n' "$*"; }
fail() { printf 'dev: %s\n' "$*" >&2; exit 1; }

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

hash_of() { cat "$@" | sha256sum | cut -c1-12; }
hash_text() { printf '%s\n' "$@" | sha256sum | cut -c1-12; }

# What the stages take: seconds on two cores. How fast this machine is shows as they are made.
declare -A weight=([root]=170 [sources]=12 [archivers]=45 [openssl]=400 [curl]=130 [pg18]=600 [pg17]=150 [prefix]=45 [peer]=15 [public]=3)
declare -A planned
weight_made=0 seconds_made=0 stages_made=0 stages_all=0 need_gb=8

# plan NAME...: the stages to come. Those of which there is nothing yet are counted; says so when there is little room.
plan() {
  local name found free
  for name in "$@"; do
    found=$(compgen -G "$cache/$name-????????????/.complete" || true)
    [ -n "$found" ] || { planned[$name]=1; stages_all=$((stages_all + 1)); }
  done
  [ "$stages_all" -gt 0 ] || return 0
  free=$(free_mb)
  if [ "$free" -lt $((need_gb * 1024)) ]; then
    say "  Only $((free / 1024)).$((free % 1024 * 10 / 1024)) GB are free for $cache; set-up and tests want $need_gb, so the disk may fill."
  fi
  say "  $stages_all parts have to be made once, about $(minutes "$(left)") on two cores; they are kept in $cache."
}

free_mb() { df -Pm "$cache" | awk 'NR == 2 { print $4 }'; }

# left: the seconds that the planned stages still take.
left() {
  local name sum=0
  for name in "${!planned[@]}"; do sum=$((sum + ${weight[$name]:-60})); done
  # The first few seconds say little about the machine.
  [ "$weight_made" -lt 100 ] || sum=$((sum * seconds_made / weight_made))
  echo "$sum"
}

minutes() { if [ "$1" -lt 90 ]; then echo "a minute"; else echo "$((($1 + 30) / 60)) minutes"; fi; }

# work TITLE LOG COMMAND...: runs the command with its output in LOG and shows that time passes. Its lines "NOTE: ..."
# and, when it fails, "FAIL: ..." are shown as well. Never call it, or what calls it, as a condition (if, ||, &&): the
# shell would then go on after a step that failed, everywhere inside.
work() {
  local title=$1 log=$2 start=$SECONDS pid watcher status=0 after=${work_after:-} why
  shift 2
  mkdir -p "$(dirname "$log")"
  say "  $title ...$after"
  # A process group of its own, which the watcher ends if this script is gone, even by kill -9; the watcher has one
  # too, so that what a terminal sends to all of us does not end it first.
  set -m
  { steps_count; "$@"; } >"$log" 2>&1 </dev/null &
  pid=$!
  watch "$pid" "$title" "$start" &
  watcher=$!
  set +m
  wait "$pid" || status=$?
  { kill "$watcher" && wait "$watcher"; } 2>/dev/null || true
  sed -n 's/^NOTE: /  note: /p' "$log"
  if [ "$status" -ne 0 ]; then
    why=$(sed -n 's/^FAIL: //p' "$log")
    if [ "$(free_mb)" -lt 20 ] || tail -50 "$log" | grep -q 'No space left on device'; then
      fail "$title did not work: the disk is full ($(free_mb) MB are free for $cache); the log is $log"
    elif [ -n "$why" ]; then
      [ "$(grep -c '^FAIL: ' "$log")" = 1 ] || why="${why%%$'\n'*}; and $(($(grep -c '^FAIL: ' "$log") - 1)) more like it"
      fail "$title did not work: $why; the log is $log"
    fi
    fail "$title did not work (exit code $status); the log is $log"
  fi
  say "  $title: done in $(clock $((SECONDS - start)))"
}

# In a condition's reach `set -e` is without effect, and nothing turns it on again: better no work than half of it.
steps_count() {
  local status=0
  ( false; exit 0 ) &
  wait $! || status=$?
  [ "$status" -ne 0 ] || { echo "FAIL: a fault of this script: the steps of the work would not be checked"; exit 1; }
}

watch() {
  local pid=$1 title=$2 start=$3 state next=60
  while :; do
    # The sleep must not keep our output or the set-up's lock when the rest has ended.
    sleep 1 >/dev/null 2>&1 9>&-
    { read -r _ _ state _ <"/proc/$$/stat"; } 2>/dev/null || state=X
    case $state in
      Z|X) kill -KILL -- "-$pid" 2>/dev/null; exit 0 ;;
    esac
    if [ $((SECONDS - start)) -ge "$next" ]; then
      say "  $title ... $(clock $((SECONDS - start)))"
      next=$((next + 60))
    fi
  done
}

stage_files() { ( cd "$1" && find . -xdev -type f ! -path ./.complete -printf '%s %p\n' | LC_ALL=C sort ); }

# stage NAME TITLE KEY FUNCTION: makes sure that the stage is there; FUNCTION gets the folder to fill.
stage() {
  local name=$1 title=$2 key=$3 build=$4 start=$SECONDS
  local dir=$cache/$name-$key
  stage_dir[$name]=$dir
  stage_key[$name]=$key
  if [ -f "$dir/.complete" ]; then
    if ! stage_files "$dir" | cmp -s - "$dir/.complete"; then
      say "  $title: the cached copy is damaged, making it again"
      rm -rf --one-file-system "$dir"
    elif ! due "$name" "$dir"; then
      # It may have been made beside the others, in the background.
      [ -z "${planned[$name]:-}" ] || stages_made=$((stages_made + 1))
      unset "planned[$name]"
      return 0
    fi
  fi
  # Whoever left such a folder is gone: the lock is ours.
  rm -rf --one-file-system "$dir.tmp" "$dir.tmp".*
  mkdir -p "$dir.tmp"
  [ -n "${planned[$name]:-}" ] || { planned[$name]=1; stages_all=$((stages_all + 1)); }
  stages_made=$((stages_made + 1))
  work_after=" ($stages_made of $stages_all; about $(minutes "$(left)") to go)"
  work "$title" "$cache/logs/$name.log" "$build" "$dir.tmp"
  work_after=
  if [ -n "$strict" ] && [ -s "$dir.tmp/.missing" ]; then
    fail "$title: $(cut -d' ' -f2- "$dir.tmp/.missing" | paste -sd';'); --strict wants all of it"
  fi
  stage_files "$dir.tmp" >"$dir.tmp.list"
  mv "$dir.tmp.list" "$dir.tmp/.complete"
  rm -rf --one-file-system "$dir"
  mv "$dir.tmp" "$dir"
  unset "planned[$name]"
  weight_made=$((weight_made + ${weight[$name]:-60}))
  seconds_made=$((seconds_made + SECONDS - start))
  # Older results of the same stage are of no more use.
  local old
  for old in "$cache/$name"-????????????{,.tmp}; do
    [ "$old" = "$dir" ] || [ ! -d "$old" ] || [ -n "${KEEP_OLD_STAGES:-}" ] || rm -rf --one-file-system "$old"
  done
}

# due NAME DIR: is something missing in this finished stage that should be tried again now?
due() {
  [ -s "$2/.missing" ] || return 1
  if [ -n "$strict" ]; then return 0; fi
  # A root takes minutes, for a package that the mirror still may not have.
  [ "$1" != root ] || return 1
  # Nor twice in one run.
  [ "$(stat -c %Y "$2/.missing")" -lt "$began" ] || return 1
  [ -n "$try_again" ] || [ -n "$(find "$2/.missing" -mmin +1440)" ]
}

# optionally NAME DIR FUNCTION: runs FUNCTION DIR; if it fails the folder is emptied, and the reason is in .missing.
optionally() {
  local name=$1 dir=$2 out=$2.out status=0 why
  "$3" "$dir" >"$out" 2>&1 &
  wait $! || status=$?
  cat "$out"
  if [ "$status" -ne 0 ]; then
    why=$(sed -n 's/^FAIL: //p;s/^npm \(ERR!\|error\) //p' "$out" | grep -v -e '^code ' -e '^errno ' -e '^syscall ' -e 'A complete log' | head -1)
    rm -f "$out"
    if [ "$(free_mb)" -lt 20 ]; then exit 1; fi
    find "$dir" -mindepth 1 -delete
    echo "$name $name cannot be had (${why:-exit code $status})" >"$dir/.missing"
    echo "NOTE: $name cannot be had (${why:-exit code $status}); what needs it is left out"
  fi
  rm -f "$out"
}

# left_out: a line for each thing that a finished set-up lacks.
left_out() {
  local name
  for name in "${!stage_dir[@]}"; do
    [ ! -s "${stage_dir[$name]}/.missing" ] || sed 's/^[^ ]* /  left out: /' "${stage_dir[$name]}/.missing"
  done | sort -u
}
