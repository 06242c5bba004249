import Core
import Foundation
import Testing

@Suite struct SafeTensorsTests {
  private func scratch() -> URL {
    FileManager.default.temporaryDirectory.appendingPathComponent("quaver-\(UUID().uuidString).safetensors")
  }

  @Test func whatIsWrittenIsRead() throws {
    let url = scratch()
    defer { try? FileManager.default.removeItem(at: url) }
    let values: [Float] = [1, -2.5, .pi, 0]
    try values.withUnsafeBytes { bytes in
      try SafeTensorsWriter.write(
        [.init(name: "a.weight", type: .f32, shape: [2, 2], bytes: bytes)], metadata: ["kind": "test"], to: url)
    }
    let file = try SafeTensors(contentsOf: url)
    #expect(file.metadata == ["kind": "test"])
    #expect(try file.entry("a.weight").shape == [2, 2])
    #expect(try file.array("a.weight", as: Float.self) == values)
    #expect(throws: CoreError.missingTensor(path: url.path, name: "b")) { try file.entry("b") }
  }

  @Test(arguments: [
    Data(), Data([1, 2, 3]), Data([255, 255, 255, 255, 255, 255, 255, 255, 0]),
    Data([2, 0, 0, 0, 0, 0, 0, 0]) + Data("[]".utf8),
    Self.file(#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}"#, payload: 8),
    Self.file(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, payload: 4),
    Self.file(#"{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}"#, payload: 8),
    Self.file(#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, payload: 0),
    Self.file(#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}"#, payload: 8),
  ])
  func malformedFilesAreRefused(_ bytes: Data) throws {
    let url = scratch()
    defer { try? FileManager.default.removeItem(at: url) }
    try bytes.write(to: url)
    #expect(throws: CoreError.self) { try SafeTensors(contentsOf: url) }
  }

  private static func file(_ header: String, payload: Int) -> Data {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(count: payload)
  }

  @Test func failedWriteLeavesWhatWasThere() throws {
    let url = scratch()
    defer { try? FileManager.default.removeItem(at: url) }
    try AtomicFile.write(url, Data("old".utf8))
    struct Stop: Error {}
    #expect(throws: CoreError.self) {
      try AtomicFile.write(url) {
        try $0.write(contentsOf: Data("new".utf8))
        throw Stop()
      }
    }
    #expect(try Data(contentsOf: url) == Data("old".utf8))
    let missing = URL(fileURLWithPath: "/nonexistent-folder/file")
    #expect(throws: CoreError.self) { try AtomicFile.write(missing, Data()) }
  }

  /// A kill leaves half a file; the next writer takes it away, and no other's.
  @Test func whatAKilledWriterLeftIsTakenAway() throws {
    let folder = scratch(), files = FileManager.default
    defer { try? files.removeItem(at: folder) }
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    let gone = Process()
    gone.executableURL = URL(fileURLWithPath: "/bin/true")
    try gone.run()
    gone.waitUntilExit()
    let dead = ".file.\(gone.processIdentifier).partial"
    let others = [".file.1.partial", ".file.x.partial", ".other.\(gone.processIdentifier).partial", "file.partial"]
    for name in others + [dead] { try Data("half".utf8).write(to: folder.appendingPathComponent(name)) }
    try AtomicFile.write(folder.appendingPathComponent("file"), Data("whole".utf8))
    #expect(try Set(files.contentsOfDirectory(atPath: folder.path)) == Set(others + ["file"]))
  }

  @Test func aLinkStaysAndItsTargetIsReplaced() throws {
    let folder = scratch(), files = FileManager.default
    defer { try? files.removeItem(at: folder) }
    try files.createDirectory(at: folder.appendingPathComponent("below"), withIntermediateDirectories: true)
    let link = folder.appendingPathComponent("link"), target = folder.appendingPathComponent("below/target")
    try files.createSymbolicLink(atPath: link.path, withDestinationPath: "second")
    try files.createSymbolicLink(atPath: folder.path + "/second", withDestinationPath: "below/target")
    // The first finds a link to nothing, the other one to a file.
    for text in ["old", "new"] {
      #expect(!AtomicFile.isStream(link))
      let place = try AtomicFile.export(link, by: { $0.path })
      #expect(place == target.path)
      try AtomicFile.export(link, Data(text.utf8))
      #expect(try Data(contentsOf: target) == Data(text.utf8))
    }
    #expect(try files.destinationOfSymbolicLink(atPath: link.path) == "second")
    #expect(try files.destinationOfSymbolicLink(atPath: folder.path + "/second") == "below/target")
    #expect(try files.contentsOfDirectory(atPath: folder.path + "/below") == ["target"])
    let round = folder.appendingPathComponent("round")
    try files.createSymbolicLink(atPath: round.path, withDestinationPath: "round")
    #expect(throws: CoreError.self) { try AtomicFile.export(round, Data()) }
    #expect(!AtomicFile.isStream(round))
    #expect(try files.destinationOfSymbolicLink(atPath: round.path) == "round")
  }

  /// A run folder that was copied as links must not write into the one that it was copied from.
  @Test func ofAFileOfOursALinkIsReplacedAndItsTargetStays() throws {
    let folder = scratch(), files = FileManager.default
    defer { try? files.removeItem(at: folder) }
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    let link = folder.appendingPathComponent("link"), target = folder.appendingPathComponent("target")
    try Data("another run's".utf8).write(to: target)
    try files.createSymbolicLink(at: link, withDestinationURL: target)
    let values: [Float] = [1]
    let writes: [() throws -> Void] = [
      { try AtomicFile.write(link, Data("ours".utf8)) },
      {
        try values.withUnsafeBytes { bytes in
          try SafeTensorsWriter.write([.init(name: "x", type: .f32, shape: [1], bytes: bytes)], metadata: [:], to: link)
        }
      },
    ]
    for write in writes {
      try files.removeItem(at: link)
      try files.createSymbolicLink(at: link, withDestinationURL: target)
      try write()
      #expect(try Data(contentsOf: target) == Data("another run's".utf8))
      var status = stat()
      let isThere = lstat(link.path, &status) == 0, isFile = status.st_mode & S_IFMT == S_IFREG
      #expect(isThere && isFile)
    }
    #expect(try SafeTensors(contentsOf: link).array("x", as: Float.self) == values)
  }

  /// A pipe stands for all that is no file: /dev/null as a target would be gone from a system without this.
  @Test func aPipeIsWrittenIntoAndStays() throws {
    let pipe = scratch(), link = scratch()
    defer { for url in [pipe, link] { unlink(url.path) } }
    try #require(mkfifo(pipe.path, 0o600) == 0)
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: pipe)
    let reader = open(pipe.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    try #require(reader >= 0)
    defer { close(reader) }
    for url in [pipe, link] {
      #expect(AtomicFile.isStream(url))
      try AtomicFile.export(url, Data("through".utf8))
      var bytes = [UInt8](repeating: 0, count: 32)
      let count = read(reader, &bytes, 32)
      #expect(count == 7 && Array(bytes.prefix(7)) == Array("through".utf8))
      let passing = try AtomicFile.export(
        url,
        by: { place -> URL in
          try AtomicFile.write(place, Data("again".utf8))
          return place
        })
      let more = read(reader, &bytes, 32)
      #expect(more == 5 && Array(bytes.prefix(5)) == Array("again".utf8))
      #expect(!FileManager.default.fileExists(atPath: passing.path))
    }
    var status = stat()
    let isThere = lstat(pipe.path, &status) == 0, isPipe = status.st_mode & S_IFMT == S_IFIFO
    #expect(isThere && isPipe)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == pipe.path)
  }

  /// What is open already goes on where it stands, also where it is a file: `/dev/stdout` with `>> all.csv`.
  @Test func whatIsOpenIsWrittenWhereItStands() throws {
    let url = scratch()
    defer { unlink(url.path) }
    try Data("begun, ".utf8).write(to: url)
    let descriptor = open(url.path, O_WRONLY | O_APPEND | O_CLOEXEC)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let own = URL(fileURLWithPath: "/proc/self/fd/\(descriptor)")
    #expect(AtomicFile.isStream(own) && !AtomicFile.isStream(url) && !AtomicFile.isStream(scratch()))
    try AtomicFile.export(own, Data("more".utf8))
    #expect(try Data(contentsOf: url) == Data("begun, more".utf8))
  }
}
