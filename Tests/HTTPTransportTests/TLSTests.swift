import DrillTestSupport
import HTTPTransport
import Testing

@Suite("TLS is verified")
struct TLSTests {
  @Test("a certificate of a given authority for the right name is accepted")
  func good() async throws {
    let certificates = try #require(await TestCertificates())
    let server = try #require(await TLSServer(certificates, .good))
    var options = HTTPOptions()
    options.network = NetworkSettings(environment: ["SSL_CERT_FILE": certificates.authority])
    let answer = try HTTPClient().send(HTTPRequest("POST", "https://localhost:\(server.port)/", body: [1]), options)
    #expect(String(decoding: answer.body, as: UTF8.self) == "hello")
    #expect(server.served == 1)
  }

  @Test("any other is refused, and nothing is sent", arguments: [TestCertificates.Kind.expired, .wrongHost, .selfSigned])
  func bad(kind: TestCertificates.Kind) async throws {
    let certificates = try #require(await TestCertificates())
    let server = try #require(await TLSServer(certificates, kind))
    var options = HTTPOptions()
    options.network = NetworkSettings(environment: ["SSL_CERT_FILE": certificates.authority])
    let error = try #require(TLSTests.failure("https://localhost:\(server.port)/", options))
    #expect(error.kind == .tls)
    #expect(!error.maybeSent)
    #expect(server.served == 0)
  }

  @Test("a good certificate of an authority that nobody gave is refused")
  func unknownAuthority() async throws {
    let certificates = try #require(await TestCertificates())
    let server = try #require(await TLSServer(certificates, .good))
    #expect(TLSTests.failure("https://localhost:\(server.port)/", HTTPOptions())?.kind == .tls)
    #expect(server.served == 0)
  }

  @Test("a file of authorities that is not there is told, and nothing is trusted")
  func missingAuthorities() async throws {
    let certificates = try #require(await TestCertificates())
    let server = try #require(await TLSServer(certificates, .good))
    var options = HTTPOptions()
    options.network.certificateAuthorities = "/nonexistent/ca.pem"
    #expect(TLSTests.failure("https://localhost:\(server.port)/", options)?.kind == .tls)
  }

  @Test("a server that does not speak TLS is refused")
  func plainServer() throws {
    let server = ScriptedMailServer()
    let error = try #require(TLSTests.failure("https://127.0.0.1:\(server.port)/", HTTPOptions()))
    #expect([.tls, .cut].contains(error.kind))
    #expect(!error.maybeSent)
  }

  private static func failure(_ url: String, _ options: HTTPOptions) -> TransportError? {
    do throws(TransportError) {
      _ = try HTTPClient().send(HTTPRequest("GET", url, headers: [HTTPHeader("Authorization", "secret")]), options)
      return nil
    } catch { return error }
  }
}
