import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Glibc
import Testing

@Suite("Scratch directories")
struct ScratchDirectoryTests {
  private let folder = TemporaryFolder()

  private func made() throws -> ScratchDirectory {
    var random = SystemRandomNumberGenerator()
    let run = RunID(at: Timestamp(milliseconds: 1_800_000_000_000), using: &random)
    let directory = ScratchDirectory(path: ScratchDirectory.path(in: folder.path, run: run), run: run)
    try directory.create()
    return directory
  }

  @Test("all below goes, what links point at stays")
  func links() throws {
    let (directory, outside) = (try made(), "\(folder.path)/outside")
    try FileManager.default.createDirectory(atPath: "\(outside)/inner", withIntermediateDirectories: true)
    let kept = folder.file("outside/inner/kept", Array("x".utf8))
    try FileManager.default.createDirectory(atPath: "\(directory.path)/a/b", withIntermediateDirectories: true)
    for place in ["", "/a", "/a/b"] {
      #expect(symlink(outside, "\(directory.path)\(place)/link") == 0)
      #expect(mkfifo("\(directory.path)\(place)/pipe", 0o600) == 0)
      #expect(FileManager.default.createFile(atPath: "\(directory.path)\(place)/file", contents: Data("y".utf8)))
    }
    try directory.destroy()
    #expect(!FileManager.default.fileExists(atPath: directory.path))
    #expect(FileManager.default.fileExists(atPath: kept))
    try directory.destroy()
  }

  @Test("directories deeper in each other than a process may have files open go too")
  func deep() throws {
    let directory = try made()
    let deepest = directory.path + String(repeating: "/d", count: 1_500)
    try FileManager.default.createDirectory(atPath: deepest, withIntermediateDirectories: true)
    try directory.destroy()
    #expect(!FileManager.default.fileExists(atPath: directory.path))
  }

  @Test("without the run's marker nothing is removed")
  func foreign() throws {
    let directory = try made()
    try Data("another\n".utf8).write(to: URL(fileURLWithPath: "\(directory.path)/\(ScratchDirectory.marker)"))
    let file = "\(directory.path)/file"
    #expect(FileManager.default.createFile(atPath: file, contents: Data("y".utf8)))
    #expect(throws: Fault.self) { try directory.destroy() }
    #expect(FileManager.default.fileExists(atPath: file))
  }

  @Test("a marker that a crash left half written proves nothing about other files, and goes where there are none", arguments: [0, 1, 25])
  func unfinished(_ length: Int) throws {
    let directory = try made()
    let marker = URL(fileURLWithPath: "\(directory.path)/\(ScratchDirectory.marker)")
    try Data(directory.run.text.utf8.prefix(length)).write(to: marker)
    let file = "\(directory.path)/file"
    #expect(FileManager.default.createFile(atPath: file, contents: Data("y".utf8)))
    #expect(throws: Fault.self) { try directory.destroy() }
    #expect(FileManager.default.fileExists(atPath: file))
    unlink(file)
    try directory.destroy()
    #expect(!FileManager.default.fileExists(atPath: directory.path))
  }

  @Test("a directory with another run's marker alone stays")
  func others() throws {
    let directory = try made()
    let marker = "\(directory.path)/\(ScratchDirectory.marker)"
    try Data("another\n".utf8).write(to: URL(fileURLWithPath: marker))
    #expect(throws: Fault.self) { try directory.destroy() }
    #expect(FileManager.default.fileExists(atPath: marker))
  }
}
