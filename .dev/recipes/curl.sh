# libcurl for Windows: static, HTTP, SMTP and both over TLS only, on Schannel.
. "$(dirname "$0")/common.sh"
unpack curl
cat >mingw.cmake <<END
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_C_COMPILER $host-gcc)
set(CMAKE_RC_COMPILER $host-windres)
END
# As its HTTP_ONLY, but for SMTP: notices by mail.
off=
for protocol in DICT FILE FTP GOPHER IMAP IPFS LDAP LDAPS MQTT POP3 RTSP SMB TELNET TFTP; do
  off="$off -DCURL_DISABLE_$protocol=ON"
done
cmake -G Ninja -S curl -B curl-build -DCMAKE_TOOLCHAIN_FILE="$work/mingw.cmake" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_INSTALL_PREFIX="$out" $off -DCURL_USE_SCHANNEL=ON -DBUILD_SHARED_LIBS=OFF \
  -DBUILD_STATIC_LIBS=ON -DBUILD_CURL_EXE=OFF -DCURL_TARGET_WINDOWS_VERSION=0x0A00 -DCURL_USE_LIBPSL=OFF \
  -DCURL_USE_LIBSSH2=OFF -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF \
  -DBUILD_TESTING=OFF -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF
cmake --build curl-build
cmake --install curl-build
cp curl/COPYING "$out/LICENSE"
