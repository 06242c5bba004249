import Foundation
import Lab
import TUI
import Testing

/// One after another: signals belong to the process.
@Suite("Plain mode on a pipe", .serialized)
struct PlainRunTests {
  @Test("The last line of a file counts without its line break")
  func lastLine() throws {
    let (backend, pipe) = (FakeBackend(), Pipe())
    pipe.fileHandleForWriting.write(Data("corpora\nread emodb 03a00Wa".utf8))
    try pipe.fileHandleForWriting.close()
    let reason = try runPlain(
      backend: backend, options: WorkbenchOptions(), input: pipe.fileHandleForReading.fileDescriptor)
    #expect(reason == .quit)
    let isRead = backend.sent.contains {
      if case .picture(let asked) = $0 { asked.utterance == "03a00Wa" } else { false }
    }
    #expect(isRead)
  }

  @Test("The end of the input waits for a run that is being prepared, of which no event has told yet")
  func preparation() throws {
    let (backend, pipe) = (FakeBackend(), Pipe())
    backend.isTraining = true
    try pipe.fileHandleForWriting.close()
    Thread.detachNewThread {
      // Longer than the time after which a quiet program leaves.
      usleep(2_500_000)
      backend.isTraining = false
    }
    let reason = try runPlain(
      backend: backend, options: WorkbenchOptions(), input: pipe.fileHandleForReading.fileDescriptor)
    #expect(reason == .quit && !backend.isTraining)
  }

  private static func handler(_ number: Int32) -> Int {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
  }

  @Test("A signal ends it, so that a live training is stopped with a checkpoint; a hang-up that was ignored stays so")
  func hangUp() throws {
    let original = signal(SIGHUP, SIG_IGN)
    defer { signal(SIGHUP, original) }
    let cases: [([Int32], ExitReason)] = [([], .signal(SIGHUP)), ([SIGHUP], .quit)]
    for (ignored, expected) in cases {
      let (backend, pipe, before) = (FakeBackend(), Pipe(), Self.handler(SIGHUP))
      let writer = pipe.fileHandleForWriting.fileDescriptor
      Thread.detachNewThread {
        for _ in 0..<2000 where Self.handler(SIGHUP) == before { usleep(2000) }
        if Self.handler(SIGHUP) != before { kill(getpid(), SIGHUP) }
        // Where nobody listens, or nobody may, the line ends it.
        usleep(200_000)
        _ = write(writer, "quit\n", 5)
      }
      var options = WorkbenchOptions()
      options.ignoredSignals = ignored
      let reason = try runPlain(backend: backend, options: options, input: pipe.fileHandleForReading.fileDescriptor)
      #expect(reason == expected)
      #expect(Self.handler(SIGHUP) == before, "ignored again, as before")
      // The thread's line, so that its pipe is there for it.
      if ignored.isEmpty { _ = pipe.fileHandleForReading.readData(ofLength: 5) }
    }
  }
}
