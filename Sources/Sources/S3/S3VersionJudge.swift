import AWSClient
import DrillModel
import Selecting

/// Tells from the versions of a key, which come one after the other, what each is as a recovery point.
///
/// A version is one under its key's name. Where a key's newest entry is a delete marker, the version that it hides is one that cannot be
/// used: whoever has to restore does not find it under its name, and somebody or something has deleted it.
struct S3VersionJudge {
  /// What one entry is.
  enum Judgement: Sendable, Hashable {
    case current
    case earlier(version: String)
    case deleted(version: String, at: Timestamp?, marker: String)
    case marker

    /// The artefact of an entry, from that of a current object; nil for none.
    func applied(to artefact: Artefact) -> Artefact? {
      var artefact = artefact
      switch self {
      case .current: return artefact
      case .marker: return nil
      case .earlier(let version): artefact.location = S3VersionJudge.location(artefact.location, version: version)
      case .deleted(let version, let time, let marker):
        artefact.location = S3VersionJudge.location(artefact.location, version: version)
        let when = time.map { " at \($0.readable)" } ?? ""
        artefact.obstacle =
          "deleted\(when): a delete marker hides it, and only who knows of versions finds it. To bring it back: aws s3api delete-object "
          + "with --version-id \(InertText.line(marker, limit: 100))"
      }
      return artefact
    }
  }

  private struct Hiding {
    var at: Timestamp?
    var marker: String
  }

  /// Keys whose newest entry deleted them, until the version that it hides has come.
  private var hiding: [[UInt8]: Hiding] = [:]

  /// What the entries of the next page are, in their order.
  ///
  /// Stores put markers among the versions, or after all of a page's.
  mutating func take(_ page: S3VersionPage) -> [Judgement] {
    for entry in page.entries where entry.isDeleteMarker && entry.isLatest {
      hiding[Array(entry.object.key.utf8)] = Hiding(at: entry.object.modified, marker: entry.version)
    }
    let judged = page.entries.map { judge($0) }
    // What a marker of the page's last key hides may come with the next; of all others there is nothing more.
    let last = page.next.map { Array($0.key.utf8) }
    hiding = hiding.filter { $0.key == last }
    return judged
  }

  private mutating func judge(_ entry: S3VersionPage.Entry) -> Judgement {
    if entry.isDeleteMarker { return .marker }
    if entry.isLatest { return .current }
    if let hidden = hiding.removeValue(forKey: Array(entry.object.key.utf8)) {
      return .deleted(version: entry.version, at: hidden.at, marker: hidden.marker)
    }
    return .earlier(version: entry.version)
  }

  /// How a version is named that is not the current one.
  static func location(_ location: String, version: String) -> String { "\(location)?versionId=\(version)" }

  /// The version that a location names; nil for a current one.
  ///
  /// - Parameter object: The object's own location, which may hold the same words.
  static func version(in location: String, of object: String) -> String? {
    let mark = "?versionId="
    guard let rest = location.name(below: object), rest.hasPrefix(mark), rest.utf8.count > mark.utf8.count else { return nil }
    return String(rest.dropFirst(mark.count))
  }
}
