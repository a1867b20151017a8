// Cyclic redundancy checks. All are reflected, begin with all ones and end inverted, so that a value can be carried on from call to call.
#define _GNU_SOURCE
#include "CSystem.h"

#include <pthread.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

// Eight tables each, for eight bytes a step ("slicing by 8", Kounavis and Berry, 2005).
static uint32_t table_32[8][256];
static uint32_t table_32c[8][256];
static uint64_t table_64[8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void fill_32(uint32_t table[8][256], uint32_t polynomial) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? polynomial : 0);
    table[0][byte] = value;
  }
  for (int step = 1; step < 8; step++)
    for (uint32_t byte = 0; byte < 256; byte++)
      table[step][byte] = table[step - 1][byte] >> 8 ^ table[0][table[step - 1][byte] & 255];
}

static void fill_tables(void) {
  fill_32(table_32, 0xEDB88320u);
  fill_32(table_32c, 0x82F63B78u);
  for (uint64_t byte = 0; byte < 256; byte++) {
    uint64_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? 0x9A6C9329AC4BC9B5ull : 0);
    table_64[0][byte] = value;
  }
  for (int step = 1; step < 8; step++)
    for (int byte = 0; byte < 256; byte++)
      table_64[step][byte] = table_64[step - 1][byte] >> 8 ^ table_64[0][table_64[step - 1][byte] & 255];
}

static inline uint64_t next_eight(const uint8_t *at) {
  uint64_t eight;
  memcpy(&eight, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  eight = __builtin_bswap64(eight);
#endif
  return eight;
}

static uint32_t sliced_32(uint32_t table[8][256], uint32_t value, const uint8_t *at, size_t count) {
  pthread_once(&tables_once, fill_tables);
  for (; count >= 8; at += 8, count -= 8) {
    uint64_t eight = next_eight(at) ^ value;
    value = table[7][eight & 255] ^ table[6][eight >> 8 & 255] ^ table[5][eight >> 16 & 255] ^ table[4][eight >> 24 & 255] ^
            table[3][eight >> 32 & 255] ^ table[2][eight >> 40 & 255] ^ table[1][eight >> 48 & 255] ^ table[0][eight >> 56];
  }
  for (; count > 0; at++, count--) value = value >> 8 ^ table[0][(value ^ *at) & 255];
  return value;
}

static uint64_t sliced_64(uint64_t value, const uint8_t *at, size_t count) {
  pthread_once(&tables_once, fill_tables);
  for (; count >= 8; at += 8, count -= 8) {
    value ^= next_eight(at);
    value = table_64[7][value & 255] ^ table_64[6][value >> 8 & 255] ^ table_64[5][value >> 16 & 255] ^ table_64[4][value >> 24 & 255] ^
            table_64[3][value >> 32 & 255] ^ table_64[2][value >> 40 & 255] ^ table_64[1][value >> 48 & 255] ^ table_64[0][value >> 56];
  }
  for (; count > 0; at++, count--) value = value >> 8 ^ table_64[0][(value ^ *at) & 255];
  return value;
}

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>

// Folding with carry-less products (Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel, 2009): sixteen bytes
// are carried on over a distance as their product with a power of x, which changes nothing modulo the polynomial. What is left, sixteen
// bytes that stand for all before them, goes through the tables like any others.
typedef struct {
  uint64_t near[2], far[2]; // over 16 and over 64 bytes, for the first eight bytes and for the last
} fold_keys;

static fold_keys keys_32, keys_64;
static pthread_once_t keys_once = PTHREAD_ONCE_INIT;

// x to a power modulo a reflected polynomial whose terms stand in the upper bits.
static uint64_t power_of_x(int power, uint64_t polynomial, int degree) {
  uint64_t value = 1ull << 63, end = 1ull << (64 - degree);
  for (; power > 0; power--) value = (value & ~end) >> 1 ^ (value & end ? polynomial : 0);
  return value;
}

// The product of two reflected words lies one bit too low, which one power less makes up for.
static fold_keys keys_of(uint64_t polynomial, int degree) {
  fold_keys keys = {
    .near = {power_of_x(128 + 64 - 1, polynomial, degree), power_of_x(128 - 1, polynomial, degree)},
    .far = {power_of_x(512 + 64 - 1, polynomial, degree), power_of_x(512 - 1, polynomial, degree)},
  };
  return keys;
}

static void fill_keys(void) {
  keys_32 = keys_of(0xEDB88320ull << 32, 32);
  keys_64 = keys_of(0x9A6C9329AC4BC9B5ull, 64);
}

__attribute__((target("pclmul,sse4.1"))) static inline __m128i fold(__m128i block, __m128i keys, __m128i next) {
  return _mm_xor_si128(next, _mm_xor_si128(_mm_clmulepi64_si128(block, keys, 0x00), _mm_clmulepi64_si128(block, keys, 0x11)));
}

static inline __m128i block_at(const uint8_t *at) { return _mm_loadu_si128((const __m128i *)at); }

// Reduces the whole blocks of 64 bytes or more to `rest`, whose check beginning with 0 is that of all of them. Returns how many bytes those are.
__attribute__((target("pclmul,sse4.1"))) static size_t fold_blocks(
  const fold_keys *keys, uint64_t value, const uint8_t *at, size_t count, uint8_t rest[16]
) {
  const uint8_t *start = at;
  __m128i lanes[4], near = block_at((const uint8_t *)keys->near), far = block_at((const uint8_t *)keys->far);
  for (int lane = 0; lane < 4; lane++) lanes[lane] = block_at(at + 16 * lane);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_set_epi64x(0, (long long)value));
  for (at += 64, count -= 64; count >= 64; at += 64, count -= 64)
    for (int lane = 0; lane < 4; lane++) lanes[lane] = fold(lanes[lane], far, block_at(at + 16 * lane));
  __m128i all = fold(fold(fold(lanes[0], near, lanes[1]), near, lanes[2]), near, lanes[3]);
  for (; count >= 16; at += 16, count -= 16) all = fold(all, near, block_at(at));
  _mm_storeu_si128((__m128i *)rest, all);
  return (size_t)(at - start);
}

