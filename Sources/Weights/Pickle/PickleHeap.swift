import Core

/// A value's place in the heap.
typealias PickleIndex = Int32

/// A value of the pickle, as data. Containers hold places in the heap instead of values, so that neither deep nesting
/// nor cycles can recurse when the heap is freed.
enum PickleValue {
  case none, bool(Bool), integer(Int), real
  /// Integers beyond 64 bits: where their little-endian bytes are in the pickle.
  case longInteger(Range<Int>)
  /// Where the UTF-8 bytes are in the pickle.
  case text(Range<Int>)
  /// Plain data that no tensor needs: bytes, a device, an element type as a value.
  case opaque
  case tuple([PickleIndex]), list([PickleIndex])
  /// Keys and values in turn, as they were set; the last of equal keys counts.
  case dictionary([PickleIndex])
  case global(PickleGlobal)
  indirect case storage(TorchStorage)
  indirect case tensor(TorchTensor)

  /// Puts items at the end of a list, or pairs at the end of a dictionary; false for other values.
  mutating func take(_ items: [PickleIndex], asPairs: Bool) -> Bool {
    // The array is moved out while it grows: a second reference would copy it whole each time.
    var held: [PickleIndex]
    switch (self, asPairs) {
    case (.list(let list), false): held = list
    case (.dictionary(let pairs), true): held = pairs
    default: return false
    }
    self = .none
    held.append(contentsOf: items)
    self = asPairs ? .dictionary(held) : .list(held)
    return true
  }
}

/// What a persistent id stands for: a block of elements stored outside the pickle.
struct TorchStorage: Equatable {
  let key: String
  /// nil for an untyped storage, whose elements are bytes.
  let type: SafeTensors.ElementType?
  /// Elements of the block named `key`.
  let count: Int
  /// Where this storage begins in that block (old files may hold views of blocks).
  let offset: Int

  var elementBytes: Int { type?.bytes ?? 1 }
}

/// A tensor as the pickle describes it: a strided view of a storage. Strides and offset are in elements.
struct TorchTensor {
  let storage: TorchStorage
  let type: SafeTensors.ElementType
  let layout: StridedLayout
}

/// What a finished pickle left: its values and the one on top.
struct PickleResult {
  let values: [PickleValue]
  let root: PickleIndex
  /// Bytes read, for files that hold several pickles in a row.
  let length: Int

  subscript(index: PickleIndex) -> PickleValue { values[Int(index)] }
}
