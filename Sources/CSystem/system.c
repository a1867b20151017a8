#define _GNU_SOURCE
#include "CSystem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
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

int csystem_unmount(const char *path, int lazily) {
  return umount2(path, UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0 ? 0 : -errno;
}

static int remove_directory(int parent, const char *name, dev_t device);

/// Takes the descriptor over. One descriptor for each level: beyond their limit the caller is told so.
static int remove_below(int directory, const char *spared, dev_t device) {
  int result = 0;
  DIR *listing = fdopendir(directory);
  if (listing == NULL) {
    result = -errno;
    close(directory);
    return result;
  }
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (spared != NULL && strcmp(name, spared) == 0)) continue;
    int error = 0, is_directory = entry->d_type == DT_DIR;
    if (!is_directory && unlinkat(directory, name, 0) != 0 && errno != ENOENT) {
      error = -errno;
      is_directory = errno == EISDIR || (errno == EPERM && entry->d_type == DT_UNKNOWN);
    }
    if (is_directory) error = remove_directory(directory, name, device);
    if (result == 0) result = error;
  }
  closedir(listing);
  return result;
}

static int remove_directory(int parent, const char *name, dev_t device) {
  if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  struct stat found;
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -errno;
  int error = fstat(fd, &found) != 0 ? -errno : found.st_dev != device ? -EXDEV : 0;
  if (error != 0) close(fd);
  else error = remove_below(fd, NULL, device);
  if (error == 0 && unlinkat(parent, name, AT_REMOVEDIR) != 0) error = -errno;
  return error;
}

int csystem_remove_below(int directory, const char *spared) {
  struct stat found;
  int own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return -errno;
  if (fstat(own, &found) == 0) return remove_below(own, spared, found.st_dev);
  int error = -errno;
  close(own);
  return error;
}

static int copy_by_hand(int from, int to, off_t at, off_t end) {
  char bytes[1 << 16];
  while (at < end) {
    size_t wanted = end - at < (off_t)sizeof bytes ? (size_t)(end - at) : sizeof bytes;
    ssize_t count = pread(from, bytes, wanted, at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? -errno : 0;
    for (ssize_t written = 0; written < count;) {
      ssize_t step = pwrite(to, bytes + written, (size_t)(count - written), at + written);
      if (step < 0 && errno != EINTR) return -errno;
      if (step > 0) written += step;
    }
    at += count;
  }
  return 0;
}

static int copy_extent(int from, int to, off_t at, off_t end) {
  off_t target = at;
  while (at < end) {
    ssize_t count = copy_file_range(from, &at, to, &target, (size_t)(end - at), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO)) return -errno;
    if (count <= 0) return copy_by_hand(from, to, at, end);
  }
  return 0;
}

int csystem_copy_file(int from, int to) {
  struct stat found;
  if (fstat(from, &found) != 0) return -errno;
  off_t at = 0;
  while (at < found.st_size) {
    off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    // A file system that knows no holes says so in various ways; the file is then one extent.
    off_t end = data < 0 ? found.st_size : lseek(from, data, SEEK_HOLE);
    if (end < 0) end = found.st_size;
    int error = copy_extent(from, to, data < 0 ? at : data, end);
    if (error != 0) return error;
    at = end;
  }
  return ftruncate(to, found.st_size) == 0 ? 0 : -errno;
}

int64_t csystem_copy_part(int from, int to, int64_t limit) {
  ssize_t count;
  do count = copy_file_range(from, NULL, to, NULL, (size_t)limit, 0);
  while (count < 0 && errno == EINTR);
  if (count >= 0) return count;
  if (errno == ENOSPC || errno == EDQUOT || errno == EIO) return -errno;
  char buffer[1 << 16];
  do count = read(from, buffer, limit < (int64_t)sizeof buffer ? (size_t)limit : sizeof buffer);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return count < 0 ? -errno : 0;
  for (ssize_t done = 0; done < count;) {
    ssize_t step = write(to, buffer + done, (size_t)(count - done));
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) return -errno;
    done += step;
  }
  return count;
}

int csystem_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

int csystem_memory_file(const char *name) {
  int fd = memfd_create(name, MFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

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

int64_t csystem_elapsed_nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t csystem_modified_seconds(const void *status) { return ((const struct stat *)status)->st_mtim.tv_sec; }

int64_t csystem_modified_nanoseconds(const void *status) { return ((const struct stat *)status)->st_mtim.tv_nsec; }

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

/// 1 when `attempt`, made by a child so that it changes nothing here, gives 0.
static int succeeds_in_child(int (*attempt)(void)) {
  pid_t child = fork();
  if (child < 0) return 0;
  if (child == 0) _exit(attempt() == 0 ? 0 : 1);
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int leave_network(void) { return unshare(CLONE_NEWNET | CLONE_NEWIPC); }

static int cover_directory(void) {
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
  return mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m");
}

int csystem_can_unshare_network(void) { return succeeds_in_child(leave_network); }

int csystem_can_cover_directories(void) { return succeeds_in_child(cover_directory); }

static int argument_count;
static char **arguments;

/// glibc hands a constructor what it hands to main.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}

char *const *csystem_arguments(int *count) {
  *count = argument_count;
  return arguments;
}

static int thread_create(size_t stack, int state, pthread_t *thread, void *(*body)(void *), void *argument) {
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error != 0) return -error;
  error = pthread_attr_setdetachstate(&attributes, state);
  if (error == 0) error = pthread_attr_setstacksize(&attributes, stack);
  if (error == 0) error = pthread_create(thread, &attributes, body, argument);
  pthread_attr_destroy(&attributes);
  return -error;
}

int csystem_start_thread(size_t stack, void *(*body)(void *), void *argument) {
  pthread_t thread;
  return thread_create(stack, PTHREAD_CREATE_DETACHED, &thread, body, argument);
}

int csystem_run_thread(size_t stack, void *(*body)(void *), void *argument) {
  pthread_t thread;
  int error = thread_create(stack, PTHREAD_CREATE_JOINABLE, &thread, body, argument);
  return error != 0 ? error : -pthread_join(thread, NULL);
}

void csystem_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

void csystem_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }
