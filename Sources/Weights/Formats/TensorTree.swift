import Core

/// Walks what a pickle left and names its tensors: keys of nested dictionaries joined by ".", places in lists as
/// numbers. A checkpoint {"state_dict": {"fc.weight": …}} thus holds "state_dict.fc.weight".
struct TensorTree {
  static let greatestDepth = 32
  static let greatestTensors = 100_000
  static let longestName = 1_024
  /// Values that may be visited: shared ones count each time, so that a few nested references cannot multiply.
  static let greatestVisits = 4_000_000
  /// Bytes of all keys that are read, shared dictionaries' each time.
  static let greatestKeyBytes = 64 << 20

  private let result: PickleResult
  private let reader: PickleReader
  private var visits = 0
  private var keyBytes = 0
  /// The containers that the walk is in.
  private var path: [PickleIndex] = []
  private(set) var tensors: [(name: String, tensor: TorchTensor)] = []

  /// What is wrong, without the file's name.
  struct Fault: Error { let reason: String }

  /// - Throws: `Fault`.
  init(_ result: PickleResult, bytes: UnsafeRawBufferPointer) throws {
    self.result = result
    reader = PickleReader(bytes)
    try walk(result.root, name: "")
    let names = Set(tensors.map(\.name))
    guard names.count == tensors.count else { throw Fault(reason: "two tensors have the same name") }
  }

  private mutating func walk(_ index: PickleIndex, name: String) throws {
    visits += 1 + itemCount(index)
    guard visits <= Self.greatestVisits else { throw Fault(reason: "its containers hold one another too often") }
    switch result[index] {
    case .tensor(let tensor):
      guard tensors.count < Self.greatestTensors else {
        throw Fault(reason: "more than \(Self.greatestTensors) tensors")
      }
      tensors.append((name.isEmpty ? "tensor" : name, tensor))
    case .list(let items), .tuple(let items):
      try enter(index)
      defer { path.removeLast() }
      for (place, item) in items.enumerated() where isWorthwhile(item) {
        try walk(item, name: try join(name, String(place)))
      }
    case .dictionary(let pairs):
      try enter(index)
      defer { path.removeLast() }
      try walkDictionary(pairs, name: name)
    case .none, .bool, .integer, .real, .longInteger, .text, .opaque, .global, .storage: break
    }
  }

  private mutating func walkDictionary(_ pairs: [PickleIndex], name: String) throws {
    var last: [Key: Int] = [:]
    var order: [Key] = []
    for place in stride(from: 0, to: pairs.count, by: 2) where isWorthwhile(pairs[place + 1]) {
      let key = try self.key(pairs[place], place: place / 2)
      if last.updateValue(place + 1, forKey: key) == nil { order.append(key) }
    }
    for key in order {
      guard let place = last[key] else { continue }
      try walk(pairs[place], name: try join(name, key.text))
    }
  }

  private func itemCount(_ index: PickleIndex) -> Int {
    switch result[index] {
    case .list(let items), .tuple(let items), .dictionary(let items): items.count
    default: 0
    }
  }

  /// Whether a value can hold tensors: what cannot needs neither a name nor a visit.
  private func isWorthwhile(_ index: PickleIndex) -> Bool {
    switch result[index] {
    case .tensor: true
    case .list(let items), .tuple(let items), .dictionary(let items): !items.isEmpty
    default: false
    }
  }

  private mutating func enter(_ container: PickleIndex) throws {
    guard !path.contains(container) else { throw Fault(reason: "a container that holds itself") }
    guard path.count < Self.greatestDepth else {
      throw Fault(reason: "containers more than \(Self.greatestDepth) deep")
    }
    path.append(container)
  }

  /// Python tells the keys 1 and "1" apart; their tensors would have one name, which is then refused.
  private struct Key: Hashable {
    let text: String
    let isText: Bool
  }

  private mutating func key(_ index: PickleIndex, place: Int) throws -> Key {
    switch result[index] {
    case .text(let range):
      keyBytes += range.count
      guard keyBytes <= Self.greatestKeyBytes else {
        throw Fault(reason: "keys of more than \(Self.greatestKeyBytes >> 20) MiB in all")
      }
      guard range.count <= Self.longestName, let text = reader.text(range) else {
        throw Fault(reason: "a name of \(range.count) bytes")
      }
      return Key(text: text, isText: true)
    case .integer(let value): return Key(text: String(value), isText: false)
    default: return Key(text: "#\(place)", isText: false)
    }
  }

  private func join(_ name: String, _ key: String) throws -> String {
    let joined = name.isEmpty ? key : "\(name).\(key)"
    guard joined.utf8.count <= Self.longestName else {
      throw Fault(reason: "a name of \(joined.utf8.count) bytes")
    }
    return joined
  }
}
