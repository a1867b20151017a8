/// Markup in which every string that is put in is escaped; only literals and other markup stand as they are.
struct HTML: ExpressibleByStringInterpolation {
  private(set) var text: String

  init(stringLiteral value: String) { text = value }
  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  /// Markup of ours that is no literal.
  init(trusted text: String) { self.text = text }

  static func + (left: HTML, right: HTML) -> HTML { HTML(trusted: left.text + right.text) }
  static func += (left: inout HTML, right: HTML) { left.text += right.text }

  struct Interpolation: StringInterpolationProtocol {
    var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity + 16 * interpolationCount) }

    mutating func appendLiteral(_ literal: String) { text += literal }
    /// A number and its per cent sign stay on one line.
    mutating func appendInterpolation(_ value: String) {
      let shown = XMLText.attribute(value)
      text += shown.utf8.contains(UInt8(ascii: "%")) ? shown.replacing(" %", with: "\u{A0}%") : shown
    }
    mutating func appendInterpolation(_ markup: HTML) { text += markup.text }
    mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { text += part.text } }
    mutating func appendInterpolation(_ number: Int) { text += String(number) }
    /// A coordinate: two decimals are finer than any screen.
    mutating func appendInterpolation(_ number: Double) { text += DecimalText.text(number, decimals: 2) }
  }
}
