# OpenSSL for Windows: two DLLs, with only what a PostgreSQL client needs to speak TLS, what age.h needs (scrypt), and
# the ciphers that the engine's pgcrypto names (bf, cast, des; without the legacy provider they are names alone).
. "$(dirname "$0")/common.sh"
unpack openssl
cd openssl
no="tests apps docs makedepend engine legacy module dso padlockeng capieng winstore uplink dgram dtls quic srtp
  sctp tfo http ocsp cmp cms ts ct comp srp psk nextprotoneg rfc3779 multiblock async ui-console ssl-trace
  thread-pool default-thread-pool integrity-only-ciphers ssl3 tls1 tls1_1 tls1-method tls1_1-method
  tls-deprecated-ec ec2m sm2 gost aria blake2 camellia dsa idea md4 mdc2 ocb rc2 rc4 rc5 rmd160
  seed siphash siv sm3 sm4 whirlpool ml-dsa ml-kem slh-dsa argon2 autoload-config"
# Where it looks for its configuration and certificates: a folder that nobody but an administrator can make. Its own
# choice, \usr\local\ssl of the current drive, every user of a PC can (CVE-2019-1552; its issue 24528).
./Configure mingw64 --cross-compile-prefix=$host- shared --release $(for n in $no; do echo no-$n; done) \
  --openssldir=C:/Windows/System32/cmms-backup-none CFLAGS="-O2 -pipe"
make -j"$jobs" build_generated
make -j"$jobs" libcrypto-3-x64.dll libssl-3-x64.dll libcrypto.dll.a libssl.dll.a
mkdir -p "$out/bin" "$out/lib" "$out/include"
cp libcrypto-3-x64.dll libssl-3-x64.dll "$out/bin/"
cp libcrypto.dll.a libssl.dll.a "$out/lib/"
cp -r include/openssl "$out/include/"
$host-strip "$out"/bin/*.dll
cp LICENSE.txt "$out/LICENSE"
