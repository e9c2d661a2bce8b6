# For the recipes that run in the root. $out is the folder to fill.
set -e
out=$1
host=x86_64-w64-mingw32ucrt # msvcrt.dll is one that PostgreSQL and mingw-w64 have given up
jobs=$(nproc)
work=$(mktemp -d)
cd "$work"
# unpack PACKAGE: the pristine upstream source (Debian's patches are left out), in ./PACKAGE.
unpack() {
  mkdir "$1"
  tar -xf /opt/sources/"$1"_*.orig.tar.* -C "$1" --strip-components=1 --no-same-owner
}
