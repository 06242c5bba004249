#define _GNU_SOURCE
#include "terminal_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t armed;
static int guarded_output, guarded_log = -1, guarded_stderr = -1;
static struct termios saved_modes;
static char restore_bytes[512];
static size_t restore_length;
static int signal_pipe[2] = {-1, -1};
static void *alternate_stack;
static char recent[4096];
static volatile size_t recent_length;

static const int crashes[] = {SIGSEGV, SIGABRT, SIGILL, SIGTRAP, SIGBUS, SIGFPE};
static const int notices[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP};
enum { crash_count = sizeof crashes / sizeof *crashes, notice_count = sizeof notices / sizeof *notices };
static struct sigaction previous_crash[crash_count], previous_notice[notice_count];

static void write_all(int descriptor, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(descriptor, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    length -= (size_t)written;
  }
}

/// Only write, read, fcntl, tcsetattr and raise: all async-signal-safe by POSIX.
static void on_crash(int number) {
  if (armed) {
    armed = 0;
    write_all(guarded_output, restore_bytes, restore_length);
    tcsetattr(guarded_output, TCSANOW, &saved_modes);
    if (guarded_log >= 0 && guarded_stderr >= 0) {
      char words[1024];
      write_all(guarded_stderr, recent, recent_length);
      ssize_t count;
      fcntl(guarded_log, F_SETFL, O_NONBLOCK);
      while ((count = read(guarded_log, words, sizeof words)) > 0) write_all(guarded_stderr, words, (size_t)count);
    }
  }
  raise(number);  // SA_RESETHAND: the default action now
}

static void on_notice(int number) {
  int saved = errno;
  char byte = (char)number;
  ssize_t ignored = write(signal_pipe[1], &byte, 1);
  (void)ignored;
  errno = saved;
}

void terminal_guard_arm(int output, const struct termios *saved, const char *restore, size_t length, int log_input,
                        int saved_stderr) {
  armed = 0;
  guarded_output = output;
  saved_modes = *saved;
  restore_length = length < sizeof restore_bytes ? length : sizeof restore_bytes;
  memcpy(restore_bytes, restore, restore_length);
  guarded_log = log_input;
  guarded_stderr = saved_stderr;
  armed = 1;
}

void terminal_guard_remember(const char *bytes, size_t length) {
  if (length > sizeof recent) {
    bytes += length - sizeof recent;
    length = sizeof recent;
  }
  size_t kept = recent_length + length > sizeof recent ? sizeof recent - length : recent_length;
  size_t dropped = recent_length - kept;
  recent_length = 0;
  memmove(recent, recent + dropped, kept);
  memcpy(recent + kept, bytes, length);
  recent_length = kept + length;
}

void terminal_guard_disarm(void) { armed = 0; }

int terminal_guard_install_signals(void) {
  if (pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
  // A handler on its own stack also serves a stack overflow of the thread that installs it.
  size_t size = 64 * 1024;
  if (!alternate_stack) alternate_stack = malloc(size);
  if (alternate_stack) {
    stack_t stack = {.ss_sp = alternate_stack, .ss_size = size};
    sigaltstack(&stack, NULL);
  }
  struct sigaction action = {0};
  sigemptyset(&action.sa_mask);
  action.sa_handler = on_crash;
  action.sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK;
  for (int i = 0; i < crash_count; i++) sigaction(crashes[i], &action, &previous_crash[i]);
  action.sa_handler = on_notice;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  for (int i = 0; i < notice_count; i++) sigaction(notices[i], &action, &previous_notice[i]);
  return signal_pipe[0];
}

void terminal_guard_restore_signals(void) {
  for (int i = 0; i < crash_count; i++) sigaction(crashes[i], &previous_crash[i], NULL);
  for (int i = 0; i < notice_count; i++) sigaction(notices[i], &previous_notice[i], NULL);
  if (signal_pipe[0] >= 0) close(signal_pipe[0]);
  if (signal_pipe[1] >= 0) close(signal_pipe[1]);
  signal_pipe[0] = signal_pipe[1] = -1;
}
