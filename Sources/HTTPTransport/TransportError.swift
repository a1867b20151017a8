package import DrillModel

/// Why an exchange has no answer, and whether the other side may have acted on it all the same.
package struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Kind: String, Sendable, Hashable {
    /// The URL is none that may be asked for.
    case invalidRequest
    /// The address, or plain text, is not allowed here.
    case refusedAddress
    case notResolved
    case notConnected
    case proxy
    /// The other side's certificate, or its TLS, is not accepted.
    case tls
    case timedOut
    /// The connection ended in the middle.
    case cut
    /// The answer is larger than the declared limit.
    case tooLarge
    /// What came is not the protocol.
    case malformed
    case cancelled
    /// The receiver of the body wanted no more of it.
    case declined
    /// libcurl could not do its work.
    case failed
  }

  package let kind: Kind
  /// Scheme, host and port; never a path, which may hold a secret.
  package let destination: String
  /// A sentence without its full stop.
  package let message: String
  /// Bytes of the request may have reached the other side: it may have acted on them.
  package let maybeSent: Bool
  /// The answer's status, when it came that far.
  package let status: Int?

  package init(_ kind: Kind, _ destination: String, _ message: String, maybeSent: Bool = false, status: Int? = nil) {
    self.kind = kind
    self.destination = destination
    self.message = message
    self.maybeSent = maybeSent
    self.status = status
  }

  package var description: String { message }

  /// Whether the same request can succeed later without a change on our side; a certificate of the other side's is renewed there.
  package var isTransient: Bool {
    switch kind {
    case .notResolved, .notConnected, .proxy, .timedOut, .cut, .failed, .malformed, .tls: true
    case .invalidRequest, .refusedAddress, .tooLarge, .cancelled, .declined: false
    }
  }

  /// The same as the program's own error, under the code of the caller's choice.
  package func fault(_ code: FaultCode = .sourceUnreachable) -> Fault {
    Fault(kind == .cancelled ? .interrupted : code, message, advice: advice, isTransient: isTransient)
  }

  /// What to do next; nil when the message says it.
  package var advice: String? {
    switch kind {
    case .notResolved: "Check the name, and this machine's name resolution"
    case .notConnected: "Check that the service runs, and that a firewall lets this machine through"
    case .tls:
      "Have the other side present a valid certificate for its name; for a private authority give its certificates with SSL_CERT_FILE or CURL_CA_BUNDLE"
    case .timedOut: "Check whether the service is overloaded or a firewall drops packets"
    case .proxy: "Check http_proxy, https_proxy and no_proxy in the environment"
    case .invalidRequest, .refusedAddress, .cut, .tooLarge, .malformed, .cancelled, .declined, .failed: nil
    }
  }
}
