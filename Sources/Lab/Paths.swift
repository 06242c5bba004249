import Foundation

/// Where Quaver keeps things: the XDG base directories, each with its documented default.
package struct Paths: Sendable, Equatable {
  /// Registered corpora and run folders: what must not be lost.
  package let data: URL
  /// The catalog, an index that can be rebuilt from `data`.
  package let state: URL
  /// Index images; may be deleted at any time.
  package let cache: URL
  package let config: URL

  package init(data: URL, state: URL, cache: URL, config: URL) {
    (self.data, self.state, self.cache, self.config) = (data, state, cache, config)
  }

  package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let home = environment["HOME"].map { URL(fileURLWithPath: $0) } ?? FileManager.default.homeDirectoryForCurrentUser
    func folder(_ variable: String, _ fallback: String) -> URL {
      // The specification tells us to ignore relative paths.
      let base = environment[variable].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
      return (base ?? home.appendingPathComponent(fallback)).appendingPathComponent("quaver")
    }
    self.init(
      data: folder("XDG_DATA_HOME", ".local/share"), state: folder("XDG_STATE_HOME", ".local/state"),
      cache: folder("XDG_CACHE_HOME", ".cache"), config: folder("XDG_CONFIG_HOME", ".config"))
  }

  package var runs: URL { data.appendingPathComponent("runs") }
  package var corpora: URL { data.appendingPathComponent("corpora") }
  package var weights: URL { data.appendingPathComponent("weights") }
  package var catalog: URL { state.appendingPathComponent("catalog.sqlite") }
  package var configFile: URL { config.appendingPathComponent("config.toml") }
  package var images: URL { cache.appendingPathComponent("images") }
}
