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

uint32_t csystem_crc32(uint32_t value, const void *bytes, size_t count) { return ~sliced_32(table_32, ~value, bytes, count); }

#if defined(__x86_64__)
#include <nmmintrin.h>
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
__attribute__((target("+crc"))) static uint32_t hardware_32c(uint32_t value, const uint8_t *at, size_t count) {
  for (; count >= 8; at += 8, count -= 8) value = __crc32cd(value, next_eight(at));
  for (; count > 0; at++, count--) value = __crc32cb(value, *at);
  return value;
}
static int has_hardware_32c(void) { return (getauxval(AT_HWCAP) & (1 << 7)) != 0; } // HWCAP_CRC32
#else
static uint32_t hardware_32c(uint32_t value, const uint8_t *at, size_t count) { return sliced_32(table_32c, value, at, count); }
static int has_hardware_32c(void) { return 0; }
#endif

uint32_t csystem_crc32c(uint32_t value, const void *bytes, size_t count) {
  return has_hardware_32c() ? ~hardware_32c(~value, bytes, count) : csystem_crc32c_by_table(value, bytes, count);
}

uint32_t csystem_crc32c_by_table(uint32_t value, const void *bytes, size_t count) {
  return ~sliced_32(table_32c, ~value, bytes, count);
}

uint64_t csystem_crc64nvme(uint64_t value, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  pthread_once(&tables_once, fill_tables);
  value = ~value;
  for (; count >= 8; at += 8, count -= 8) {
    value ^= next_eight(at);
    value = table_64[7][value & 255] ^ table_64[6][value >> 8 & 255] ^ table_64[5][value >> 16 & 255] ^ table_64[4][value >> 24 & 255] ^
            table_64[3][value >> 32 & 255] ^ table_64[2][value >> 40 & 255] ^ table_64[1][value >> 48 & 255] ^ table_64[0][value >> 56];
  }
  for (; count > 0; at++, count--) value = value >> 8 ^ table_64[0][(value ^ *at) & 255];
  return ~value;
}
