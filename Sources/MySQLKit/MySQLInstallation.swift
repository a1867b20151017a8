import CSystem
import DrillModel
import Foundation
import Glibc
import Synchronization
package import ToolRunner

/// The server and client programs of one MariaDB or MySQL on this machine.
package struct MySQLInstallation: Sendable, Hashable {
  package var vendor: MySQLVendor
  /// As the server says it, without what its packager adds: `10.11.19`.
  package var version: String
  /// The server program itself, links resolved.
  package var server: String
  /// The client program, `mariadb` or `mysql`.
  package var client: String

  package init(vendor: MySQLVendor, version: String, server: String, client: String) {
    self.vendor = vendor
    self.version = version
    self.server = server
    self.client = client
  }

  /// For the record: `mariadb 10.11.19`.
  package var description: String { "\(vendor.rawValue) \(version)" }

  /// The version as numbers that compare: 10.11 is newer than 10.6.
  package var numbers: [Int] { MySQLInstallation.numbers(version) }

  /// The numbers of a version text, as far as it begins with numbers.
  package static func numbers(_ version: some StringProtocol) -> [Int] {
    version.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { Int($0) }
  }

  /// What a boxed program of this installation must be able to read.
  package var readable: [String] {
    let prefix = ((server as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent
    let own = prefix == "/" || prefix == "/usr" ? [] : [prefix]
    let candidates =
      own + [
        server, "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime",
        "/etc/ssl/openssl.cnf", "/dev/urandom", "/dev/null",
      ]
    return candidates.filter { FileManager.default.fileExists(atPath: $0) }
  }

  /// The directory of the SQL files from which MariaDB's system tables are made; nil where there is none.
  package var scripts: String? {
    let prefix = ((server as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent
    let places = [prefix, "/usr"].flatMap { ["\($0)/share/mysql", "\($0)/share/mariadb", "\($0)/share"] }
    return places.first { FileManager.default.fileExists(atPath: "\($0)/mysql_system_tables.sql") }
  }

  /// A program of the same vendor beside the server or on our PATH: `mariadb-backup`.
  ///
  /// - Throws: `Fault` with code `tool_missing` that names the Debian package.
  package func program(_ names: [String], package: String, tools: any ToolRunning) throws -> String {
    for name in names {
      if let found = try? tools.locate(name, in: [(server as NSString).deletingLastPathComponent], package: nil) { return found }
    }
    return try tools.locate(names.first ?? "", package: package)
  }

  /// The installation to restore into: the preferred vendor's where the machine has it, else the other's.
  ///
  /// - Throws: `Fault` with code `tool_missing` when there is none.
  package static func find(preferring vendor: MySQLVendor?, tools: any ToolRunning) async throws -> MySQLInstallation {
    let found = try await all(tools)
    if let match = found.first(where: { $0.vendor == vendor }) ?? found.first { return match }
    throw Fault(
      .toolMissing, "no MariaDB or MySQL server with its client is on this machine (mariadbd and mariadb, or mysqld and mysql)",
      advice: "Install them: apt-get install mariadb-server mariadb-client; a running server of its own is not needed")
  }

  /// Every installation that is found, MariaDB's first.
  static func all(_ tools: any ToolRunning) async throws -> [MySQLInstallation] {
    var found: [MySQLInstallation] = []
    for vendor in MySQLVendor.allCases {
      for name in vendor.servers {
        for server in servers(name, tools) {
          guard let one = try await installation(server, tools), !found.contains(where: { $0.server == one.server }) else { continue }
          found.append(one)
        }
      }
    }
    return found
  }

  private static let directories = [
    "/usr/sbin", "/usr/bin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin", "/usr/local/mysql/bin", "/usr/local/mariadb/bin",
    "/opt/mysql/bin", "/opt/mariadb/bin",
  ]

  private static func servers(_ name: String, _ tools: any ToolRunning) -> [String] {
    var places = directories.map { "\($0)/\(name)" }
    if let found = try? tools.locate(name, package: nil) { places.append(found) }
    let programs = places.filter { FileManager.default.isExecutableFile(atPath: $0) }
    return programs.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
  }

  private static func installation(_ server: String, _ tools: any ToolRunning) async throws -> MySQLInstallation? {
    guard let said = try await version(of: server, tools) else { return nil }
    // mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)
    let vendor = said.contains("MariaDB") ? MySQLVendor.mariadb : .mysql
    guard let start = said.firstRange(of: " Ver ") else { return nil }
    let version = String(said[start.upperBound...].drop { $0 == " " }.prefix { $0.isNumber || $0 == "." })
    let directory = (server as NSString).deletingLastPathComponent
    for name in vendor.clients {
      if let client = try? tools.locate(name, in: [directory], package: nil) {
        let real = URL(fileURLWithPath: client).resolvingSymlinksInPath().path
        return version.isEmpty ? nil : MySQLInstallation(vendor: vendor, version: version, server: server, client: real)
      }
    }
    return nil
  }

  private static func version(of server: String, _ tools: any ToolRunning) async throws -> String? {
    let file = FileIdentity(server)
    if let file, let known = known.withLock({ $0[file] }) { return known }
    let exit = try await tools.run(ToolCommand(server, ["--no-defaults", "--version"]), deadline: .seconds(30))
    guard exit.isSuccess else { return nil }
    if let file { known.withLock { $0[file] = exit.outputText } }
    return exit.outputText
  }

  /// Asked once for each file, which an upgrade replaces.
  private static let known = Mutex<[FileIdentity: String]>([:])

  private struct FileIdentity: Hashable {
    let path: String
    let numbers: [Int64]

    init?(_ path: String) {
      var found = stat()
      guard stat(path, &found) == 0 else { return nil }
      self.path = path
      numbers = [
        Int64(found.st_ino), Int64(found.st_size), csystem_modified_seconds(&found), Int64(csystem_modified_nanoseconds(&found)),
      ]
    }
  }
}
