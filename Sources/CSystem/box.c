#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

// Landlock's rights (linux/landlock.h), written out because the headers of the oldest system that we build on lack the newer ones.
enum {
  fs_execute = 1 << 0,
  fs_write_file = 1 << 1,
  fs_read_file = 1 << 2,
  fs_read_dir = 1 << 3,
  fs_make_char = 1 << 6,
  fs_make_block = 1 << 11,
  fs_all_1 = (1 << 13) - 1,
  fs_refer = 1 << 13,
  fs_truncate = 1 << 14,
  fs_ioctl_dev = 1 << 15,
  net_all_4 = 3,
  scope_all_6 = 3,
};

struct ruleset {
  uint64_t fs, net, scoped;
};

struct __attribute__((packed)) beneath {
  uint64_t allowed;
  int32_t parent;
};

static const uint64_t file_rights = fs_execute | fs_write_file | fs_read_file | fs_truncate | fs_ioctl_dev;
static const uint64_t read_rights = fs_read_file | fs_read_dir;

static uint64_t known_rights(int abi) {
  return fs_all_1 | (abi >= 2 ? fs_refer : 0) | (abi >= 3 ? fs_truncate : 0) | (abi >= 5 ? fs_ioctl_dev : 0);
}

static int allow(int ruleset, uint64_t handled, const char *path, uint64_t rights) {
  struct stat found;
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
  struct beneath rule = {rights & handled, fd};
  if (fstat(fd, &found) == 0 && !S_ISDIR(found.st_mode)) rule.allowed &= file_rights;
  // 1 is LANDLOCK_RULE_PATH_BENEATH.
  int result = rule.allowed == 0 ? 0 : (int)syscall(SYS_landlock_add_rule, ruleset, 1, &rule, 0);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

static int allow_all(int ruleset, uint64_t handled, char *const *paths, uint64_t rights) {
  for (; *paths != NULL; paths++)
    if (allow(ruleset, handled, *paths, rights) != 0) return -1;
  return 0;
}

/// Allows what every program needs: its loader, libraries, zones and the harmless devices. Mapping a library takes no execute right.
static int allow_system(int ruleset, uint64_t handled) {
  static char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1",
                                  "/lib/ld-musl-aarch64.so.1", NULL};
  static char *const readable[] = {"/usr/lib",         "/usr/lib64",        "/lib",           "/lib64",
                                   "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/etc/passwd",
                                   "/etc/nsswitch.conf", "/usr/share/zoneinfo", "/usr/share/locale", "/dev/urandom",
                                   "/dev/zero", NULL};
  static char *const writable[] = {"/dev/null", "/dev/shm", NULL};
  uint64_t write_rights = handled & ~(fs_execute | fs_make_char | fs_make_block);
  if (allow_all(ruleset, handled, loaders, fs_execute | fs_read_file) != 0) return -1;
  return allow_all(ruleset, handled, readable, read_rights) != 0 ? -1 : allow_all(ruleset, handled, writable, write_rights);
}

/// A ruleset with every rule in it, -1 on an error, -2 when the kernel has no Landlock.
static int ruleset_make(const struct specification *specification) {
  int abi = csystem_landlock_abi();
  if (abi < 1) return -2;
  struct ruleset attributes = {.fs = known_rights(abi)};
  if (abi >= 4 && !specification->has_network) attributes.net = net_all_4;
  if (abi >= 6) attributes.scoped = scope_all_6;
  size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
  if (ruleset < 0) return -1;
  uint64_t handled = attributes.fs;
  uint64_t write_rights = handled & ~(fs_execute | fs_make_char | fs_make_block | fs_ioctl_dev);
  if (allow_system(ruleset, handled) != 0 ||
      allow_all(ruleset, handled, specification->executables, fs_execute | read_rights) != 0 ||
      allow_all(ruleset, handled, specification->readable, read_rights) != 0 ||
      allow_all(ruleset, handled, specification->writable, write_rights) != 0) {
    close(ruleset);
    return -1;
  }
  return ruleset;
}

static void raise_loopback(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  struct ifreq request = {.ifr_name = "lo"};
  if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    ioctl(fd, SIOCSIFFLAGS, &request);
  }
  close(fd);
}

