import Foundation

/// Where trainings of tests write: checkpoints are large and synced to the disk, so in memory where there is room.
enum Scratch {
  static func folder(_ name: String) -> URL {
    let memory = URL(fileURLWithPath: "/dev/shm")
    let free = try? FileManager.default.attributesOfFileSystem(forPath: memory.path)[.systemFreeSize] as? Int
    let root =
      FileManager.default.isWritableFile(atPath: memory.path) && (free ?? 0) > 4 << 30
      ? memory : FileManager.default.temporaryDirectory
    return root.appendingPathComponent("\(name)-\(UUID().uuidString)")
  }
}
