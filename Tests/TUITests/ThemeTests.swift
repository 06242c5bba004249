import TUI
import Testing

@Suite("Themes")
struct ThemeTests {
  private func error(_ text: String) -> ThemeError? {
    do throws(ThemeError) {
      _ = try ThemeFiles.parse(text, file: "my.toml")
      return nil
    } catch {
      return error
    }
  }

  @Test("The compiled-in theme and themes/dark.toml are the same")
  func same() throws {
    let file = try ThemeFiles.read(ProductTests.folder + "/dark.toml")
    for role in Role.allCases { #expect(file.roles[role] == ThemeFiles.standard.roles[role], "\(role)") }
    #expect(file == ThemeFiles.standard)
    #expect(ThemeFiles.standard.roles.count == Role.allCases.count)
  }

  @Test("Every theme names every role, and gives each emotion a colour of its own")
  func whole() {
    for theme in ThemeFiles.all(in: [ProductTests.folder]).themes {
      let colors = Fake.emotions.compactMap { theme.emotions[$0] }
      #expect(Set(colors).count == Fake.emotions.count, "\(theme.name)")
      #expect(ScreenColormap.all.contains { $0.name == theme.colormap })
      let picked: [Role] = [.selection, .selectionInactive, .cursor, .fieldFocused]
      for role in Role.allCases {
        let style = (theme.roles[role] ?? ThemeStyle()).style(at: .mono, for: role)
        #expect(
          style.attributes.contains(.reverse) == picked.contains(role), "\(theme.name) \(role): told without colours")
      }
    }
    let marks = EmotionMark.names.map(EmotionMark.of)
    #expect(Set(marks.map(\.letter)).count == marks.count && Set(marks.map(\.glyph)).count == marks.count)
  }

  @Test("Pictures have the colours of the themes dark and light")
  func pictures() throws {
    let themes = ThemeFiles.all(in: [ProductTests.folder]).themes
    for (name, colors) in [("dark", EmotionMark.onDark), ("light", EmotionMark.onLight)] {
      let theme = try #require(themes.first { $0.name == name })
      #expect(theme.emotions == colors.mapValues { .rgb(RGB(hex: $0)) })
      #expect(colors.keys.sorted() == EmotionMark.names)
    }
  }

  @Test("A theme may be short; what it leaves out is the default's")
  func short() throws {
    let theme = try ThemeFiles.parse(
      "name = \"mine\"\n[roles]\naccent = \"bright-red\"\nselection = { bg = \"#010203\", attributes = [\"dim\", \"underline\"] }\n",
      file: "f")
    #expect(theme.roles[.accent] == ThemeStyle(foreground: .ansi(9)))
    #expect(theme.roles[.selection] == ThemeStyle(background: .rgb(RGB(1, 2, 3)), attributes: [.dim, .underline]))
    #expect(theme.roles[.error] == ThemeFiles.standard.roles[.error])
  }

  @Test("A configured theme that is not there is told, whether a name or a file")
  func configured() {
    func problem(_ theme: String?) -> ThemeError? {
      var config = Config()
      config.theme = theme
      return config.themeProblem(in: [ProductTests.folder])
    }
    for theme in [nil, "light", ThemeFiles.standard.name, ProductTests.folder + "/light.toml"] {
      #expect(problem(theme) == nil, "\(theme ?? "")")
    }
    let known = ThemeFiles.all(in: [ProductTests.folder]).themes.map(\.name)
    #expect(problem("lihgt") == .unknownTheme(name: "lihgt", known: known))
    #expect(problem("/nowhere/light.toml") == .unreadable(file: "light.toml", reason: "no such file"))
  }

  @Test("A bad file is one sentence that names what is wrong")
  func bad() {
    #expect(error("name = \"a\"\n[roles]\nnonsense = \"red\"") == .unknownRole(file: "my.toml", role: "nonsense"))
    #expect(
      error("name = \"a\"\n[roles]\ntext = \"reddish\"") == .badColor(file: "my.toml", entry: "text", text: "reddish"))
    #expect(error("name = \"a\"\n[roles]\ntext = \"#12345\"") != nil)
    #expect(error("name = \"a\"\n[roles]\ntext = 5") != nil)
    #expect(
      error("name = \"a\"\n[roles]\ntext = { attributes = [\"loud\"] }")
        == .badAttribute(file: "my.toml", role: "text", text: "loud"))
    #expect(error("name = \"a\"\n[emotions]\nanger = \"angry\"") != nil)
    for broken in ["", "name = ", "[[[", "name = \"a\"\nname = \"b\"", "\u{0}\u{1}", "about = \"no name\""] {
      guard let error = error(broken) else { Issue.record("“\(broken)” was taken"); continue }
      #expect(error.description.hasPrefix("theme my.toml: ") && !error.description.contains("\n"), "\(error)")
    }
    do throws(ThemeError) { _ = try ThemeFiles.read("/nonexistent/x.toml"); Issue.record("read nothing") } catch {
      #expect(error == .unreadable(file: "x.toml", reason: "no such file"))
    }
  }

  @Test("TOML: what configuration needs is read, everything else has its line")
  func toml() throws {
    let text = """
      # comment
      a = 1_000   # another
      "b c".d = 'x\\y'
      e = [ "one", "two\\u00e9", # inside
        3.5, true, ]
      f = { g = "h", i.j = -2 }

      [k.l]
      m = "tab\\t\\"q\\""
      """.replacingOccurrences(of: "\\\\", with: "\\")
    let table = try TOML.parse(text)
    #expect(table["a"] == .integer(1000))
    #expect(table["b c"]?.table?["d"] == .string("x\\y"))
    #expect(table["e"] == .array([.string("one"), .string("twoé"), .float(3.5), .boolean(true)]))
    #expect(table["f"]?.table?["i"]?.table?["j"] == .integer(-2))
    #expect(table["k"]?.table?["l"]?.table?["m"] == .string("tab\t\"q\""))
    for bad in [
      "[[[", "[[a]]", "a", "a =", "a = b", "= 1", "a = \"x", "a = \"\"\"x\"\"\"", "a = [1", "a = {b = 1", "a = 1 2",
      "a = 1\na = 2",
      "[a]\n[a]", "a = 1\n[a]", "a = \"\\q\"", "a.b = 1\na = 2", "[a", "a = 2020-01-01",
      "a = " + String(repeating: "[", count: 500),
      String(repeating: "a.", count: 500) + "b = 1", "\u{0}",
    ] {
      #expect(throws: TOML.Mistake.self, "\(bad.prefix(20))") { try TOML.parse(bad) }
    }
    #expect(throws: TOML.Mistake(line: 3, reason: "“x” is no value; text needs quotation marks")) {
      try TOML.parse("a = 1\n\nb = x")
    }
  }
}
