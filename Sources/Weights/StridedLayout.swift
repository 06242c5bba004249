/// How a tensor lies in a block of elements: element [i, j, …] is at offset + i · strides[0] + j · strides[1] + ….
package struct StridedLayout: Sendable, Equatable {
  /// More dimensions than this are damage or an attack.
  static let greatestRank = 32

  package let shape: [Int]
  package let strides: [Int]
  package let offset: Int
  /// Elements of the tensor.
  package let count: Int

  /// Row-major, from the block's start. The caller has checked that the product of `shape` fits, sizes of 0 left out.
  init(contiguous shape: [Int]) {
    var strides = shape
    var step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step *= shape[axis]
    }
    (self.shape, self.strides, offset, count) = (shape, strides, 0, step)
  }

  /// - Parameter available: elements in the block.
  /// - Throws: `LayoutFault` when an element would lie outside the block, or when the tensor has more elements than
  ///   the block (an expanded view), which would let a small file fill the memory.
  init(shape: [Int], strides: [Int], offset: Int, available: Int) throws {
    guard shape.count == strides.count, shape.count <= Self.greatestRank else { throw LayoutFault.rank(shape.count) }
    guard offset >= 0, (shape + strides).allSatisfy({ $0 >= 0 }) else { throw LayoutFault.negative }
    var count = 1
    var last = offset
    for (size, stride) in zip(shape, strides) {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      let (reach, far) = max(0, size - 1).multipliedReportingOverflow(by: stride)
      let (sum, carry) = last.addingReportingOverflow(reach)
      guard !overflow, !far, !carry else { throw LayoutFault.outside }
      (count, last) = (product, sum)
    }
    guard count == 0 || last < available else { throw LayoutFault.outside }
    guard count <= available else { throw LayoutFault.expanded }
    (self.shape, self.strides, self.offset, self.count) = (shape, strides, offset, count)
  }

  /// Calls `body(position, start, length, stride)` for runs of elements in row-major order: `position` counts the
  /// elements before the run, its elements lie at start, start + stride, ….
  func forEachRun(_ body: (_ position: Int, _ start: Int, _ length: Int, _ stride: Int) -> Void) {
    guard count > 0 else { return }
    let axes = merged()
    guard let inner = axes.last else { return body(0, offset, 1, 1) }
    var index = Array(repeating: 0, count: axes.count - 1)
    var start = offset
    var position = 0
    while true {
      body(position, start, inner.size, inner.stride)
      position += inner.size
      var axis = index.count - 1
      while axis >= 0 {
        index[axis] += 1
        start += axes[axis].stride
        if index[axis] < axes[axis].size { break }
        start -= axes[axis].size * axes[axis].stride
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  /// The axes without those of size 1, neighbours joined where the outer one steps over exactly the inner one.
  private func merged() -> [(size: Int, stride: Int)] {
    var axes: [(size: Int, stride: Int)] = []
    for (size, stride) in zip(shape, strides) where size != 1 {
      if let last = axes.last, last.stride == size * stride {
        axes[axes.count - 1] = (last.size * size, stride)
      } else {
        axes.append((size, stride))
      }
    }
    return axes
  }
}

/// Why a tensor cannot lie in its storage.
package enum LayoutFault: Error, Equatable, CustomStringConvertible {
  case rank(Int), negative, outside, expanded

  package var description: String {
    switch self {
    case .rank(let rank): "\(rank) dimensions, or another number of strides"
    case .negative: "a negative size, stride or offset"
    case .outside: "elements outside its storage"
    case .expanded: "more elements than its storage holds"
    }
  }
}
