import Core
import Kernels
import Synchronization

/// Repulsive forces by Barnes and Hut's approximation (van der Maaten 2014, section 4.2). Near points walk the tree
/// together: a cell is one body for the whole group when its side is below θ times its distance from the group's box,
/// so no point is approximated more coarsely than it would be on its own.
final class Repulsion {
  let theta: Float
  let tree: Quadtree
  /// Σ q² (y_i - y_j) over all other points j, in the points' own order, [count].
  let forceX: Storage<Float>
  let forceY: Storage<Float>
  /// Σ q over all other points, in the tree's order, [count].
  private let sums: Storage<Float>
  private var bodies: [Bodies]

  /// What acts on one group; one for each thread.
  private struct Bodies {
    let x: Storage<Float>
    let y: Storage<Float>
    let mass: Storage<Float>
    var count = 0

    /// Every body stands for at least one point, so `capacity` points never fill more, but for the padding.
    init(capacity: Int) throws {
      x = try Storage(capacity + 16)
      y = try Storage(capacity + 16)
      mass = try Storage(capacity + 16)
    }

    mutating func add(_ bodyX: Float, _ bodyY: Float, mass bodyMass: Float) {
      x.base[count] = bodyX
      y.base[count] = bodyY
      mass.base[count] = bodyMass
      count += 1
    }

    mutating func pad() { while count % 16 != 0 { add(0, 0, mass: 0) } }
  }

  /// - Parameter theta: Barnes-Hut angle; 0 computes every pair.
  /// - Throws: `CoreError.outOfMemory`.
  init(count: Int, theta: Float) throws {
    self.theta = theta
    tree = try Quadtree(capacity: count)
    forceX = try Storage(count)
    forceY = try Storage(count)
    sums = try Storage(count)
    bodies = try (0..<Parallel.threads).map { _ in try Bodies(capacity: count) }
  }

  /// Fills the forces from the tree as last built.
  ///
  /// - Returns: Z = Σ_{i≠j} q_ij.
  func compute() -> Double {
    let next = Atomic<Int>(0)
    bodies.withUnsafeMutableBufferPointer { bodies in
      // Groups differ in work, so threads take the next free one; a group's result does not depend on who computes it.
      Team.run(for: tree.count) { thread in
        while true {
          let start = next.wrappingAdd(8, ordering: .relaxed).oldValue
          guard start < tree.groupCount else { return }
          for group in start..<min(start + 8, tree.groupCount) {
            act(on: tree.cells.base[Int(tree.groups.base[group])], &bodies[thread])
          }
        }
      }
    }
    return (0..<tree.count).reduce(0.0) { $0 + Double(sums.base[$1]) }
  }

  private func act(on group: Quadtree.Cell, _ bodies: inout Bodies) {
    collect(for: group, &bodies)
    let (x, y) = (tree.x.base, tree.y.base)
    let (bodyX, bodyY, mass) = (bodies.x.base, bodies.y.base, bodies.mass.base)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2) { force in
      guard let base = force.baseAddress else { return }
      for t in Int(group.first)..<Int(group.end) {
        // The point itself is among the bodies: no force, and q = 1.
        sums.base[t] = quaver_repulsion(bodyX, bodyY, mass, bodies.count, x[t], y[t], base) - 1
        forceX.base[Int(tree.order.base[t])] = base[0]
        forceY.base[Int(tree.order.base[t])] = base[1]
      }
    }
  }

  private func collect(for group: Quadtree.Cell, _ bodies: inout Bodies) {
    let (x, y, cells) = (tree.x.base, tree.y.base, tree.cells.base)
    var (lowX, highX, lowY, highY) = (Float.infinity, -Float.infinity, Float.infinity, -Float.infinity)
    for t in Int(group.first)..<Int(group.end) {
      (lowX, highX) = (min(lowX, x[t]), max(highX, x[t]))
      (lowY, highY) = (min(lowY, y[t]), max(highY, y[t]))
    }
    bodies.count = 0
    let limit = theta * theta
    var index = 0
    while index < tree.cellCount {
      let cell = cells[index]
      let dx = max(0, lowX - cell.x, cell.x - highX)
      let dy = max(0, lowY - cell.y, cell.y - highY)
      let holdsGroup = cell.first <= group.first && group.end <= cell.end
      if cell.area < limit * (dx * dx + dy * dy), !holdsGroup {
        bodies.add(cell.x, cell.y, mass: cell.mass)
        index = Int(cell.next)
      } else if cell.isLeaf {
        for t in Int(cell.first)..<Int(cell.end) { bodies.add(x[t], y[t], mass: 1) }
        index = Int(cell.next)
      } else {
        index += 1
      }
    }
    bodies.pad()
  }
}
