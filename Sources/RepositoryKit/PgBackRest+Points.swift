import DrillModel
package import Selecting

extension PgBackRestInfo {
  /// The backups as artefacts: dated by their ends, for no earlier moment can be restored from them, and with what stands in the way.
  package func artefacts(stanza: String) -> [Artefact] {
    let labels = Set(backup.map { Known(label: $0.label, repository: $0.repository) })
    return backup.map { one in
      var artefact = Artefact(
        location: RepositoryPoint.location(.pgBackRest, stanza, one.label, repositories.count > 1 ? one.repository : nil), name: one.label,
        bytes: one.storedBytes, modified: nil)
      artefact.takenAt = Timestamp(seconds: one.timestamp.stop)
      if let lost = (one.reference ?? []).first(where: { !labels.contains(Known(label: $0, repository: one.repository)) }) {
        artefact.obstacle = "it was taken on top of \(InertText.line(lost, limit: 60)), which is not in the repository any more"
      }
      if one.error == true {
        artefact.obstacle = "pages with a wrong checksum were found while it was taken (error: true), so it holds damaged data"
      }
      artefact.isFinal = true
      return artefact
    }
  }

  private struct Known: Hashable {
    var label: String
    var repository: Int?
  }

  /// What is to be restored of a backup that was listed.
  ///
  /// - Throws: `Fault` with code `backup_unreadable` when it is gone by now.
  package func point(_ artefact: Artefact, stanza: String, configuration: String?, repository: Int?) throws -> RepositoryPoint {
    let several = repositories.count > 1
    guard
      let one = backup.first(where: {
        RepositoryPoint.location(.pgBackRest, stanza, $0.label, several ? $0.repository : nil) == artefact.location
      })
    else {
      throw Fault(
        .backupUnreadable, "the backup \(InertText.line(artefact.name, limit: 60)) is gone since it was listed",
        advice: "See when pgBackRest expires backups")
    }
    var point = RepositoryPoint(tool: .pgBackRest, owner: stanza, label: one.label)
    point.configuration = configuration
    point.repository = repository ?? (several ? one.repository : nil)
    point.isOneOfSeveral = several
    point.archive = archive(of: one)
    point.kind = one.type
    point.references = (one.reference ?? []).map { label in
      RepositoryPoint.Reference(
        label: label, bytes: backup.first { $0.label == label && $0.repository == one.repository }?.storedBytes)
    }
    point.began = Timestamp(seconds: one.timestamp.start)
    point.ended = Timestamp(seconds: one.timestamp.stop)
    point.firstPosition = one.lsn?.start
    point.lastPosition = one.lsn?.stop
    point.major = major(of: one)
    point.storedBytes = one.storedBytes
    point.restoredBytes = one.info.size
    point.takenBy = one.backrest?.version
    return point
  }
}
