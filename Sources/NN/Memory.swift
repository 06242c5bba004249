import Core
import Glibc

/// A stretch of a plan's memory with a lifetime. Times run forward 0, 1, 2 … through the steps, then through the loss, then
/// backwards through the same steps.
@Engine package final class Buffer {
  package nonisolated let count: Int
  private(set) var birth = Int.max
  private(set) var death = Int.min
  fileprivate var group: BufferGroup?
  /// Valid once the plan is bound.
  package fileprivate(set) var pointer = Buffer.unbound

  /// A page that nobody may touch: using a buffer that the planner has not placed stops the process at once.
  private static let unbound: UnsafeMutablePointer<Float> = {
    let page = mmap(nil, 1 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let page, page != MAP_FAILED else { preconditionFailure("no address space for a guard page") }
    return page.assumingMemoryBound(to: Float.self)
  }()

  init(floats: Int) { count = floats }

  /// The same memory as bytes.
  var bytes: UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt8.self)
  }

  var doubles: UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Double.self)
  }

  /// Places a buffer that no layout holds.
  func place(at pointer: UnsafeMutablePointer<Float>) { self.pointer = pointer }

  func use(at time: Int) {
    birth = min(birth, time)
    death = max(death, time)
  }
}

/// Buffers that lie in the same place, one after the other in time.
@Engine private final class BufferGroup {
  var members: [Buffer]
  var offset = 0

  init(_ buffer: Buffer) { members = [buffer] }

  var floats: Int { members.map(\.count).max() ?? 0 }
  var birth: Int { members.map(\.birth).min() ?? 0 }
  var death: Int { members.map(\.death).max() ?? 0 }
}

/// Lays buffers out in one stretch of an arena.
@Engine struct MemoryLayoutPlan {
  /// A wish that `new` may take over the place of `old` at `time`, when nobody needs `old` any more.
  struct Reuse {
    let old: Buffer
    let new: Buffer
    let time: Int
  }

  /// Floats of the stretch.
  private(set) var floats = 0
  private var groups: [BufferGroup] = []

  /// - Parameter reuse: false gives every buffer its own place for good, so that a plan can be checked against one.
  init(_ buffers: [Buffer], reuses: [Reuse], reuse: Bool) {
    let used = buffers.filter { $0.birth <= $0.death }
    for buffer in used { buffer.group = BufferGroup(buffer) }
    if reuse { reuses.forEach(Self.join) }
    var seen = Set<ObjectIdentifier>()
    groups = used.compactMap(\.group).filter { seen.insert(ObjectIdentifier($0)).inserted }
    place(overlapping: !reuse)
  }

  private static func join(_ wish: Reuse) {
    guard let old = wish.old.group, let new = wish.new.group, old !== new else { return }
    guard Arena.rounded(wish.old.count) == Arena.rounded(wish.new.count) else { return }
    for a in old.members {
      for b in new.members {
        let handover = a === wish.old && b === wish.new && a.death <= wish.time && b.birth >= wish.time
        guard handover || a.death < b.birth || b.death < a.birth else { return }
      }
    }
    old.members += new.members
    for buffer in new.members { buffer.group = old }
  }

  /// Largest first, each at the lowest offset where no buffer of an overlapping lifetime lies.
  private mutating func place(overlapping always: Bool) {
    let order = groups.enumerated().sorted { a, b in
      (-a.element.floats, a.element.birth, a.offset) < (-b.element.floats, b.element.birth, b.offset)
    }.map(\.element)
    var placed: [(range: Range<Int>, birth: Int, death: Int)] = []
    for group in order {
      let size = max(16, Arena.rounded(group.floats)), birth = group.birth, death = group.death
      let obstacles = placed.filter { always || ($0.birth <= death && birth <= $0.death) }
        .map(\.range).sorted { $0.lowerBound < $1.lowerBound }
      var offset = 0
      for range in obstacles {
        if offset + size <= range.lowerBound { break }
        offset = max(offset, range.upperBound)
      }
      group.offset = offset
      placed.append((offset..<offset + size, birth, death))
      floats = max(floats, offset + size)
    }
  }

  /// - Parameter base: `floats` floats.
  func bind(at base: UnsafeMutablePointer<Float>) {
    for group in groups {
      for buffer in group.members { buffer.pointer = base + group.offset }
    }
  }

  /// Fills with NaN every place that nobody uses after `time`, so that a read of freed memory shows.
  func poison(after time: Int) {
    for group in groups where group.members.contains(where: { $0.death == time }) {
      guard !group.members.contains(where: { $0.birth <= time && $0.death > time }) else { continue }
      guard let buffer = group.members.first else { continue }
      buffer.pointer.update(repeating: .nan, count: group.floats)
    }
  }

  /// Fills with NaN every place that is not in use at `time`.
  func poison(unusedAt time: Int) {
    for group in groups where !group.members.contains(where: { $0.birth <= time && time <= $0.death }) {
      group.members.first?.pointer.update(repeating: .nan, count: group.floats)
    }
  }
}
