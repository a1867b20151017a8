/// What a name's form says about an artefact, before its pattern is asked.
package enum NameRole: Sendable, Hashable {
  case backup
  /// A checksum or signature that belongs to another file.
  case sidecar
  /// An unfinished upload of the file with that name.
  case temporary(of: String)
  /// A dot file, or what a file system keeps for itself.
  case hidden

  private static let sidecars = [
    ".sha256", ".sha512", ".sha384", ".sha224", ".sha1", ".md5", ".sha256sum", ".sha512sum", ".sha1sum", ".md5sum", ".b2", ".b3", ".sig",
    ".asc", ".sign", ".minisig", ".checksum",
  ]
  private static let temporaries = [
    ".part", ".tmp", ".temp", ".partial", ".crdownload", ".filepart", ".download", ".incomplete", ".inprogress", ".uploading", ".writing",
    "~",
  ]
  private static let keptByFileSystems: Set<Substring> = ["lost+found", "$RECYCLE.BIN", "System Volume Information"]

  /// The role of a name. A pattern that itself ends in such a suffix, or names a dot file, means it: then the name is a backup's.
  package init(of name: String, pattern: NamePattern?) {
    let written = pattern?.text ?? ""
    let allowsDots = written.hasPrefix(".") || written.contains("/.")
    let parts = name.split(separator: "/")
    if parts.contains(where: { ($0.hasPrefix(".") && !allowsDots) || NameRole.keptByFileSystems.contains($0) }) {
      self = .hidden
      return
    }
    let lowercased = name.lowercased()
    func suffix(from list: [String]) -> String? { list.first { lowercased.hasSuffix($0) && !written.lowercased().hasSuffix($0) } }
    if suffix(from: NameRole.sidecars) != nil {
      self = .sidecar
    } else if let ending = suffix(from: NameRole.temporaries) {
      self = .temporary(of: String(name.dropLast(ending.count)))
    } else {
      self = .backup
    }
  }
}
