/// The beginning of an answer, before its body.
package struct HTTPHead: Sendable {
  package let status: Int
  package let headers: [HTTPHeader]

  package init(status: Int, headers: [HTTPHeader]) {
    self.status = status
    self.headers = headers
  }
}

/// Where the body of a successful answer goes while it arrives.
///
/// Both closures run on the thread that waits for the answer, so what they wait for holds the connection up, and its stall timeout
/// with it. The length of what was received is not judged: compare it with what was announced.
package struct HTTPBodySink: Sendable {
  /// Told the head of an answer of 200 to 299 before the first byte of its body, and not at all for an empty one; false ends the
  /// exchange with an error of kind `declined`.
  package let begin: @Sendable (HTTPHead) -> Bool
  /// Given each piece of the body, in order and valid for the call alone; false ends the exchange likewise.
  package let receive: @Sendable (UnsafeRawBufferPointer) -> Bool

  package init(begin: @escaping @Sendable (HTTPHead) -> Bool, receive: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool) {
    self.begin = begin
    self.receive = receive
  }
}
