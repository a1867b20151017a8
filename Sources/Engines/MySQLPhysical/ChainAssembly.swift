import DrillModel
import Foundation
import MySQLReplay
import Selecting

/// Groups full and incremental backups into recovery points.
///
/// Directories on this machine say in their own files which changes they hold: an incremental one belongs to what ends where it begins. Of
/// streams only the names are known before they are unpacked: one whose name says `inc` belongs to all since the full one before it, and
/// is verified while it is applied.
struct ChainAssembly {
  private struct Link {
    var candidate: Candidate
    var metadata: BackupMetadata
  }

  private let survey: Survey
  private var result: Survey

  static func assemble(_ survey: Survey) -> Survey {
    var assembly = ChainAssembly(survey)
    return assembly.assembled()
  }

  private init(_ survey: Survey) {
    self.survey = survey
    result = survey
    result.candidates = []
  }

  private mutating func assembled() -> Survey {
    var links: [Link] = []
    var streams: [Candidate] = []
    for candidate in survey.candidates {
      guard candidate.artefact.kind == .directory, candidate.chain.isEmpty else {
        streams.append(candidate)
        continue
      }
      do {
        let root = try BackupRoot.find(candidate.artefact.location)
        let metadata = try BackupMetadata.read(root)
        links.append(Link(candidate: dated(candidate, metadata), metadata: metadata))
      } catch let fault as Fault { reject(candidate, fault.message) } catch { reject(candidate, "it cannot be read") }
    }
    chain(links)
    chain(streams)
    let early = Timestamp(milliseconds: .min)
    result.candidates.sort { ($0.order ?? early, $0.id) < ($1.order ?? early, $1.id) }
    result.rejected.sort { ($0.time ?? early, $0.artefact.name) < ($1.time ?? early, $1.artefact.name) }
    return result
  }

  /// What a backup says of its end has no zone, and counts where the drill gives one.
  private func dated(_ candidate: Candidate, _ metadata: BackupMetadata) -> Candidate {
    (try? candidate.refined(takenAt: nil, localTime: metadata.ended, rules: survey.rules).candidate) ?? candidate
  }

  // MARK: Directories

  private mutating func chain(_ links: [Link]) {
    for link in links {
      guard link.metadata.isIncremental else {
        result.candidates.append(link.candidate)
        continue
      }
      var chain = [link]
      while let first = chain.first, first.metadata.isIncremental {
        guard let parent = parent(of: first, among: links, excluding: chain) else {
          let missing = first.candidate.id == link.candidate.id ? "" : " of \(first.candidate.id), which it needs"
          reject(link.candidate, reason(first, links) + missing)
          chain = []
          break
        }
        chain.insert(parent, at: 0)
      }
      guard let base = chain.first else { continue }
      var point = link.candidate
      point.artefact = base.candidate.artefact
      point.chain = chain.dropFirst().map(\.candidate.artefact)[...]
      result.candidates.append(point)
    }
  }

  /// What an incremental backup continues: of several that end where it begins the newest that came before it.
  private func parent(of link: Link, among links: [Link], excluding chain: [Link]) -> Link? {
    let used = Set(chain.map(\.candidate.artefact.location))
    let before = links.filter { other in
      !used.contains(other.candidate.artefact.location) && other.metadata.toLSN == link.metadata.fromLSN
        && other.metadata.lastLSN <= link.metadata.lastLSN && !isForeign(link.metadata, to: other.metadata)
    }
    return before.max { left, right in
      (left.metadata.lastLSN, left.metadata.isIncremental ? 1 : 0, left.candidate.id)
        < (right.metadata.lastLSN, right.metadata.isIncremental ? 1 : 0, right.candidate.id)
    }
  }

  /// Whether what both say besides their places in the log shows that they are of two servers.
  private func isForeign(_ link: BackupMetadata, to other: BackupMetadata) -> Bool {
    if link.vendor != other.vendor { return true }
    if let own = link.position, let before = other.position, let ownName = BinaryLogName(own.file), let name = BinaryLogName(before.file) {
      if ownName.base != name.base || (ownName.number, own.offset) < (name.number, before.offset) { return true }
    }
    // Clocks that go back for the winter do so by an hour.
    if let started = link.started, let ended = other.ended {
      return Timestamp(utc: started) + .seconds(2 * 3600) < Timestamp(utc: ended)
    }
    return false
  }

  private func reason(_ link: Link, _ links: [Link]) -> String {
    let from = link.metadata.fromLSN
    if links.contains(where: { $0.metadata.toLSN == from && $0.candidate.id != link.candidate.id }) {
      return "the incremental backup begins at LSN \(from), where only backups end that are of another server or of later"
    }
    return "the incremental backup begins at LSN \(from), and no backup here ends there: what it continues is missing"
  }

  // MARK: Streams

  private mutating func chain(_ streams: [Candidate]) {
    var (base, increments) = (Candidate?.none, [Candidate]())
    for candidate in streams {
      if !ChainAssembly.saysIncremental(candidate.artefact.name) {
        addPoints(on: base, increments)
        (base, increments) = (candidate, [])
        result.candidates.append(candidate)
      } else if base == nil {
        reject(candidate, "the incremental backup has no full backup before it")
      } else {
        increments.append(candidate)
      }
    }
    addPoints(on: base, increments)
  }

  /// A point for each incremental backup, with all before it.
  private mutating func addPoints(on base: Candidate?, _ increments: [Candidate]) {
    guard let base else { return }
    let all = increments.map(\.artefact)
    for (index, candidate) in increments.enumerated() {
      var point = candidate
      point.artefact = base.artefact
      point.chain = all[...index]
      result.candidates.append(point)
    }
  }

  static func saysIncremental(_ name: String) -> Bool {
    (name as NSString).lastPathComponent.lowercased().contains("inc")
  }

  private mutating func reject(_ candidate: Candidate, _ reason: String) {
    result.rejected.append(
      Rejection(
        artefact: candidate.artefact, reason: reason, time: candidate.order,
        isSettling: candidate.isSettling(rules: survey.rules, now: survey.now)))
  }
}
