/*
 * age_vectors.h: small files of age, good and bad, made by tests/e2e/age_reference.py (`vectors`), which follows the
 * specification (C2SP, age-encryption.org/v1) and knows nothing of our code. The file key is "YELLOW SUBMARINE", the
 * content "a backup".
 */
#ifndef CMMS_TEST_AGE_VECTORS_H
#define CMMS_TEST_AGE_VECTORS_H

#include <stddef.h>

#define VECTOR_IDENTITY "AGE-SECRET-KEY-1QYPQXPQ9QCRSSZG2PVXQ6RS0ZQG3YYC5Z5TPWXQERGD3C8G7RUSQGPQYEE"
#define VECTOR_RECIPIENT "age1q73he0q5yzfu3d64msd3p6rvksnrwjk3d2598mgtmlqt9wrdr37q2vrn72"
#define VECTOR_PASSPHRASE "correct horse"
#define VECTOR_CONTENT "a backup"

typedef struct AgeVector {
    const char *name;
    const char *outcome; /* "ok"; "foreign", "damaged", "refused": the header; "content" */
    size_t len;
    const char *bytes;
} AgeVector;

static const AgeVector age_vectors[] = {
    {"x25519", "ok", 208,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"x25519, empty content", "ok", 200,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017a\334~\013c\377\227>BI\304\232\240\237SS"},
    {"scrypt", "ok", 189,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 2\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzKb"
     "g\012--- vqQFif1J308/h4pYnnHX0GCYSM7STJbkAYV8yUbc8oI\012\000\001\002\003\004\005\006\007\010\011\012\013\014"
     "\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"for two keys, the first of somebody else", "ok", 306,
     "age-encryption.org/v1\012-> X25519 IZ5NgA2paNKl/LAJx4T0dGxxOO257khEtznoMLBc9CQ\012xqDDfrfbPVDtYHjSCklV+UU"
     "1Ek/bIYDvP0VBoRtU6UM\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeqi"
     "6D6ZSUOr1tWQ//IXMMc\012--- sjmNwdo0K4H1Pn9o5vxkhOd6NdUPHKTsKWipjCrG8PM\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a stanza that nobody knows", "ok", 238,
     "age-encryption.org/v1\012-> grease !\042#$%&' ()*+,-./ 0\012\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsL"
     "egLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--- 37yTO3cmRR4siXChtILfz9f0W8qCfIRfNFGcfD"
     "2vEOE\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375"
     "\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"a body of a full line and an empty one", "ok", 282,
     "age-encryption.org/v1\012-> full\012AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\012\012"
     "-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012-"
     "-- 6Tj3TYaAq861yS217+e3tNsG/Be1H2Za+q1FLGhIMmw\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015"
     "\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"for somebody else", "refused", 208,
     "age-encryption.org/v1\012-> X25519 IZ5NgA2paNKl/LAJx4T0dGxxOO257khEtznoMLBc9CQ\012xqDDfrfbPVDtYHjSCklV+UU"
     "1Ek/bIYDvP0VBoRtU6UM\012--- oF816dLs8aDD6yTGw/Vn26zCPP1Fzh5z3l1vBgknzt8\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"for nobody that is known", "refused", 140,
     "age-encryption.org/v1\012-> grease !\042#$%&' ()*+,-./ 0\012\012--- g2tfgyg2YjCjECVk8gIuLzQKlaf+kiBmwSKVW"
     "srkF8o\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*"
     "\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"nothing", "foreign", 0,
     ""},
    {"the next version", "foreign", 208,
     "age-encryption.org/v2\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"an armored one", "foreign", 35,
     "-----BEGIN AGE ENCRYPTED FILE-----\012"},
    {"CR behind the version", "foreign", 209,
     "age-encryption.org/v1\015\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhK"
     "Baeqi6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006"
     "\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$"
     "g\210\237"},
    {"no stanza", "damaged", 110,
     "age-encryption.org/v1\012--- u/LRnSo3V8xM5dGMyy1IhPiaN0QaOWlkm5TqbhNCRew\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"it ends in the header", "damaged", 60,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwR"},
    {"no line end behind the MAC", "damaged", 167,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0"},
    {"the MAC is of another header", "damaged", 208,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a MAC of 31 bytes", "damaged", 207,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbQ\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"no MAC", "damaged", 164,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012---\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017,\313\375q"
     "\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"two spaces before the MAC", "damaged", 209,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012---  QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a space behind the MAC", "damaged", 209,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0 \012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a MAC in another form", "damaged", 208,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G1\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"the stanza was added later", "damaged", 238,
     "age-encryption.org/v1\012-> grease !\042#$%&' ()*+,-./ 0\012\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsL"
     "egLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx"
     "7q5G0\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375"
     "\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"= behind a body", "damaged", 209,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc=\012--- pAJcY9C1hv4RYBigtU5PF/tRcjP8Lwu3ZNpZwk6JiDs\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a body in another form", "damaged", 208,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMd\012--- KsGzOKNcdSOgpHXz01TT0ZU9TCDNWExHI2ZUetWmvRs\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a body of one character more", "damaged", 210,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMcAA\012--- zxH3SdR6f64bU5bulCIIgyiu+b/2kF2yM/7TwJuED1M\012\000\001\002\003\004\005\006"
     "\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$"
     "g\210\237"},
    {"a full line of a body and no more", "damaged", 281,
     "age-encryption.org/v1\012-> full\012AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\012-"
     "> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--"
     "- gtlnfWnpqueatwo6dk+GLozOhEw+qhH1G/AKTlnPi98\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015"
     "\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"a line of 68 in a body", "damaged", 285,
     "age-encryption.org/v1\012-> full\012AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\012"
     "-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012-"
     "-- jf5uxtGB66ggmixJPbwEmIz1s0R+goJ8rz2FRx7HxQo\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015"
     "\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"CR in a body", "damaged", 209,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\015\012--- SX8OgnWona14tTum7N+pbXpw1CaoA/55oMmDPKgQ1Po\012\000\001\002\003\004\005\006"
     "\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$"
     "g\210\237"},
    {"a stanza without a kind", "damaged", 213,
     "age-encryption.org/v1\012-> \012\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMP"
     "VXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--- aX2eI2ENAtOcE0XMPJmOIqNmQU/jSYt5wIJblgKQeyE\012\000\001\002\003\004"
     "\005\006\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313"
     "Y\270$g\210\237"},
    {"two spaces in a stanza", "damaged", 217,
     "age-encryption.org/v1\012-> a  b\012\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sit"
     "iBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--- 1FQiPAi6WKBtxeL2snxy45wpcAApZ5vz+p31GsgPYoQ\012\000\001\002\003"
     "\004\005\006\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206"
     "\313Y\270$g\210\237"},
    {"a space behind a stanza", "damaged", 215,
     "age-encryption.org/v1\012-> a \012\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiB"
     "MPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--- lVm+wpsphxF7w4fae0F+IRscxHgi0jUCqmA/uT5eRUw\012\000\001\002\003\004"
     "\005\006\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313"
     "Y\270$g\210\237"},
    {"a letter that is none in a stanza", "damaged", 215,
     "age-encryption.org/v1\012-> a\177\012\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3si"
     "tiBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--- xI9tVxDxTj8uMMuBjQOkAqKIW6AxMb6RNJ4cDmXcGyk\012\000\001\002\003"
     "\004\005\006\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206"
     "\313Y\270$g\210\237"},
    {"a NUL in a stanza", "damaged", 215,
     "age-encryption.org/v1\012-> a\000\012\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3si"
     "tiBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--- Ct6+1FdgkYMh1iDWJYT5rL4EKWpkfmTHmNIAZbgb7Uc\012\000\001\002\003"
     "\004\005\006\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206"
     "\313Y\270$g\210\237"},
    {"no body", "damaged", 213,
     "age-encryption.org/v1\012-> a\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXc"
     "DuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--- OhoRfjOuRjBqdcEjXjmyOS8eDDo6iH2p+AQKLTO/9wM\012\000\001\002\003\004\005"
     "\006\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270"
     "$g\210\237"},
    {"X25519 with one argument more", "damaged", 210,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ 1\0125hJk3sitiBMPVXcDuhKBa"
     "eqi6D6ZSUOr1tWQ//IXMMc\012--- i3rcbb5IgqwnYO3jlyru1qFBqhw0770fB9wPZYliFT0\012\000\001\002\003\004\005\006"
     "\007\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$"
     "g\210\237"},
    {"X25519 without its share", "damaged", 164,
     "age-encryption.org/v1\012-> X25519\0125hJk3sitiBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc\012--- cwNIbAwPzjUHT2Jz"
     "WPHSbmYqXIYUIOdPIE6Q26U7R00\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017,\313\375q"
     "\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"x25519 in small letters is another kind", "refused", 208,
     "age-encryption.org/v1\012-> x25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- EP4+EBjo+ajcLphkHrw4h1+xxHQhP1sbUdoudZydzVU\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a share of 31 bytes", "damaged", 207,
     "age-encryption.org/v1\012-> X25519 c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzcw\0125hJk3sitiBMPVXcDuhKBaeqi"
     "6D6ZSUOr1tWQ//IXMMc\012--- P4JQYeL8JZ6YhXvO/uuSwH3M+kV/HgSY5GQNpUQ1Fns\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a share in another form", "damaged", 208,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCR\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- cmhfqE0qAQcAMHtacqbigQCtscJvvdPU3XdLcsQqEjg\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a share that is no secret", "damaged", 208,
     "age-encryption.org/v1\012-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- 3ggzn7z5vLZ1PFcddKelAwBHuCy4J83hoCjrSN9Ms1E\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a file key of 17 bytes", "damaged", 209,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaVO"
     "akIf81ZYfW9oRbsuSDLla\012--- hYQNoerMwGH3yn2UZrrKJNcSTcN9OT4OwIY7pfK2FcQ\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"a file key that was changed", "refused", 208,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\012a2tra2tra2tra2tra2tra2t"
     "ra2tra2tra2tra2tra2s\012--- QowSif+VfL5lWVRL6CE+HZL1e/ZZeYr90izOK+LE92s\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237"},
    {"scrypt beside another", "damaged", 287,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 2\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzKb"
     "g\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeqi6D6ZSUOr1tWQ//IXMMc"
     "\012--- mveFu76soG3fNsnqQ0rSvT6uVXkl9/P7O6rt0i3O35I\012\000\001\002\003\004\005\006\007\010\011\012\013\014"
     "\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt behind another", "damaged", 287,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 2\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzKbg"
     "\012--- cDJi/xOrlrbL6Yz5YenDs2ekANGrBnbnXKsNg3xL9G0\012\000\001\002\003\004\005\006\007\010\011\012\013\014"
     "\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt twice", "damaged", 268,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 2\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzKb"
     "g\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 2\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzKbg\012--- zOEcjfOgd2/"
     "EmoZdGg+85XWLNylvS/YSzgRMLTicacI\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017,\313"
     "\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, one argument more", "damaged", 191,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 2 2\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nz"
     "Kbg\012--- 78D3jZLTCl8iUP29GfxDIOwvtkg/jN3Ur3By4yJOfb8\012\000\001\002\003\004\005\006\007\010\011\012\013"
     "\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, a salt of 15 bytes", "damaged", 187,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nz 2\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzKbg\012"
     "--- u8kSGik2aA927SBPBtLjqzQbqip85drT6XjQs5dGq2w\012\000\001\002\003\004\005\006\007\010\011\012\013\014\015"
     "\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, 2^21", "damaged", 190,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 21\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzK"
     "bg\012--- mWcBmW74sGNg1YdAP9R4o1hST3L/VsLAd35qU1D+anE\012\000\001\002\003\004\005\006\007\010\011\012\013"
     "\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, 2^64", "damaged", 190,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 64\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzK"
     "bg\012--- pGHIV/dBmZUULNA7PLjvRETxoYHjh7iz0XjJh1iwayY\012\000\001\002\003\004\005\006\007\010\011\012\013"
     "\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, 2^02", "damaged", 190,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 02\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzK"
     "bg\012--- 9Krk2jPNhBdRYbH0rRZ1ALv6N0HOYbOMoPhDPzeBm40\012\000\001\002\003\004\005\006\007\010\011\012\013"
     "\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, 2^+2", "damaged", 190,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw +2\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzK"
     "bg\012--- 83aqdlFhjf72xOF9zQwASc5TY25Zu+Q5wGMKqlBEpkA\012\000\001\002\003\004\005\006\007\010\011\012\013"
     "\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, 2^-2", "damaged", 190,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw -2\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzK"
     "bg\012--- G0WccwySxkr2hwwnPTQFRg7s+0Rdm8BAO7qPJo8R2WA\012\000\001\002\003\004\005\006\007\010\011\012\013"
     "\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, 2^0", "damaged", 189,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 0\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzKb"
     "g\012--- d0bFWSERvPgTTLGkUXK9doDFLhj6lsK6ktufSc5dQQ0\012\000\001\002\003\004\005\006\007\010\011\012\013\014"
     "\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, 2^2x", "damaged", 190,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 2x\012kvgiS/dAK2joYB+u7lx42aN0w706HhZxpPiiA8nzK"
     "bg\012--- BbdFFWoRfEdFGQM3YwaTT3I9+nVNM4BEcLXOAG5X8DM\012\000\001\002\003\004\005\006\007\010\011\012\013"
     "\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"scrypt, another passphrase", "refused", 189,
     "age-encryption.org/v1\012-> scrypt c3Nzc3Nzc3Nzc3Nzc3Nzcw 2\012jvpsyAjYo+pnnj8havo7uEWeWoG70KY2mnwIb4UGAf"
     "E\012--- BYM+peUmVr/OnHhuHpk1WI47NrGQK3Mot6HSkEPfAR8\012\000\001\002\003\004\005\006\007\010\011\012\013\014"
     "\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210\237"},
    {"no nonce", "content", 168,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012"},
    {"half a nonce", "content", 176,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"},
    {"no chunk", "content", 184,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017"},
    {"half a tag", "content", 192,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343"},
    {"a flipped bit", "content", 208,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\236"},
    {"a byte behind its end", "content", 209,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017,\313\375q\002\213\246\343\011*\375\276\376\000\035\361\206\313Y\270$g\210"
     "\237x"},
    {"the last chunk is not marked so", "content", 208,
     "age-encryption.org/v1\012-> X25519 +0Gx/PdcEif6CIdgVqXtB6xE/gwRbsLegLjlI5WdeCQ\0125hJk3sitiBMPVXcDuhKBaeq"
     "i6D6ZSUOr1tWQ//IXMMc\012--- QtFhwUmbLkpuotp8KwVnyM3TCpb+5j/7bqiHmx7q5G0\012\000\001\002\003\004\005\006\007"
     "\010\011\012\013\014\015\016\017\303\263\362~\037\343\250\213,i\355 \3744\222\270\3620M\331\023~\316\316"},
};

#endif
