#define _GNU_SOURCE
#include "file_lock.h"

#include <fcntl.h>
#include <unistd.h>

static struct flock whole_file(short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  return lock;
}

int quaver_try_lock(int descriptor) {
  struct flock lock = whole_file(F_WRLCK);
  return fcntl(descriptor, F_OFD_SETLK, &lock);
}

void quaver_unlock(int descriptor) {
  struct flock lock = whole_file(F_UNLCK);
  fcntl(descriptor, F_OFD_SETLK, &lock);
}

int quaver_is_locked(int descriptor) {
  struct flock lock = whole_file(F_WRLCK);
  if (fcntl(descriptor, F_OFD_GETLK, &lock) != 0) return -1;
  return lock.l_type != F_UNLCK;
}
