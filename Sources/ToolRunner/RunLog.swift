package import DrillModel
internal import Glibc
internal import Synchronization

/// A run's log: a line for each line that a tool wrote, without secrets, in one file that only we can read.
///
/// `2026-11-21T12:00:00.000Z pg_restore[1234] err: text`. A full disk stops the log, never the run.
package final class RunLog: ToolLog {
  private struct Speaker {
    var redactor: Redactor
    var lines = LineSplitter()
  }

  private struct State {
    var speakers: [ToolSource: Speaker] = [:]
    var written = 0
    var trouble: String?
    var pending: [UInt8] = []
  }

  private let file: Descriptor
  private let limit: Int
  private let redactor: Redactor
  private let now: @Sendable () -> Timestamp
  private let state: Mutex<State>

  /// Opens the log, adding to one that is there.
  ///
  /// - Parameters:
  ///   - secrets: values that must never be in it.
  ///   - limit: bytes after which a last line says that the log is full.
  /// - Throws: `Fault` with code `permission_denied` or `no_space`.
  package init(path: String, secrets: [String], limit: Int = 64 << 20, now: @escaping @Sendable () -> Timestamp) throws {
    do { file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW) } catch {
      let code: FaultCode = error.code == ENOSPC ? .noSpace : .permissionDenied
      throw Fault(code, "the log \(path) cannot be opened: \(error.message)")
    }
    var found = stat()
    let size = fstat(file.raw, &found) == 0 ? Int(found.st_size) : 0
    self.limit = limit
    self.now = now
    redactor = Redactor(secrets: secrets)
    state = Mutex(State(written: size))
  }

  /// Why the log is not whole; nil when it is.
  package var trouble: String? { state.withLock { $0.trouble } }

  package func append(_ bytes: UnsafeRawBufferPointer, from source: ToolSource) {
    state.withLock { state in
      guard state.trouble == nil else { return }
      var speaker = state.speakers.removeValue(forKey: source) ?? Speaker(redactor: redactor)
      take(speaker.redactor.process(bytes), from: source, &speaker, &state)
      state.speakers[source] = speaker
      flush(&state)
    }
  }

  package func end(_ source: ToolSource) {
    state.withLock { state in
      guard var speaker = state.speakers.removeValue(forKey: source) else { return }
      take(speaker.redactor.finish(), from: source, &speaker, &state)
      speaker.lines.finish { add($0, from: "\(source.tool)[\(source.pid)] \(source.stream.rawValue)", &state) }
      flush(&state)
    }
  }

  /// Adds a line of our own.
  package func note(_ text: String) {
    state.withLock { state in
      var redactor = redactor
      let shown = redactor.process(text.utf8) + redactor.finish()
      add(shown, from: "drillmark[\(getpid())] note", &state)
      flush(&state)
    }
  }

  private func take(_ bytes: [UInt8], from source: ToolSource, _ speaker: inout Speaker, _ state: inout State) {
    let label = "\(source.tool)[\(source.pid)] \(source.stream.rawValue)"
    bytes.withUnsafeBytes { raw in speaker.lines.append(raw) { add($0, from: label, &state) } }
  }

  private func add(_ line: [UInt8], from label: String, _ state: inout State) {
    guard state.trouble == nil, state.pending.count < 4 << 20 else { return }
    state.pending += "\(now().description) \(label): ".utf8
    state.pending += escaped(Redactor.withoutPatterns(line))
    state.pending.append(UInt8(ascii: "\n"))
  }

  private func flush(_ state: inout State) {
    defer { state.pending.removeAll(keepingCapacity: true) }
    guard !state.pending.isEmpty, state.trouble == nil else { return }
    if state.written + state.pending.count > limit {
      state.trouble = "it reached its limit of \(limit) bytes"
      state.pending = Array("\(now().description) drillmark[\(getpid())] note: the log is full; what follows is not kept\n".utf8)
    }
    do { try state.pending.withUnsafeBytes { try writeFully(file.raw, $0) } } catch {
      state.trouble = "it could not be written: \((error as? SystemError)?.message ?? "unknown error")"
    }
    state.written += state.pending.count
  }
}

/// A line as it can be shown on any terminal: control and direction characters are written out, bytes that are not UTF-8 replaced.
func escaped(_ line: [UInt8]) -> [UInt8] {
  if line.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return line }
  var shown = ""
  for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
    switch scalar.value {
    case 0x09: shown += "\\t"
    case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: shown += "\\u{\(String(scalar.value, radix: 16))}"
    default: shown.unicodeScalars.append(scalar)
    }
  }
  return Array(shown.utf8)
}
