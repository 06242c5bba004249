/// Sentences that are said beside several results, each once.
package enum SharedNotes {
  /// What is true of all first, as it is; the rest behind the names of those that it is true of.
  package static func of(_ results: [(name: String, notes: [String])]) -> [String] {
    let sentences = results.flatMap(\.notes).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let told = sentences.map { note in
      (note: note, names: results.filter { $0.notes.contains(note) }.map(\.name))
    }
    return told.filter { $0.names.count == results.count }.map(\.note)
      + told.filter { $0.names.count < results.count }.map { "\($0.names.joined(separator: ", ")): \($0.note)" }
  }
}
