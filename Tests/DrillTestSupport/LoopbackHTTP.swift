/// A very small HTTP client for steering test servers.
package enum LoopbackHTTP {
  /// Status and body; nil when nobody answers.
  package static func exchange(
    port: Int, _ method: String, _ path: String, headers: [(String, String)] = [], body: String = ""
  ) -> (status: Int, body: String)? { exchange(port: port, method, path, headers: headers, bytes: Array(body.utf8)) }

  /// The same with a body of any bytes.
  package static func exchange(
    port: Int, _ method: String, _ path: String, headers: [(String, String)] = [], bytes: [UInt8]
  ) -> (status: Int, body: String)? {
    guard let connection = LoopbackSocket.connected(port: port) else { return nil }
    defer { connection.close() }
    let fields = headers.map { "\($0.0): \($0.1)\r\n" }.joined()
    let head =
      "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\(fields)Content-Length: \(bytes.count)\r\n\r\n"
    guard connection.write(Array(head.utf8) + bytes) else { return nil }
    var answer: [UInt8] = []
    while true {
      let more = connection.read()
      if more.isEmpty { break }
      answer += more
    }
    guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let status = String(decoding: answer.prefix(64), as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return (status ?? 0, String(decoding: answer[end.upperBound...], as: UTF8.self))
  }
}
