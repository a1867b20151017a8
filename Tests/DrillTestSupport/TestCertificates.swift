import Glibc

/// A certificate authority of a test's own, and server certificates for `localhost` that it signed.
package final class TestCertificates: Sendable {
  private let folder = TemporaryFolder("dmcert")

  package enum Kind: String, Sendable, CaseIterable {
    case good
    case expired
    case wrongHost
    /// Signed by itself instead of the authority.
    case selfSigned
    /// For the addresses that moto gives instances of us-east-1.
    case rds
  }

  /// The authority's certificate.
  package var authority: String { "\(folder.path)/ca.pem" }
  package func certificate(_ kind: Kind) -> String { "\(folder.path)/\(kind.rawValue).pem" }
  package var key: String { "\(folder.path)/key.pem" }

  /// Nil when the machine's `openssl` cannot make them.
  package init?() async {
    _ = folder.file("ca.cnf", TestCertificates.configuration)
    let result = await HostCommand.run(["/bin/sh", "-euc", TestCertificates.script], directory: folder.path)
    guard result.status == 0 else { return nil }
  }

  private static let configuration = """
    [ca]
    default_ca = test
    [test]
    dir = .
    database = index.txt
    new_certs_dir = .
    rand_serial = yes
    default_md = sha256
    policy = any
    unique_subject = no
    [any]
    commonName = supplied
    [here]
    subjectAltName = DNS:localhost,IP:127.0.0.1
    [elsewhere]
    subjectAltName = DNS:elsewhere.example.com
    [rds]
    subjectAltName = DNS:*.aaaaaaaaaa.us-east-1.rds.amazonaws.com
    """

  private static let script = """
    key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
    openssl req -x509 $key -keyout cakey.pem -out ca.pem -days 30 -subj /CN=Test -addext basicConstraints=critical,CA:TRUE
    openssl req -x509 $key -keyout key.pem -out selfSigned.pem -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost
    openssl req -new -key key.pem -out request.pem -subj /CN=localhost
    : > index.txt
    sign() { openssl ca -batch -notext -config ca.cnf -keyfile cakey.pem -cert ca.pem -in request.pem -out "$1" -extensions "$2" -startdate "$3" -enddate "$4"; }
    sign good.pem here 20200101000000Z 20991231235959Z
    sign expired.pem here 20200101000000Z 20200201000000Z
    sign wrongHost.pem elsewhere 20200101000000Z 20991231235959Z
    sign rds.pem rds 20200101000000Z 20991231235959Z
    """
}

/// An HTTPS server on loopback that answers 200 and `hello` to everything. Ends with the value.
package final class TLSServer: Sendable {
  package let port: Int
  private let process: HostCommand

  /// Nil when it does not start.
  package init?(_ certificates: TestCertificates, _ kind: TestCertificates.Kind) async {
    process = HostCommand(
      ["/usr/bin/env", "python3", "-c", TLSServer.program, certificates.certificate(kind), certificates.key],
      environment: HostCommand.environment)
    for _ in 0..<300 {
      if let line = process.stderrSoFar.split(separator: "\n").first, let port = Int(line) {
        self.port = port
        return
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
    return nil
  }

  deinit { process.signal(SIGKILL) }

  /// How many requests came through TLS whole.
  package var served: Int { process.stderrSoFar.split(separator: "\n").count { $0 == "asked" } }

  private static let program = """
    import http.server, ssl, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            print("asked", file=sys.stderr, flush=True)
            self.send_response(200); self.send_header("Content-Length", "5"); self.end_headers(); self.wfile.write(b"hello")
        do_GET = do_POST = answer
        def log_message(self, *a): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *a: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, file=sys.stderr, flush=True)
    server.serve_forever()
    """
}
