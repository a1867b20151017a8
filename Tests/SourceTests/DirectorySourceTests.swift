import DrillModel
import EngineKit
import Glibc
import Selecting
import SourceDirectory
import Testing
import ToolRunner

@Suite("The contract of sources, over a directory")
struct DirectoryContractTests {
  @Test("an empty place is an empty list") func empty() async throws { try await SourceContract.emptyPlaceIsAnEmptyList(TemporaryPlace()) }
  @Test("a missing place is unreachable") func missing() async throws {
    try await SourceContract.missingPlaceIsUnreachable(TemporaryPlace())
  }
  @Test("everything is listed") func lists() async throws { try await SourceContract.listsEverything(TemporaryPlace()) }
  @Test("listing may be repeated") func again() async throws { try await SourceContract.listingMayBeRepeated(TemporaryPlace()) }
  @Test("hostile names are taken as they are") func hostile() async throws {
    try await SourceContract.hostileNamesAreTakenAsTheyAre(TemporaryPlace())
  }
  @Test("opening may be repeated") func twice() async throws { try await SourceContract.openingMayBeRepeated(TemporaryPlace()) }
  @Test("what vanished is told to be gone") func vanished() async throws {
    try await SourceContract.whatVanishedIsToldToBeGone(TemporaryPlace())
  }
  @Test("names that lead out are refused") func escapes() async throws {
    try await SourceContract.namesThatLeadOutAreRefused(TemporaryPlace())
  }
}

@Suite("A directory of backups")
struct DirectorySourceTests {
  private let place: TemporaryPlace

  init() throws { place = try TemporaryPlace() }

  private func listed(_ match: String? = nil) async throws -> [String: Artefact] {
    let artefacts = try await place.source(match: match).artefacts()
    return Dictionary(uniqueKeysWithValues: artefacts.map { ($0.name, $0) })
  }

  @Test("folders are looked into as deep as the pattern's slashes reach")
  func depth() async throws {
    for name in ["top.gz", "2026/in.gz", "2026/11/deep.gz"] { try place.put(name, [1]) }
    #expect(try await Set(listed().keys) == ["top.gz", "2026"])
    #expect(try await Set(listed("????/*.gz").keys) == ["top.gz", "2026/in.gz", "2026/11"])
    #expect(try await Set(listed("%Y/%m/*.gz").keys) == ["top.gz", "2026/in.gz", "2026/11/deep.gz"])
  }

  @Test("a file in a folder is opened by its name below the root")
  func openBelow() async throws {
    try place.put("2026/in.gz", [7])
    let source = try place.source(match: "*/*.gz")
    let artefact = try #require(try await source.artefacts().first)
    #expect(try await SourceContract.bytes(source.open(artefact)) == [7])
  }

  @Test("a directory-format dump given as the place of the backups is told to be one backup; its parent, and a stray toc.dat, are fine")
  func insideOfDump() async throws {
    try place.put("dump-20261101/toc.dat", Array("PGDMP\u{1}\u{E}".utf8))
    for name in ["4321.dat.gz", "4322.dat", "blob_16400.dat.gz", "blobs.toc"] { try place.put("dump-20261101/\(name)", [1]) }
    let inside = DirectorySource(path: "\(place.path)/dump-20261101")
    let fault = await #expect(throws: Fault.self) { try await inside.artefacts() }
    #expect(fault?.code == .configuration)
    #expect(fault?.advice?.contains("from: \(place.path)`") == true && fault?.advice?.contains("match: \"dump-20261101\"") == true)
    #expect(try await listed().count == 1)
    try place.put("dump-20261101/shop_20261101.sql.gz", [1])
    #expect(try await inside.artefacts().count == 6)
    try place.put("other/toc.dat", [1])
    #expect(try await DirectorySource(path: "\(place.path)/other").artefacts().count == 1)
  }

  @Test("a base backup of PostgreSQL given as the place of the backups is told to be one backup; its parent is fine")
  func insideOfBaseBackup() async throws {
    for name in ["PG_VERSION", "base/1/1259", "global/pg_control"] { try place.put("plain-20261101/\(name)", [1]) }
    for name in ["base.tar.gz", "pg_wal.tar.gz", "backup_manifest"] { try place.put("archives-20261101/\(name)", [1]) }
    for name in ["plain-20261101", "archives-20261101"] {
      let inside = DirectorySource(path: "\(place.path)/\(name)")
      let fault = await #expect(throws: Fault.self) { try await inside.artefacts() }
      #expect(fault?.code == .configuration && fault?.advice?.contains("match: \"\(name)\"") == true)
    }
    #expect(try await listed().count == 2)
  }

