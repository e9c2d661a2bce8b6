# What fetch.sh and packages.sh share: an APT of their own, which leaves that of the machine alone, and APT's own
# programs for asking a server. A Debian machine has nothing else that is sure to be there (no curl, no python), and
# what its user told APT about proxies and certificates holds for them as well.

methods=/usr/lib/apt/methods
helper=/usr/lib/apt/apt-helper

# apt_folder DIR: an empty place for an APT of one's own. Settings follow in DIR/apt.conf, sources in DIR/sources.list.
apt_folder() {
  mkdir -p "$1/lists/partial" "$1/cache/archives/partial" "$1/empty"
  : >"$1/status"
  : >"$1/sources.list"
  : >"$1/preferences"
  # A frozen mirror's lists expire; they are taken all the same, and expired() says so. What came is signed.
  cat >"$1/apt.conf" <<CONF
Dir::Etc::SourceList "$1/sources.list";
Dir::Etc::SourceParts "$1/empty";
Dir::Etc::Preferences "$1/preferences";
Dir::Etc::PreferencesParts "$1/empty";
Dir::State "$1";
Dir::State::Lists "$1/lists";
Dir::State::Status "$1/status";
Dir::State::Extended_States "$1/extended_states";
Dir::Cache "$1/cache";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "1";
CONF
}

# expired DIR: a line for each list in DIR that its archive no longer stands for.
expired() {
  local list until now
  now=$(date +%s)
  for list in "$1"/*Release; do
    [ -f "$list" ] || continue
    until=$(sed -n 's/^Valid-Until: //p;/^SHA256:/q' "$list" | head -1)
    [ -z "$until" ] || [ "$(date -d "$until" +%s 2>/dev/null || echo "$now")" -ge "$now" ] ||
      echo "NOTE: the mirror's list of $(sed -n 's/^Codename: //p;/^SHA256:/q' "$list") expired on $(LC_ALL=C date -u -d "$until" '+%-d %B %Y'); taken all the same"
  done
}

# plain_uri PLACE: as APT's methods want it. A file is copied, or a link to it would come.
plain_uri() {
  case $1 in
    file://*) echo "copy:${1#file://}" ;;
    file:*) echo "copy:${1#file:}" ;;
    /*) echo "copy:$1" ;;
    *) echo "$1" ;;
  esac
}

# reason TEXT: APT's own words, without the address of the server and its numbers.
reason() {
  printf '%s\n' "$1" | sed -n 's/^[EW]: Failed to fetch [^ ]*  *//p;s/^E: The repository .* is not signed.*/its list is not signed/p
    s/^[EW]: .*\(GPG error\|OpenPGP signature verification failed\|is not signed\).*/the signature of its list is not good/p
    s/^E: Write error/Write error/p' |
    sed 's/ \[IP:[^]]*\]//;s/^\([0-9][0-9][0-9]\)  /\1 /;s/ - \(connect\|read\|write\|recv\|GetAddrInfo\|getaddrinfo\) (\([0-9]*\): \(.*\))$/ (\3)/' |
    awk 'NF { print; exit }'
}

# apt_settings: what APT is set to, in the form in which its methods are told.
apt_settings() {
  echo "601 Configuration"
  apt-config dump | sed -n 's/^\(\(Acquire\|APT::Sandbox\|Dir::Etc\|Dir::State\|Dir::Bin\|Debug\)[^ ]*\) "\(.*\)";$/Config-Item: \1=\3/p'
  echo "Config-Item: Acquire::Retries=0"
  echo
}

# ask SETTINGS URI: does a server have it? Prints the size that it names ("-" when it names none), or says why not and
# returns 1. The question is a download that is broken off when the server begins to answer: HEAD is not in the methods.
ask() {
  local settings=$1 uri line status= size=- message="no answer"
  uri=$(plain_uri "$2")
  local method=$methods/${uri%%:*} scratch
  [ -x "$method" ] || { echo "APT has no way for ${uri%%:*}:"; return 1; }
  scratch=$(mktemp)
  coproc answer { exec timeout -k 1 25 "$method" 2>/dev/null; }
  local pid=$answer_PID in=${answer[0]} out=${answer[1]}
  { cat "$settings"; printf '600 URI Acquire\nURI: %s\nFilename: %s\n\n' "$uri" "$scratch"; } >&"$out" 2>/dev/null || true
  while IFS= read -r -t 26 line <&"$in"; do
    case $line in
      "200 URI Start"|"201 URI Done") status=0 ;;
      "400 URI Failure") status=1 ;;
      "403 Media Change"*) status=1; break ;;
      "Size: "*) size=${line#Size: } ;;
      "Message: "*) message=$(reason "E: Failed to fetch $uri ${line#Message: }") ;;
      "") [ -z "$status" ] || break ;;
    esac
  done
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  rm -f "$scratch"
  if [ "$status" = 0 ]; then echo "$size"; else echo "$message"; return 1; fi
}

# ask_all SETTINGS: asks for each line "URI SIZE ..." of the input, several at a time, and prints the lines that nobody
# would serve, each with "# " and the reason behind it. A plain server is asked by HEAD on connections that stay open,
# which is quick; what that does not settle (a proxy, TLS, any other answer) is asked again in APT's own way.
ask_all() {
  local settings=$1 work number workers=12
  work=$(mktemp -d)
  split -n "r/$workers" --numeric-suffixes=0 -a 2 - "$work/in."
  for number in "$work"/in.*; do ask_some "$settings" <"$number" >"$number.out" & done
  wait
  cat "$work"/in.*.out
  rm -rf "$work"
}

ask_some() {
  local settings=$1 uri size rest host="" peer="" path got line code proxy
  proxy=$(grep -ciE '^Config-Item: Acquire::https?::proxy' "$settings" || true)${http_proxy:-}
  while read -r uri size rest; do
    if [ -n "${ask_until:-}" ] && [ "$(printf '%(%s)T')" -ge "$ask_until" ]; then
      echo "$uri" >>"$unasked"
      continue
    fi
    got=
    if [ "$proxy" = 0 ] && [[ $uri =~ ^http://([A-Za-z0-9.-]+)(:([0-9]+))?(/.*)$ ]]; then
      peer=${BASH_REMATCH[1]}/${BASH_REMATCH[3]:-80} path=${BASH_REMATCH[4]}
      if [ "$peer" != "$host" ]; then
        host=
        { exec 5<>"/dev/tcp/$peer"; } 2>/dev/null && host=$peer
      fi
      if [ -n "$host" ]; then
        code=
        printf 'HEAD %s HTTP/1.1\r\nHost: %s\r\nConnection: keep-alive\r\n\r\n' "$path" "${host%/80}" >&5 2>/dev/null || true
        while IFS= read -r -t 20 line <&5; do
          line=${line%$'\r'}
          case ${line,,} in
            http/1.*) code=${line#* } code=${code%% *} ;;
            content-length:*) got=${line##*[: ]} ;;
            connection:*close*) host= ;;
            "") break ;;
          esac
        done
        # Anything but a plain answer may leave a body behind: that connection is of no more use.
        if [ "$code" != 200 ]; then got= host=; fi
      fi
    fi
    if [ "$got" != "$size" ]; then
      if ! got=$(ask "$settings" "$uri"); then
        echo "$uri $size $rest # $got"
      elif [ "$got" != - ] && [ "$got" != "$size" ]; then
        echo "$uri $size $rest # $got bytes instead of $size"
      fi
    fi
  done
}
