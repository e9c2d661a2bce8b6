# zlib, zstd, lz4, cJSON and, for the tests, cmocka for Windows, as static libraries.
. "$(dirname "$0")/common.sh"
mkdir -p "$out/lib" "$out/include/cjson" "$out/licenses"
unpack zlib
( cd zlib && CHOST=$host CFLAGS="-O2 -pipe" ./configure --static && make -j"$jobs" libz.a
  cp libz.a "$out/lib/"; cp zlib.h zconf.h "$out/include/"; cp LICENSE "$out/licenses/zlib" )
unpack libzstd
( cd libzstd && make -C lib -j"$jobs" libzstd.a CC=$host-gcc AR=$host-ar OS=Windows_NT TARGET_SYSTEM=Windows_NT \
    ZSTD_LEGACY_SUPPORT=0 ZSTD_LIB_DEPRECATED=0 ZSTD_LIB_DICTBUILDER=0
  cp lib/libzstd.a "$out/lib/"; cp lib/zstd.h lib/zstd_errors.h "$out/include/"; cp LICENSE "$out/licenses/zstd" )
unpack lz4
( cd lz4 && make -C lib -j"$jobs" liblz4.a CC=$host-gcc AR=$host-ar TARGET_OS=Windows_NT BUILD_SHARED=no
  cp lib/liblz4.a "$out/lib/"; cp lib/lz4.h lib/lz4hc.h lib/lz4frame.h "$out/include/"; cp lib/LICENSE "$out/licenses/lz4" )
unpack cjson
( cd cjson && $host-gcc -O2 -DCJSON_HIDE_SYMBOLS -c cJSON.c -o cJSON.o && $host-ar rcs "$out/lib/libcjson.a" cJSON.o
  cp cJSON.h "$out/include/cjson/"; cp LICENSE "$out/licenses/cjson" )
unpack cmocka
cmake -G Ninja -S cmocka -B cmocka-build -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER=$host-gcc \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$out" -DBUILD_SHARED_LIBS=OFF -DWITH_EXAMPLES=OFF \
  -DUNIT_TESTING=OFF -DCMAKE_POLICY_VERSION_MINIMUM=3.5
cmake --build cmocka-build
cmake --install cmocka-build
cp cmocka/COPYING* "$out/licenses/cmocka" 2>/dev/null || cp cmocka/LICENSE* "$out/licenses/cmocka"
