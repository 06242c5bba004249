import Core

/// Which parameters a training leaves as they are.
package enum Freezing {
  /// The names that fit one of `patterns`: `*` stands for any characters, `?` for one, everything else for itself.
  ///
  /// - Throws: `NNError.nothingToFreeze` for a pattern that fits none, `NNError.allFrozen`.
  package static func names(_ patterns: [String], in entry: NetworkEntry, _ names: [String]) throws -> Set<String> {
    var frozen: Set<String> = []
    for pattern in patterns {
      let found = names.filter { fits($0, pattern) }
      guard !found.isEmpty else {
        throw NNError.nothingToFreeze(pattern: pattern, network: entry.name, example: names.first ?? "")
      }
      frozen.formUnion(found)
    }
    guard frozen.count < names.count else { throw NNError.allFrozen(network: entry.name) }
    return frozen
  }

  /// As `names`, of a network that need not be made for it.
  package static func names(_ patterns: [String], of entry: NetworkEntry, classes: Int = 7) throws -> Set<String> {
    guard !patterns.isEmpty else { return [] }
    let names = entry.graph(classes: classes).nodes.flatMap { node in
      node.parameters.filter { $0.role == .trainable }.map { node.fullName($0) }
    }
    return try self.names(patterns, in: entry, names)
  }

  /// One pass over both with a place to go back to, so that no pattern takes more than length × length steps.
  static func fits(_ name: String, _ pattern: String) -> Bool {
    let (name, pattern) = (Array(name), Array(pattern))
    var (n, p) = (0, 0)
    var star: (pattern: Int, name: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p, n)
        p += 1
      } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
        (n, p) = (n + 1, p + 1)
      } else if let back = star {
        star = (back.pattern, back.name + 1)
        (n, p) = (back.name + 1, back.pattern + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }

  /// The stretches of the flat range that the optimiser goes over; neighbours are joined.
  @Engine static func trained(_ parameters: [Parameter], offset: (Parameter) -> Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for parameter in parameters where !parameter.isFrozen {
      let start = offset(parameter), end = start + Arena.rounded(parameter.count)
      if let last = ranges.last, last.upperBound == start {
        ranges[ranges.count - 1] = last.lowerBound..<end
      } else {
        ranges.append(start..<end)
      }
    }
    return ranges
  }
}
