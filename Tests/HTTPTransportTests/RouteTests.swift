import DrillTestSupport
import Testing

@testable import HTTPTransport

@Suite("Where a request may go")
struct RouteTests {
  private func failure(_ url: String, _ options: HTTPOptions = HTTPOptions()) -> TransportError? {
    do throws(TransportError) {
      _ = try HTTPClient().send(HTTPRequest("GET", url), options)
      return nil
    } catch { return error }
  }

  @Test("plain http leaves this machine only when it was configured")
  func plain() throws {
    let server = ScriptedHTTPServer(.answer(200))
    #expect(failure(server.url) == nil)
    var options = HTTPOptions()
    options.knownNames = ["relay.example.com:\(server.port):127.0.0.1"]
    let named = "http://relay.example.com:\(server.port)/"
    let error = try #require(failure(named, options))
    #expect(error.kind == .refusedAddress)
    #expect(error.message.contains("https"))
    options.plainHTTP = .configured
    #expect(failure(named, options) == nil)
    #expect(server.requests.count == 2)
  }

  @Test("localhost that leads elsewhere is not loopback")
  func falseLocalhost() throws {
    var options = HTTPOptions()
    options.knownNames = ["localhost:8080:192.0.2.1"]
    #expect(failure("http://localhost:8080/", options)?.kind != nil)
  }

  @Test(
    "a metadata address is refused in every spelling, and never connected to",
    arguments: [
      "http://169.254.169.254/latest/meta-data", "http://2852039166/", "http://0xA9FEA9FE/", "http://0251.0376.0251.0376/",
      "http://[::ffff:169.254.169.254]/", "https://[fd00:ec2::254]/", "http://169.254.169.254./", "http://0.0.0.0:80/",
      "https://[fe80::1]/",
    ])
  func metadata(url: String) throws {
    var options = HTTPOptions()
    options.plainHTTP = .configured
    options.connectTimeout = .seconds(5)
    let error = try #require(failure(url, options))
    #expect(error.kind == .refusedAddress)
    #expect(!error.maybeSent)
  }

  @Test(
    "a name is judged by the address that is connected to",
    arguments: ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:a9fe:a9fe]", "0.0.0.0"])
  func rebinding(address: String) throws {
    var options = HTTPOptions()
    options.knownNames = ["innocent.example.com:443:\(address)"]
    options.connectTimeout = .seconds(5)
    let error = try #require(failure("https://innocent.example.com/hook", options))
    #expect(error.kind == .refusedAddress)
    #expect(error.message.contains("innocent.example.com"))
    #expect(!error.maybeSent)
  }

  @Test("with https a proxy is asked for the name, which the certificate must prove")
  func proxyByName() throws {
    let proxy = ScriptedHTTPServer(.answer(502))
    var options = HTTPOptions()
    options.network = NetworkSettings(environment: ["https_proxy": proxy.url])
    #expect(failure("https://localhost:9/", options) != nil)
    #expect(failure("https://nobody.invalid/", options) != nil, "a machine behind a proxy often cannot look names up")
    #expect(proxy.requests.map { "\($0.method) \($0.target)" } == ["CONNECT localhost:9", "CONNECT nobody.invalid:443"])
  }

  @Test("what a proxy's tunnel leads to must prove the name too")
  func proxyTunnel() async throws {
    let certificates = try #require(await TestCertificates())
    let server = try #require(await TLSServer(certificates, .wrongHost))
    let proxy = TunnelProxy(to: server.port)
    var options = HTTPOptions()
    options.network = NetworkSettings(environment: [
      "https_proxy": "http://127.0.0.1:\(proxy.port)", "SSL_CERT_FILE": certificates.authority,
    ])
    let error = try #require(failure("https://hook.example.com/secret", options))
    #expect(error.kind == .tls)
    #expect(!error.maybeSent)
    #expect(server.served == 0)
    #expect(failure("https://elsewhere.example.com/", options) == nil, "and one that proves it is served")
  }