static int may_fold(size_t count) {
  if (count < 128 || !__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("sse4.1")) return 0;
  pthread_once(&keys_once, fill_keys);
  return 1;
}

static uint32_t fastest_32(uint32_t value, const uint8_t *at, size_t count) {
  if (!may_fold(count)) return sliced_32(table_32, value, at, count);
  uint8_t rest[16];
  size_t done = fold_blocks(&keys_32, value, at, count, rest);
  return sliced_32(table_32, sliced_32(table_32, 0, rest, 16), at + done, count - done);
}

static uint64_t fastest_64(uint64_t value, const uint8_t *at, size_t count) {
  if (!may_fold(count)) return sliced_64(value, at, count);
  uint8_t rest[16];
  size_t done = fold_blocks(&keys_64, value, at, count, rest);
  return sliced_64(sliced_64(0, rest, 16), at + done, count - done);
}

__attribute__((target("sse4.2"))) static uint32_t hardware_32c(uint32_t value, const uint8_t *at, size_t count) {
  uint64_t wide = value;
  for (; count >= 8; at += 8, count -= 8) wide = _mm_crc32_u64(wide, next_eight(at));
  value = (uint32_t)wide;
  for (; count > 0; at++, count--) value = _mm_crc32_u8(value, *at);
  return value;
}
static int has_hardware_32c(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__)
#include <arm_acle.h>
static uint32_t fastest_32(uint32_t value, const uint8_t *at, size_t count) { return sliced_32(table_32, value, at, count); }
static uint64_t fastest_64(uint64_t value, const uint8_t *at, size_t count) { return sliced_64(value, at, count); }
__attribute__((target("+crc"))) static uint32_t hardware_32c(uint32_t value, const uint8_t *at, size_t count) {
  for (; count >= 8; at += 8, count -= 8) value = __crc32cd(value, next_eight(at));
  for (; count > 0; at++, count--) value = __crc32cb(value, *at);
  return value;
}
static int has_hardware_32c(void) { return (getauxval(AT_HWCAP) & (1 << 7)) != 0; } // HWCAP_CRC32
#else
static uint32_t fastest_32(uint32_t value, const uint8_t *at, size_t count) { return sliced_32(table_32, value, at, count); }
static uint64_t fastest_64(uint64_t value, const uint8_t *at, size_t count) { return sliced_64(value, at, count); }
static uint32_t hardware_32c(uint32_t value, const uint8_t *at, size_t count) { return sliced_32(table_32c, value, at, count); }
static int has_hardware_32c(void) { return 0; }
#endif

uint32_t csystem_crc32c(uint32_t value, const void *bytes, size_t count) {
  return has_hardware_32c() ? ~hardware_32c(~value, bytes, count) : csystem_crc32c_by_table(value, bytes, count);
}

uint32_t csystem_crc32c_by_table(uint32_t value, const void *bytes, size_t count) {
  return ~sliced_32(table_32c, ~value, bytes, count);
}

uint32_t csystem_crc32(uint32_t value, const void *bytes, size_t count) { return ~fastest_32(~value, bytes, count); }

uint32_t csystem_crc32_by_table(uint32_t value, const void *bytes, size_t count) { return ~sliced_32(table_32, ~value, bytes, count); }

uint64_t csystem_crc64nvme(uint64_t value, const void *bytes, size_t count) { return ~fastest_64(~value, bytes, count); }

uint64_t csystem_crc64nvme_by_table(uint64_t value, const void *bytes, size_t count) { return ~sliced_64(~value, bytes, count); }
