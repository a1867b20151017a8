/// The limits of one exchange, and whom it may reach.
package struct HTTPOptions: Sendable {
  /// Until the connection, TLS included, stands.
  package var connectTimeout: Duration = .seconds(10)
  /// For the whole exchange.
  package var timeout: Duration = .seconds(60)
  /// Slower than this many bytes a second for `stallTimeout` ends it; 0 for no such limit.
  package var slowestRate: Int = 1
  package var stallTimeout: Duration = .seconds(30)
  /// Bytes of an answer's body that are kept; one byte more is an error.
  package var bodyLimit: Int = 1 << 20
  /// Takes the body of an answer of 200 to 299 as it arrives, instead of its being kept. Other bodies are kept all the same.
  package var sink: HTTPBodySink?
  package var plainHTTP: PlainHTTP = .toLoopback
  package var addresses: AddressPolicy = .noMetadata
  package var network: NetworkSettings = NetworkSettings()
  /// Checked about once a second; setting it ends the exchange.
  package var cancellation: Cancellation?
  /// `host:port:address` lines that stand in for the system's name service, so that a test can have a name lead anywhere.
  var knownNames: [String] = []

  package init() {}
}

/// Where a request may go without TLS.
package enum PlainHTTP: Sendable, Hashable {
  /// To this machine's loopback interface alone, and never through a proxy.
  case toLoopback
  /// To any endpoint: the operator wrote `http://` into a file of ours.
  case configured
}

/// The machine's usual settings for reaching the network, from its environment.
package struct NetworkSettings: Sendable, Hashable {
  /// A file of PEM certificates that replaces the system's; nil for the system's.
  package var certificateAuthorities: String?
  package var httpProxy: String?
  package var httpsProxy: String?
  /// Hosts reached directly, as libcurl reads it.
  package var noProxy: String?

  package init() {}

  /// Reads `AWS_CA_BUNDLE` (asked for by AWS clients alone), `CURL_CA_BUNDLE`, `SSL_CERT_FILE`, and `http_proxy`, `https_proxy`,
  /// `all_proxy`, `no_proxy` in the order and case that curl reads them: `HTTP_PROXY` is not read, since a web server can be made
  /// to set it. An empty value counts as none.
  package init(environment: [String: String], forAWS: Bool = false) {
    func first(_ names: [String]) -> String? { names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } }
    certificateAuthorities = first((forAWS ? ["AWS_CA_BUNDLE"] : []) + ["CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    let all = ["all_proxy", "ALL_PROXY"]
    httpProxy = first(["http_proxy"] + all)
    httpsProxy = first(["https_proxy", "HTTPS_PROXY"] + all)
    noProxy = first(["no_proxy", "NO_PROXY"])
  }
}
