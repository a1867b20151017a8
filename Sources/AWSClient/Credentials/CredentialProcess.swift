package import AWSSigning
import DrillModel
import Foundation

/// A program of the operator's that prints credentials ("Process credential provider", AWS SDKs and Tools Reference Guide). Run
/// without a shell; nothing that it prints is in any message.
package struct CredentialProcess: Sendable {
  private let command: String

  package init(_ command: String) { self.command = command }

  /// Runs it. Throws a fault that names the program and nothing that it printed.
  package func credentials(_ host: AWSHost) throws -> AWSCredentials {
    guard let words = CredentialProcess.words(command), let program = words.first, !program.isEmpty else {
      throw Fault(.credentials, "credential_process cannot be read as a command: a quote is not closed, or it is empty")
    }
    guard let run = host.runProcess else {
      throw Fault(.credentials, "credential_process cannot be run from here", advice: "Give credentials in another way; see docs/aws.md")
    }
    let output = try run(words)
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output)), answer.version == 1 else {
      throw fault(program, "did not print credentials of version 1 as JSON")
    }
    let expiration = try answer.expiration.map { text in
      guard let time = Timestamp(rfc3339: text) else { throw fault(program, "printed an Expiration that is no RFC 3339 time") }
      return time
    }
    if let expiration, expiration <= host.clocks.now() { throw fault(program, "printed credentials that have expired") }
    return AWSCredentials(
      accessKeyID: answer.accessKeyID, secretAccessKey: answer.secretAccessKey, sessionToken: answer.sessionToken, expiration: expiration,
      accountID: answer.accountID)
  }

  /// The words of a command, as a POSIX shell splits and unquotes them, with nothing else that a shell does; nil for a quote that is
  /// not closed.
  package static func words(_ text: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var rest = text[...]
    while let character = rest.popFirst() {
      if character == "\\", quote != "'" {
        guard let next = rest.first else { return nil }
        // Within double quotes a backslash is itself before most characters.
        if quote == nil || next == "\"" || next == "\\" { rest.removeFirst() }
        word = (word ?? "") + (quote == nil || next == "\"" || next == "\\" ? String(next) : "\\")
      } else if character == quote {
        quote = nil
      } else if quote == nil, character == "\"" || character == "'" {
        (quote, word) = (character, word ?? "")
      } else if quote == nil, character.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    return quote == nil ? words + [word].compactMap { $0 } : nil
  }

  private func fault(_ program: String, _ what: String) -> Fault {
    Fault(.credentials, "The credential_process \(program.prefix(200)) \(what)", advice: "Run it by hand to see what it prints")
  }

  private struct Answer: Decodable {
    let version: Int
    let accessKeyID: String
    let secretAccessKey: String
    let sessionToken: String?
    let expiration: String?
    let accountID: String?

    enum CodingKeys: String, CodingKey {
      case version = "Version"
      case accessKeyID = "AccessKeyId"
      case secretAccessKey = "SecretAccessKey"
      case sessionToken = "SessionToken"
      case expiration = "Expiration"
      case accountID = "AccountId"
    }
  }
}