  @Test("a directory is an artefact of unknown size and opens as one")
  func directory() async throws {
    try place.put("dump-20261101/toc.dat", [1])
    let source = try place.source(match: "dump-%Y%m%d")
    let artefact = try #require(try await source.artefacts().first)
    #expect(artefact.kind == .directory && artefact.bytes == nil)
    guard case .directory(let path) = try await source.open(artefact) else { throw Fault(.internalError, "not a directory") }
    #expect(path == place.path + "/dump-20261101")
  }

  @Test("a link to a file of the same directory is an alias and left out, dangling or not")
  func alias() async throws {
    try place.put("db.gz", [1])
    try place.link("latest", to: "db.gz")
    try place.link("absolute", to: place.path + "/db.gz")
    try place.link("dotted", to: "./db.gz")
    try place.link("dangling", to: "pruned.gz")
    #expect(try await Set(listed().keys) == ["db.gz"])
  }

  @Test("a link that leads elsewhere is listed as a link, and is not opened")
  func foreignLink() async throws {
    try place.link("db.gz", to: "/etc/hostname")
    let artefact = try #require(try await listed()["db.gz"])
    #expect(artefact.kind == .other("symbolic link"))
    let source = try place.source(match: nil)
    let fault = await #expect(throws: Fault.self) { try await source.open(artefact) }
    #expect(fault?.code == .backupUnreadable)
  }

  @Test("a file that became a link since it was listed is not followed")
  func swapped() async throws {
    try place.put("db.gz", [1])
    let artefact = try #require(try await listed()["db.gz"])
    try place.remove("db.gz")
    try place.link("db.gz", to: "/etc/hostname")
    let source = try place.source(match: nil)
    await #expect(throws: Fault.self) { try await source.open(artefact) }
  }

  @Test("a FIFO is listed as what it is, and opening it neither blocks nor works", .timeLimit(.minutes(1)))
  func fifo() async throws {
    #expect(mkfifo(place.path + "/pipe", 0o600) == 0)
    let artefact = try #require(try await listed()["pipe"])
    #expect(artefact.kind == .other("FIFO"))
    let source = try place.source(match: nil)
    let fault = await #expect(throws: Fault.self) { try await source.open(artefact) }
    #expect(fault?.code == .backupUnreadable)
  }

  @Test("a file that somebody is writing is told, and a file at rest is not")
  func writing() async throws {
    try place.put("done", [1])
    try place.put("arriving", [1])
    let raw = Glibc.open(place.path + "/arriving", O_WRONLY | O_APPEND | O_CLOEXEC)
    defer { close(raw) }
    let artefacts = try await listed()
    #expect(artefacts["done"]?.isBeingWritten == false)
    #expect(artefacts["arriving"]?.isBeingWritten == true)
  }

  @Test("an old file is not asked whether somebody writes it")
  func oldFile() async throws {
    try place.put("old", [1])
    let raw = Glibc.open(place.path + "/old", O_WRONLY | O_APPEND | O_CLOEXEC)
    defer { close(raw) }
    let source = DirectorySource(path: place.path, clock: { Timestamp(seconds: 4_000_000_000) })
    #expect(try await source.artefacts().first?.isBeingWritten == false)
  }

  @Test("a file with the name of no text is listed readably and opens")
  func undecodable() async throws {
    let raw = Array(place.path.utf8) + Array("/a".utf8) + [0xFF, 0x80, 0xC3, 0xA4, 0]
    let descriptor = raw.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { Glibc.open($0.baseAddress!, O_CREAT | O_WRONLY, 0o600) }
    #expect(write(descriptor, "xyz", 3) == 3)
    close(descriptor)
    let artefact = try #require(try await listed().values.first)
    #expect(artefact.name == "a\\xff\\x80ä")
    let opened = try await place.source(match: nil).open(artefact)
    guard case .file(_, let path, _) = opened else { throw Fault(.internalError, "not a file") }
    #expect(path.hasPrefix("/proc/"))
    #expect(try await SourceContract.bytes(opened) == Array("xyz".utf8))
  }

