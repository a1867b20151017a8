import AWSKit
import DrillModel
import EngineKit

/// What is mounted as this process sees it (proc_pid_mountinfo(5)).
struct MountTable: Sendable {
  struct Entry: Sendable, Hashable {
    /// Major and minor of the device.
    var number: String
    var path: String
    var options: [String]
  }

  let entries: [Entry]

  init(_ text: String) {
    entries = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 5 else { return nil }
      return Entry(
        number: String(fields[2]), path: MountTable.plain(fields[4]), options: fields[5].split(separator: ",").map(String.init))
    }
  }

  /// - Throws: `Fault` when /proc does not tell, after which nothing may be taken for unmounted.
  static func current() throws -> MountTable {
    let path = "/proc/self/mountinfo"
    guard let text = KernelFile.text(path, limit: 16 << 20) else {
      throw Fault(.scratchUnusable, "\(path) cannot be read, so nobody knows what is mounted", advice: "Mount /proc")
    }
    return MountTable(text)
  }

  /// What is mounted on top at a path; nil when nothing is.
  func top(at path: String) -> Entry? { entries.last { $0.path == path } }

  /// Where a volume of this run is mounted; nil when nowhere.
  func place(of run: RunID) -> String? {
    let name = ScratchName.of(run)
    return entries.first { $0.path.split(separator: "/").contains(Substring(name)) }?.path
  }

  /// Blanks, tabs, newlines and backslashes stand there as octal numbers.
  private static func plain(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      guard byte == UInt8(ascii: "\\"), digits.count == 3, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) else {
        bytes.append(byte)
        continue
      }
      bytes.append(value)
      rest = rest.dropFirst(3)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
