# Runs a command on the display there is, else on an invisible one with a window manager. Inside the root.
if [ -z "${DISPLAY:-}" ]; then
  fifo=$(mktemp -u)
  mkfifo "$fifo"
  Xvfb -displayfd 3 -screen 0 1280x960x24 -nolisten tcp 3>"$fifo" 2>/dev/null &
  read -r number <"$fifo"
  export DISPLAY=:$number CMMS_INVISIBLE=1
  openbox >/dev/null 2>&1 &
fi
"$@"
