#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The same numbers on every architecture that we build for; older headers lack some.
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

int csystem_sync_filesystem(int fd) { return syncfs(fd) == 0 ? 0 : -errno; }

int csystem_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

int csystem_set_pipe_size(int fd, int bytes) {
  int granted = fcntl(fd, F_SETPIPE_SZ, bytes);
  return granted < 0 ? -errno : granted;
}

int csystem_try_lock(int fd, int shared) { return flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 ? 0 : -errno; }

int csystem_set_read_lease(int fd, int take) { return fcntl(fd, F_SETLEASE, take ? F_RDLCK : F_UNLCK) == 0 ? 0 : -errno; }

int csystem_open_beneath(int directory, const char *path, int flags, unsigned mode, uint64_t resolve) {
  struct {
    uint64_t flags, mode, resolve;
  } how = {(uint64_t)flags | O_CLOEXEC, mode, resolve};
  long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
  return fd < 0 ? -errno : (int)fd;
}

long csystem_splice(int from, int to, size_t bytes) {
  long moved = splice(from, NULL, to, NULL, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  return moved < 0 ? -errno : moved;
}

int csystem_filesystem(const char *path, struct csystem_filesystem *result) {
  struct statfs found;
  if (statfs(path, &found) != 0) return -errno;
  uint64_t unit = found.f_frsize > 0 ? (uint64_t)found.f_frsize : (uint64_t)found.f_bsize;
  result->type = (uint64_t)found.f_type & 0xffffffff;
  result->free_bytes = (uint64_t)found.f_bavail * unit;
  result->total_bytes = (uint64_t)found.f_blocks * unit;
  return 0;
}

static int64_t milliseconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t csystem_wall_milliseconds(void) { return milliseconds_of(CLOCK_REALTIME); }

int64_t csystem_elapsed_milliseconds(void) { return milliseconds_of(CLOCK_BOOTTIME); }

int csystem_pidfd_open(int pid) {
  long fd = syscall(SYS_pidfd_open, pid, 0);
  return fd < 0 ? -errno : (int)fd;
}

int csystem_pidfd_signal(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}

int csystem_landlock_abi(void) {
  // 1 is LANDLOCK_CREATE_RULESET_VERSION.
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
  return abi < 0 ? 0 : (int)abi;
}

int csystem_can_unshare_network(void) {
  pid_t child = fork();
  if (child < 0) return 0;
  if (child == 0) _exit(unshare(CLONE_NEWNET | CLONE_NEWIPC) == 0 ? 0 : 1);
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void csystem_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

void csystem_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }
