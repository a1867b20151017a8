package import DrillConfig
import DrillModel
package import EngineKit
import ToolRunner

/// `digest: {manifest: orders.digests}`: the contents of tables against a manifest taken when the backup was taken.
package struct DigestCheck: IntegrityCheck {
  package struct Options: Sendable {
    var manifest = ""
    var tables: [String] = []
    var except: [String] = []
    var tableTimeout: Duration?
  }

  package let kind = "digest"
  package let needs: ProbeKinds = .digests
  package let looksAtData = true
  package var title: String { options.tables.isEmpty ? "contents of tables" : "contents of \(options.tables.joined(separator: ", "))" }

  let options: Options
  /// An absolute path, in which `{artefact}` stands for the name of what was restored.
  let manifest: String

  package static let declared = Kind<any IntegrityCheck>(
    name: "digest", summary: "The contents of tables against a manifest taken when the backup was taken",
    section: Section<Options>(
      [
        Key(
          "manifest", \.manifest, .path, required: true,
          "A file that `drillmark manifest` wrote; `{artefact}` in it stands for the backup's own name"),
        Key("tables", \.tables, .list(of: .nonEmptyString, atLeast: 1), default: "all of the manifest", "The tables to compare"),
        Key("except", \.except, .list(of: .nonEmptyString), "Tables to leave out"),
        Key("table-timeout", \.tableTimeout, .positiveDuration, default: "the check's", "The longest that one table may take"),
      ], rules: [.atMostOne(["tables", "except"])]), initial: Options(), shorthand: Shorthand(.path, \.manifest), title: { $0.title },
    make: { options, context in DigestCheck(options: options, manifest: context.file.resolve(options.manifest)) })

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    let expected = "as in the manifest"
    guard let probe = subject.probes.digests else { return .unanswered(expected) }
    do {
      let path = try path(for: subject)
      let wanted = try await onThread("table manifest") { try TableManifest(path: path) }
      var comparison = DigestComparison(wanted: wanted, origin: try await probe.origin(timeout: subject.timeout))
      let names = try selected(wanted, path)
      try comparison.requireMethod()
      try await compare(names, &comparison, probe, subject)
      return comparison.finding(expected)
    } catch let fault as Fault {
      return CheckFinding(.couldNotVerify, expected: expected, found: fault.description)
    } catch {
      return CheckFinding(error, expected: expected)
    }
  }

  private func path(for subject: CheckSubject) throws -> String {
    guard manifest.contains(Self.placeholder) else { return manifest }
    guard let artefact = subject.artefact, !artefact.isEmpty, artefact != ".", artefact != ".." else {
      throw Fault(.configuration, "what was restored has no name for `{artefact}` in \(manifest)", advice: "Name the manifest itself")
    }
    return manifest.replacing(Self.placeholder, with: artefact)
  }

  private static let placeholder = "{artefact}"

  /// The tables of the manifest to compare.
  private func selected(_ wanted: TableManifest, _ path: String) throws -> [String] {
    let all = wanted.tables.keys.sorted()
    for name in options.tables + options.except where !all.contains(where: { Self.means(name, $0) }) {
      throw Fault(.configuration, "the manifest \(path) holds no table \(name)", advice: "Compare the names with those in the file")
    }
    let names = all.filter { table in
      options.tables.isEmpty ? !isLeftOut(table) : options.tables.contains { Self.means($0, table) }
    }
    guard !names.isEmpty else {
      throw Fault(.configuration, "the manifest \(path) leaves no table to compare", advice: "Take it of a database that has tables")
    }
    return names
  }

  private func isLeftOut(_ table: String) -> Bool { options.except.contains { Self.means($0, table) } }

  /// Whether somebody who wrote `name` meant `table`: spelled alike, or without the schema.
  private static func means(_ name: String, _ table: String) -> Bool { table == name || table.hasSuffix(".\(name)") }

  private func compare(
    _ names: [String], _ comparison: inout DigestComparison, _ probe: any DigestProbe, _ subject: CheckSubject
  ) async throws {
    let began = ContinuousClock.now
    let present = Set(try await probe.tables(timeout: subject.timeout))
    if options.tables.isEmpty { comparison.extra(present.filter { comparison.wanted.tables[$0] == nil && !isLeftOut($0) }) }
    var told = began
    for (index, name) in names.enumerated() {
      guard present.contains(name) else {
        comparison.missing(name)
        continue
      }
      let now = ContinuousClock.now
      if now - told > .seconds(15) {
        told = now
        subject.tell("\(index) of \(names.count) tables compared")
      }
      let left = subject.timeout - (now - began)
      guard left > .zero else { return comparison.unanswered(name, "no time was left for it and \(names.count - index - 1) more") }
      do {
        comparison.take(try await probe.digest(of: name, timeout: min(left, options.tableTimeout ?? left)), of: name)
      } catch let error as ProbeError {
        comparison.take(error, of: name)
      }
    }
  }
}
