import Core

/// The constructions that a pickle of weights asks for, made as data: ordered dictionaries, storages, tensors.
extension PickleMachine {
  mutating func construct() throws {
    switch opcode {
    case .global:
      let module = try reader.line(atMost: Self.longestGlobal)
      try pushGlobal(module: module, name: try reader.line(atMost: Self.longestGlobal))
    case .stackGlobal:
      let name = try popIndex()
      guard case .text(let module) = values[Int(try popIndex())], case .text(let name) = values[Int(name)] else {
        throw misused("no two names")
      }
      try pushGlobal(module: module, name: name)
    case .binpersid: try push(.storage(try storage(values[Int(try popIndex())])))
    case .build: try build()
    default: try reduce()
    }
  }

  private mutating func pushGlobal(module: Range<Int>, name: Range<Int>) throws {
    guard module.count <= Self.longestGlobal, name.count <= Self.longestGlobal else {
      throw PickleFault.limit(what: "a name of more than \(Self.longestGlobal) bytes", offset: opcodeOffset)
    }
    guard let module = reader.text(module), let name = reader.text(name) else {
      throw PickleFault.text(offset: opcodeOffset)
    }
    guard let global = PickleGlobal(module: module, name: name) else {
      throw PickleFault.refusedGlobal(name: "\(module).\(name)", offset: opcodeOffset)
    }
    try push(.global(global))
  }

  /// Attributes set on an ordered dictionary (`_metadata`, the versions of modules) change no tensor; on anything else
  /// there is nothing to set.
  private mutating func build() throws {
    let state = values[Int(try popIndex())]
    let target = try popIndex()
    guard case .dictionary = values[Int(target)], case .dictionary = state else {
      throw misused("a target that is not a dictionary")
    }
    try pushIndex(target)
  }

  private mutating func reduce() throws {
    guard case .tuple(let arguments) = values[Int(try popIndex())],
      case .global(let global) = values[Int(try popIndex())]
    else { throw misused("no function and arguments") }
    switch global {
    case .orderedDictionary: try push(.dictionary(try pairs(arguments)))
    case .set: try push(try onlyList(arguments))
    case .size:
      guard arguments.count == 1, case .tuple(let sizes) = values[Int(arguments[0])] else {
        throw misused("a torch.Size without its tuple")
      }
      try push(.tuple(sizes))
    case .device, .encode: try push(.opaque)
    case .rebuildTensor(let version): try push(.tensor(try tensor(arguments, version: version)))
    case .rebuildParameter:
      guard let first = arguments.first, case .tensor = values[Int(first)] else {
        throw misused("a parameter without its tensor")
      }
      try pushIndex(first)
    case .storage, .elementType: throw misused("a type that is called")
    }
  }

  private mutating func onlyList(_ arguments: [PickleIndex]) throws -> PickleValue {
    guard let first = arguments.first else { return .list([]) }
    guard arguments.count == 1, case .list(let items) = values[Int(first)] else {
      throw misused("a set of something else than a list")
    }
    try spend(items.count)
    return .list(items)
  }

  /// Python 2 writes an ordered dictionary's pairs as an argument; later ones set them one by one.
  private mutating func pairs(_ arguments: [PickleIndex]) throws -> [PickleIndex] {
    guard case .list(let items) = try onlyList(arguments) else { return [] }
    return try items.flatMap { item in
      switch values[Int(item)] {
      case .list(let pair) where pair.count == 2, .tuple(let pair) where pair.count == 2: return pair
      default: throw misused("an ordered dictionary of something else than pairs")
      }
    }
  }

  // MARK: Storages and tensors

  /// `("storage", class, key, location, count)` and, in the old format, a view `(key, offset, count)` or None.
  private func storage(_ value: PickleValue) throws -> TorchStorage {
    guard case .tuple(let parts) = value, parts.count == 5 || parts.count == 6,
      case .text(let kind) = values[Int(parts[0])], kind.count == 7, reader.text(kind) == "storage",
      case .global(.storage(let type)) = values[Int(parts[1])],
      case .text(let key) = values[Int(parts[2])], key.count <= Self.longestGlobal, let key = reader.text(key),
      case .integer(let count) = values[Int(parts[4])], count >= 0
    else { throw misused("a persistent id that is not a storage") }
    var offset = 0
    if parts.count == 6, case .tuple(let view) = values[Int(parts[5])] {
      guard view.count == 3, case .integer(let start) = values[Int(view[1])],
        case .integer(let length) = values[Int(view[2])], start >= 0, length >= 0, start <= count,
        length <= count - start
      else { throw misused("a view outside its storage") }
      offset = start
    }
    let (_, overflow) = count.multipliedReportingOverflow(by: type?.bytes ?? 1)
    guard !overflow else { throw misused("a storage of \(count) elements") }
    return TorchStorage(key: key, type: type, count: count, offset: offset)
  }

  /// `(storage, offset, size, stride, …)`; version 3 adds the element type as its seventh argument. What is behind that,
  /// where it is, are bits that change the elements' values: {"neg": True}, {"conj": True}.
  private func tensor(_ arguments: [PickleIndex], version: Int) throws -> TorchTensor {
    guard arguments.count >= (version == 1 ? 4 : version == 2 ? 6 : 7),
      case .storage(let storage) = values[Int(arguments[0])],
      case .integer(let offset) = values[Int(arguments[1])]
    else { throw misused("a tensor without its storage and offset") }
    if case .dictionary(let bits)? = arguments.dropFirst(version == 3 ? 7 : 6).first.map({ values[Int($0)] }),
      !bits.isEmpty
    {
      throw misused("a tensor that is stored negated or conjugated")
    }
    var type = storage.type
    if version == 3 {
      guard case .global(.elementType(let named)) = values[Int(arguments[6])], let named else {
        throw misused("a tensor of an element type that is not read")
      }
      type = named
    }
    guard let type else { throw misused("a tensor without an element type") }
    let available = storage.count * storage.elementBytes / type.bytes
    let (start, overflow) = offset.addingReportingOverflow(storage.offset * storage.elementBytes / type.bytes)
    guard !overflow else { throw misused("a tensor with \(LayoutFault.outside)") }
    let layout: StridedLayout
    do {
      layout = try StridedLayout(
        shape: try integers(arguments[2]), strides: try integers(arguments[3]), offset: start, available: available)
    } catch let fault as LayoutFault {
      throw misused("a tensor with \(fault)")
    }
    return TorchTensor(storage: storage, type: type, layout: layout)
  }

  private func integers(_ index: PickleIndex) throws -> [Int] {
    guard case .tuple(let items) = values[Int(index)], items.count <= StridedLayout.greatestRank else {
      throw misused("a tensor without its sizes and strides")
    }
    return try items.map { item in
      guard case .integer(let value) = values[Int(item)] else { throw misused("a size that is not an integer") }
      return value
    }
  }
}
