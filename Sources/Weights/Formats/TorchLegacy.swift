import Core

/// PyTorch's format before 1.6, which `torch.save(…, _use_new_zipfile_serialization=False)` still writes: five pickles
/// in a row (a magic number, a version, facts about the machine, the object, the keys of its storages), then each
/// storage as a 64-bit count and its elements.
struct TorchLegacy {
  /// What is wrong, without the file's name.
  struct Fault: Error { let reason: String }

  /// 0x1950A86A20F9469CFC6C, little-endian.
  private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// - Throws: `Fault`, `PickleFault`, `TensorTree.Fault`, `StorageFault`.
  static func read(_ bytes: UnsafeRawBufferPointer) throws -> [String: WeightTensor] {
    var file = TorchLegacy(bytes: bytes)
    try file.checkHeader()
    let (object, objectBytes) = try file.pickle()
    let tree = try TensorTree(object, bytes: objectBytes)
    let blocks = try file.blocks(of: try Self.storages(object))
    var tensors: [String: WeightTensor] = [:]
    for (name, tensor) in tree.tensors {
      guard let block = blocks[tensor.storage.key] else {
        throw StorageFault(tensor: name, reason: "no storage has the key “\(tensor.storage.key.printable())”")
      }
      tensors[name] = WeightTensor(type: tensor.type, layout: tensor.layout, block: .range(block))
    }
    return tensors
  }

  private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next pickle and the bytes that its offsets count in.
  private mutating func pickle() throws -> (PickleResult, UnsafeRawBufferPointer) {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[position...].prefix(PickleMachine.longestPickle))
    let result = try PickleMachine.run(rest)
    position += result.length
    return (result, rest)
  }

  private mutating func checkHeader() throws {
    let (magic, magicBytes) = try pickle()
    guard case .longInteger(let range) = magic[magic.root], magicBytes[range].elementsEqual(Self.magic) else {
      throw Fault(reason: "a pickle without PyTorch's magic number")
    }
    let (version, _) = try pickle()
    guard case .integer(1001) = version[version.root] else { throw Fault(reason: "another version than 1001") }
    let (machine, machineBytes) = try pickle()
    guard case .dictionary(let pairs) = machine[machine.root] else { throw Fault(reason: "no facts about its machine") }
    for place in stride(from: 0, to: pairs.count, by: 2) {
      guard case .text(let key) = machine[pairs[place]], machineBytes[key].elementsEqual("little_endian".utf8) else {
        continue
      }
      guard case .bool(true) = machine[pairs[place + 1]] else {
        throw Fault(reason: "written on a big-endian machine, which is not read")
      }
    }
  }

  /// All storages that the object names, by key.
  private static func storages(_ object: PickleResult) throws -> [String: TorchStorage] {
    var storages: [String: TorchStorage] = [:]
    for case .storage(let storage) in object.values {
      guard let before = storages.updateValue(storage, forKey: storage.key) else { continue }
      guard before.type == storage.type, before.count == storage.count else {
        throw Fault(reason: "two descriptions of storage “\(storage.key.printable())” do not agree")
      }
    }
    return storages
  }

  /// Where each storage's elements are.
  private mutating func blocks(of storages: [String: TorchStorage]) throws -> [String: Range<Int>] {
    let (list, listBytes) = try pickle()
    guard case .list(let items) = list[list.root] else { throw Fault(reason: "no list of storages") }
    var blocks: [String: Range<Int>] = [:]
    for item in items {
      guard case .text(let range) = list[item], range.count <= PickleMachine.longestGlobal,
        let storage = storages[String(decoding: listBytes[range], as: UTF8.self)]
      else { throw Fault(reason: "a storage that its object does not name") }
      guard position <= bytes.count - 8 else { throw Fault(reason: "cut short before its storages end") }
      let count = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Int64.self))
      guard count == storage.count else {
        throw Fault(reason: "storage “\(storage.key.printable())” has \(count) elements, not \(storage.count)")
      }
      position += 8
      let length = storage.count * storage.elementBytes
      guard length <= bytes.count - position else { throw Fault(reason: "cut short before its storages end") }
      guard blocks.updateValue(position..<(position + length), forKey: storage.key) == nil else {
        throw Fault(reason: "storage “\(storage.key.printable())” is listed twice")
      }
      position += length
    }
    return blocks
  }
}