static int is_below(const char *path, const char *directory) {
  size_t length = strlen(directory);
  return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int any_below(char *const *paths, const char *directory) {
  for (; *paths != NULL; paths++)
    if (is_below(*paths, directory)) return 1;
  return 0;
}

/// Covers a directory of the host, where sockets of its services lie, with an empty one of our own, unless the box needs it.
static void cover(const struct specification *specification, const char *directory, const char *options) {
  if (any_below(specification->executables, directory) || any_below(specification->readable, directory) ||
      any_below(specification->writable, directory) || is_below(specification->directory, directory))
    return;
  mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
}

/// Gives the box's user a name, which initdb and others insist on, in a copy of /etc/passwd that only the box sees.
static void name_user(const struct specification *specification) {
  char text[4096], path[64];
  snprintf(path, sizeof path, "/dev/shm/drillmark-passwd.%d", getpid());
  int from = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  int to = open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
  if (from >= 0 && to >= 0) {
    for (ssize_t size; (size = read(from, text, sizeof text)) > 0;)
      if (write(to, text, (size_t)size) != size) break;
    dprintf(to, "drillmark:x:%u:%u::/nonexistent:/usr/sbin/nologin\n", specification->uid, specification->gid);
    fchmod(to, 0644);
    mount(path, "/etc/passwd", NULL, MS_BIND, NULL);
  }
  // The mount keeps the file; its name has done its work.
  if (to >= 0) {
    unlink(path);
    close(to);
  }
  if (from >= 0) close(from);
}

/// Namespaces are the layer above Landlock and the user: where they cannot be had (a container), those two hold, and `Isolation` says so.
static void namespaces_enter(const struct specification *specification) {
  if (!specification->has_network && unshare(CLONE_NEWNET | CLONE_NEWIPC) == 0) raise_loopback();
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return;
  cover(specification, "/dev/shm", "mode=1777");
  if (!specification->has_network) cover(specification, "/run", "mode=755,size=1m");
  cover(specification, "/tmp", "mode=1777,size=64m");
  if (specification->has_user) name_user(specification);
}

static int limit(int resource, int64_t value) {
  struct rlimit limits;
  if (getrlimit(resource, &limits) != 0) return -1;
  // Whoever started us may have set a lower limit, which cannot be raised.
  if (limits.rlim_max == RLIM_INFINITY || (rlim_t)value < limits.rlim_max) limits.rlim_max = (rlim_t)value;
  limits.rlim_cur = limits.rlim_max;
  return setrlimit(resource, &limits);
}

static int limits_set(const struct specification *specification) {
  // The kernel counts a user's processes: only for a user of our own, or for none at all, does the number mean anything.
  int counts = specification->processes >= 0 && (specification->has_user || specification->processes == 0);
  if (counts && limit(RLIMIT_NPROC, specification->processes) != 0) return -1;
  if (specification->memory >= 0 && limit(RLIMIT_AS, specification->memory) != 0) return -1;
  if (specification->processor_seconds >= 0 && limit(RLIMIT_CPU, specification->processor_seconds) != 0) return -1;
  return limit(RLIMIT_CORE, 0);
}

static int user_become(const struct specification *specification) {
  if (setgroups(0, NULL) != 0 || setresgid(specification->gid, specification->gid, specification->gid) != 0 ||
      setresuid(specification->uid, specification->uid, specification->uid) != 0)
    return -1;
  if (setresuid(0, 0, 0) == 0) {
    errno = EPERM;
    return -1;
  }
  return 0;
}

int box_enter(const struct specification *specification, pid_t supervisor) {
  int ruleset = -2;
  if (specification->is_boxed) {
    if (geteuid() == 0) namespaces_enter(specification);
    ruleset = ruleset_make(specification);
    if (ruleset == -1) return CSYSTEM_STEP_LANDLOCK;
    // With an empty bounding set even a program of root's gains no capability by executing.
    for (int capability = 0; capability < 64; capability++)
      if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) break;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (specification->has_user && user_become(specification) != 0) return CSYSTEM_STEP_USER;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return CSYSTEM_STEP_PRIVILEGES;
    if (limits_set(specification) != 0) return CSYSTEM_STEP_LIMITS;
    umask(077);
  }
  // After the change of user, which clears it. Sound here, unlike in a threaded program: our parent has one thread.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != supervisor) _exit(127);
  if (chdir(specification->directory) != 0) return CSYSTEM_STEP_DIRECTORY;
  if (ruleset >= 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) return CSYSTEM_STEP_LANDLOCK;
  return 0;
}
