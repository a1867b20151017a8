import DrillModel
import Foundation
import Selecting

/// What `barman --format json` says of a server (barman/output.py, JsonOutputWriter).
enum BarmanCatalogue {
  /// One line of `list-backups`; of a backup that is not done there is its status alone.
  struct Listed: Decodable {
    var id: String
    var status: String
    var ended: Seconds?
    var bytes: Int64?

    private enum CodingKeys: String, CodingKey {
      case id = "backup_id"
      case status
      case ended = "end_time_timestamp"
      case bytes = "size_bytes"
    }
  }

  /// `show-backup`.
  struct Shown: Decodable {
    var id: String
    var status: String
    var base: Base?
    var version: Int?
    var tablespaces: [Tablespace]?
    var error: String?

    struct Base: Decodable {
      var began: Seconds?
      var ended: Seconds?
      var first: String?
      var last: String?
      var bytes: Int64?

      private enum CodingKeys: String, CodingKey {
        case began = "begin_time_timestamp"
        case ended = "end_time_timestamp"
        case first = "begin_lsn"
        case last = "end_lsn"
        case bytes = "disk_usage_bytes"
      }
    }

    struct Tablespace: Decodable {
      var name: String
      var number: Number?

      private enum CodingKeys: String, CodingKey {
        case name
        case number = "oid"
      }
    }

    private enum CodingKeys: String, CodingKey {
      case id = "backup_id"
      case base = "base_backup_information"
      case version = "postgresql_version"
      case status, tablespaces, error
    }
  }

  /// Seconds since 1970, as a text in some versions.
  struct Seconds: Decodable {
    var time: Timestamp

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int64.self) {
        time = Timestamp(seconds: number)
      } else if let number = Int64(try container.decode(String.self)) {
        time = Timestamp(seconds: number)
      } else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "no number of seconds")
      }
    }
  }

  struct Number: Decodable {
    var text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      text = (try? container.decode(Int64.self)).map(String.init) ?? (try? container.decode(String.self)) ?? ""
    }
  }

  /// The part of an answer that is the server's; beside it stand `_WARNING` and `_ERROR`.
  static func answer<Value: Decodable>(_ type: Value.Type, of server: String, _ bytes: [UInt8]) -> Value? {
    guard let all = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any], let own = all[server],
      let data = try? JSONSerialization.data(withJSONObject: own)
    else { return nil }
    return try? JSONDecoder().decode(type, from: data)
  }

  /// What it says went wrong.
  static func errors(_ bytes: [UInt8]) -> [String] {
    let all = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
    return ["_ERROR", "_EXCEPTION"].flatMap { all?[$0] as? [String] ?? [] }
  }

  /// How long a backup may be under way when nothing tells whether its process lives: ten terabytes at 100 MB/s take 28 hours. One that was
  /// killed says STARTED for ever.
  private static let longest = Duration.seconds(48 * 3600)
  private static let underWay: Set<String> = ["STARTED", "EMPTY", "SYNCING"]

  /// The backups as artefacts, with what stands in the way of those that are not done.
  ///
  /// - Parameter isBackingUp: Whether Barman takes a backup of the server now, which is the newest then.
  static func artefacts(_ listed: [Listed], server: String, isBackingUp: Bool = false) -> [Artefact] {
    let running = isBackingUp ? listed.filter { underWay.contains($0.status) }.map(\.id).max() : nil
    return listed.map { one in
      var artefact = Artefact(
        location: RepositoryPoint.location(.barman, server, one.id, nil), name: one.id, bytes: one.bytes.flatMap { $0 > 0 ? $0 : nil },
        modified: nil)
      artefact.takenAt = one.ended?.time
      if artefact.takenAt == nil { artefact.modified = localTime(of: one.id) }
      switch one.status {
      case "DONE": if artefact.takenAt == nil { artefact.obstacle = "Barman does not say when it ended" }
      case "WAITING_FOR_WALS":
        artefact.obstacle = "the log that it needs has not arrived (WAITING_FOR_WALS): it cannot be restored yet"
      case let status where underWay.contains(status):
        artefact.obstacle =
          one.id == running ? "still being taken (\(status))" : "not finished (\(status)), or killed while it was being taken"
        artefact.patience = longest
        if one.id == running { (artefact.isBeingWritten, artefact.modified) = (true, nil) }
      default:
        artefact.obstacle = "Barman calls it \(InertText.line(one.status, limit: 40))"
        artefact.isFinal = true
      }
      return artefact
    }
  }

  /// The time in a backup's id, `20261122T020422`, which is that of the machine; good enough to tell how long ago a failed one was.
  private static func localTime(of id: String) -> Timestamp? {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyyMMdd'T'HHmmss"
    return format.date(from: id).map { Timestamp(milliseconds: Int64($0.timeIntervalSince1970 * 1000)) }
  }
}
