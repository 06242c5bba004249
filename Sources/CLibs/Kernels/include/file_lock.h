#pragma once

/// Takes an exclusive open-file-description lock on `descriptor` without waiting. Returns 0, or -1 with errno set.
/// The lock dies with the process, however it dies.
int quaver_try_lock(int descriptor);

/// Gives the lock back at once, also where a process that is being started holds a copy of `descriptor` until its exec:
/// closing alone would wait for that copy.
void quaver_unlock(int descriptor);

/// 1 when another open file description holds the lock, 0 when nobody does, -1 with errno on failure. Takes nothing.
int quaver_is_locked(int descriptor);
