# PostgreSQL for Windows. $2: package, $3: "engine" for the server as well, or "client".
. "$(dirname "$0")/common.sh"
package=$2 what=$3
unpack "$package"
# Servers from 17.12 on (November 2026) keep a mark of their own, pg_attver, among each column's options. Their pg_dump
# leaves it out, and so must an older one: older servers refuse it, and the backup could not be restored there.
sed -i "s/array_to_string(a.attoptions, ', ')/array_to_string(ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE substr(o, 1, 10) <> 'pg_attver='), ', ')/" \
  "$package"/src/bin/pg_dump/pg_dump.c
grep -q pg_attver "$package"/src/bin/pg_dump/pg_dump.c
deps="/opt/archivers /opt/openssl"
cppflags= ldflags=
for d in $deps; do cppflags="$cppflags -I$d/include" ldflags="$ldflags -L$d/lib"; done
# Windows' own programs take their arguments, environment and file names in the ANSI code page unless a manifest
# says UTF-8: with it a user called "Jürgen 中", and such a password, reach the tools and the server whole.
cat >utf8.manifest <<'END'
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3"><security><requestedPrivileges>
    <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
  </requestedPrivileges></security></trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1"><application>
    <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
  </application></compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3"><windowsSettings>
    <activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8</activeCodePage>
    <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
  </windowsSettings></application>
</assembly>
END
echo '1 24 "utf8.manifest"' >utf8.rc
$host-windres -O coff utf8.rc utf8.o
# uuid-ossp is written for a library of UUIDs. It needs three functions of that, of which these do what Linux' own does.
mkdir -p uuid/uuid
cat >uuid/uuid/uuid.h <<'END'
#undef uuid_t
typedef unsigned char uuid_t[16];
static inline void uuid_generate_random(unsigned char *uu)
{
	if (!pg_strong_random(uu, 16))
		elog(ERROR, "no random numbers");
	uu[6] = (unsigned char) ((uu[6] & 0x0f) | 0x40);
	uu[8] = (unsigned char) ((uu[8] & 0x3f) | 0x80);
}
/* By time, and by a node that is chosen for each session, as of a PC without a network card (RFC 4122, 4.5). */
static inline void uuid_generate_time(unsigned char *uu)
{
	static unsigned char node[16];
	static uint64 last;
	FILETIME now;
	uint64 time;
	if (last == 0)
	{
		uuid_generate_random(node);
		node[10] |= 0x01;
	}
	GetSystemTimeAsFileTime(&now);
	time = ((uint64) now.dwHighDateTime << 32 | now.dwLowDateTime) + UINT64CONST(5748192000000000); /* 1582 to 1601 */
	last = time > last ? time : last + 1;
	for (int i = 0; i < 4; i++)
		uu[i] = (unsigned char) (last >> (24 - 8 * i));
	uu[4] = (unsigned char) (last >> 40);
	uu[5] = (unsigned char) (last >> 32);
	uu[6] = (unsigned char) ((last >> 56 & 0x0f) | 0x10);
	uu[7] = (unsigned char) (last >> 48);
	memcpy(uu + 8, node + 8, 8);
}
static inline void uuid_unparse(const unsigned char *uu, char *out)
{
	for (int i = 0; i < 16; i++)
		out += sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uu[i]);
}
END
mkdir build
cd build
# pkg-config knows nothing of the cross-built libraries; the paths above are all that configure needs.
../"$package"/configure --host=$host --build=x86_64-linux-gnu --prefix=/pgsql \
  --without-readline --without-icu --with-openssl --with-zlib --with-lz4 --with-zstd \
  $([ "$what" = engine ] || echo --with-system-tzdata=/usr/share/zoneinfo) \
  CPPFLAGS="$cppflags" CFLAGS="-O2 -pipe" LDFLAGS="$ldflags -static-libgcc" LDFLAGS_EX="$work/utf8.o" ZIC=/usr/sbin/zic \
  LZ4_CFLAGS=-I/opt/archivers/include LZ4_LIBS=-llz4 ZSTD_CFLAGS=-I/opt/archivers/include ZSTD_LIBS=-lzstd
make -j"$jobs" -C src/backend generated-headers
# Nearly every file begins with one of these two headers, and they with Windows' own, which take the compiler longer
# than the rest of the file. They are read once for each set of options; a file with other options reads them as before.
compiler=$(printf '%s\n' 'subdir = src' 'top_builddir = .' 'include src/Makefile.global' 'show:' \
  "	@printf '%s\n' '\$(CC) \$(CFLAGS) \$(CPPFLAGS)'" | make -s -f - show)
precompile() {
  mkdir -p "src/include/$1.gch"
  ln -sf "$PWD/../$package/src/include/$1" "src/include/$1" # what includes it once more looks beside the precompiled one
  eval "$compiler $3 -x c-header -o src/include/$1.gch/$2 ../$package/src/include/$1"
}
precompile postgres.h backend -DBUILDING_DLL &
precompile postgres.h module -fvisibility=hidden
wait
precompile postgres_fe.h shared "-DFRONTEND -DBUILDING_DLL" &
precompile postgres_fe.h library -DFRONTEND
wait
precompile postgres_fe.h program ""
parts="src/interfaces/libpq src/bin/pg_dump"
[ "$what" != engine ] || parts="$parts src/backend src/include src/timezone src/backend/snowball
  src/backend/utils/mb/conversion_procs src/backend/replication/libpqwalreceiver src/pl/plpgsql/src
  src/bin/initdb src/bin/pg_ctl src/bin/psql contrib/btree_gin contrib/btree_gist contrib/citext contrib/cube
  contrib/earthdistance contrib/fuzzystrmatch contrib/hstore contrib/intarray contrib/isn contrib/ltree
  contrib/pg_stat_statements contrib/pg_trgm contrib/tablefunc contrib/tcn contrib/unaccent
  contrib/dict_int contrib/postgres_fdw contrib/file_fdw contrib/seg contrib/lo contrib/pgcrypto contrib/uuid-ossp"
stage=$work/stage
for part in $parts; do
  [ -d "$part" ] || continue
  more=()
  [ "$part" != contrib/uuid-ossp ] ||
    more=("PG_CPPFLAGS=-I$work/uuid -DHAVE_UUID_E2FS=1 -DHAVE_UUID_UUID_H=1" UUID_LIBS=)
  make -j"$jobs" -C "$part" ${more[@]+"${more[@]}"}
  make -C "$part" install DESTDIR="$stage" ${more[@]+"${more[@]}"}
done
mkdir -p "$out"
cp -r "$stage"/pgsql/. "$out/"
rm -rf "$out/lib/pgxs" "$out/share/doc" "$out/share/man"
cp /opt/openssl/bin/*.dll "$out/bin/"
[ ! -f "$out/lib/libpq.dll" ] || mv "$out/lib/libpq.dll" "$out/bin/"
find "$out/bin" "$out/lib" \( -name '*.exe' -o -name '*.dll' \) -exec $host-strip {} +
cp ../"$package"/COPYRIGHT "$out/LICENSE"
# What else is imported and is not Windows' own comes along: the compiler's thread library, if any.
for dll in libwinpthread-1.dll; do
  if $host-objdump -p "$out"/bin/*.exe "$out"/bin/*.dll | grep -q "DLL Name: $dll"; then
    cp "$(find /usr/$host /usr/lib/gcc/$host -name "$dll" | head -1)" "$out/bin/"
    $host-strip "$out/bin/$dll"
  fi
done
