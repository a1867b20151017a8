import Foundation
import Synchronization

/// A request as it came over the wire.
package struct RecordedRequest: Sendable {
  package let method: String
  /// Path and query.
  package let target: String
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]

  package func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
  package var text: String { String(decoding: body, as: UTF8.self) }
  /// All of it, for searching.
  package var whole: String {
    "\(method) \(target)\r\n\(headers.map { "\($0.name): \($0.value)\r\n" }.joined())\r\n\(text)"
  }

  /// The parameters of a form in the body, decoded.
  package var form: [String: String] {
    var result: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        $0.replacing("+", with: " ").removingPercentEncoding ?? ""
      }
      result[parts[0]] = parts.count > 1 ? parts[1] : ""
    }
    return result
  }
}

/// What a scripted server does with a request.
package enum ScriptedReply: Sendable {
  case answer(Int, headers: [(String, String)] = [], body: String = "")
  /// These bytes and nothing else, then the end.
  case raw([UInt8])
  /// Closes without a byte.
  case cut
  /// Announces a body of that many bytes and sends half of it.
  case cutInBody(Int)
  /// A body of that many bytes, without saying so before.
  case flood(Int)
  /// The same after a while; a client that left meanwhile is no matter.
  indirect case after(Duration, ScriptedReply)
}

/// An HTTP server on loopback that answers by a script and remembers what it was sent. Stops with the value.
package final class ScriptedHTTPServer: Sendable {
  package let port: Int
  private let listener: LoopbackSocket
  private let recorded = Mutex<[RecordedRequest]>([])

  /// `script` is given each request and how many came before it, and may be called from several threads at once.
  package init(_ script: @escaping @Sendable (RecordedRequest, Int) -> ScriptedReply) {
    (listener, port) = LoopbackSocket.listening()
    let listener = listener
    Thread.detachNewThread { [weak self] in
      while let connection = listener.accepted() {
        guard let self else { return connection.close() }
        Thread.detachNewThread { self.serve(connection, script) }
      }
      listener.close()
    }
  }

  /// Answers in order; the last answer goes on for ever.
  package convenience init(_ replies: ScriptedReply...) { self.init { _, index in replies[min(index, replies.count - 1)] } }

  deinit { listener.shutDown() }

  package var url: String { "http://127.0.0.1:\(port)" }
  /// All requests so far, in the order in which they were whole.
  package var requests: [RecordedRequest] { recorded.withLock { $0 } }

  private func serve(_ connection: LoopbackSocket, _ script: @Sendable (RecordedRequest, Int) -> ScriptedReply) {
    defer { connection.close() }
    guard let request = ScriptedHTTPServer.read(connection) else { return }
    let index = recorded.withLock { all in
      all.append(request)
      return all.count - 1
    }
    ScriptedHTTPServer.send(script(request, index), to: connection, isHead: request.method == "HEAD")
  }

  private static func send(_ reply: ScriptedReply, to connection: LoopbackSocket, isHead: Bool) {
    switch reply {
    case .answer(let status, let headers, let body):
      let fields = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
      let head = "HTTP/1.1 \(status) Scripted\r\n\(fields)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
      connection.write(Array((head + (isHead ? "" : body)).utf8))
    case .raw(let bytes): connection.write(bytes)
    case .cut: return
    case .cutInBody(let count):
      connection.write(Array("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n".utf8) + [UInt8](repeating: 120, count: count / 2))
    case .flood(let count):
      connection.write(Array("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".utf8))
      let block = [UInt8](repeating: 120, count: 1 << 20)
      for _ in 0..<(count >> 20) where !connection.write(block) { return }
    case .after(let span, let later):
      usleep(UInt32(span.components.seconds * 1_000_000 + span.components.attoseconds / 1_000_000_000_000))
      send(later, to: connection, isHead: isHead)
    }
  }

  private static func read(_ connection: LoopbackSocket) -> RecordedRequest? {
    var bytes: [UInt8] = []
    var end: Int?
    while end == nil {
      let more = connection.read()
      guard !more.isEmpty, bytes.count < 1 << 20 else { return nil }
      bytes += more
      end = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
    }
    let head = String(decoding: bytes[..<(end ?? 0)], as: UTF8.self).split(separator: "\r\n")
    let words = head[0].split(separator: " ")
    let headers = head.dropFirst().map { line in
      let colon = line.firstIndex(of: ":") ?? line.endIndex
      return (name: String(line[..<colon]), value: String(line[colon...].dropFirst().drop { $0 == " " }))
    }
    var body = Array(bytes[(end ?? 0)...])
    let length = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
    while body.count < length {
      let more = connection.read()
      guard !more.isEmpty else { return nil }
      body += more
    }
    return RecordedRequest(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
  }
}
