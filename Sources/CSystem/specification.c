#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The program that starts us writes in this machine's byte order:
// u32 size of the rest, u32 grace, u32 boxed, u32 network, u32 user, u32 uid, u32 gid, i64 processes, i64 memory,
// i64 processor seconds, then strings (u32 size with the NUL, bytes, NUL) executable and directory, then lists (u32 count, strings) arguments, environment,
// executables, readable, writable.

static const uint32_t largest = 64u << 20;

static int read_fully(int fd, void *into, size_t size) {
  for (char *at = into; size > 0;) {
    ssize_t count = read(fd, at, size);
    if (count == 0) return EPIPE;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    at += count;
    size -= (size_t)count;
  }
  return 0;
}

struct cursor {
  char *at, *end;
  int is_broken;
};

static void take(struct cursor *cursor, void *into, size_t size) {
  if (cursor->is_broken || (size_t)(cursor->end - cursor->at) < size) {
    cursor->is_broken = 1;
    memset(into, 0, size);
    return;
  }
  memcpy(into, cursor->at, size);
  cursor->at += size;
}

static char *take_string(struct cursor *cursor) {
  uint32_t size = 0;
  take(cursor, &size, sizeof size);
  if (cursor->is_broken || size == 0 || (size_t)(cursor->end - cursor->at) < size || cursor->at[size - 1] != 0) {
    cursor->is_broken = 1;
    return NULL;
  }
  char *text = cursor->at;
  cursor->at += size;
  return text;
}

static char **take_list(struct cursor *cursor) {
  uint32_t count = 0;
  take(cursor, &count, sizeof count);
  // Every string takes at least five bytes, which bounds what a broken count can make us allocate.
  if (cursor->is_broken || count > (size_t)(cursor->end - cursor->at) / 5) {
    cursor->is_broken = 1;
    return NULL;
  }
  char **list = calloc((size_t)count + 1, sizeof *list);
  if (list == NULL) cursor->is_broken = 1;
  for (uint32_t index = 0; index < count && !cursor->is_broken; index++) list[index] = take_string(cursor);
  return list;
}

int specification_read(int fd, struct specification *result) {
  uint32_t size = 0;
  memset(result, 0, sizeof *result);
  int error = read_fully(fd, &size, sizeof size);
  if (error != 0) return error;
  if (size > largest) return E2BIG;
  result->data = malloc(size);
  result->size = size;
  if (result->data == NULL) return ENOMEM;
  error = read_fully(fd, result->data, size);
  if (error != 0) return error;

  struct cursor cursor = {result->data, result->data + size, 0};
  take(&cursor, &result->grace_milliseconds, 4);
  take(&cursor, &result->is_boxed, 4);
  take(&cursor, &result->has_network, 4);
  take(&cursor, &result->has_user, 4);
  take(&cursor, &result->uid, 4);
  take(&cursor, &result->gid, 4);
  take(&cursor, &result->processes, 8);
  take(&cursor, &result->memory, 8);
  take(&cursor, &result->processor_seconds, 8);
  result->executable = take_string(&cursor);
  result->directory = take_string(&cursor);
  result->arguments = take_list(&cursor);
  result->environment = take_list(&cursor);
  result->executables = take_list(&cursor);
  result->readable = take_list(&cursor);
  result->writable = take_list(&cursor);
  return cursor.is_broken || cursor.at != cursor.end ? EINVAL : 0;
}

void specification_wipe(struct specification *specification) {
  if (specification->data != NULL) explicit_bzero(specification->data, specification->size);
}
