import Foundation

extension CaseGroup {
  /// One object from a server on loopback, with and without latency, against the tools that people use for it.
  static let s3 = CaseGroup(
    names: ["s3", "s3 rclone", "s3 30 ms", "s3 30 ms rclone", "s3 restore"]
  ) { workshop, options in
    try Programs.require("python3", "aws", "rclone", "openssl", "tar")
    let object = "s3_20260101_000000.tar"
    let folder = "\(workshop.root)/bucket"
    try workshop.make(
      """
      mkdir \(folder)
      head -c \(options.scaled(512 << 20)) /dev/urandom > \(folder)/data
      tar -C \(folder) -cf \(folder)/\(object) data
      rm \(folder)/data
      """)
    try workshop.write(ObjectServer.program, to: "server.py")
    let near = try ObjectServer.start(workshop, object: "\(folder)/\(object)", delay: 0)
    let far = try ObjectServer.start(workshop, object: "\(folder)/\(object)", delay: 0.03)

    func drill(_ name: String, _ endpoint: String) throws {
      try workshop.write(
        """
        drill: \(name)
        backup: {from: "s3://bucket/", match: "s3_%Y%m%d_%H%M%S.tar", endpoint: "\(endpoint)", region: us-east-1, anonymous: true}
        restore: {engine: files}
        checks:
          - files: {min: 1}

        """, to: "drills/\(name).yaml")
    }
    try drill("s3-near", near)
    try drill("s3-far", far)
    func plan(_ name: String) -> [String] {
      [workshop.program, "plan", name, "--verify", "--config", "\(workshop.root)/drillmark.yaml"]
    }
    func copy(_ endpoint: String) -> String {
      "aws --no-sign-request --region us-east-1 --endpoint-url \(endpoint) s3 cp --only-show-errors s3://bucket/\(object) -"
    }
    // This rclone does not start where a bundle of authorities is named, which plain HTTP has no use for.
    func cat(_ endpoint: String) throws -> [String] {
      try workshop.script(
        "rclone-\(endpoint.split(separator: ":").last ?? "")",
        "env -u AWS_CA_BUNDLE rclone --config /dev/null cat --s3-provider Other --s3-endpoint \(endpoint) --s3-region us-east-1 :s3:bucket/\(object) | openssl dgst -sha256"
      )
    }
    func one(_ name: String, _ drill: String, _ theirs: [String], _ against: String) -> Case {
      Case(name: name, ours: plan(drill), theirs: theirs, against: against, proof: .lines(4))
    }
    let bare = "\(workshop.root)/bare/s3"
    return [
      one(
        "s3", "s3-near", try workshop.script("aws-near", "\(copy(near)) | openssl dgst -sha256"), "`aws s3 cp … - \\| openssl dgst -sha256`"
      ),
      one("s3 rclone", "s3-near", try cat(near), "`rclone cat \\| openssl dgst -sha256`"),
      one(
        "s3 30 ms", "s3-far", try workshop.script("aws-far", "\(copy(far)) | openssl dgst -sha256"), "the same, 30 ms before each answer"),
      one("s3 30 ms rclone", "s3-far", try cat(far), "the same, 30 ms before each answer"),
      Case(
        name: "s3 restore", ours: [workshop.program, "run", "s3-near", "--json", "--config", "\(workshop.root)/drillmark.yaml"],
        theirs: try workshop.script(
          "aws-restore", "mkdir \(bare)\n\(copy(near)) | tar -C \(bare) -xf -\nsync -f \(bare)\nfind \(bare) | wc -l\nrm -rf \(bare)"),
        against: "`aws s3 cp … - \\| tar xf -`, `sync -f`, `find`, `rm -rf`"),
    ]
  }
}

/// A server of one object that knows ranges, in a process of its own, which ends with the object.
enum ObjectServer {
  /// Starts one and gives its URL. `delay` is added to each answer, in seconds.
  static func start(_ workshop: Workshop, object: String, delay: Double) throws -> String {
    let port = "\(workshop.root)/port-\(delay)"
    try workshop.make(
      """
      setsid python3 \(workshop.root)/server.py \(object) \(delay) \(port) > /dev/null 2> \(workshop.root)/server.err < /dev/null &
      for i in $(seq 600); do [ -s \(port) ] && exit 0; sleep 0.1; done
      exit 1
      """)
    let text = try String(contentsOfFile: port, encoding: .utf8)
    return "http://127.0.0.1:\(text.trimmingCharacters(in: .whitespacesAndNewlines))"
  }

  static let program = """
    import base64, http.server, os, socketserver, sys, threading, time, zlib
    path, delay, port = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    key, size, crc = os.path.basename(path), os.path.getsize(path), 0
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            crc = zlib.crc32(block, crc)
    file = open(path, "rb")
    LIST = f'''<?xml version="1.0"?><ListBucketResult><Name>bucket</Name><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>
    <Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"opaque-1"</ETag><Size>{size}</Size>
    <StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>'''.encode()
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        def log_message(self, *_): pass
        def do_HEAD(self): self.answer(False)
        def do_GET(self): self.answer(True)
        def answer(self, has_body):
            time.sleep(delay)
            if not self.path.split("?")[0].endswith(key):
                self.send_response(200)
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(LIST)))
                self.end_headers()
                return has_body and self.wfile.write(LIST)
            first, last, wanted = 0, size - 1, self.headers.get("Range")
            if wanted:
                a, b = wanted.removeprefix("bytes=").split("-")
                first, last = int(a), min(int(b) if b else last, last)
            self.send_response(206 if wanted else 200)
            if wanted: self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            elif self.headers.get("x-amz-checksum-mode"):
                self.send_header("x-amz-checksum-crc32", base64.b64encode(crc.to_bytes(4, "big")).decode())
            self.send_header("ETag", '"opaque-1"')
            self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(last - first + 1))
            self.end_headers()
            if not has_body: return
            self.wfile.flush()
            try:
                while first <= last:
                    first += os.sendfile(self.connection.fileno(), file.fileno(), first, last - first + 1)
            except OSError: self.close_connection = True
    class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
        daemon_threads = True
        request_queue_size = 128
    def end_with_object():
        while os.path.exists(path): time.sleep(0.5)
        os._exit(0)
    threading.Thread(target=end_with_object, daemon=True).start()
    server = Server(("127.0.0.1", 0), Handler)
    with open(port + ".new", "w") as f: f.write(str(server.server_address[1]))
    os.rename(port + ".new", port)
    server.serve_forever()
    """
}
