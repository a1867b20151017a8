/// Why a cron expression is none.
package struct CronError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A sentence without its full stop: `minute 61 is not between 0 and 59`.
  package let message: String
  /// Where in the expression, counted in characters from 1.
  package let column: Int

  package init(_ message: String, column: Int) {
    self.message = message
    self.column = column
  }

  package var description: String { "\(message) (column \(column) of the expression)" }
}
