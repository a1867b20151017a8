import DrillModel
import Glibc

/// Where output goes and what it may look like there.
struct Terminal: Sendable {
  /// Whether standard error is a terminal that can draw progress.
  let drawsProgress: Bool
  /// Whether standard output takes colour.
  let usesColour: Bool
  let width: Int

  /// Looks at this process's streams; colour only on a terminal and never with NO_COLOR (https://no-color.org).
  static func current() -> Terminal {
    let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
    var size = winsize()
    let known = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return Terminal(
      drawsProgress: isatty(STDERR_FILENO) == 1 && !isDumb, usesColour: isatty(STDOUT_FILENO) == 1 && !isDumb && getenv("NO_COLOR") == nil,
      width: known ? Int(size.ws_col) : 100)
  }

  enum Colour: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case dim = "2"
    case bold = "1"
  }

  func coloured(_ text: String, _ colour: Colour) -> String {
    usesColour ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Text from outside (names, tool output) that can neither move the cursor nor forge a line.
  static func inert(_ text: String) -> String { InertText.whole(text) }
}

/// Writes a line to standard output.
func say(_ line: String = "") { write(line + "\n", to: STDOUT_FILENO) }

/// Writes a line to standard error, where everything goes that is not the answer itself.
func tell(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

/// Writes all of `text`. A reader that went away is not our error; a full disk under standard output is (`StandardStreams`).
func write(_ text: String, to descriptor: Int32) {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if written < 0, errno == EINTR { continue }
    guard written > 0 else {
      if descriptor == STDOUT_FILENO, errno != EPIPE { StandardStreams.outputFailed(errno) }
      return
    }
    rest = rest.dropFirst(written)
  }
}
