/// A quadtree over points in the plane, rebuilt in place: the points sorted along a Morton curve, so that every cell is a
/// range of them, and the cells in depth-first order, so that a walk needs no stack. Chains of cells with one child are
/// one cell. Nothing is allocated after `init`.
package final class Quadtree {
  package struct Cell: BitwiseCopyable {
    /// Centre of mass.
    package var x: Float
    package var y: Float
    /// Square of the side.
    package var area: Float
    /// The cell's points, in sorted order.
    package var first: Int32
    package var end: Int32
    /// The next cell in depth-first order that is not inside this one.
    package var next: Int32
    package var isLeaf: Bool

    package var mass: Float { Float(end - first) }
  }

  /// Points in a leaf, and in a group that walks the tree together; measured at 10 000 points.
  package static let leafSize = 8
  package static let groupSize = 32
  private static let bits = 16

  package let count: Int
  /// The points' own numbers and coordinates in sorted order, [count].
  package let order: Storage<Int32>
  package let x: Storage<Float>
  package let y: Storage<Float>
  /// Depth-first; at most twice as many as points.
  package let cells: Storage<Cell>
  package private(set) var cellCount = 0
  /// The largest cells of at most `groupSize` points: together they hold every point once.
  package let groups: Storage<Int32>
  package private(set) var groupCount = 0

  private let keys: Storage<UInt32>
  private let spareKeys: Storage<UInt32>
  private let spareOrder: Storage<Int32>
  private let histogram: Storage<Int32>
  private var side: Float = 0

  /// - Throws: `CoreError.outOfMemory`.
  package init(capacity count: Int) throws {
    precondition(count > 0, "a tree of no points has no root")
    self.count = count
    order = try Storage(count)
    x = try Storage(count)
    y = try Storage(count)
    cells = try Storage(2 * count)
    groups = try Storage(count)
    keys = try Storage(count)
    spareKeys = try Storage(count)
    spareOrder = try Storage(count)
    histogram = try Storage(256)
  }

  /// Builds the tree over `count` finite points.
  package func build(x pointsX: UnsafePointer<Float>, y pointsY: UnsafePointer<Float>) {
    encode(pointsX, pointsY)
    sort()
    let (order, x, y) = (order.base, self.x.base, self.y.base)
    for t in 0..<count {
      x[t] = pointsX[Int(order[t])]
      y[t] = pointsY[Int(order[t])]
    }
    (cellCount, groupCount) = (0, 0)
    addCell(0, count, grouped: false)
  }

  private func encode(_ pointsX: UnsafePointer<Float>, _ pointsY: UnsafePointer<Float>) {
    var (lowX, highX, lowY, highY) = (pointsX[0], pointsX[0], pointsY[0], pointsY[0])
    for i in 1..<max(1, count) {
      (lowX, highX) = (min(lowX, pointsX[i]), max(highX, pointsX[i]))
      (lowY, highY) = (min(lowY, pointsY[i]), max(highY, pointsY[i]))
    }
    side = max(highX - lowX, highY - lowY)
    let last = Float((1 << Self.bits) - 1)
    let scale = side > 0 ? last / side : 0
    let (keys, order) = (keys.base, order.base)
    for i in 0..<count {
      let column = UInt32(max(0, min(last, (pointsX[i] - lowX) * scale)))
      let row = UInt32(max(0, min(last, (pointsY[i] - lowY) * scale)))
      keys[i] = Self.spread(column) | Self.spread(row) << 1
      order[i] = Int32(truncatingIfNeeded: i)
    }
  }

  /// Puts a zero between the bits of a 16-bit number.
  private static func spread(_ value: UInt32) -> UInt32 {
    var v = value
    v = (v | v << 8) & 0x00FF_00FF
    v = (v | v << 4) & 0x0F0F_0F0F
    v = (v | v << 2) & 0x3333_3333
    return (v | v << 1) & 0x5555_5555
  }

  /// Radix sort by key, a byte at a time; an even number of passes ends where it began. Equal keys keep their order.
  private func sort() {
    var (from, to) = ((keys.base, order.base), (spareKeys.base, spareOrder.base))
    let histogram = histogram.base
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      histogram.update(repeating: 0, count: 256)
      for i in 0..<count { histogram[Int(from.0[i] >> shift & 255)] += 1 }
      var before: Int32 = 0
      for digit in 0..<256 { (histogram[digit], before) = (before, before + histogram[digit]) }
      for i in 0..<count {
        let digit = Int(from.0[i] >> shift & 255)
        let slot = Int(histogram[digit])
        to.0[slot] = from.0[i]
        to.1[slot] = from.1[i]
        histogram[digit] += 1
      }
      swap(&from, &to)
    }
  }

  /// Adds the cell of the sorted points `first..<end` and all inside it.
  private func addCell(_ first: Int, _ end: Int, grouped: Bool) {
    let index = cellCount
    cellCount += 1
    let differing = keys.base[first] ^ keys.base[end - 1]
    // Two bits a level: the side halves for each level that all points share.
    let level = differing.leadingZeroBitCount / 2
    let isLeaf = end - first <= Self.leafSize || differing == 0
    let isGroup = !grouped && (isLeaf || end - first <= Self.groupSize)
    if isGroup {
      groups.base[groupCount] = Int32(truncatingIfNeeded: index)
      groupCount += 1
    }
    if !isLeaf { addQuarters(first, end, shift: UInt32(30 - 2 * level), grouped: grouped || isGroup) }
    let (centreX, centreY) = centre(first, end, cell: index, isLeaf: isLeaf)
    let cellSide = side / Float(1 << level)
    cells.base[index] = Cell(
      x: centreX, y: centreY, area: cellSide * cellSide, first: Int32(truncatingIfNeeded: first),
      end: Int32(truncatingIfNeeded: end), next: Int32(truncatingIfNeeded: cellCount), isLeaf: isLeaf)
  }

  private func addQuarters(_ first: Int, _ end: Int, shift: UInt32, grouped: Bool) {
    let keys = keys.base
    var start = first
    while start < end {
      let quarter = keys[start] >> shift
      var (low, high) = (start + 1, end)
      while low < high {
        let middle = (low + high) / 2
        if keys[middle] >> shift == quarter { low = middle + 1 } else { high = middle }
      }
      addCell(start, low, grouped: grouped)
      start = low
    }
  }

  /// Centre of mass: of the points in a leaf, of the cells just inside otherwise.
  private func centre(_ first: Int, _ end: Int, cell index: Int, isLeaf: Bool) -> (Float, Float) {
    var (sumX, sumY): (Float, Float) = (0, 0)
    if isLeaf {
      for t in first..<end { (sumX, sumY) = (sumX + x.base[t], sumY + y.base[t]) }
    } else {
      var child = index + 1
      while child < cellCount {
        let cell = cells.base[child]
        (sumX, sumY) = (sumX + cell.x * cell.mass, sumY + cell.y * cell.mass)
        child = Int(cell.next)
      }
    }
    return (sumX / Float(end - first), sumY / Float(end - first))
  }
}
