package import DrillConfig
import DrillModel
import Glibc
package import ToolRunner

/// Secrets that were fetched for one run, kept in memory only. Printing it shows none.
package struct FetchedSecrets: Sendable, CustomStringConvertible, CustomReflectable {
  private let values: [SecretReference: String]

  package init(_ values: [SecretReference: String] = [:]) { self.values = values }

  /// The secret that a reference points to.
  ///
  /// - Throws: `Fault` with code `internal_error` for a reference that was not fetched.
  package func value(of reference: SecretReference) throws -> String {
    if let value = values[reference] { return value }
    throw Fault(.internalError, "the secret of \(reference.place) was not fetched")
  }

  package var description: String { "\(values.count) secrets" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

extension SecretReference {
  /// Where the secret is, for people: arguments of a command are left out.
  package var place: String {
    switch self {
    case .env(let name): "the environment variable \(name)"
    case .file(let path): "the file \(path)"
    case .command(let words): "the command \(words.first ?? "")"
    }
  }
}

/// Fetches secrets from where references point, when a run needs them. May be repeated.
package struct SecretReader: Sendable {
  private let environment: [String: String]
  private static let limit = 64 << 10
  private static let patience = Duration.seconds(60)

  /// - Parameter environment: Where `{env: …}` looks; a secret's command gets it as a whole, being the operator's own.
  package init(environment: [String: String]) { self.environment = environment }

  /// Fetches every reference once.
  package func fetch(_ references: [SecretReference], tools: any ToolRunning) async throws -> FetchedSecrets {
    var values: [SecretReference: String] = [:]
    for reference in references where values[reference] == nil { values[reference] = try await fetch(reference, tools: tools) }
    return FetchedSecrets(values)
  }

  /// - Throws: `Fault` with code `credentials` that names the place and never what it holds.
  package func fetch(_ reference: SecretReference, tools: any ToolRunning) async throws -> String {
    let secret: String
    switch reference {
    case .env(let name):
      guard let value = environment[name] else {
        throw Fault(
          .credentials, "the environment variable \(name), which holds a secret of the drill, is not set", advice: "Set it for drillmark")
      }
      secret = value
    case .file(let path): secret = SecretReader.withoutEnd(try await onThread("secret") { try SecretReader.text(of: path) })
    case .command(let words): secret = try await firstLine(of: words, tools: tools)
    }
    guard !secret.isEmpty else { throw Fault(.credentials, "\(reference.place) holds an empty secret", advice: "See what writes it") }
    guard !secret.utf8.contains(0) else { throw Fault(.credentials, "\(reference.place) holds a zero byte, which is no text") }
    return secret
  }

  private static func text(of path: String) throws -> String {
    // Without O_NONBLOCK a pipe in its place would hold the run up.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      let reason = String(cString: strerror(errno))
      throw Fault(
        .credentials, "the file \(path), which holds a secret of the drill, cannot be read: \(reason)",
        advice: "Check its path, owner and mode")
    }
    defer { close(file) }
    return try decoded(try bytes(from: file, in: "the file \(path)"), in: "the file \(path)")
  }

  private func firstLine(of words: [String], tools: any ToolRunning) async throws -> String {
    let name = words.first ?? ""
    let pipe = try Pipe()
    let reading = pipe.reading
    // A captured output would be in the run's log.
    let tool = try tools.start(
      ToolCommand(
        try tools.locate(name), Array(words.dropFirst()), environment: environment, output: .descriptor(pipe.writing), errors: .discarded))
    let (place, deadline) = (
      "the command \(name)",
      Task {
        try await Task.sleep(for: SecretReader.patience)
        tool.stop(as: .timedOut)
      }
    )
    defer { deadline.cancel() }
    return try await withTaskCancellationHandler {
      let result: Result<[UInt8], any Error>
      do {
        result = .success(
          try await onThread("secret") {
            defer { reading.close() }
            return try SecretReader.bytes(from: reading.raw, in: place)
          })
      } catch { result = .failure(error) }
      let exit = await tool.exit()
      try Task.checkCancellation()
      guard exit.isSuccess else {
        throw Fault(
          .credentials, "\(place), which gives a secret of the drill, ended with \(exit.status)", advice: "Run it by hand to see why")
      }
      let text = try SecretReader.decoded(try result.get(), in: place)
      return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    } onCancel: {
      tool.stop(as: .cancelled)
    }
  }

  private static func bytes(from file: Int32, in place: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Fault(.credentials, "\(place) cannot be read: \(String(cString: strerror(errno)))") }
      if count == 0 { return bytes }
      bytes += buffer.prefix(count)
      guard bytes.count <= limit else { throw Fault(.credentials, "\(place) holds more than \(limit >> 10) KiB, which is no secret") }
    }
  }

  private static func decoded(_ bytes: [UInt8], in place: String) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Fault(.credentials, "\(place) holds bytes that are not UTF-8") }
    return text
  }

  /// Editors end a file with a newline that is no part of the secret.
  private static func withoutEnd(_ text: String) -> String {
    var text = text[...]
    while let last = text.last, last.isNewline { text.removeLast() }
    return String(text)
  }
}
