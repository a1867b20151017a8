import DrillModel

/// What the digests of tables depend on beside the rows themselves.
package struct DigestOrigin: Sendable, Hashable {
  /// How the digests are made, by name and version: `postgresql-rows-1`. Those of two methods never compare.
  package var method: String
  /// The system that the tables are in: `mariadb`.
  package var system: String
  /// Its version: `10.11.19`.
  package var version: String
  /// How many parts of the version say how values are written as text; 0 where digests are of the stored values themselves.
  package var significant: Int

  package init(method: String, system: String, version: String, significant: Int) {
    self.method = method
    self.system = system
    self.version = version
    self.significant = significant
  }

  /// Whether equal rows certainly have equal digests there and here.
  package func isAlike(_ other: DigestOrigin) -> Bool {
    guard method == other.method, system == other.system else { return false }
    return series(version) == series(other.version)
  }

  /// For people: `mariadb 10.11.19`.
  package var description: String { "\(system) \(version)" }

  private func series(_ version: String) -> [Substring] { Array(version.split(separator: ".").prefix(significant)) }
}

/// The contents of one table in three values that do not depend on the order of its rows or on how they are stored.
package struct TableDigest: Sendable, Hashable {
  package var rows: Int64
  /// The names of the columns that were digested, whatever their order.
  package var columns: [String]
  /// Of all rows together, in digits; a row that is there twice counts twice.
  package var contents: String

  package init(rows: Int64, columns: [String], contents: String) {
    self.rows = rows
    self.columns = columns
    self.contents = contents
  }
}

/// Digests the tables of a system where they are, read-only, in memory that does not grow with them. Rows never leave it.
///
/// Every question may be repeated, and cancelling ends it.
package protocol DigestProbe: Sendable {
  /// - Throws: `ProbeError`.
  func origin(timeout: Duration) async throws -> DigestOrigin

  /// The names of all tables with rows of their own, none of the server's, in no particular order.
  ///
  /// - Throws: `ProbeError`.
  func tables(timeout: Duration) async throws -> [String]

  /// - Parameter table: As `tables` spells it.
  /// - Throws: `ProbeError`, `missing` when there is none of that name.
  func digest(of table: String, timeout: Duration) async throws -> TableDigest
}
