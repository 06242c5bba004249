import Core
import Foundation
import Testing
import Weights
import WeightsFuzzing

/// Files made to do harm: each is refused by one sentence, at once, in little memory.
@Suite struct HostileFileTests {
  private func archive(_ pickle: [UInt8], _ others: [(String, [UInt8])] = []) -> Data {
    let entries = [StoredZip.Entry(name: "a/data.pkl", bytes: pickle)]
    return Data(StoredZip.archive(entries + others.map { StoredZip.Entry(name: $0.0, bytes: $0.1) }))
  }

  private func refusal(_ data: Data, _ place: SourceLocation = #_sourceLocation) -> String {
    let error = #expect(throws: (any Error).self, sourceLocation: place) { try WeightFile(data, path: "x.pt") }
    let sentence = (error as? any UserError)?.description ?? "no sentence: \(String(describing: error))"
    #expect(
      sentence.hasPrefix("x.pt: ") && sentence.utf8.count < 1_000 && !sentence.contains("\n"), sourceLocation: place)
    return sentence
  }

  private func pickle(_ parts: [UInt8]...) -> [UInt8] { [0x80, 2] + parts.flatMap(\.self) + [0x2E] }

  // MARK: Pickles

  @Test func codeIsRefusedByNameAndPlace() {
    let system = Array("cos\nsystem\nX".utf8) + [2, 0, 0, 0] + Array("ls".utf8) + [0x85, 0x52]
    #expect(refusal(archive(pickle(system))).contains("“os.system” at byte 2"))
    #expect(refusal(archive(pickle(Array("(S'ls'\nios\nsystem\n".utf8)))).contains("STRING at byte 3"))
    #expect(refusal(archive(pickle([0x29, 0x81]))).contains("NEWOBJ at byte 3"))
    #expect(refusal(archive(pickle([0xFF]))).contains("unknown opcode 0xff at byte 2"))
    let stackGlobal: [UInt8] = [0x8C, 8] + Array("builtins".utf8) + [0x8C, 4] + Array("eval".utf8) + [0x93]
    #expect(refusal(archive(pickle(stackGlobal))).contains("“builtins.eval” at byte 18"))
  }

  @Test func namesInSentencesAreMadePrintable() {
    let sentence = refusal(archive(pickle(Array("cos\u{1B}[2J\u{7}\nx\n".utf8))))
    #expect(sentence.contains("“os?[2J?.x”"))
  }

  @Test func hugeLengthsAreRefused() {
    let lengths: [[UInt8]] = [
      [0x58, 0xFF, 0xFF, 0xFF, 0xFF], [0x8D] + [UInt8](repeating: 0xFF, count: 8), [0x8B, 0xFF, 0xFF, 0xFF, 0x7F],
      [0x8A, 0xFF], [0x42, 0xFF, 0xFF, 0xFF, 0x7F], [0x95] + [UInt8](repeating: 0xFF, count: 8), [0x63, 0x61],
    ]
    for length in lengths { #expect(refusal(archive(pickle(length))).contains("ends too early")) }
  }

  @Test func bombsAreRefused() {
    // A million values, marks, remembered values, nested tuples: more than any file of weights needs.
    #expect(refusal(archive(pickle([UInt8](repeating: 0x4E, count: 1_100_000)))).contains("1000000 values"))
    #expect(refusal(archive(pickle([UInt8](repeating: 0x28, count: 2_000)))).contains("1000 open marks"))
    #expect(refusal(archive(pickle([0x4E], [UInt8](repeating: 0x32, count: 1_100_000)))).contains("a stack"))
    #expect(refusal(archive(pickle([0x4E], [UInt8](repeating: 0x94, count: 1_100_000)))).contains("remembered"))
    #expect(refusal(archive(pickle([0x4E], [UInt8](repeating: 0x85, count: 900_000)))).contains("32 deep"))
    // Lists that hold the list before twice, thirty times over: a billion paths.
    let laughs = (0..<30).flatMap { _ -> [UInt8] in [0x71, 0, 0x30, 0x5D, 0x28, 0x68, 0, 0x68, 0, 0x65] }
    #expect(refusal(archive(pickle([0x5D, 0x4E, 0x61], laughs))).contains("too often"))
    // A set made of one long list again and again, each then appended to: each would be a copy.
    let long: [UInt8] = [0x5D, 0x71, 0, 0x28] + [UInt8](repeating: 0x4E, count: 100_000) + [0x65]
    let set: [UInt8] = Array("cbuiltins\nset\nq".utf8) + [1]
    let copies = [[UInt8]](repeating: [0x68, 1, 0x68, 0, 0x85, 0x52, 0x4E, 0x61], count: 20).flatMap(\.self)
    #expect(refusal(archive(pickle(long, set, copies))).contains("copies of more than"))
    // A list that holds itself.
    #expect(refusal(archive(pickle([0x5D, 0x71, 0, 0x68, 0, 0x61]))).contains("holds itself"))
    // One remembered value put into a list again and again; were the list copied each time, this would take hours.
    let again = [[UInt8]](repeating: [0x68, 0, 0x61], count: 4_000_001).flatMap(\.self)
    #expect(refusal(archive(pickle([0x4E, 0x71, 0, 0x30, 0x5D], again))).contains("4000000 items"))
  }

  @Test func impossibleTensorsAreRefused() {
    func tensor(count: [UInt8], offset: [UInt8], size: [UInt8], stride: [UInt8], bits: [UInt8] = []) -> Data {
      let id: [UInt8] =
        [0x28, 0x8C, 7] + Array("storage".utf8) + Array("ctorch\nFloatStorage\n".utf8)
        + [0x8C, 1, 0x30, 0x8C, 3] + Array("cpu".utf8) + count + [0x74, 0x51]
      let call = Array("ctorch._utils\n_rebuild_tensor_v2\n(".utf8) + id + offset + size + stride
      return archive(
        pickle([0x7D, 0x8C, 1, 0x77], call, [0x89, 0x7D], bits, [0x74, 0x52, 0x73]),
        [("a/data/0", [0, 0, 0, 0, 0, 0, 0, 0])])
    }
    func number(_ value: Int) -> [UInt8] { [0x8A, 8] + StoredZip.littleEndian(Int64(value)) }
    func tuple(_ values: Int...) -> [UInt8] { [0x28] + values.flatMap(number) + [0x74] }
    #expect(throws: Never.self) {
      _ = try WeightFile(tensor(count: number(2), offset: number(0), size: tuple(2), stride: tuple(1)), path: "good")
      _ = try WeightFile(
        tensor(count: number(2), offset: number(0), size: tuple(2), stride: tuple(1), bits: [0x7D]), path: "good")
    }
    // torch.save keeps the elements as they were before, and says so in a seventh argument: {"neg": True}.
    let negated: [UInt8] = [0x7D, 0x8C, 3] + Array("neg".utf8) + [0x88, 0x73]
    let bad: [(Data, String)] = [
      (tensor(count: number(2), offset: number(1), size: tuple(2), stride: tuple(1)), "outside its storage"),
      (tensor(count: number(2), offset: number(-1), size: tuple(2), stride: tuple(1)), "negative"),
      (tensor(count: number(2), offset: number(0), size: tuple(-2), stride: tuple(1)), "negative"),
      (tensor(count: number(2), offset: number(0), size: tuple(.max), stride: tuple(0)), "more elements"),
      (tensor(count: number(2), offset: number(.max), size: tuple(2), stride: tuple(.max)), "outside its storage"),
      (tensor(count: number(2), offset: number(0), size: tuple(2, 1), stride: tuple(1)), "dimensions"),
      (tensor(count: number(3), offset: number(0), size: tuple(2), stride: tuple(1)), "12 are needed"),
      (tensor(count: number(.max), offset: number(0), size: tuple(2), stride: tuple(1)), "a storage of"),
      (tensor(count: number(2), offset: number(0), size: tuple(2), stride: tuple(1), bits: negated), "negated"),
    ]
    for (data, part) in bad { #expect(refusal(data).contains(part), "\(refusal(data))") }
  }

  // MARK: Archives

  @Test func hostileArchivesAreRefused() throws {
    let good = [UInt8](try Goldens.data("bare.pt"))
    for length in [5, 100, good.count - 1] { #expect(refusal(Data(good.prefix(length))).contains("cut short")) }
    #expect(refusal(archive(pickle([0x4E]), [("../../etc/passwd", [])])).contains("never writes"))
    #expect(refusal(archive(pickle([0x4E]), [("/etc/passwd", [])])).contains("never writes"))
    #expect(refusal(archive(pickle([0x4E]), [("a/x", []), ("a/x", [])])).contains("two entries"))
    #expect(refusal(Data(StoredZip.archive([.init(name: "a/b", bytes: [])]))).contains("without the data.pkl"))
    #expect(refusal(archive(pickle([0x7D]), [("a/byteorder", Array("big".utf8))])).contains("big-endian"))

    // The directory's record of the last entry begins where its name is, 46 bytes after the record's start.
    func tampered(_ offset: Int, _ bytes: [UInt8]) -> Data {
      var file = StoredZip.archive([
        .init(name: "a/data.pkl", bytes: pickle([0x4E])), .init(name: "a/zz", bytes: [1, 2]),
      ])
      let record = file.count - 22 - 4 - 46
      file.replaceSubrange((record + offset)..<(record + offset + bytes.count), with: bytes)
      return Data(file)
    }
    #expect(refusal(tampered(8, [1, 8])).contains("encrypted"))
    #expect(refusal(tampered(10, [8, 0])).contains("compressed"))
    #expect(refusal(tampered(20, [9, 0, 0, 0])).contains("do not agree"))
    #expect(refusal(tampered(20, [255, 255, 255, 255, 255, 255, 255, 255])).contains("do not agree"))
    #expect(refusal(tampered(20, [255, 255, 255, 127, 255, 255, 255, 127])).contains("outside the file"))
    #expect(refusal(tampered(42, [0, 0, 0, 0])).contains("do not agree"))
    #expect(refusal(tampered(42, [255, 255, 255, 127])).contains("outside the file"))
  }

  @Test func overlappingEntriesAreRefused() {
    // Two records of one local header under one name of the same length would be duplicates; so one name is patched in.
    var file = StoredZip.archive([
      .init(name: "a/data.pkl", bytes: pickle([0x4E])), .init(name: "a/zz", bytes: [1, 2]),
    ])
    let record = file.count - 22 - 4 - 46
    let size = record - 46 - 10 - 30 - 10 - 34 - 2
    // The first entry, grown over the second one's local header.
    let first = record - 46 - 10
    let grown = StoredZip.littleEndian(UInt32(size + 34))
    file.replaceSubrange((first + 20)..<(first + 28), with: grown + grown)
    #expect(refusal(Data(file)).contains("overlaps"))
  }

  @Test func hostileZip64SizesAreRefused() throws {
    // The end record points to a zip64 record whose numbers are those of an attacker.
    var file = [UInt8](try Goldens.data("zip-protocol2.pt"))
    let end = file.count - 22
    file.replaceSubrange((end + 10)..<(end + 20), with: [UInt8](repeating: 0xFF, count: 10))
    #expect(try WeightFile(Data(file), path: "good").tensors.count == 17)
    let record = end - 20 - 56
    for (offset, part) in [(32, "claims"), (40, "directory"), (48, "directory")] {
      var bad = file
      bad.replaceSubrange((record + offset)..<(record + offset + 8), with: [UInt8](repeating: 0xFE, count: 8))
      #expect(refusal(Data(bad)).contains(part))
    }
  }

  @Test func damageIsFoundByChecksum() throws {
    var file = [UInt8](try Goldens.data("bare.pt"))
    let bytes = try #require(Data(file).range(of: Data(StoredZip.littleEndian(Float(1).bitPattern)))?.lowerBound)
    file[bytes] ^= 1
    let opened = try WeightFile(Data(file), path: "x.pt")
    #expect(throws: WeightError.archive(path: "x.pt", .checksum(entry: "bare/data/0"))) { try opened.floats("tensor") }
  }

  // MARK: The other formats

  @Test func cutFilesAreRefused() throws {
    for name in ["legacy-protocol2.pt", "legacy-protocol4.pt", "plain.safetensors"] {
      let good = try Goldens.data(name)
      for length in 0..<good.count {
        let error = #expect(throws: (any Error).self, "\(name) cut to \(length)") {
          try WeightFile(Data(good.prefix(length)), path: name)
        }
        #expect(error is any UserError, "\(name) cut to \(length)")
      }
    }
  }

  @Test(arguments: [
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[true],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":{}}}"#,
    #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#,
    #"{"__metadata__":{"a":{}},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":"# + String(repeating: "[", count: 100_000),
    #"{"a\uD800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[\#(String(repeating: "1,", count: 40))2],"data_offsets":[0,8]}}"#,
  ])
  func hostileSafetensorsHeadersAreRefused(_ header: String) {
    let length = StoredZip.littleEndian(UInt64(header.utf8.count))
    #expect(
      refusal(Data(length + Array(header.utf8) + [UInt8](repeating: 0, count: 8))).contains("not a usable safetensors"))
  }

  /// A size of 0 makes the tensor empty; its strides are products all the same.
  @Test func emptyTensorsOfImpossibleShapesAreRefused() {
    let sizes = [["0", "1099511627776", "1099511627776"], ["1099511627776", "0", "1099511627776"]]
    for shape in sizes.map({ "[\($0.joined(separator: ","))]" }) {
      let header = #"{"a":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,0]}}"#
      let length = StoredZip.littleEndian(UInt64(header.utf8.count))
      #expect(refusal(Data(length + Array(header.utf8))).contains("impossible"))
    }
  }

  @Test func aFloodOfMetadataIsRefused() {
    let lines = (0...100_000).map { #""\#($0)":"""# }.joined(separator: ",")
    let header = #"{"__metadata__":{\#(lines)}}"#
    let length = StoredZip.littleEndian(UInt64(header.utf8.count))
    #expect(refusal(Data(length + Array(header.utf8))).contains("lines of metadata"))
  }

  @Test func anythingElseIsRefused() {
    for text in ["", "PK", "GIF89a……", "\u{89}HDF\r\n\u{1A}\n"] {
      #expect(refusal(Data(text.utf8)).contains("neither safetensors nor"))
    }
    #expect(refusal(Data(pickle([0x4E]))).contains("magic number"))
  }
}
