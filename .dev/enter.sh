# Runs inside fresh namespaces, before the change of root; see enter_root in root.sh.
set -e
if [ -n "$WRITE" ]; then
  mount --bind "$ROOT" "$MNT"
  mount -t tmpfs -o mode=1777 tmpfs "$MNT/tmp"
else
  # A skeleton in memory: what a command writes outside the bound folders is gone when it ends.
  mount -t tmpfs -o mode=755 tmpfs "$MNT"
  for entry in "$ROOT"/*; do
    name=${entry##*/}
    if [ -L "$entry" ]; then
      cp -P "$entry" "$MNT/$name"
    elif [ -d "$entry" ]; then
      mkdir "$MNT/$name"
      case $name in
        bin|boot|etc|lib|lib64|sbin|usr|var)
          mount --bind "$entry" "$MNT/$name"
          mount -o remount,bind,ro "$MNT/$name" ;;
      esac
    fi
  done
  chmod 1777 "$MNT/tmp"
  mkdir -p "$MNT/run/lock" "$MNT/run/postgresql" "$MNT/tmp/.X11-unix"
  chmod 1777 "$MNT/run/lock" "$MNT/run/postgresql" "$MNT/tmp/.X11-unix"
fi
if [ -n "$KEEP" ]; then mount --rbind /proc "$MNT/proc"; else mount -t proc proc "$MNT/proc"; fi
mount --rbind /dev "$MNT/dev"
for bind in $BINDS; do
  mkdir -p "$MNT${bind#*=}"
  mount --rbind "${bind%%=*}" "$MNT${bind#*=}"
done
exec chroot "$MNT" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" XDG_RUNTIME_DIR=/run USER=root \
  ${DISPLAY:+DISPLAY="$DISPLAY"} ${CI:+CI="$CI"} \
  ${SOURCE_DATE_EPOCH:+SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH"} ${CMMS_SIGN:+CMMS_SIGN="$CMMS_SIGN"} \
  /bin/bash -c 'cd "$1" 2>/dev/null || cd /; shift; exec "$@"' enter "$PWD" "$@"
