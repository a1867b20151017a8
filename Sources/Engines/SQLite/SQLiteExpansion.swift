import DrillModel

/// How much SQLite would have to unfold to answer from views that use each other.
///
/// It writes each view out in place while it compiles a question, where neither a deadline nor a stop reaches it before 3.41: a chain of
/// some hundred views takes seconds, and thirty views that each use the one before twice would fill memory.
struct SQLiteExpansion {
  /// Views within views; people's designs stay far below.
  static let deepest = 64
  /// Views written out for one question.
  static let most = 2000

  /// For each view, in lower case, the views that its text names, as often as it names them.
  private var uses: [String: [String]] = [:]
  private var known: [String: (depth: Int, count: Int)] = [:]

  /// Names that only look like a view's (a column of that name) count too: the estimate errs towards too much.
  init(views: [(name: String, sql: String)]) {
    let names = Set(views.map { $0.name.lowercased() })
    for view in views {
      var reader = SQLTokens(view.sql)
      let own = view.name.lowercased()
      uses[own] = reader.rest().compactMap { token in
        let name = String(decoding: token.unquoted ?? token.text, as: UTF8.self).lowercased()
        return name != own && names.contains(name) ? name : nil
      }
    }
  }

  /// - Throws: `Fault` with code `unsafe_content`, naming the first view that is too much.
  mutating func judge() throws {
    for name in uses.keys.sorted() {
      let size = try size(of: name, below: 0)
      guard size.depth <= Self.deepest, size.count <= Self.most else { throw Self.fault(name) }
    }
  }

  private mutating func size(of name: String, below level: Int) throws -> (depth: Int, count: Int) {
    if let size = known[name] { return size }
    guard level <= Self.deepest else { throw Self.fault(name) }
    // While it is being measured it counts as nothing: SQLite refuses views that use themselves.
    known[name] = (0, 0)
    var result = (depth: 1, count: 1)
    for other in uses[name] ?? [] {
      let size = try size(of: other, below: level + 1)
      result.depth = max(result.depth, size.depth + 1)
      result.count = min(result.count + size.count, Self.most + 1)
    }
    known[name] = result
    return result
  }

  private static func fault(_ name: String) -> Fault {
    Fault(
      .unsafeContent, "the view \(name.prefix(100)) unfolds to more than \(deepest) levels or \(most) views, which could stop the program",
      advice: "Look at who can write to the backups")
  }
}
