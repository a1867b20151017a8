internal import DrillModel
internal import Foundation
internal import GRDB

// How our values stand in columns.

extension [UInt8] {
  var blob: DatabaseValue { Data(self).databaseValue }
}

extension String {
  /// SQLite ends a text at U+0000, so it stands in columns as U+2400. Bodies keep it as it is.
  var columnText: String { utf8.contains(0) ? replacing("\0", with: "\u{2400}") : self }
  var column: DatabaseValue { columnText.databaseValue }
}

extension Timestamp {
  var column: DatabaseValue { milliseconds.databaseValue }
}

extension Optional where Wrapped == String {
  var column: DatabaseValue { self?.column ?? .null }
}

extension Optional where Wrapped == Timestamp {
  var column: DatabaseValue { self?.column ?? .null }
}

extension Double {
  /// Seconds as whole milliseconds; null for what no clock can show.
  var millisecondColumn: DatabaseValue { Int64(exactly: (self * 1000).rounded())?.databaseValue ?? .null }
}

extension Optional where Wrapped == Double {
  var millisecondColumn: DatabaseValue { self?.millisecondColumn ?? .null }
}

// GRDB's subscripts end the process when a value has another type than asked for, which an edit of the file can bring about.
extension Row {
  /// - Throws: `Fault` when the column is not there, null, or of a type that cannot be read so.
  func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
    guard let stored = stored(column), !stored.isNull, let value = Value.fromDatabaseValue(stored) else {
      throw Fault(.ledgerUnusable, "the ledger's column \(column) holds something unexpected", advice: "Run `drillmark audit verify`")
    }
    return value
  }

  func optional<Value: DatabaseValueConvertible>(_ column: String) throws -> Value? {
    stored(column)?.isNull == true ? nil : try value(column)
  }

  private func stored(_ column: String) -> DatabaseValue? { hasColumn(column) ? self[column] : nil }

  func bytes(_ column: String) throws -> [UInt8] { Array(try value(column) as Data) }
  func text(_ column: String) throws -> String { try value(column) }
  func integer(_ column: String) throws -> Int64 { try value(column) }
  func time(_ column: String) throws -> Timestamp { Timestamp(milliseconds: try integer(column)) }
  func optionalTime(_ column: String) throws -> Timestamp? {
    try (optional(column) as Int64?).map { Timestamp(milliseconds: $0) }
  }

  /// A value that our code has a case for.
  func choice<Value: RawRepresentable<String>>(_ column: String) throws -> Value {
    let raw = try text(column)
    guard let value = Value(rawValue: raw) else { throw Fault(.ledgerUnusable, "the ledger holds an unknown \(column): \(raw)") }
    return value
  }

  func run(_ column: String = "run") throws -> RunID {
    let raw = try text(column)
    guard let run = RunID(raw) else { throw Fault(.ledgerUnusable, "the ledger holds something that is no run id: \(raw)") }
    return run
  }
}

/// Whether two columns hold the same type and the same bytes. Swift's own comparison takes differently composed text for equal.
func isSame(_ left: DatabaseValue, _ right: DatabaseValue) -> Bool {
  if case .string(let left) = left.storage, case .string(let right) = right.storage { return left.utf8.elementsEqual(right.utf8) }
  return left == right
}
