extension CaseIterable where Self: Equatable {
  /// The case behind this one; the first behind the last.
  package var next: Self {
    let all = Array(Self.allCases)
    return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
  }
}
