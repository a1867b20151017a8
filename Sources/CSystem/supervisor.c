#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { control_fd = 3, status_fd = 4 };
/// How long what the leader left behind may take to end, and how long killing goes on before it is reported.
enum { leftover_grace = 1000, orphan_grace = 2000, killing_limit = 30000 };

struct supervision {
  struct specification specification;
  pid_t leader;
  uint64_t start_time;
  int leader_status;
  struct rusage leader_usage;
  enum { running, ending, killing } stage;
  int is_leader_gone, was_asked, is_control_open, is_reported;
  int64_t kill_at, killing_since;
};

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void report(const struct csystem_report *report) {
  while (write(status_fd, report, sizeof *report) < 0 && errno == EINTR) {
  }
}

static void report_failure(int step, int error) {
  struct csystem_report failed = {.kind = CSYSTEM_FAILED, .subject = step, .value = error};
  report(&failed);
}

static void report_end(struct supervision *run, int flags) {
  if (run->is_reported) return;
  run->is_reported = 1;
  int status = run->is_leader_gone ? run->leader_status : SIGKILL;
  struct csystem_report ended = {
      .kind = WIFEXITED(status) ? CSYSTEM_EXITED : CSYSTEM_SIGNALLED,
      .subject = run->leader,
      .value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
      .flags = flags | (run->was_asked ? 1 : 0),
      .start_time = run->start_time,
      .user_microseconds = run->leader_usage.ru_utime.tv_sec * 1000000LL + run->leader_usage.ru_utime.tv_usec,
      .system_microseconds = run->leader_usage.ru_stime.tv_sec * 1000000LL + run->leader_usage.ru_stime.tv_usec,
      .peak_kibibytes = run->leader_usage.ru_maxrss,
  };
  report(&ended);
  close(status_fd);
}

/// The program's side of the fork: only ends by executing or by telling why it could not.
static void become_program(const struct specification *specification, int failure_fd, pid_t supervisor) {
  setpgid(0, 0);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  int failure[2] = {box_enter(specification, supervisor), 0};
  if (failure[0] == 0) {
    execve(specification->executable, specification->arguments, specification->environment);
    failure[0] = CSYSTEM_STEP_EXECUTE;
  }
  failure[1] = errno;
  if (write(failure_fd, failure, sizeof failure) < 0) _exit(126);
  _exit(127);
}

