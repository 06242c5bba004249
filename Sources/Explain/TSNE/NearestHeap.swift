/// The `capacity` smallest of the values offered, the largest of them on top (a binary max-heap in flat memory).
/// Of equal values the ones offered first stay.
struct NearestHeap {
  struct Entry: BitwiseCopyable {
    var value: Float
    var index: Int32
  }

  private var entries: [Entry] = []
  private let capacity: Int

  init(capacity: Int) {
    precondition(capacity > 0, "a heap of \(capacity) entries keeps nothing")
    self.capacity = capacity
    entries.reserveCapacity(capacity)
  }

  /// In heap order, not sorted.
  var kept: [Entry] { entries }

  /// What a value must stay below to be kept; infinite until the heap is full.
  var bound: Float { entries.count < capacity ? .infinity : entries[0].value }

  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func offer(_ value: Float, _ index: Int) {
    let entry = Entry(value: value, index: Int32(truncatingIfNeeded: index))
    if entries.count < capacity {
      entries.append(entry)
      siftUp()
    } else if value < entries[0].value {
      entries[0] = entry
      siftDown()
    }
  }

  private mutating func siftUp() {
    var child = entries.count - 1
    while child > 0, entries[(child - 1) / 2].value < entries[child].value {
      entries.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func siftDown() {
    var parent = 0
    while 2 * parent + 1 < entries.count {
      var child = 2 * parent + 1
      if child + 1 < entries.count, entries[child].value < entries[child + 1].value { child += 1 }
      guard entries[parent].value < entries[child].value else { return }
      entries.swapAt(parent, child)
      parent = child
    }
  }
}
