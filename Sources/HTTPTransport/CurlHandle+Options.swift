internal import CCurl
import DrillModel

extension CurlHandle {
  /// Time, speed and TLS, the same for every protocol.
  func limit(_ options: HTTPOptions) {
    set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(options.connectTimeout.inMilliseconds)))
    set(CURLOPT_TIMEOUT_MS, max(1, Int(options.timeout.inMilliseconds)))
    set(CURLOPT_LOW_SPEED_LIMIT, options.slowestRate)
    set(CURLOPT_LOW_SPEED_TIME, max(1, Int(options.stallTimeout.components.seconds)))
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    set(CURLOPT_PROXY_SSL_VERIFYPEER, 1)
    set(CURLOPT_PROXY_SSL_VERIFYHOST, 2)
    if !options.knownNames.isEmpty { set(CURLOPT_RESOLVE, list: options.knownNames) }
    if let file = options.network.certificateAuthorities {
      set(CURLOPT_CAINFO, file)
      set(CURLOPT_PROXY_CAINFO, file)
    }
  }

  /// Direct or through the proxy of the settings.
  ///
  /// A proxy looks the name up itself, out of our sight. Where addresses are restricted, every address that the name has here is
  /// judged first. With https the proxy is then asked for the name, since many allow by name: whatever it connects to must prove with
  /// its certificate that it is that name, which no metadata service can. Plain http proves nothing, so the proxy is asked for the
  /// address that was judged, and for a name without one not at all.
  func chooseRoute(to destination: Destination, _ options: HTTPOptions) throws(TransportError) {
    let isPlainLoopback = destination.isLoopback && destination.scheme == "http"
    let proxy = isPlainLoopback ? nil : destination.scheme == "https" ? options.network.httpsProxy : options.network.httpProxy
    // An empty text stands for none: libcurl would read the environment instead.
    set(CURLOPT_PROXY, proxy.map { ProxyAddress.readable($0) } ?? "")
    set(CURLOPT_NOPROXY, options.network.noProxy ?? "")
    guard proxy != nil, options.addresses != .any else { return }
    let addresses = destination.addresses()
    for address in addresses {
      guard let reason = options.addresses.refusal(address) else { continue }
      throw TransportError(.refusedAddress, "\(destination)", "\(destination) may not be reached: \(reason)")
    }
    guard destination.scheme == "http" else { return }
    guard let first = addresses.first else {
      throw TransportError(
        .notResolved, "\(destination)",
        "\(destination) cannot be looked up here, so it cannot be told whether the proxy would lead to a forbidden address; use https")
    }
    let target = first.bytes.count == 16 ? "[\(first)]" : "\(first)"
    set(CURLOPT_HTTPPROXYTUNNEL, 1)
    set(CURLOPT_CONNECT_TO, list: ["\(destination.host):\(destination.port):\(target):\(destination.port)"])
  }

  /// A failed transfer's code as an error of ours.
  func failure(_ code: CURLcode, _ name: String, maybeSent: Bool, status: Int?) -> TransportError {
    let said = complaint(code)
    func error(_ kind: TransportError.Kind, _ message: String) -> TransportError {
      TransportError(kind, name, message, maybeSent: maybeSent, status: status)
    }
    let tunnel = long(CURLINFO_HTTP_CONNECTCODE)
    if tunnel >= 300, !maybeSent {
      return error(.proxy, "\(name) could not be reached through the proxy, which answered with status \(tunnel)")
    }
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST: return error(.notResolved, "\(name) could not be looked up: \(said)")
    case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: return error(.proxy, "\(name) could not be reached through the proxy: \(said)")
    case CURLE_COULDNT_CONNECT: return error(.notConnected, "\(name) could not be reached: \(said)")
    case CURLE_OPERATION_TIMEDOUT: return error(.timedOut, "\(name) did not answer in time: \(said)")
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER,
      CURLE_USE_SSL_FAILED, CURLE_SSL_INVALIDCERTSTATUS:
      return error(.tls, "The TLS of \(name) is not accepted: \(said)")
    case CURLE_ABORTED_BY_CALLBACK: return error(.cancelled, "The request to \(name) was cancelled")
    case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE:
      return error(.cut, "\(name) cut the connection\(maybeSent ? " after the request was sent" : ""): \(said)")
    case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2:
      return error(.malformed, "\(name) answered with something that is not HTTP: \(said)")
    case CURLE_URL_MALFORMAT: return error(.invalidRequest, "The URL of \(name) cannot be used: \(said)")
    default: return error(.failed, "The request to \(name) failed: \(said)")
    }
  }
}
