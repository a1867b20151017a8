/// Columns aligned for people. Cells are made inert before they are measured.
struct TextTable {
  enum Alignment { case left, right }

  private let headings: [String]
  private let alignments: [Alignment]
  private var rows: [[Cell]] = []

  struct Cell {
    var text: String
    var colour: Terminal.Colour?

    init(_ text: String, _ colour: Terminal.Colour? = nil) {
      self.text = TextTable.shortened(Terminal.inert(text))
      self.colour = colour
    }
  }

  init(_ columns: [(String, Alignment)]) {
    headings = columns.map(\.0)
    alignments = columns.map(\.1)
  }

  mutating func add(_ cells: [Cell]) { rows.append(cells) }

  func lines(for terminal: Terminal) -> [String] {
    let widths = headings.indices.map { column in
      max(headings[column].count, rows.map { $0[column].text.count }.max() ?? 0)
    }
    let header = line(headings.map { Cell($0, .dim) }, widths, terminal)
    return [header] + rows.map { line($0, widths, terminal) }
  }

  private func line(_ cells: [Cell], _ widths: [Int], _ terminal: Terminal) -> String {
    let padded = cells.indices.map { column in
      let cell = cells[column]
      let space = String(repeating: " ", count: max(0, widths[column] - cell.text.count))
      let text = cell.colour.map { terminal.coloured(cell.text, $0) } ?? cell.text
      return alignments[column] == .left ? text + space : space + text
    }
    var line = padded.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }

  /// A hostile name of ten thousand characters must not push every other column off the screen.
  private static func shortened(_ text: String) -> String { text.count <= 60 ? text : "\(text.prefix(57))..." }
}
