import Core

/// Walks what a pickle left and names its tensors: keys of nested dictionaries joined by ".", places in lists as
/// numbers. A checkpoint {"state_dict": {"fc.weight": …}} thus holds "state_dict.fc.weight".
struct TensorTree {
  static let greatestDepth = 32
  static let greatestTensors = 100_000
  static let longestName = 1_024
  /// Values that may be visited: shared ones count each time, so that a few nested references cannot multiply.
  static let greatestVisits = 4_000_000

  private let result: PickleResult
  private let reader: PickleReader
  private var visits = 0
  private(set) var tensors: [(name: String, tensor: TorchTensor)] = []

  /// What is wrong, without the file's name.
  struct Fault: Error { let reason: String }

  /// - Throws: `Fault`.
  init(_ result: PickleResult, bytes: UnsafeRawBufferPointer) throws {
    self.result = result
    reader = PickleReader(bytes)
    try walk(result.root, name: "", depth: 0)
    let names = Set(tensors.map(\.name))
    guard names.count == tensors.count else { throw Fault(reason: "two tensors have the same name") }
  }

  private mutating func walk(_ index: PickleIndex, name: String, depth: Int) throws {
    visits += 1 + itemCount(index)
    guard visits <= Self.greatestVisits else { throw Fault(reason: "its containers hold one another too often") }
    switch result[index] {
    case .tensor(let tensor):
      guard tensors.count < Self.greatestTensors else {
        throw Fault(reason: "more than \(Self.greatestTensors) tensors")
      }
      tensors.append((name.isEmpty ? "tensor" : name, tensor))
    case .list(let items), .tuple(let items):
      try checkDepth(depth)
      for (place, item) in items.enumerated() where isWorthwhile(item) {
        try walk(item, name: try join(name, String(place)), depth: depth + 1)
      }
    case .dictionary(let pairs):
      try checkDepth(depth)
      try walkDictionary(pairs, name: name, depth: depth)
    case .none, .bool, .integer, .real, .longInteger, .text, .opaque, .global, .storage: break
    }
  }

  private mutating func walkDictionary(_ pairs: [PickleIndex], name: String, depth: Int) throws {
    var last: [Key: Int] = [:]
    var order: [Key] = []
    for place in stride(from: 0, to: pairs.count, by: 2) where isWorthwhile(pairs[place + 1]) {
      let key = try self.key(pairs[place], place: place / 2)
      if last.updateValue(place + 1, forKey: key) == nil { order.append(key) }
    }
    for key in order {
      guard let place = last[key] else { continue }
      try walk(pairs[place], name: try join(name, key.text), depth: depth + 1)
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

  private func checkDepth(_ depth: Int) throws {
    guard depth < Self.greatestDepth else {
      throw Fault(reason: "containers more than \(Self.greatestDepth) deep")
    }
  }

  /// Python tells the keys 1 and "1" apart; their tensors would have one name, which is then refused.
  private struct Key: Hashable {
    let text: String
    let isText: Bool
  }

  private func key(_ index: PickleIndex, place: Int) throws -> Key {
    switch result[index] {
    case .text(let range):
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
