package import DrillModel

/// What the first comments of a plain dump say of it.
package struct PlainHeader: Sendable, Hashable {
  /// Whether `pg_dump` or `pg_dumpall` signed it, which is then bound to end with its trailer.
  package var banner: Banner?
  package var serverVersion: String?
  package var dumpVersion: String?
  /// From `-- Started on …`, which `pg_dump -v` writes, when its zone is UTC or an offset.
  package var started: Timestamp?
  /// The same when its zone is an abbreviation, which names no zone for certain.
  package var startedLocal: CivilTime?
  package var clientEncoding: String?

  package enum Banner: Sendable, Hashable {
    case database, cluster

    /// The comment at the end of a whole dump.
    package var trailer: String {
      switch self {
      case .database: "-- PostgreSQL database dump complete"
      case .cluster: "-- PostgreSQL database cluster dump complete"
      }
    }
  }

  /// Reads the leading lines up to the first `CREATE` or `COPY`.
  package init(_ text: String) {
    // By bytes: cutting a whole head into characters takes longer than starting psql.
    for bytes in text.utf8.split(maxSplits: 400, whereSeparator: { $0 == 10 || $0 == 13 }).prefix(400) {
      let line = Substring(bytes)
      if banner == nil, line == "-- PostgreSQL database dump" { banner = .database }
      if banner == nil, line == "-- PostgreSQL database cluster dump" { banner = .cluster }
      if serverVersion == nil, let version = line.rest(after: "-- Dumped from database version ") { serverVersion = version }
      if dumpVersion == nil, let version = line.rest(after: "-- Dumped by pg_dump version ") { dumpVersion = version }
      if started == nil, startedLocal == nil, let time = line.rest(after: "-- Started on ") { readTime(time) }
      if clientEncoding == nil, let encoding = line.rest(after: "SET client_encoding = ") {
        clientEncoding = encoding.filter { $0 != "'" && $0 != ";" }
      }
      if line.hasPrefix("CREATE TABLE") || line.hasPrefix("COPY ") { break }
    }
  }

  /// Reads `2026-11-21 09:46:11 UTC`, with an abbreviation or an offset (`+0100`) in place of UTC.
  private mutating func readTime(_ text: String) {
    let parts = text.split(separator: " ")
    guard parts.count >= 2, let time = Timestamp(rfc3339: "\(parts[0])T\(parts[1])Z") else { return }
    let zone = parts.count > 2 ? String(parts[2]) : ""
    if ["UTC", "GMT", "Z"].contains(zone) {
      started = time
    } else if zone.count == 5, zone.hasPrefix("+") || zone.hasPrefix("-"),
      let zoned = Timestamp(rfc3339: "\(parts[0])T\(parts[1])\(zone.prefix(3)):\(zone.suffix(2))")
    {
      started = zoned
    } else {
      startedLocal = time.utc
    }
  }
}

extension Substring {
  fileprivate func rest(after prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
