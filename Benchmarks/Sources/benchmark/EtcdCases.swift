extension CaseGroup {
  static let etcd = CaseGroup(names: ["etcd", "etcd replay"]) { workshop, options in
    try Programs.require("etcd", "etcdctl", "python3", "curl")
    let events = options.scaled(50_000)
    try workshop.write(EtcdScripts.sample, to: "bare/etcd-sample.py")
    let store = "\(workshop.root)/backups/etcd-store"
    try workshop.make(
      """
      mkdir -p \(store) \(workshop.root)/bare/etcd-sample && cd \(workshop.root)/bare/etcd-sample
      \(EtcdScripts.start("--unsafe-no-fsync --initial-cluster m=unix://localhost:2 --initial-advertise-peer-urls unix://localhost:2"))
      python3 ../etcd-sample.py fill \(options.scaled(50_000))
      etcdctl --endpoints unix://localhost:1 snapshot save \(workshop.backup("etcd", suffix: ".db")) >/dev/null 2>&1
      kill -9 $server; wait $server 2>/dev/null || true
      python3 ../etcd-sample.py delta \(events) \(workshop.backup("etcd", suffix: ".db")) \(store)
      rm -rf \(workshop.root)/bare/etcd-sample
      """)
    let snapshot = workshop.backup("etcd", suffix: ".db")
    let checks = ["keys: {prefix: /fill/, min: \(options.scaled(50_000))}"]
    let count = "python3 \(workshop.root)/bare/etcd-sample.py count"
    let restore =
      "cd $(mktemp -d \(workshop.root)/bare/etcd.XXXX)\netcdctl snapshot restore \(snapshot) --data-dir data --name m "
      + "--initial-cluster m=unix://localhost:2 --initial-advertise-peer-urls unix://localhost:2 >restore.log 2>&1\n"
      + EtcdScripts.start("")
    let end = "kill -9 $server; wait $server 2>/dev/null || true\ncd /; rm -r \"$OLDPWD\""
    let replay = [workshop.program, "run", "etcd-replay", "--json", "--config", "\(workshop.root)/drillmark.yaml"]
    try workshop.write(
      "drill: etcd-replay\nbackup: {from: ../backups/etcd-store}\nrestore: {engine: etcd}\nchecks:\n  - \(checks[0])\n",
      to: "drills/etcd-replay.yaml")
    return [
      Case(
        name: "etcd", ours: try workshop.drill("etcd", suffix: ".db", engine: "engine: etcd", checks: checks),
        theirs: try workshop.script("etcd", "\(restore)\n\(count)\n\(end)"), against: "`etcdctl snapshot restore`, `etcd`, count"),
      Case(
        name: "etcd replay", ours: replay,
        theirs: try workshop.script(
          "etcd-replay", "\(restore)\npython3 \(workshop.root)/bare/etcd-sample.py replay \(events) \(store)\n\(count)\n\(end)"),
        against: "the same, then \(events) events, each a transaction over one kept connection to the JSON gateway"),
    ]
  }
}

/// What makes inputs for etcd and does the bare work.
private enum EtcdScripts {
  /// Starts a server in the working directory and waits until it answers.
  static func start(_ more: String) -> String {
    """
    etcd --name m --data-dir data --listen-client-urls unix://localhost:1 --advertise-client-urls unix://localhost:1 \
    --listen-peer-urls unix://localhost:2 --heartbeat-interval 10 --election-timeout 100 --quota-backend-bytes -1 \(more) >etcd.log 2>&1 &
    server=$!
    for i in $(seq 500); do curl -s --unix-socket localhost:1 http://e/v3/kv/range -d '{"key":"AA=="}' | grep -q revision && break; sleep 0.02; done
    """
  }

  /// Talks to the JSON gateway over one kept connection; knows the format of a delta (docs/engines/etcd.md).
  static let sample = """
    import base64, hashlib, json, os, shutil, socket, sys

    def b(text): return base64.b64encode(text.encode()).decode()

    class Server:
        def __init__(self):
            self.socket = socket.socket(socket.AF_UNIX); self.socket.connect("localhost:1"); self.file = self.socket.makefile("rb")
        def ask(self, path, body):
            text = json.dumps(body).encode()
            self.socket.sendall(b"POST /v3/kv/%s HTTP/1.1\\r\\nHost: e\\r\\nContent-Length: %d\\r\\n\\r\\n" % (path.encode(), len(text)) + text)
            assert b" 200 " in self.file.readline()
            length, answer = None, b""
            while (line := self.file.readline()) != b"\\r\\n":
                if line.lower().startswith(b"content-length:"): length = int(line.split(b":")[1])
            if length is not None: return json.loads(self.file.read(length))
            while (size := int(self.file.readline(), 16)) > 0:
                answer += self.file.read(size); self.file.readline()
            self.file.readline()
            return json.loads(answer)
        def revision(self): return int(self.ask("range", {"key": b("a")})["header"]["revision"])

    def put(key, value): return {"requestPut": {"key": b(key), "value": b(value)}}

    what = sys.argv[1]
    if what == "fill":
        server, total = Server(), int(sys.argv[2])
        for start in range(0, total, 100):
            server.ask("txn", {"success": [put("/fill/%08d" % n, "%0512d" % n) for n in range(start, min(total, start + 100))]})
        print(server.revision(), file=open("../etcd-revision", "w"))
    elif what == "delta":
        total, snapshot, store = int(sys.argv[2]), sys.argv[3], sys.argv[4]
        first = int(open("../etcd-revision").read())
        shutil.copy(snapshot, "%s/Full-00000000-%08d-1767225600" % (store, first))
        versions, digest, names = {}, hashlib.sha256(), "%s/Incr-%08d-%08d-1767229200" % (store, first + 1, first + total)
        with open(names, "wb") as out:
            def write(text): out.write(text.encode()); digest.update(text.encode())
            for n in range(total):
                key, revision = "/live/%d" % (n % 1000), first + 1 + n
                created, version = versions.get(key, (revision, 0)); versions[key] = (created, version + 1)
                write("[" if n == 0 else ",")
                write(json.dumps({"etcdEvent": {"kv": {"key": b(key), "create_revision": created, "mod_revision": revision,
                    "version": version + 1, "value": b("%0200d" % n)}}, "time": "2026-01-01T00:30:00.123456789Z"}))
            write("]"); out.write(digest.digest())
    elif what == "replay":
        server, store = Server(), sys.argv[3]
        name = [n for n in os.listdir(store) if n.startswith("Incr")][0]
        data = open(store + "/" + name, "rb").read()
        assert hashlib.sha256(data[:-32]).digest() == data[-32:]
        for event in json.loads(data[:-32]):
            pair = event["etcdEvent"]["kv"]
            server.ask("txn", {"success": [{"requestPut": {"key": pair["key"], "value": pair["value"]}}]})
        assert server.revision() == int(name.split("-")[2])
    else:
        server = Server()
        print(server.ask("range", {"key": b("/fill/"), "range_end": b("/fill0"), "count_only": True})["count"])

    """
}
