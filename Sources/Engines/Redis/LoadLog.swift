import Foundation

/// What a Redis server said while it started and loaded, line by line, in memory that does not grow with what it says.
///
/// The texts are those of Redis 7.0 (server.c, rdb.c, aof.c, redis-check-rdb.c).
struct LoadLog: Sendable, Hashable {
  /// Keys of the RDB file, from `Done loading RDB`.
  struct Keys: Sendable, Hashable {
    var loaded: Int64
    var expired: Int64
    var skipped: Int64
  }

  /// An append-only file that ended inside a command or a transaction, and where it was cut.
  struct CutTail: Sendable, Hashable {
    var file: String
    var offset: Int64
  }

  private(set) var keys: Keys?
  private(set) var isReady = false
  /// Whether the whole append-only file was replayed.
  private(set) var isReplayed = false
  private(set) var cutTails: [CutTail] = []
  /// Commands of an append-only file that failed when they were replayed.
  private(set) var failedCommands = 0
  private(set) var firstFailure: String?
  private(set) var hasNoChecksum = false
  private(set) var trouble: Trouble?
  private(set) var isCrashed = false
  private(set) var looksWhole = false
  private(set) var tail: [String] = []

  /// Why a file was not loaded, as far as the server said it. The first reason counts: what follows only echoes it.
  enum Trouble: Sendable, Hashable {
    case newerFormat(String)
    case wrongSignature
    case module(String)
    case moreDatabases
    case outOfMemory
    case checksum
    case truncated(String)
    case brokenRDB(String)
    case brokenLog(String)
    case cutLog(String)
    case unknownCommand(String)
    case ours(String)
  }

  mutating func add(_ raw: String) {
    let line = Self.bare(raw)
    guard !line.isEmpty else { return }
    tail.append(String(line.prefix(300)))
    if tail.count > 12 { tail.removeFirst() }
    progress(line)
    // What redis-check-rdb finds is the reason behind "Short read or OOM", which alone does not tell one from the other.
    if let found = Self.trouble(line), trouble == nil || trouble?.isVague == true { trouble = found }
  }

  private mutating func progress(_ line: Substring) {
    if line.contains("Done loading RDB, keys loaded:") {
      let numbers = line.matches(of: /\d+/).prefix(3).compactMap { Int64($0.output) }
      keys = Keys(loaded: numbers.first ?? 0, expired: numbers.dropFirst().first ?? 0, skipped: numbers.dropFirst(2).first ?? 0)
    } else if line.contains("eady to accept connections") {
      isReady = true
    } else if line.hasPrefix("DB loaded from append only file") {
      isReplayed = true
    } else if let match = line.firstMatch(of: /Truncating the AOF (.+) at offset (\d+)/) {
      if cutTails.count < 10 { cutTails.append(CutTail(file: String(match.1), offset: Int64(match.2) ?? 0)) }
    } else if line.contains("sending an error to its AOF-loading-client") {
      failedCommands += 1
      // The text between the quotes may quote data; the command's name after it does not.
      firstFailure = firstFailure ?? line.firstMatch(of: /after processing the command '([^']{1,60})'/).map { String($0.1) }
    } else if line.contains("saved with checksum disabled") {
      hasNoChecksum = true
    } else if line.contains("REDIS BUG REPORT START") {
      isCrashed = true
    } else if line.contains("RDB looks OK!") {
      looksWhole = true
    }
  }

  private static func trouble(_ line: Substring) -> Trouble? {
    if let match = line.firstMatch(of: /Can't handle RDB format version (\d+)/) { return .newerFormat(String(match.1)) }
    if line.contains("Wrong signature trying to load DB") { return .wrongSignature }
    if let match = line.firstMatch(of: /no matching module(?: type)? '([^']{1,60})'/) { return .module(String(match.1)) }
    if line.contains("configured to handle more than") { return .moreDatabases }
    if line.contains("Out Of Memory") { return .outOfMemory }
    if line.contains("Wrong RDB checksum") || line.contains("RDB CRC error") { return .checksum }
    if line.contains("Unexpected EOF reading RDB file") { return .truncated(Self.offset(line)) }
    if let match = line.firstMatch(of: /Unknown command '(.{0,200})' reading the append only file/) {
      return .unknownCommand(String(match.1))
    }
    if line.hasPrefix("Bad file format reading the append only file") { return .brokenLog("is not what Redis writes") }
    if line.contains("Unexpected end of file reading the append only file") { return .cutLog("ends inside a command") }
    if line.contains("the truncated file is not the last file") { return .cutLog("is cut in a part that others follow") }
    if line.contains("AOF MANIFEST FILE ERROR") { return .brokenLog("has a manifest that Redis refuses") }
    if line.hasPrefix("Short read or OOM loading DB") { return .brokenRDB("") }
    if let match = line.firstMatch(of: /Guru Meditation: (.{0,60}RDB.{0,60}?)(?: #\S+)?$/) { return .brokenRDB(String(match.1)) }
    if let match = line.firstMatch(of: /Internal error in RDB reading .* -> (.{1,200})/) { return .brokenRDB(String(match.1)) }
    if let match = line.firstMatch(of: /^\[offset (\d+)\] ((?:Invalid|Unknown|Error|.*rror).{0,150})/) {
      return .brokenRDB("\(match.2) at offset \(match.1)")
    }
    for ours in ["Failed opening Unix socket", "Could not create", "Fatal error, can't open", "Can't open or create append-only dir"]
    where line.contains(ours) { return .ours(String(line.prefix(200))) }
    if line.contains("FATAL CONFIG FILE ERROR") || line.contains("Bad directive") { return .ours(String(line.prefix(200))) }
    return nil
  }

  private static func offset(_ line: Substring) -> String {
    line.firstMatch(of: /\[offset (\d+)\]/).map { $0.1 == "0" ? "" : "at offset \($0.1)" } ?? ""
  }

  /// A line without `12345:M 21 Nov 2026 22:43:07.123 * ` before it.
  private static func bare(_ line: String) -> Substring {
    guard let match = line.prefixMatch(of: #/\d+:[A-Z] \d+ [A-Z][a-z]{2} \d{4} [0-9:.]+ [-.*#] /#) else { return line[...] }
    return line[match.range.upperBound...]
  }
}

extension LoadLog.Trouble {
  /// Whether a later line may say it better.
  fileprivate var isVague: Bool {
    switch self {
    case .brokenRDB: true
    case .truncated(let place): place.isEmpty
    default: false
    }
  }
}
