extension CaseGroup {
  static let redis = CaseGroup(names: ["redis", "redis-gz", "redis aof"]) { workshop, options in
    try Programs.require("redis-server", "redis-cli", "redis-check-rdb", "gzip", "awk")
    let keys = options.scaled(1_000_000)
    let folder = "\(workshop.root)/bare/redis"
    let backup = workshop.backup("redis", suffix: ".rdb")
    let (packed, log) = (workshop.backup("redis-gz", suffix: ".rdb.gz"), workshop.backup("redis-aof", suffix: ".aof"))
    try workshop.make(
      """
      mkdir -p \(folder); cd \(folder)
      redis-server --port 0 --unixsocket made.sock --dir \(folder) --save '' >/dev/null & server=$!
      trap "kill -9 $server" EXIT
      until redis-cli -s made.sock ping >/dev/null 2>&1; do sleep 0.02; done
      awk 'BEGIN {
        for (i = 1; i <= \(keys); i++) {
          k = "user:" i; v = sprintf("%016x%016x%016x%016x%016x%016x%016x", i, i * 7, i * 13, i * 31, i * 61, i * 127, i * 251)
          printf "*3\\r\\n$3\\r\\nSET\\r\\n$%d\\r\\n%s\\r\\n$%d\\r\\n%s\\r\\n", length(k), k, length(v), v
        }
      }' | tee \(log) | redis-cli -s made.sock --pipe >/dev/null
      redis-cli -s made.sock save >/dev/null
      mv dump.rdb \(backup); gzip -1 -c \(backup) > \(packed); rm -f made.sock
      """)
    let settings = "--port 0 --unixsocket \(folder)/redis.sock --dir \(folder) --save '' --sanitize-dump-payload yes"
    /// Starts a server on what was put in place, waits until it answers, counts, and throws it away.
    func bare(_ place: String, _ more: String, check: String = "") -> String {
      """
      rm -rf \(folder); mkdir -p \(folder)
      \(place)
      redis-server \(settings) \(more) >/dev/null & server=$!
      until redis-cli -s \(folder)/redis.sock ping 2>/dev/null | grep -q PONG; do sleep 0.01; done
      test "$(redis-cli -s \(folder)/redis.sock dbsize)" -eq \(keys)
      \(check)
      kill -9 $server; rm -rf \(folder)
      """
    }
    func one(_ name: String, _ suffix: String, _ script: String, _ checks: [String], _ against: String) throws -> Case {
      let drill = String(name.map { $0 == " " ? "-" : $0 })
      return Case(
        name: name, ours: try workshop.drill(drill, suffix: suffix, engine: "engine: redis", checks: ["keys: {equals: \(keys)}"] + checks),
        theirs: try workshop.script(drill, script), against: against)
    }
    let look = "redis-check-rdb \(folder)/dump.rdb >/dev/null"
    return [
      try one(
        "redis", ".rdb", bare("cp \(backup) \(folder)/dump.rdb; sync \(folder)/dump.rdb", "", check: look), ["engine: {level: quick}"],
        "copy, `sync`, load, `dbsize`, `redis-check-rdb`"),
      try one(
        "redis-gz", ".rdb.gz", bare("gunzip -c \(packed) > \(folder)/dump.rdb; sync \(folder)/dump.rdb", "", check: look),
        ["engine: {level: quick}"], "`gunzip -c`, `sync`, load, `dbsize`, `redis-check-rdb`"),
      try one(
        "redis aof", ".aof",
        bare("cp \(log) \(folder)/appendonly.aof; sync \(folder)/appendonly.aof", "--appendonly yes --appendfsync no"), [],
        "copy, `sync`, replay, `dbsize`"),
    ]
  }
}
