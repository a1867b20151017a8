import Foundation
import Synchronization

/// A mail server on loopback, without TLS, that answers by a script and remembers what it was told. Stops with the value.
package final class ScriptedMailServer: Sendable {
  package let port: Int
  private let listener: LoopbackSocket
  private let heard = Mutex<[String]>([])
  private let taken = Mutex<[String]>([])

  /// `script` gives the reply to a command by its first word (`EHLO`, `RCPT`, `DATA`, and `.` for the end of a message), counted
  /// from 0 among those of that word in one conversation; nil for the usual one. An empty reply closes the connection.
  package init(_ script: @escaping @Sendable (_ command: String, _ index: Int) -> String? = { _, _ in nil }) {
    (listener, port) = LoopbackSocket.listening()
    let listener = listener
    Thread.detachNewThread { [weak self] in
      while let connection = listener.accepted() {
        guard let self else { return connection.close() }
        Thread.detachNewThread { self.talk(connection, script) }
      }
      listener.close()
    }
  }

  deinit { listener.shutDown() }

  /// Every command line of every conversation, message lines left out.
  package var commands: [String] { heard.withLock { $0 } }
  /// Every message that was accepted, with the dots of the protocol taken out.
  package var messages: [String] { taken.withLock { $0 } }

  private func talk(_ connection: LoopbackSocket, _ script: @Sendable (String, Int) -> String?) {
    defer { connection.close() }
    var pending: [UInt8] = []
    var counts: [String: Int] = [:]
    var message: [String]?
    connection.write(Array("220 scripted ESMTP\r\n".utf8))
    while let line = ScriptedMailServer.line(connection, &pending) {
      if message != nil, line != "." {
        message?.append(line.hasPrefix(".") ? String(line.dropFirst()) : line)
        continue
      }
      let word = line.split(separator: " ").first.map { $0.uppercased() } ?? ""
      if word != "." { heard.withLock { $0.append(line) } }
      let reply = script(word, counts[word, default: 0]) ?? ScriptedMailServer.usual(word)
      counts[word, default: 0] += 1
      if word == ".", let whole = message, reply.hasPrefix("2") { taken.withLock { $0.append(whole.joined(separator: "\n")) } }
      message = word == "DATA" && reply.hasPrefix("354") ? [] : nil
      guard !reply.isEmpty, connection.write(Array("\(reply)\r\n".utf8)), word != "QUIT" else { return }
    }
  }

  private static func usual(_ word: String) -> String {
    switch word {
    case "EHLO": "250-scripted\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME"
    case "DATA": "354 go on"
    case "QUIT": "221 bye"
    case "AUTH": "235 welcome"
    case "STARTTLS": "454 no TLS here"
    default: "250 fine"
    }
  }

  private static func line(_ connection: LoopbackSocket, _ pending: inout [UInt8]) -> String? {
    while true {
      if let end = pending.firstIndex(of: 10) {
        let line = String(decoding: pending[..<end].filter { $0 != 13 }, as: UTF8.self)
        pending.removeSubrange(...end)
        return line
      }
      let more = connection.read()
      guard !more.isEmpty else { return nil }
      pending += more
    }
  }
}
