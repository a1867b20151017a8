package import DrillConfig
import DrillModel
package import EngineKit
import Glibc
import Manifests
import Synchronization
import ToolRunner

/// `files: {manifest: path, allow: [mtime]}` or `files: {min: 100, required: [etc/app.conf]}`: what was restored into a directory.
package struct FilesCheck: IntegrityCheck {
  package struct Options: Sendable {
    var manifest: String?
    var allow: [ManifestComparison.Aspect] = []
    var least: Int?
    var required: [String] = []
  }

  package let kind = "files"
  package let needs: ProbeKinds = .files
  package let looksAtData = true
  package var title: String { manifest == nil ? "files" : "files against the manifest" }

  let options: Options
  /// An absolute path.
  let manifest: String?

  package static let declared = Kind<any IntegrityCheck>(
    name: "files", summary: "Restored files against a manifest, or at least their number and the ones that must be there",
    section: Section<Options>(
      [
        Key("manifest", \.manifest, .path, "A file that `drillmark manifest DIR` wrote when the backup was taken"),
        Key("allow", \.allow, .list(of: .choice()), "What may differ from the manifest"),
        Key("min", \.least, .integer(0...Int.max), "The fewest files"),
        Key("required", \.required, .list(of: .nonEmptyString), "Files or directories that must be there, relative to the restored root"),
      ], rules: [.atLeastOne(["manifest", "min", "required"])]), initial: Options(), title: { $0.title },
    make: { options, context in
      if options.manifest == nil, !options.allow.isEmpty { context.report("`allow` goes with `manifest`", at: "allow") }
      for path in options.required where path.hasPrefix("/") || path.split(separator: "/").contains("..") {
        context.report("required paths are relative to the restored root and have no `..`", at: "required")
      }
      return FilesCheck(options: options, manifest: options.manifest.map { context.file.resolve($0) })
    })

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    guard let probe = subject.probes.files else { return .unanswered(expected) }
    let stopped = Stop()
    do {
      return try await withTaskCancellationHandler {
        try await onThread("files check") { try judge(probe, stopped) }
      } onCancel: {
        stopped.flag.store(true, ordering: .relaxed)
      }
    } catch let fault as Fault where fault.code == .backupDamaged {
      return CheckFinding(.failed, expected: expected, found: fault.message)
    } catch let fault as Fault {
      return CheckFinding(.couldNotVerify, expected: expected, found: fault.description)
    } catch {
      return CheckFinding(.couldNotVerify, expected: expected, found: "the check was stopped")
    }
  }

  private final class Stop: Sendable {
    let flag = Atomic<Bool>(false)
  }

  private func judge(_ probe: any FileProbe, _ stopped: Stop) throws -> CheckFinding {
    let isCancelled: @Sendable () -> Bool = { stopped.flag.load(ordering: .relaxed) }
    var problems: [String] = []
    var looked: [String] = []
    for path in options.required where try !Self.exists(path, below: probe.root) { problems.append("\(path): missing") }
    if !options.required.isEmpty { looked.append("\(options.required.count - problems.count) of \(options.required.count) required paths") }
    if let least = options.least {
      let count = try FileCount.count(below: probe.root, isCancelled: isCancelled)
      looked.append("\(count) files")
      if count < least { problems.append("\(count) files, fewer than \(least)") }
    }
    guard let manifest else { return finding(problems, problems.count, looked) }
    return try compare(manifest, probe, isCancelled, problems, looked)
  }

  private func compare(
    _ manifest: String, _ probe: any FileProbe, _ isCancelled: @escaping @Sendable () -> Bool, _ problems: [String], _ looked: [String]
  ) throws -> CheckFinding {
    let root = try TreeRoot.find(probe.root, manifest: manifest)
    let comparison = try ManifestComparison.compare(
      root: root.path, manifest: manifest, allowed: Set(options.allow), modes: root.rebased(probe.withheldModes), isCancelled: isCancelled)
    let inside = root.inside.map { " in \($0)" } ?? ""
    let found = looked + ["\(comparison.entries) entries\(inside), \(comparison.bytes) bytes compared"]
    // Only root can give files to others; the drill could not restore owners, so it cannot judge them.
    if problems.isEmpty, comparison.total == comparison.counts[.owner, default: 0], comparison.total > 0, geteuid() != 0 {
      return CheckFinding(
        .couldNotVerify, expected: expected,
        found: "owners cannot be restored without root: run as root, or `allow: [owner]`; all else is as in the manifest")
    }
    var summary = ManifestComparison.Aspect.allCases.compactMap { aspect in
      comparison.counts[aspect].map { "\($0) \(aspect.described)" }
    }
    if !summary.isEmpty { summary = [summary.joined(separator: ", ")] }
    return finding(
      problems + summary + comparison.first, problems.count + comparison.total, found, shown: 1 + problems.count + comparison.first.count)
  }

  private func finding(_ problems: [String], _ total: Int, _ looked: [String], shown: Int = 20) -> CheckFinding {
    if problems.isEmpty { return CheckFinding(.passed, expected: expected, found: looked.joined(separator: ", ")) }
    var text = problems.prefix(shown).joined(separator: "\n")
    let named = problems.count - (manifest == nil ? 0 : 1)
    if total > min(named, shown) { text += "\nand \(total - min(named, shown)) more" }
    return CheckFinding(.failed, expected: expected, found: text)
  }

  /// Whether something is there, reached through directories only: a link out of the tree does not count.
  ///
  /// - Throws: `Fault` when nobody can tell.
  private static func exists(_ path: String, below root: String) throws -> Bool {
    var current = root
    let parts = path.split(separator: "/").filter { $0 != "." }
    for (index, part) in parts.enumerated() {
      current += "/\(part)"
      var status = stat()
      guard lstat(current, &status) == 0 else {
        if [ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP].contains(errno) { return false }
        throw TreeReadFault.of("cannot look at \(path) in \(root)")
      }
      if index < parts.count - 1, status.st_mode & S_IFMT != S_IFDIR { return false }
    }
    return true
  }

  private var expected: String {
    var parts: [String] = []
    if manifest != nil {
      parts.append(
        "as in the manifest" + (options.allow.isEmpty ? "" : " but for \(options.allow.map(\.rawValue).joined(separator: ", "))"))
    }
    if let least = options.least { parts.append("at least \(least) files") }
    if !options.required.isEmpty { parts.append("\(options.required.count) required paths") }
    return parts.joined(separator: ", ")
  }
}

extension ManifestComparison.Aspect {
  /// For a count: `3 missing`.
  fileprivate var described: String {
    switch self {
    case .missing: "missing"
    case .extra: "more than in the manifest"
    case .kind: "of another kind"
    case .bytes: "with other bytes"
    case .mode: "with another mode"
    case .owner: "with another owner"
    case .modified: "with another modification time"
    case .target: "pointing elsewhere"
    }
  }
}