/// Starts the program and reports it once it executes. 0, or -1 after reporting why not.
static int start(struct supervision *run) {
  int ends[2], failure[2] = {CSYSTEM_STEP_FORK, 0};
  pid_t supervisor = getpid();
  if (pipe2(ends, O_CLOEXEC) != 0 || (run->leader = fork()) < 0) {
    report_failure(CSYSTEM_STEP_FORK, errno);
    return -1;
  }
  if (run->leader == 0) become_program(&run->specification, ends[1], supervisor);
  setpgid(run->leader, run->leader);
  run->start_time = process_start_time(run->leader, NULL);
  close(ends[1]);
  ssize_t size;
  while ((size = read(ends[0], failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  close(ends[0]);
  specification_wipe(&run->specification);
  // Our copies of the program's input and output would keep its pipes open.
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; fd++) {
    if (nothing >= 0) dup2(nothing, fd);
    else close(fd);
  }
  if (size > 0) {
    report_failure(failure[0], failure[1]);
    return -1;
  }
  struct csystem_report started = {.kind = CSYSTEM_STARTED, .subject = run->leader, .start_time = run->start_time};
  report(&started);
  return 0;
}

static void ask_to_end(struct supervision *run, int64_t grace) {
  int64_t at = milliseconds() + grace;
  if (run->stage == running) {
    run->stage = ending;
    run->kill_at = at;
    run->was_asked = 1;
    kill(-run->leader, SIGTERM);
    kill(-run->leader, SIGCONT);
  } else if (at < run->kill_at) {
    run->kill_at = at;
  }
}

/// Ends what the leader left: first politely.
static void leader_ended(struct supervision *run) {
  descendants_signal(SIGTERM);
  int64_t at = milliseconds() + leftover_grace;
  if (run->stage == running || at < run->kill_at) run->kill_at = at;
  if (run->stage == running) run->stage = ending;
}

/// Reaps what has ended. 1 once no descendant is left: orphans become our children, so no child means none at all.
static int reap(struct supervision *run) {
  for (;;) {
    int status;
    struct rusage usage;
    pid_t pid = wait4(-1, &status, WNOHANG, &usage);
    if (pid < 0) return errno == ECHILD;
    if (pid == 0) return 0;
    if (pid != run->leader || run->is_leader_gone) continue;
    run->is_leader_gone = 1;
    run->leader_status = status;
    run->leader_usage = usage;
    leader_ended(run);
  }
}

static void read_control(struct supervision *run) {
  char byte;
  ssize_t size = read(control_fd, &byte, 1);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size > 0) return ask_to_end(run, run->specification.grace_milliseconds);
  // Nobody is left to want the result.
  run->is_control_open = 0;
  uint32_t grace = run->specification.grace_milliseconds;
  ask_to_end(run, grace < orphan_grace ? grace : orphan_grace);
}

/// Waits for the next event and gives the milliseconds that may pass until then.
static int patience(const struct supervision *run) {
  if (run->stage == running) return -1;
  if (run->stage == killing) return milliseconds() - run->killing_since < 1000 ? 20 : 250;
  int64_t left = run->kill_at - milliseconds();
  return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void kill_what_is_left(struct supervision *run) {
  int64_t now = milliseconds();
  if (run->stage == ending && now >= run->kill_at) {
    run->stage = killing;
    run->killing_since = now;
  }
  if (run->stage != killing) return;
  if (!run->is_leader_gone) kill(-run->leader, SIGKILL);
  descendants_signal(SIGKILL);
  if (now - run->killing_since > killing_limit) report_end(run, 2);
}

static void supervise(struct supervision *run, int signals) {
  run->is_control_open = 1;
  while (!reap(run)) {
    kill_what_is_left(run);
    struct pollfd watched[2] = {{.fd = signals, .events = POLLIN}, {.fd = run->is_control_open ? control_fd : -1, .events = POLLIN}};
    if (poll(watched, 2, patience(run)) <= 0) continue;
    if (watched[0].revents != 0) {
      struct signalfd_siginfo caught;
      if (read(signals, &caught, sizeof caught) == sizeof caught && caught.ssi_signo != SIGCHLD)
        ask_to_end(run, run->specification.grace_milliseconds);
    }
    if (watched[1].revents != 0) read_control(run);
  }
  report_end(run, 0);
}

static int catch_signals(void) {
  sigset_t caught;
  sigemptyset(&caught);
  sigaddset(&caught, SIGCHLD);
  sigaddset(&caught, SIGTERM);
  sigaddset(&caught, SIGINT);
  sigaddset(&caught, SIGHUP);
  sigprocmask(SIG_SETMASK, &caught, NULL);
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &caught, SFD_CLOEXEC);
}

/// Puts the supervisor's own words where `ps` shows arguments, which are else those of the process it was forked from.
static void name_self(const char *run) {
  char name[16], text[4096];
  size_t length = strlen(run);
  snprintf(name, sizeof name, "dm:%s", run + (length > 12 ? length - 12 : 0));
  prctl(PR_SET_NAME, name, 0, 0, 0);
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return;
  text[size] = 0;
  char *field = strrchr(text, ')');
  // Fields 48 and 49 of proc_pid_stat(5): where the arguments lie.
  for (int number = 2; number < 48 && field != NULL; number++) field = strchr(field + 1, ' ');
  unsigned long start = 0, end = 0;
  if (field == NULL || sscanf(field, " %lu %lu", &start, &end) != 2 || start == 0 || end <= start) return;
  char *arguments = (char *)start;
  memset(arguments, 0, end - start);
  snprintf(arguments, end - start, "drillmark: supervisor of a tool of run %s", run);
}

/// The supervisor's whole life: a fork has one thread, and this is plain C that calls nothing of what the other threads were in.
static void supervise_and_exit(const char *label, const int lifted[5]) {
  struct supervision run = {.stage = running};
  for (int index = 0; index < 5; index++) dup2(lifted[index], index);
  syscall(SYS_close_range, 5, ~0U, 0);
  if (fcntl(control_fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(status_fd, F_SETFD, FD_CLOEXEC) != 0) _exit(64);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  setsid();
  name_self(label);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  int signals = catch_signals();
  int error = signals < 0 ? errno : specification_read(control_fd, &run.specification);
  if (error != 0) {
    report_failure(CSYSTEM_STEP_SPECIFICATION, error);
    _exit(1);
  }
  if (start(&run) != 0) _exit(1);
  supervise(&run, signals);
  _exit(0);
}

/// Copies each descriptor above those that the child will have, so that putting one in place cannot overwrite another.
static int lift(const int descriptors[5], int lifted[5]) {
  for (int index = 0; index < 5; index++) {
    lifted[index] = fcntl(descriptors[index], F_DUPFD_CLOEXEC, 16);
    if (lifted[index] < 0) {
      int error = errno;
      while (index-- > 0) close(lifted[index]);
      return error;
    }
  }
  return 0;
}

int csystem_start_supervisor(const char *run, const int descriptors[5], int *pid) {
  int lifted[5], error = lift(descriptors, lifted);
  if (error != 0) return -error;
  // No handler of ours may run in the child before it has let go of them.
  sigset_t all, earlier;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &earlier);
  *pid = fork();
  if (*pid == 0) supervise_and_exit(run, lifted);
  error = errno;
  pthread_sigmask(SIG_SETMASK, &earlier, NULL);
  for (int index = 0; index < 5; index++) close(lifted[index]);
  return *pid < 0 ? -error : 0;
}
