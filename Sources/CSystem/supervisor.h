// Shared by the supervisor's own files.
#pragma once

#include "CSystem.h"

#include <sys/types.h>

/// What to run, read from descriptor 3. Strings point into `data`.
struct specification {
  char *data;
  size_t size;
  uint32_t grace_milliseconds;
  uint32_t is_boxed, has_network, has_user;
  uint32_t uid, gid;
  int64_t processes, memory, processor_seconds;
  char *executable, *directory;
  char **arguments, **environment, **executables, **readable, **writable;
};

/// Reads and checks the specification. 0, or an errno.
int specification_read(int fd, struct specification *result);
/// Wipes the program's environment from our memory.
void specification_wipe(struct specification *specification);

/// Puts this process into the box. 0, or the step that failed with errno set.
int box_enter(const struct specification *specification, pid_t supervisor);

/// Sends a signal to every descendant of this process, each through a pidfd after a second look.
void descendants_signal(int signal);
/// Field 22 of /proc/PID/stat, 0 when there is none.
uint64_t process_start_time(pid_t pid, pid_t *parent);
