#pragma once
#define NCURSES_WIDECHAR 1
#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <term.h>
#include <wchar.h>

// Of ncurses Quaver takes the terminal's modes, its description (terminfo) and the decoding of keys. These wrappers
// are for what Swift cannot import: variadics, and macros over globals.

/// `value` is a capability's name ("smcup"); NULL when the terminal lacks it.
static inline const char *quaver_capability(const char *name) {
  const char *value = tigetstr(name);
  return value == (const char *)-1 ? NULL : value;
}

/// The `cup` capability for row and column (both from 0), or NULL.
static inline const char *quaver_cup(int row, int column) {
  const char *format = quaver_capability("cup");
  return format ? tiparm(format, row, column) : NULL;
}

static inline int quaver_flag(const char *name) { return tigetflag(name) == 1; }
static inline int quaver_number(const char *name) { return tigetnum(name); }

/// OK with a character, KEY_CODE_YES with a key's code, ERR when nothing waits. A pad, because wgetch refreshes a window.
static inline int quaver_read_key(WINDOW *pad, unsigned int *code) {
  wint_t value = 0;
  int result = wget_wch(pad, &value);
  *code = (unsigned int)value;
  return result;
}

static inline int quaver_is_key_code(int result) { return result == KEY_CODE_YES; }
static inline int quaver_function_key(int number) { return KEY_F(number); }

/// From MB_CUR_MAX: whether the locale's encoding can carry the block characters.
static inline int quaver_locale_is_utf8(void) { return MB_CUR_MAX > 1 && wcwidth(0x2580) == 1; }
