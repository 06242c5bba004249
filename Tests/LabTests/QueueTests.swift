import Foundation
import Lab
import Testing

@Suite("What waits, and its files")
struct QueueTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("quaver-queue-\(UUID().uuidString)")

  private func remove() { try? FileManager.default.removeItem(at: folder) }

  private func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path) }

  private func runs(_ queue: RunQueue) -> [String] {
    queue.entries.map { if case .resume(let run) = $0.work { run } else { "no run" } }
  }

  private func write(_ text: String, to name: String) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: folder.appendingPathComponent(name))
  }

  @Test("The queue keeps its order and obeys")
  func order() throws {
    var queue = RunQueue()
    for name in ["a", "b", "c"] { queue.append(.resume(run: name)) }
    queue.obey(.advance(3))
    #expect(queue.entries.map(\.id) == [1, 3, 2])
    queue.obey(.advance(1))
    queue.obey(.remove(3))
    let again = try JSON.decoder().decode(RunQueue.self, from: JSON.encoder().encode(queue))
    #expect(again == queue)
    let first = queue.takeFirst()
    #expect(first?.work == .resume(run: "a") && queue.entries.map(\.id) == [2])
  }

  @Test("A run that waits says all that is not as usual, and nothing more")
  func label() {
    var (queue, job) = (RunQueue(), Job(corpus: "emodb"))
    queue.append(.train(job))
    (job.batch, job.learningRate, job.split) = (8, 0.001, "/data/parts.csv")
    queue.append(.train(job))
    #expect(
      queue.entries.map(\.label) == [
        "train cnn-lstm on emodb, mel, seed 0, 15 epochs",
        "train cnn-lstm on emodb, mel, seed 0, 15 epochs, split parts.csv, batch 8, lr 0.001",
      ])
  }

  @Test("What is asked for now does not wait for what an earlier session left")
  func held() {
    var queue = RunQueue()
    queue.append(.resume(run: "old"), isHeld: true)
    #expect(queue.isHeld && !queue.isMoving)
    queue.append(.resume(run: "new"))
    #expect(queue.isHeld && queue.isMoving)
    let first = queue.takeFirst()
    #expect(first?.work == .resume(run: "new"))
    let none = queue.takeFirst()
    #expect(none == nil)
    queue.obey(.proceed)
    let last = queue.takeFirst()
    #expect(last?.work == .resume(run: "old") && !queue.isHeld)
  }

  @Test("The file of earlier versions is taken over")
  func earlier() throws {
    defer { remove() }
    try write(
      #"{"entries":[{"id":3,"work":{"resume":{"run":"a"}}}],"isHeld":false,"nextID":4}"#, to: "queue.json")
    let store = QueueStore(folder: folder)
    #expect(runs(store.value) == ["a"] && store.value.isHeld)
    let names = try files()
    #expect(!names.contains("queue.json") && names.count { $0.hasSuffix(".json") } == 1)
    #expect(store.takeFirst() == nil)
    store.change { $0.obey(.proceed) }
    #expect(store.takeFirst()?.work == .resume(run: "a"))
    store.settle()
    #expect(try files().isEmpty)
  }

  @Test("What had its turn and left nothing on the disk yet is not lost")
  func taken() throws {
    defer { remove() }
    var first: QueueStore? = QueueStore(folder: folder)
    for name in ["a", "b"] { first?.change { $0.append(.resume(run: name)) } }
    #expect(first?.takeFirst()?.work == .resume(run: "a"))
    #expect(first.map { runs($0.value) } == ["b"])
    // The process dies before the run has begun.
    first = nil
    var second: QueueStore? = QueueStore(folder: folder)
    #expect(second.map { runs($0.value) } == ["a", "b"])
    second?.change { $0.obey(.proceed) }
    #expect(second?.takeFirst()?.work == .resume(run: "a"))
    second?.settle()
    second?.settle()
    second = nil
    #expect(runs(QueueStore(folder: folder).value) == ["b"])
  }

  @Test("What waits in a workbench that lives is no other's; what a dead one left is")
  func two() throws {
    defer { remove() }
    var first: QueueStore? = QueueStore(folder: folder)
    for name in ["a", "b"] { first?.change { $0.append(.resume(run: name)) } }
    let second = QueueStore(folder: folder)
    #expect(second.value.entries.isEmpty)
    second.change { $0.append(.resume(run: "c")) }
    #expect(first?.takeFirst()?.work == .resume(run: "a"))
    first?.settle()
    first = nil
    let third = QueueStore(folder: folder)
    #expect(runs(third.value) == ["b"] && third.value.isHeld)
    #expect(runs(second.value) == ["c"] && !second.value.isHeld)
    #expect(try files().count { $0.hasSuffix(".json") } == 2)
    third.change { $0.obey(.remove(1)) }
    #expect(second.takeFirst()?.work == .resume(run: "c"))
    second.settle()
    #expect(try files().isEmpty)
  }

  @Test("A crash while files are taken over doubles nothing; what cannot be read stays")
  func crash() throws {
    defer { remove() }
    let queue = #"{"entries":[{"id":1,"work":{"resume":{"run":"a"}}}],"nextID":2}"#
    try write(#"{"queue":\#(queue),"replaces":[]}"#, to: "queue-1-x.json")
    try write(#"{"queue":\#(queue),"replaces":["queue-1-x.json"]}"#, to: "queue-2-x.json")
    try write("{", to: "queue-3-x.json")
    let store = QueueStore(folder: folder)
    #expect(runs(store.value) == ["a"])
    let names = try files().filter { $0.hasSuffix(".json") }
    #expect(names.count == 2 && names.contains("queue-3-x.json"))
  }
}
