import ArgumentParser
import Core
import Foundation
import Lab
import Pipeline

struct CorpusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corpus", abstract: "Add, list, check and remove corpora.",
    subcommands: [Add.self, List.self, Check.self, Remove.self], defaultSubcommand: List.self)

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Register a folder of sound files.")

    @Argument(help: "The folder.")
    var path: String
    @Option(help: "The corpus's name; by default the folder's, with a dash for what no name may have.")
    var name: String?
    @Option(help: "\(Adapters.names.joined(separator: ", ")); by default the one that fits best.")
    var adapter: String?
    @OptionGroup var common: CommonOptions

    /// What `--json` prints: the registration, and what the folder holds.
    private struct Report: Encodable {
      let name: String
      let path: String
      let adapter: String
      let reason: String
      let synthetic: Bool
      let utterances: Int
      /// Utterances of each.
      let emotions: [String: Int]
      let leftOut: [CorpusCheckReport.File]

      init(_ registration: CorpusLibrary.Registration, _ corpus: Corpus) {
        (name, path) = (registration.name, registration.path)
        (adapter, reason, synthetic) = (corpus.adapter, corpus.adapterReason, corpus.isSynthetic)
        utterances = corpus.utterances.count
        emotions = Dictionary(
          corpus.utterances.map { (corpus.emotions[$0.emotion], 1) }, uniquingKeysWith: { $0 + $1 })
        leftOut = corpus.rejected.map { CorpusCheckReport.File(file: $0.file, reason: $0.reason) }
      }
    }

    func run() throws {
      let (registration, corpus) = try common.laboratory().library.add(path: path, name: name, adapter: adapter)
      if common.json { return Console.line(try JSON.line(Report(registration, corpus))) }
      Console.line(
        "\(registration.name): \(corpus.utterances.count) utterances, \(corpus.emotions.count) emotions"
          + (corpus.isSynthetic ? ", synthetic speech" : ""))
      Console.line("adapter \(corpus.adapter): \(corpus.adapterReason)")
      for file in corpus.rejected { Console.line("left out \(file.file): \(file.reason)") }
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the registered corpora.")
    @OptionGroup var common: CommonOptions

    private struct Row: Encodable {
      let name: String
      let path: String
      let adapter: String
      let synthetic: Bool?
      let utterances: Int?
      let problem: String?
    }

    func run() throws {
      let library = try common.laboratory().library
      for problem in library.problems() { Console.error(problem) }
      let rows = library.registrations().map { registration in
        do {
          let info = try library.info(registration)
          return Row(
            name: info.name, path: info.path, adapter: info.adapter, synthetic: info.isSynthetic,
            utterances: info.utterances.count, problem: nil)
        } catch {
          return Row(
            name: registration.name, path: registration.path, adapter: registration.adapter, synthetic: nil,
            utterances: nil, problem: "\(error)")
        }
      }
      if common.json {
        for row in rows { Console.line(try JSON.line(row)) }
        return
      }
      guard !rows.isEmpty else { return Console.line("no corpora yet: `quaver corpus add PATH` registers one") }
      Console.table(
        [["corpus", "utterances", "adapter", "", "folder"]]
          + rows.map { row in
            [
              row.name, row.utterances.map(String.init) ?? "–", row.adapter,
              row.problem != nil ? "unreadable" : row.synthetic == true ? "synthetic" : "", row.problem ?? row.path,
            ]
          }, rightAligned: [1])
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decode every file and report counts, durations, silence, clipping, duplicates and failures.",
      discussion: "Exit code 1 when a file cannot be used.")

    @Argument(help: "A registered corpus, or a folder.")
    var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let library = try common.laboratory().library
      let corpus = try library.scan(try library.find(name))
      let meter = SharedRateMeter()
      let check = try await Engine.run {
        try CorpusCheck(corpus) { phase, done, total in
          guard let rate = meter.mark(done) else { return }
          Console.bar(
            RunProgress(
              phase: phase, epoch: 0, done: done, total: total, rate: rate,
              secondsLeft: rate > 0 ? Double(total - done) / rate : nil))
        }
      }
      if common.json {
        Console.line(try JSON.line(CorpusCheckReport(name: name, corpus: corpus, check: check)))
      } else {
        CorpusCheckReport(name: name, corpus: corpus, check: check).print()
      }
      if !check.failed.isEmpty { throw ExitCode(1) }
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget a corpus; its sound files stay where they are.")
    @Argument(help: "The corpus's name.")
    var name: String
    @OptionGroup var common: CommonOptions

    func run() throws {
      let registration = try common.laboratory().library.remove(name)
      if common.json {
        return Console.line(try JSON.line(["removed": registration.name, "path": registration.path]))
      }
      Console.line("\(name): forgotten; its files are untouched")
    }
  }
}
