import Foundation
import Glibc
import Synchronization

/// A server on the loopback interface that says what a test tells it to, and keeps what it was sent. It stops with the value.
package final class ScriptedServer: Sendable {
  package let port: UInt16
  private let listener: Int32
  private let heard = Mutex<[String]>([])

  /// Everything received so far, an exchange each.
  package var requests: [String] { heard.withLock { $0 } }

  /// - Parameter talk: Holds one exchange; gets its number from 0 and gives what was received.
  private init(port wanted: UInt16, _ talk: @escaping @Sendable (Talk, Int) -> Void) {
    let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = wanted.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
        bind(raw, place, length) == 0 && listen(raw, 64) == 0 && getsockname(raw, place, &length) == 0
      }
    }
    precondition(isBound, "no port could be had on the loopback interface")
    listener = raw
    port = UInt16(bigEndian: address.sin_port)
    serve(talk)
  }

  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve(_ talk: @escaping @Sendable (Talk, Int) -> Void) {
    let listener = listener
    Thread.detachNewThread { [weak self] in
      var number = 0
      while true {
        let raw = accept(listener, nil, nil)
        guard raw >= 0 else { break }
        guard let heard = self.map({ server in server.hear() }) else { break }
        talk(Talk(raw, heard), number)
        close(raw)
        number += 1
      }
      close(listener)
    }
  }

  /// Makes room for one exchange, and gives what adds to it: before any answer is sent, so that a client that has it finds all there.
  private func hear() -> @Sendable (String) -> Void {
    let index = heard.withLock { heard in
      heard.append("")
      return heard.count - 1
    }
    return { [weak self] text in self?.heard.withLock { $0[index] += text } }
  }

  /// One connection.
  package final class Talk {
    private let raw: Int32
    private let heard: @Sendable (String) -> Void

    fileprivate init(_ raw: Int32, _ heard: @escaping @Sendable (String) -> Void) {
      self.raw = raw
      self.heard = heard
      var limit = timeval(tv_sec: 10, tv_usec: 0)
      setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Reads on until what was received since the last call satisfies `isWhole`, or nothing more comes.
    func read(until isWhole: (String) -> Bool) -> String {
      var text = ""
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while !isWhole(text) {
        let count = Glibc.read(raw, &buffer, buffer.count)
        guard count > 0 else { break }
        text += String(decoding: buffer.prefix(count), as: UTF8.self)
      }
      heard(text)
      return text
    }

    func say(_ text: String) {
      let bytes = Array(text.utf8)
      _ = send(raw, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
  }
}

extension ScriptedServer {
  package enum Reply: Sendable {
    case status(Int, String)
    /// Reads the request and closes the connection.
    case cut
  }

  /// An HTTP server that answers the n-th request with the n-th reply, and every one after those with the last.
  package static func http(port: UInt16 = 0, _ replies: [Reply]) -> ScriptedServer {
    ScriptedServer(port: port) { talk, number in
      _ = talk.read { text in
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        let field = text[..<end.lowerBound].split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
        let length = field.flatMap { Int($0.split(separator: ":")[1].trimmingCharacters(in: .whitespaces)) } ?? 0
        return text[end.upperBound...].utf8.count >= length
      }
      guard case .status(let status, let body) = replies[min(number, replies.count - 1)] else { return }
      talk.say("HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
    }
  }

  /// A mail server without TLS.
  ///
  /// - Parameter data: Its reply to the message, such as `250 ok`; nil closes the connection after it.
  package static func smtp(recipient: String = "250 ok", data: String? = "250 queued as 1") -> ScriptedServer {
    ScriptedServer(port: 0) { talk, _ in
      talk.say("220 test ESMTP\r\n")
      while true {
        let line = talk.read { $0.hasSuffix("\r\n") }
        switch line.prefix(4).uppercased() {
        case "EHLO", "HELO": talk.say("250 test\r\n")
        case "MAIL": talk.say("250 ok\r\n")
        case "RCPT": talk.say("\(recipient)\r\n")
        case "DATA":
          talk.say("354 go on\r\n")
          _ = talk.read { $0.hasSuffix("\r\n.\r\n") }
          guard let data else { return }
          talk.say("\(data)\r\n")
        case "QUIT":
          talk.say("221 bye\r\n")
          return
        default:
          if line.isEmpty { return }
          talk.say("250 ok\r\n")
        }
      }
    }
  }

  /// What SNS says when it has accepted a message, and when it refuses one.
  package static let published = "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>"

  package static func refusal(_ code: String) -> String {
    "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>"
  }
}
