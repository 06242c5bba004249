import Core

/// Reads a pickle as data: a stack machine for the opcodes that `torch.save` writes (protocols 2 to 5), which builds
/// values and tensor descriptions and never runs, imports or calls anything. Every other opcode is refused by name.
///
/// Each opcode makes at most one value and moves those that are on the stack, so that memory is bounded by the number
/// of opcodes, which `greatestValues` and `greatestItems` bound in turn.
struct PickleMachine {
  static let greatestValues = 1_000_000
  /// Items put into lists and dictionaries, remembered values counted each time.
  static let greatestItems = 4_000_000
  static let greatestMarks = 1_000
  static let longestGlobal = 512
  /// Texts of configurations and logs that checkpoints may carry along are shorter.
  static let longestText = 16 << 20
  /// Pickles of real files have some hundred bytes a tensor.
  static let longestPickle = 64 << 20

  var reader: PickleReader
  var values: [PickleValue] = []
  private var stack: [PickleIndex] = []
  private var marks: [Int] = []
  private var memo: [UInt32: PickleIndex] = [:]
  private var copied = 0
  private var filled = 0
  /// The opcode that is being run and where it stands, for the sentences of refusals.
  private(set) var opcode = PickleOpcode.proto
  private(set) var opcodeOffset = 0

  /// Runs the pickle at the start of `bytes` up to its STOP.
  ///
  /// - Throws: `PickleFault`.
  static func run(_ bytes: UnsafeRawBufferPointer) throws -> PickleResult {
    var machine = PickleMachine(reader: PickleReader(bytes))
    while let index = try machine.step() {
      guard let index else { continue }
      return PickleResult(values: machine.values, root: index, length: machine.reader.position)
    }
    throw PickleFault.truncated(offset: bytes.count)
  }

  private init(reader: PickleReader) { self.reader = reader }

  // MARK: Stack

  func misused(_ reason: String) -> PickleFault {
    .misused(opcode: opcode.name, offset: opcodeOffset, reason: reason)
  }

  mutating func push(_ value: PickleValue) throws {
    guard values.count < Self.greatestValues else {
      throw PickleFault.limit(what: "more than \(Self.greatestValues) values", offset: opcodeOffset)
    }
    stack.append(PickleIndex(values.count))
    values.append(value)
  }

  mutating func pushIndex(_ index: PickleIndex) throws {
    guard stack.count < Self.greatestValues else {
      throw PickleFault.limit(what: "a stack of more than \(Self.greatestValues) values", offset: opcodeOffset)
    }
    stack.append(index)
  }

  /// Values below the last mark belong to what the mark interrupted.
  private var floor: Int { marks.last ?? 0 }

  mutating func popIndex() throws -> PickleIndex {
    guard stack.count > floor, let index = stack.popLast() else { throw misused("too few values on its stack") }
    return index
  }

  private func top() throws -> PickleIndex {
    guard stack.count > floor, let index = stack.last else { throw misused("too few values on its stack") }
    return index
  }