  @Test("one file is a source of one artefact, with its checksum")
  func oneFile() async throws {
    try place.put("db-20261101.gz", [1, 2])
    let digest = String(repeating: "a", count: 64)
    try place.put("db-20261101.gz.sha256", Array(digest.utf8))
    let source = DirectorySource(path: place.path + "/db-20261101.gz")
    let artefact = try #require(try await source.artefacts().first)
    #expect(artefact.name == "db-20261101.gz" && artefact.bytes == 2 && artefact.expectedSHA256 == digest)
    #expect(try await SourceContract.bytes(source.open(artefact)) == [1, 2])
    #expect(source.localDirectories == [place.path])
    // A disk that is not mounted makes no neighbour of it a place of backups.
    #expect(DirectorySource(path: place.path + "/gone").localDirectories == [place.path + "/gone"])
  }

  @Test("a link that was pointed at is followed, and the file's own name counts")
  func oneLink() async throws {
    try place.put("db-20261101.gz", [1, 2])
    try place.link("latest", to: "db-20261101.gz")
    let source = DirectorySource(path: place.path + "/latest")
    let artefact = try #require(try await source.artefacts().first)
    #expect(artefact.name == "db-20261101.gz" && artefact.kind == .file)
    #expect(try await SourceContract.bytes(source.open(artefact)) == [1, 2])
  }

  @Test("a checksum file beside a backup is read; one that says nothing is a problem, and none is none")
  func checksums() async throws {
    let digest = String(repeating: "0123456789abcdef", count: 4)
    for name in ["a", "b", "c", "d"] { try place.put(name, [1]) }
    try place.put("a.sha256", Array("\(digest)  a\n".utf8))
    try place.put("b.sha256", Array("what is this".utf8))
    try place.link("c.sha256", to: "/etc/hostname")
    let artefacts = try await listed()
    #expect(artefacts["a"]?.expectedSHA256 == digest && artefacts["a"]?.checksumProblem == nil)
    #expect(artefacts["b"]?.expectedSHA256 == nil && artefacts["b"]?.checksumProblem != nil)
    #expect(artefacts["c"]?.checksumProblem != nil)
    #expect(artefacts["d"]?.expectedSHA256 == nil && artefacts["d"]?.checksumProblem == nil)
  }

  @Test("a directory that may not be read is no permission", .disabled(if: getuid() == 0, "root may read everything"))
  func permission() async throws {
    chmod(place.path, 0)
    defer { chmod(place.path, 0o700) }
    let source = try place.source(match: nil)
    let fault = await #expect(throws: Fault.self) { try await source.artefacts() }
    #expect(fault?.code == .permissionDenied)
  }

  @Test("listing holds no descriptors open afterwards")
  func descriptors() async throws {
    for index in 0..<50 { try place.put("d\(index)/f", [1]) }
    let source = try place.source(match: "*/*")
    let first = try await source.artefacts().count
    let highest = dup(0)
    close(highest)
    for _ in 0..<40 { #expect(try await source.artefacts().count == first) }
    let after = dup(0)
    close(after)
    #expect(abs(after - highest) < 40)
  }

  @Test("fifty thousand files are listed in seconds")
  func many() async throws {
    for index in 0..<50_000 {
      let raw = Glibc.open("\(place.path)/db-\(index).gz", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
      #expect(raw >= 0)
      close(raw)
    }
    let start = ContinuousClock.now
    #expect(try await place.source(match: nil).artefacts().count == 50_000)
    #expect(start.duration(to: .now) < .seconds(30))
  }

  @Test("a path is shown without detours, but not when a link stands before the dots")
  func detours() throws {
    #expect(mkdir(place.path + "/drills", 0o755) == 0 && mkdir(place.path + "/far", 0o755) == 0)
    #expect(symlink("/usr/lib", place.path + "/link") == 0)
    #expect(DirectorySource.withoutDetours(place.path + "/drills/../far/./x") == place.path + "/far/x")
    #expect(DirectorySource.withoutDetours(place.path + "/link/../far") == place.path + "/link/../far")
    #expect(DirectorySource.withoutDetours("/nowhere/a/../b") == "/nowhere/a/../b")
  }
}