  @Test("a proxy does not lead to a forbidden address, nor in plain text to a name that cannot be judged")
  func proxyGuarded() throws {
    let proxy = ScriptedHTTPServer(.answer(200))
    var options = HTTPOptions()
    options.network = NetworkSettings(environment: ["https_proxy": proxy.url, "http_proxy": proxy.url])
    options.plainHTTP = .configured
    #expect(failure("http://2852039166/", options)?.kind == .refusedAddress)
    #expect(failure("https://[fd00:ec2::254]/", options)?.kind == .refusedAddress)
    #expect(failure("http://nobody.invalid/", options)?.kind == .notResolved)
    #expect(proxy.requests.isEmpty)
  }

  @Test("no_proxy, and plain http to loopback, go direct")
  func direct() throws {
    let proxy = ScriptedHTTPServer(.answer(502))
    let server = ScriptedHTTPServer(.answer(200))
    var options = HTTPOptions()
    options.network = NetworkSettings(environment: ["http_proxy": proxy.url])
    #expect(failure(server.url, options) == nil)
    options.network = NetworkSettings(environment: ["ALL_PROXY": proxy.url, "NO_PROXY": "127.0.0.1,.example.com"])
    options.plainHTTP = .configured
    #expect(failure("http://127.0.0.1:\(server.port)", options) == nil)
    #expect(proxy.requests.isEmpty)
    #expect(server.requests.count == 2)
  }

  @Test("a plain request to a configured endpoint goes through the proxy's tunnel to the judged address")
  func plainThroughProxy() throws {
    let proxy = ScriptedHTTPServer(.answer(502))
    var options = HTTPOptions()
    options.network = NetworkSettings(environment: ["http_proxy": proxy.url])
    options.plainHTTP = .configured
    _ = failure("http://10.255.255.1:81/", options)
    #expect(proxy.requests.first?.method == "CONNECT")
    #expect(proxy.requests.first?.target == "10.255.255.1:81")
  }

  @Test(
    "a proxy that cannot be used is told without its password",
    arguments: [
      "http://user:secretpw@nobody.invalid:3128", "http://user:secret pw@nobody.invalid", "socks9://user:secretpw@nobody.invalid",
      "http://user:sec/retpw@nobody.invalid", "http://user:secretpw@127.0.0.1:1",
    ])
  func unreadableProxy(proxy: String) throws {
    var options = HTTPOptions()
    options.network = NetworkSettings(environment: ["https_proxy": proxy])
    let error = try #require(failure("https://192.0.2.1/", options))
    #expect([.proxy, .notConnected].contains(error.kind))
    #expect(!error.message.contains("secret") && !error.message.contains("retpw"), "\(error.message)")
    options.network = NetworkSettings(environment: ["https_proxy": proxy, "no_proxy": "127.0.0.1"])
    let direct = try #require(failure("https://127.0.0.1:1/", options))
    #expect(direct.kind == .notConnected && !direct.message.contains("proxy"), "what is reached directly asks no proxy")
  }

  @Test("a proxy that refuses is what is told of, and nothing was sent", arguments: [403, 407, 502])
  func refusingProxy(status: Int) throws {
    let proxy = ScriptedHTTPServer(.answer(status))
    var options = HTTPOptions()
    options.network = NetworkSettings(environment: ["https_proxy": proxy.url])
    let error = try #require(failure("https://192.0.2.1/", options))
    #expect(error.kind == .proxy && error.message.contains("through the proxy") && error.message.contains("\(status)"))
    #expect(!error.maybeSent)
  }

  @Test("settings are read from the environment in curl's order and case")
  func environment() {
    let settings = NetworkSettings(environment: [
      "HTTP_PROXY": "http://attacker", "https_proxy": "", "HTTPS_PROXY": "http://b", "AWS_CA_BUNDLE": "/aws.pem",
      "SSL_CERT_FILE": "/ssl.pem",
    ])
    #expect(settings.httpProxy == nil)
    #expect(settings.httpsProxy == "http://b")
    #expect(settings.certificateAuthorities == "/ssl.pem")
    #expect(NetworkSettings(environment: ["AWS_CA_BUNDLE": "/aws.pem"], forAWS: true).certificateAuthorities == "/aws.pem")
    #expect(NetworkSettings(environment: [:]) == NetworkSettings())
  }
}
