import Foundation

/// A server of one object that knows ranges, in a process of its own, which ends with the object.
enum ObjectServer {
  /// What a server makes its askers wait for.
  struct Pace {
    /// Seconds before each answer.
    var delay = 0.0
    /// Bytes a second of each connection; 0 for no limit.
    var each = 0
    /// Bytes a second of all connections together; 0 for no limit.
    var all = 0

    var isLimited: Bool { each + all > 0 }
  }

  /// Starts one and gives its URL.
  static func start(_ workshop: Workshop, object: String, _ pace: Pace) throws -> String {
    let port = "\(object).port-\(pace.delay)-\(pace.each)-\(pace.all)"
    let program = "\(workshop.root)/server.py"
    try workshop.write(ObjectServer.program, to: "server.py")
    try workshop.make(
      """
      setsid python3 \(program) \(object) \(port) \(pace.delay) \(pace.each) \(pace.all) > /dev/null 2> \(workshop.root)/server.err < /dev/null &
      for i in $(seq 600); do [ -s \(port) ] && exit 0; sleep 0.1; done
      exit 1
      """)
    let text = try String(contentsOfFile: port, encoding: .utf8)
    return "http://127.0.0.1:\(text.trimmingCharacters(in: .whitespacesAndNewlines))"
  }

  /// AWS's own tool, writing an object to its standard output.
  static func copy(_ object: String, _ endpoint: String) -> String {
    "aws --no-sign-request --region us-east-1 --endpoint-url \(endpoint) s3 cp --only-show-errors s3://bucket/\(object) -"
  }

  /// The same by rclone, which does not start where a bundle of authorities is named that plain HTTP has no use for.
  static func cat(_ object: String, _ endpoint: String) -> String {
    "env -u AWS_CA_BUNDLE rclone --config /dev/null cat --s3-provider Other --s3-endpoint \(endpoint) --s3-region us-east-1 :s3:bucket/\(object)"
  }

  static let program = """
    import base64, http.server, os, socketserver, sys, threading, time, zlib
    path, port, delay, each, all_together = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    key, size, crc = os.path.basename(path), os.path.getsize(path), 0
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            crc = zlib.crc32(block, crc)
    file = open(path, "rb")
    LIST = f'''<?xml version="1.0"?><ListBucketResult><Name>bucket</Name><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>
    <Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"opaque-1"</ETag><Size>{size}</Size>
    <StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>'''.encode()
    class Limit:
        def __init__(self, rate): self.rate, self.time, self.lock = rate, time.monotonic(), threading.Lock()
        def take(self, count):
            if not self.rate: return
            with self.lock:
                now = time.monotonic()
                self.time = max(self.time, now - 0.05) + count / self.rate
                pause = self.time - now
            if pause > 0: time.sleep(pause)
    together = Limit(all_together)
    piece = 128 << 10 if each + all_together else size
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        def setup(self):
            super().setup()
            self.limit = Limit(each)
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
                    count = os.sendfile(self.connection.fileno(), file.fileno(), first, min(piece, last - first + 1))
                    first += count
                    self.limit.take(count)
                    together.take(count)
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