  private mutating func popToMark() throws -> [PickleIndex] {
    guard let mark = marks.popLast() else { throw misused("no mark on its stack") }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  /// Takes `count` items from what constructions may copy: a list that is copied again and again would otherwise turn
  /// few bytes into much memory.
  mutating func spend(_ count: Int) throws {
    copied += count
    guard copied <= Self.greatestValues else {
      throw PickleFault.limit(what: "copies of more than \(Self.greatestValues) values", offset: opcodeOffset)
    }
  }

  private mutating func popTuple(_ count: Int) throws {
    var items: [PickleIndex] = []
    for _ in 0..<count { items.append(try popIndex()) }
    try push(.tuple(items.reversed()))
  }

  // MARK: Opcodes

  /// Runs one opcode; `.some(.some(root))` after STOP.
  private mutating func step() throws -> PickleIndex?? {
    opcodeOffset = reader.position
    let byte = try reader.byte()
    guard let opcode = PickleOpcode(rawValue: byte) else {
      throw PickleFault.unknownOpcode(byte: byte, offset: opcodeOffset)
    }
    self.opcode = opcode
    switch opcode {
    case .stop:
      guard marks.isEmpty else { throw misused("an open mark") }
      return .some(try popIndex())
    case .proto, .frame: try header()
    case .mark, .pop, .popMark, .dup: try rearrange()
    case .none, .newtrue, .newfalse, .binint, .binint1, .binint2, .long1, .long4, .binfloat: try scalar()
    case .shortBinunicode, .binunicode, .binunicode8, .shortBinstring, .binstring, .shortBinbytes, .binbytes,
      .binbytes8:
      try text()
    case .emptyTuple, .tuple, .tuple1, .tuple2, .tuple3, .emptyList, .emptySet, .emptyDict: try container()
    case .append, .appends, .additems, .setitem, .setitems: try fill()
    case .binput, .longBinput, .memoize, .binget, .longBinget: try useMemo()
    case .global, .stackGlobal, .reduce, .build, .binpersid: try construct()
    case .int, .long, .string, .unicode, .float, .list, .dict, .get, .put, .persid, .inst, .obj, .newobj, .newobjEx,
      .ext1, .ext2, .ext4, .frozenset, .bytearray8, .nextBuffer, .readonlyBuffer:
      throw PickleFault.refusedOpcode(name: opcode.name, offset: opcodeOffset)
    }
    return .some(nil)
  }

  private mutating func header() throws {
    if opcode == .proto {
      let version = try reader.byte()
      guard (2...5).contains(version) else { throw misused("protocol \(version); 2 to 5 are read") }
    } else {
      // A frame only groups opcodes for reading; its length need only be possible.
      let length = try reader.unsigned(8)
      guard length <= UInt64(reader.bytes.count - reader.position) else {
        throw PickleFault.truncated(offset: reader.position)
      }
    }
  }

  private mutating func rearrange() throws {
    switch opcode {
    case .mark:
      guard marks.count < Self.greatestMarks else {
        throw PickleFault.limit(what: "more than \(Self.greatestMarks) open marks", offset: opcodeOffset)
      }
      marks.append(stack.count)
    case .popMark: _ = try popToMark()
    case .dup: try pushIndex(try top())
    default: _ = try popIndex()
    }
  }

  private mutating func scalar() throws {
    switch opcode {
    case .newtrue: try push(.bool(true))
    case .newfalse: try push(.bool(false))
    case .binint: try push(.integer(Int(Int32(truncatingIfNeeded: try reader.unsigned(4)))))
    case .binint1: try push(.integer(Int(try reader.unsigned(1))))
    case .binint2: try push(.integer(Int(try reader.unsigned(2))))
    case .long1, .long4:
      let length = try reader.unsigned(opcode == .long1 ? 1 : 4)
      let range = try reader.take(length)
      if let value = reader.signed(range) { try push(.integer(value)) } else { try push(.longInteger(range)) }
    case .binfloat:
      try reader.skipReal()
      try push(.real)
    default: try push(.none)
    }
  }

  private mutating func text() throws {
    let lengthBytes =
      switch opcode {
      case .shortBinunicode, .shortBinstring, .shortBinbytes: 1
      case .binunicode8, .binbytes8: 8
      default: 4
      }
    let range = try reader.take(try reader.unsigned(lengthBytes))
    guard range.count <= Self.longestText else {
      throw PickleFault.limit(what: "a text of \(range.count) bytes", offset: opcodeOffset)
    }
    switch opcode {
    case .shortBinbytes, .binbytes, .binbytes8: try push(.opaque)
    case .shortBinstring, .binstring:
      // Python 2's text; bytes that are none stay bytes.
      try push(reader.text(range) == nil ? .opaque : .text(range))
    default:
      guard reader.text(range) != nil else { throw PickleFault.text(offset: range.lowerBound) }
      try push(.text(range))
    }
  }

  private mutating func container() throws {
    switch opcode {
    case .tuple: try push(.tuple(try popToMark()))
    case .tuple1: try popTuple(1)
    case .tuple2: try popTuple(2)
    case .tuple3: try popTuple(3)
    case .emptyDict: try push(.dictionary([]))
    case .emptyList, .emptySet: try push(.list([]))
    default: try push(.tuple([]))
    }
  }

  private mutating func fill() throws {
    let items: [PickleIndex]
    switch opcode {
    case .append: items = [try popIndex()]
    case .setitem:
      let value = try popIndex()
      items = [try popIndex(), value]
    default: items = try popToMark()
    }
    filled += items.count
    guard filled <= Self.greatestItems else {
      throw PickleFault.limit(what: "more than \(Self.greatestItems) items", offset: opcodeOffset)
    }
    let isPairs = opcode == .setitem || opcode == .setitems
    guard !isPairs || items.count.isMultiple(of: 2) else { throw misused("a key without a value") }
    guard values[Int(try top())].take(items, asPairs: isPairs) else { throw misused("nothing to put its items into") }
  }

  private mutating func useMemo() throws {
    switch opcode {
    case .memoize, .binput, .longBinput:
      let key =
        opcode == .memoize ? UInt32(memo.count) : UInt32(try reader.unsigned(opcode == .binput ? 1 : 4))
      guard memo.count < Self.greatestValues else {
        throw PickleFault.limit(what: "more than \(Self.greatestValues) remembered values", offset: opcodeOffset)
      }
      memo[key] = try top()
    default:
      let key = UInt32(try reader.unsigned(opcode == .binget ? 1 : 4))
      guard let index = memo[key] else { throw misused("nothing remembered as \(key)") }
      try pushIndex(index)
    }
  }
}
