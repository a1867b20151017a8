import DrillModel
import Foundation
import Glibc

/// The files that `init` writes. Nothing that exists is changed.
struct StarterSite {
  let directory: String

  var siteFile: String { "\(directory)/drillmark.yaml" }
  var drillFile: String { "\(directory)/drills/example.yaml" }

  /// Writes a site that passes `validate` and whose drill runs.
  ///
  /// - Throws: `Fault` when one of the files exists; then none is written.
  func write(now: Timestamp) throws {
    let stamp = now.description.filter(\.isNumber).prefix(14)
    let backup = "\(directory)/backups/example_\(stamp.prefix(8))_\(stamp.suffix(6)).sql"
    for path in [siteFile, drillFile] where FileManager.default.fileExists(atPath: path) {
      throw Fault(.configuration, "\(path) exists already and is left as it is", advice: "Give another directory, or remove it first")
    }
    try writeSiteFile(ifMissing: false)
    try create(backup, StarterSite.dump(now))
    try create(drillFile, StarterSite.drill)
  }

  func writeSiteFile(ifMissing: Bool) throws {
    if ifMissing, FileManager.default.fileExists(atPath: siteFile) { return }
    try create(siteFile, StarterSite.site)
  }

  /// Makes a new file with its folders.
  func create(_ path: String, _ text: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Fault(.permissionDenied, "the folder \(folder) cannot be made", advice: "Check the owner and mode of the folder above it")
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      let reason = String(cString: strerror(errno))
      throw Fault(errno == EEXIST ? .configuration : .permissionDenied, "\(path) cannot be written: \(reason)")
    }
    defer { close(descriptor) }
    drillmark.write(text, to: descriptor)
  }

  static let site = """
    # Drillmark's site file. `drillmark validate` reports every fault in it and in drills/.
    ledger: state/drillmark.sqlite        # every run is sealed here
    reports: reports
    scratch:
      directory: /var/tmp/drillmark       # restores happen here and nowhere else
      keep-free: 10%                      # a drill that would leave less free does not start
    parallel: 1                           # runs at once on this host
    tiers:                                # objectives that drills share; a drill's own go first
      critical: {rpo: 1h, rto: 30m, every: 7d}
      standard: {rpo: 26h, rto: 4h, every: 31d}
    # notify:
    #   - sns: {topic: "arn:aws:sns:eu-west-1:123456789012:dr-drills"}

    """

  static let drill = """
    # One file a drill. Change it into your own, or let `drillmark init --from BACKUP` propose one.
    drill: example
    description: A small SQL dump that `drillmark init` wrote
    tier: standard
    backup:
      from: ../backups                    # a directory or one file
      match: "example_%Y%m%d_%H%M%S.sql"  # the fields are the recovery point's time, in UTC unless name-timezone says otherwise
    restore:
      engine: sqlite                      # or postgresql, files
    checks:
      - rows: {table: reading, min: 100}
      - query: {sql: "select count(*) from reading where celsius is null", equals: 0}
        name: every reading has a value
      - freshness: {sql: "select max(taken_at) from reading", max-age: 1d}
      - engine: {level: full}             # the engine's own deep check

    """

  private static func dump(_ now: Timestamp) -> String {
    let rows = (1...100).map { number in
      let taken = now - .seconds(60 * (101 - number))
      return
        "INSERT INTO reading VALUES(\(number),'\(taken.description.prefix(19).replacing("T", with: " "))',\(Double(number * 7 % 200) / 10));"
    }
    return """
      PRAGMA foreign_keys=OFF;
      BEGIN TRANSACTION;
      CREATE TABLE reading(id INTEGER PRIMARY KEY, taken_at TEXT NOT NULL, celsius REAL);
      \(rows.joined(separator: "\n"))
      COMMIT;

      """
  }
}
