import DrillModel
import EngineKit
import Foundation
import Selecting
import SourceDirectory
import ToolRunner

/// A directory of its own that goes with the test.
final class TemporaryPlace: SourceFixture {
  let path: String
  private let root: String

  init() throws {
    root = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path + "/drillmark-test-\(UUID().uuidString)"
    path = root + "/place"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// A path beside the place, outside of it.
  var outside: String { root }

  func put(_ name: String, _ bytes: [UInt8]) throws {
    let file = path + "/" + name
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path + "/" + name, withDestinationPath: target)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

  func removePlace() throws { try FileManager.default.removeItem(atPath: path) }

  func source(match: String?) throws -> any BackupSource { try DirectorySource(path: path, match: match.map(NamePattern.init)) }
}

func readAll(_ descriptor: Descriptor) -> [UInt8] {
  let handle = FileHandle(fileDescriptor: descriptor.raw, closeOnDealloc: false)
  return (try? handle.readToEnd()).map { Array($0) } ?? []
}
