import Core

/// PyTorch's zip format (1.6 and later): `<root>/data.pkl` describes the tensors, `<root>/data/<key>` holds each
/// storage's elements.
enum TorchArchive {
  /// - Throws: `ArchiveFault`, `PickleFault`, `TensorTree.Fault`, `StorageFault`.
  static func read(_ bytes: UnsafeRawBufferPointer) throws -> [String: WeightTensor] {
    let archive = try ZipArchive(bytes)
    // Every entry lies in one folder, named after the file as it was first saved.
    let root = archive.entries.first.map { $0.name.prefix { $0 != "/" } } ?? ""
    var entries: [Substring: ZipArchive.Entry] = [:]
    for entry in archive.entries where entry.name.hasPrefix("\(root)/") {
      entries[entry.name.dropFirst(root.count + 1)] = entry
    }
    guard entries["constants.pkl"] == nil, !entries.keys.contains(where: { $0.hasPrefix("code/") }) else {
      throw ArchiveFault.program
    }
    if let entry = archive.entries.first(where: \.isCompressed) { throw ArchiveFault.compressed(entry: entry.name) }
    guard let pickle = entries["data.pkl"] else { throw ArchiveFault.noPickle }
    if let order = entries["byteorder"] {
      guard bytes[order.range].elementsEqual("little".utf8) else { throw ArchiveFault.bigEndian }
    }
    guard pickle.range.count <= PickleMachine.longestPickle else {
      throw ArchiveFault.longPickle(bytes: pickle.range.count)
    }
    try ZipArchive.check(pickle, in: bytes)
    let pickleBytes = UnsafeRawBufferPointer(rebasing: bytes[pickle.range])
    let tree = try TensorTree(try PickleMachine.run(pickleBytes), bytes: pickleBytes)
    var tensors: [String: WeightTensor] = [:]
    for (name, tensor) in tree.tensors {
      guard let entry = entries["data/\(tensor.storage.key)"] else {
        throw StorageFault(tensor: name, reason: "the archive holds no “data/\(tensor.storage.key.printable())”")
      }
      let needed = tensor.storage.count * tensor.storage.elementBytes
      guard needed <= entry.range.count else {
        throw StorageFault(tensor: name, reason: "\(entry.range.count) bytes are stored, \(needed) are needed")
      }
      tensors[name] = WeightTensor(type: tensor.type, layout: tensor.layout, block: .entry(entry))
    }
    return tensors
  }
}

/// A tensor whose elements are not in the file.
struct StorageFault: Error {
  let tensor: String
  let reason: String
}
