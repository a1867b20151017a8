// System calls that Swift cannot see, and the supervisor, which must stay single-threaded and therefore is plain C.
// Unless a line says otherwise, a function gives 0 or a descriptor, or a negated errno.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Descriptors

/// A pipe, both ends close-on-exec.
int csystem_pipe(int ends[2]);
/// A file in memory that has no name in any directory, close-on-exec; `name` shows in /proc alone. Gives the descriptor or a negated errno.
int csystem_memory_file(const char *name);
/// A pipe's capacity in bytes; gives the capacity that was granted.
int csystem_set_pipe_size(int fd, int bytes);
/// Takes a whole-file lock that the kernel frees when the last copy of the descriptor is closed. -EWOULDBLOCK when it is taken.
int csystem_try_lock(int fd, int shared);
/// Takes (1) or gives back (0) a read lease. -EAGAIN when somebody has the file open for writing.
int csystem_set_read_lease(int fd, int take);
/// openat2(2): `resolve` holds CSYSTEM_RESOLVE_ bits.
int csystem_open_beneath(int directory, const char *path, int flags, unsigned mode, uint64_t resolve);
#define CSYSTEM_RESOLVE_NO_MAGICLINKS 2
#define CSYSTEM_RESOLVE_NO_SYMLINKS 4
#define CSYSTEM_RESOLVE_BENEATH 8
/// Moves bytes between two pipes without copying or waiting. Gives the count, 0 at the end, or a negated errno.
long csystem_splice(int from, int to, size_t bytes);

/// Waits until everything written to the file system that holds `fd` is on its disk.
int csystem_sync_filesystem(int fd);

/// Takes the topmost file system off a path, following no link at its end. -EINVAL when nothing is mounted there, -EBUSY while something
/// in it is open; lazily it is out of sight at once and ends with its last user.
int csystem_unmount(const char *path, int lazily);

/// Removes everything below a directory but the one entry named, following no link and entering no other file system. -EMFILE when
/// directories lie deeper in each other than descriptors can be had; what lies less deep is gone then.
int csystem_remove_below(int directory, const char *spared);
/// Copies the whole of a regular file into an empty one, in the kernel where it can (sharing blocks on file systems that do), holes as
/// holes.
int csystem_copy_file(int from, int to);

/// Copies up to `limit` bytes from one file's position to another's, with reflinks where the file systems know them; gives how many, 0 at the
/// end, or -errno.
int64_t csystem_copy_part(int from, int to, int64_t limit);

struct csystem_filesystem {
  uint64_t type;
  uint64_t free_bytes;
  uint64_t total_bytes;
};
/// Free bytes are those that an unprivileged user may take.
int csystem_filesystem(const char *path, struct csystem_filesystem *result);

// Swift cannot always see the fields of a `timespec`: which module they are said to belong to depends on the order modules load in.

/// Milliseconds since 1970 by the wall clock, and since boot, suspend included.
int64_t csystem_wall_milliseconds(void);
int64_t csystem_elapsed_milliseconds(void);
/// The same as the latter, in nanoseconds.
int64_t csystem_elapsed_nanoseconds(void);

/// When a file was last changed, from its `struct stat`: seconds since 1970, and nanoseconds after them. (Naming the type here would make
/// it ours, and hide its fields from those who have it from the C library.)
int64_t csystem_modified_seconds(const void *status);
int64_t csystem_modified_nanoseconds(const void *status);

// Checksums

/// CRC-32 (ISO 3309), CRC-32C (Castagnoli) and CRC-64/NVME of more bytes, carried on from `value`, which is 0 at the start.
uint32_t csystem_crc32(uint32_t value, const void *bytes, size_t count);
uint32_t csystem_crc32c(uint32_t value, const void *bytes, size_t count);
uint64_t csystem_crc64nvme(uint64_t value, const void *bytes, size_t count);
/// The same without the processor's own instructions.
uint32_t csystem_crc32_by_table(uint32_t value, const void *bytes, size_t count);
uint32_t csystem_crc32c_by_table(uint32_t value, const void *bytes, size_t count);
uint64_t csystem_crc64nvme_by_table(uint64_t value, const void *bytes, size_t count);

// Processes

int csystem_pidfd_open(int pid);
int csystem_pidfd_signal(int pidfd, int signal);
/// Clock ticks from boot to the process's start, field 22 of /proc/PID/stat; 0 when there is no such process.
uint64_t csystem_process_start_time(int pid);
/// Landlock's ABI, 0 when the kernel has none.
int csystem_landlock_abi(void);
/// 1 when this process may make network namespaces.
int csystem_can_unshare_network(void);

/// 1 when we may cover directories with empty ones in a mount namespace of our own.
int csystem_can_cover_directories(void);
/// This process's arguments, as they were when it started. Unlike Swift's own way to them it reads nothing from /proc, which a box hides.
char *const *csystem_arguments(int *count);
/// Starts a detached thread with a stack of that many bytes; on an error `body` is never called.
int csystem_start_thread(size_t stack, void *(*body)(void *), void *argument);
/// The same, and waits for the thread's end.
int csystem_run_thread(size_t stack, void *(*body)(void *), void *argument);
/// Names the calling thread, in 15 bytes at most.
void csystem_name_thread(const char *name);
/// Ignores SIGPIPE in this process, so that writing to a closed pipe is an error of the write.
void csystem_ignore_sigpipe(void);

// The supervisor

/// Forks a supervisor into a session of its own; `descriptors` become its 0 to 4, all others are closed. Any thread may call it.
int csystem_start_supervisor(const char *run, const int descriptors[5], int *pid);

enum csystem_report_kind { CSYSTEM_STARTED = 1, CSYSTEM_FAILED, CSYSTEM_EXITED, CSYSTEM_SIGNALLED };

/// What the supervisor writes to descriptor 4: first started or failed, then how it ended.
struct csystem_report {
  int32_t kind;
  /// The program's pid, or the step that failed.
  int32_t subject;
  /// Exit status, signal, or errno.
  int32_t value;
  /// 1: it was asked to stop before it ended. 2: descendants could not be ended.
  int32_t flags;
  uint64_t start_time;
  int64_t user_microseconds;
  int64_t system_microseconds;
  int64_t peak_kibibytes;
};

enum csystem_step {
  CSYSTEM_STEP_SPECIFICATION = 1,
  CSYSTEM_STEP_FORK,
  CSYSTEM_STEP_LANDLOCK,
  CSYSTEM_STEP_USER,
  CSYSTEM_STEP_PRIVILEGES,
  CSYSTEM_STEP_LIMITS,
  CSYSTEM_STEP_DIRECTORY,
  CSYSTEM_STEP_EXECUTE,
};
