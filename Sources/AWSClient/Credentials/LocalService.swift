import DrillModel
import HTTPTransport

/// A service that gives credentials to this machine or container alone: over plain http where its address says so, never through a
/// proxy, with short limits.
struct LocalService {
  let host: AWSHost
  private let options: HTTPOptions
  private let attempts: Int

  /// - Parameters:
  ///   - addresses: The one place where a metadata address is let through.
  ///   - timeout: Of each attempt.
  ///   - attempts: In all, for what can pass: an answer of 5xx, a throttled or cut one.
  init(_ configuration: AWSConfiguration, addresses: AddressPolicy, timeout: Duration, attempts: Int) {
    host = configuration.host
    self.attempts = attempts
    var options = HTTPOptions()
    options.connectTimeout = timeout
    options.timeout = timeout
    options.bodyLimit = 1 << 16
    options.plainHTTP = .configured
    options.addresses = addresses
    options.network.certificateAuthorities = configuration.network.certificateAuthorities
    self.options = options
  }

  /// Any answer that is not worth another attempt, else the last. A service that cannot be reached at all is asked once.
  func send(_ request: HTTPRequest) throws -> HTTPResponse {
    let http = try host.http()
    var attempt = 1
    while true {
      do throws(TransportError) {
        let response = try http.send(request, options)
        guard attempt < attempts, response.status >= 500 || response.status == 429 else { return response }
      } catch {
        guard attempt < attempts, error.kind == .cut || error.kind == .malformed else { throw error }
      }
      host.sleep(.milliseconds(100 << min(attempt, 5)), nil)
      attempt += 1
    }
  }
}
