#define _GNU_SOURCE
#include "supervisor.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint64_t process_start_time(pid_t pid, pid_t *parent) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return 0;
  text[size] = 0;
  // The second field is the program's name in parentheses and may hold anything, parentheses too.
  char *field = strrchr(text, ')');
  if (field == NULL || field[1] == 0) return 0;
  field += 2;
  for (int number = 3; number < 22; number++) {
    if (number == 4 && parent != NULL) *parent = (pid_t)strtol(field, NULL, 10);
    field = strchr(field, ' ');
    if (field == NULL) return 0;
    field++;
  }
  return strtoull(field, NULL, 10);
}

uint64_t csystem_process_start_time(int pid) { return process_start_time(pid, NULL); }

struct process {
  pid_t pid, parent;
  uint64_t start_time;
  int is_descendant;
};

static struct process *all_processes(size_t *count) {
  DIR *directory = opendir("/proc");
  size_t capacity = 0;
  struct process *list = NULL;
  *count = 0;
  if (directory == NULL) return NULL;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    struct process process = {.pid = (pid_t)strtol(entry->d_name, NULL, 10)};
    process.start_time = process_start_time(process.pid, &process.parent);
    if (process.start_time == 0) continue;
    if (*count == capacity) {
      capacity = capacity == 0 ? 256 : capacity * 2;
      struct process *larger = realloc(list, capacity * sizeof *list);
      if (larger == NULL) break;
      list = larger;
    }
    list[(*count)++] = process;
  }
  closedir(directory);
  return list;
}

static void mark_descendants(struct process *list, size_t count, pid_t ancestor) {
  for (int has_changed = 1; has_changed;) {
    has_changed = 0;
    for (size_t index = 0; index < count; index++) {
      if (list[index].is_descendant) continue;
      int is_one = list[index].parent == ancestor;
      for (size_t other = 0; other < count && !is_one; other++)
        is_one = list[other].is_descendant && list[other].pid == list[index].parent;
      if (is_one) list[index].is_descendant = has_changed = 1;
    }
  }
}

static void signal_one(const struct process *process, int number) {
  int fd = csystem_pidfd_open(process->pid);
  if (fd < 0) {
    if (fd == -ENOSYS && process_start_time(process->pid, NULL) == process->start_time) kill(process->pid, number);
    return;
  }
  if (process_start_time(process->pid, NULL) == process->start_time) {
    csystem_pidfd_signal(fd, number);
    // A stopped process acts on nothing but SIGKILL until it is continued.
    csystem_pidfd_signal(fd, SIGCONT);
  }
  close(fd);
}

void descendants_signal(int number) {
  size_t count = 0;
  struct process *list = all_processes(&count);
  mark_descendants(list, count, getpid());
  for (size_t index = 0; index < count; index++)
    if (list[index].is_descendant) signal_one(&list[index], number);
  free(list);
}
