package import DrillModel

/// The head of a `pg_dump` archive (PostgreSQL source, `pg_backup_archiver.c`, `ReadHead`).
package struct ArchiveHeader: Sendable, Hashable {
  /// Version of the archive format: 1.12 is 9.x, 1.13 is 10 and 11, 1.14 is 12 to 15, 1.15 is 16, 1.16 is 17.
  package var version: Version
  package var kind: Kind
  /// The dumping client's wall time; the format has no zone.
  package var created: CivilTime?
  package var database: String
  package var serverVersion: String
  package var dumpVersion: String

  package enum Kind: UInt8, Sendable {
    case custom = 1
    case tar = 3
    case directory = 5
  }

  package struct Version: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var major: UInt8
    package var minor: UInt8
    package var description: String { "\(major).\(minor)" }
    package static func < (left: Version, right: Version) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

    /// The first PostgreSQL whose `pg_restore` reads archives of this version.
    package var firstReader: Int {
      if major > 1 || minor >= 16 { return minor >= 17 ? 18 : 17 }
      return [12: 9, 13: 11, 14: 12, 15: 16][Int(minor)] ?? 9
    }
  }

  /// Reads the head of `toc.dat` or of a custom archive.
  ///
  /// - Throws: `Fault` with code `backup_truncated` or `backup_damaged`.
  package init(_ bytes: some Collection<UInt8>) throws {
    var reader = ArchiveReader(bytes)
    guard reader.take(5).elementsEqual("PGDMP".utf8) else {
      throw Fault(.backupWrongFormat, "the content does not begin with a pg_dump archive's head")
    }
    version = Version(major: try reader.byte(), minor: try reader.byte())
    _ = try reader.byte()
    reader.integerSize = Int(try reader.byte())
    _ = try reader.byte()
    let format = try reader.byte()
    guard version.major == 1, (1...8).contains(reader.integerSize), let kind = Kind(rawValue: format) else {
      throw Fault(
        .backupDamaged, "the archive's head is damaged: version \(version), format \(format), integers of \(reader.integerSize) bytes")
    }
    self.kind = kind
    if version >= Version(major: 1, minor: 15) { _ = try reader.byte() } else { _ = try reader.integer() }
    created = try reader.time()
    database = try reader.string() ?? ""
    serverVersion = try reader.string() ?? ""
    dumpVersion = try reader.string() ?? ""
  }
}

/// Reads an archive's integers (a sign byte, then little-endian magnitude) and counted strings.
private struct ArchiveReader<Bytes: Collection<UInt8>> {
  private var rest: Bytes.SubSequence
  var integerSize = 4

  init(_ bytes: Bytes) { rest = bytes[...] }

  mutating func take(_ count: Int) -> Bytes.SubSequence {
    let taken = rest.prefix(count)
    rest = rest.dropFirst(count)
    return taken
  }

  mutating func byte() throws -> UInt8 {
    guard let byte = rest.popFirst() else { throw Fault(.backupTruncated, "the archive ends inside its head") }
    return byte
  }

  mutating func integer() throws -> Int {
    let negative = try byte() != 0
    var value: UInt64 = 0
    for position in 0..<integerSize { value |= UInt64(try byte()) << UInt64(8 * position) }
    guard value <= UInt64(Int32.max) else { throw Fault(.backupDamaged, "the archive's head holds an impossible number, \(value)") }
    return negative ? -Int(value) : Int(value)
  }

  mutating func string() throws -> String? {
    let length = try integer()
    if length < 0 { return nil }
    guard length <= 4096 else { throw Fault(.backupDamaged, "the archive's head holds an impossible length, \(length)") }
    let bytes = take(length)
    guard bytes.count == length else { throw Fault(.backupTruncated, "the archive ends inside its head") }
    return String(decoding: bytes, as: UTF8.self)
  }

  mutating func time() throws -> CivilTime? {
    let fields = try (0..<7).map { _ in try integer() }
    let time = CivilTime(
      year: fields[5] + 1900, month: fields[4] + 1, day: fields[3], hour: fields[2], minute: fields[1], second: min(fields[0], 59))
    return time.isValid ? time : nil
  }
}
