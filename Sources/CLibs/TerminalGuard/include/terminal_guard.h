#pragma once
#include <stddef.h>
#include <termios.h>

/// What a signal handler may do for a terminal: C, because a Swift closure is not async-signal-safe.
///
/// Arms the guard. `output` is the terminal, `saved` its modes before the program touched them, `restore` the bytes
/// that leave the alternate screen (copied; at most 512). `log_input` is the read end of the pipe that stands in for
/// stdout and stderr, or -1; on a crash its contents go to `saved_stderr`, so that the last words are seen.
void terminal_guard_arm(int output, const struct termios *saved, const char *restore, size_t length, int log_input,
                        int saved_stderr);

/// Keeps the last 4 KB that were taken out of the log's pipe, for a crash: a Swift error's sentence may be among them.
void terminal_guard_remember(const char *bytes, size_t length);

/// The terminal is restored already; a crash from here on must leave it alone.
void terminal_guard_disarm(void);

/// Catches the crash signals (restore, then die by the same signal) and writes the numbers of SIGWINCH, SIGTERM,
/// SIGHUP, SIGINT and SIGTSTP, a byte each, into the pipe whose read end it returns; -1 when no pipe could be had.
int terminal_guard_install_signals(void);

/// Puts back the handlers that were there before.
void terminal_guard_restore_signals(void);
