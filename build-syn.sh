cd /work/w-restore
for f in "$@"; do nice -n 19 gcc -fsyntax-only -std=c17 -D_GNU_SOURCE -Iinclude -Isrc -isystem /usr/include/postgresql -isystem /usr/include/cjson -Wall -Wextra -Wpedantic -Wconversion -Wvla -Wshadow -Wstrict-prototypes -Wmissing-prototypes -include include/banned.h $f 2>&1 | grep -E "error|warning" ; done
