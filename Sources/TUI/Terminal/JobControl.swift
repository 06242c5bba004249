import Foundation

/// What ^Z does where the terminal does not do it, or the signal is caught.
enum JobControl {
  /// Stops the whole job, as the terminal's own ^Z does, so that the shell notices when make or a script is before us.
  /// Returns when the job goes on; at once where no shell would let it go on, as under `ssh -t`, since the kernel leaves
  /// the signal's own action out there. SIGSTOP it would obey, for good.
  ///
  /// Of the main thread: the kernel gives it a signal of the process first, before `kill` returns.
  static func stop() {
    // All zeros are the signal's own action.
    var (own, handler, only, mask) = (sigaction(), sigaction(), sigset_t(), sigset_t())
    sigemptyset(&only)
    sigaddset(&only, SIGTSTP)
    sigaction(SIGTSTP, &own, &handler)
    // A parent may have left it blocked: it would wait, and reach the handler.
    pthread_sigmask(SIG_UNBLOCK, &only, &mask)
    kill(0, SIGTSTP)
    pthread_sigmask(SIG_SETMASK, &mask, nil)
    sigaction(SIGTSTP, &handler, nil)
  }
}
