package import AWSClient
package import DrillConfig
import DrillModel
package import EngineKit

extension RDSSource {
  /// How drill files name this source.
  ///
  /// - Parameter aws: Shared with whatever else of the process asks AWS.
  package static func kind(aws: AWSConnections) -> SourceKind<any BackupSource> {
    SourceKind(
      name: "rds", schemes: ["rds"],
      summary: "Snapshots of an Amazon RDS instance (`rds:INSTANCE`) or cluster (`rds:cluster:NAME`), or its newest moment.",
      section: Keys.section, initial: Keys()
    ) { keys, location, context in
      let select = context.node.entry("select")?.value
      let moment = select?.entry("at")?.value.scalar.flatMap { Timestamp(rfc3339: $0.text) }
      if keys.usesLogs, let select, moment == nil, select.scalar?.text != "latest" {
        context.report(
          "with `point-in-time: true` a moment of the logs is restored, so `select` can only be latest or {at: TIME}", at: "select")
      }
      var settings = context.aws
      settings.region = keys.region ?? settings.region
      return RDSSource(
        try RDSPlace(location.rest), text: location.text, connection: aws.connection(settings), usesLogs: keys.usesLogs,
        moment: moment, takesShared: keys.takesShared)
    }
  }

  private struct Keys: Sendable {
    var region: String?
    var usesLogs = false
    var takesShared = false

    static let section = Section<Keys>(
      [
        Key("region", \.region, .nonEmptyString, default: "the region of the site's `aws`", "The region that holds the snapshots."),
        Key(
          "point-in-time", \.usesLogs, .boolean, default: "false",
          "Restore a moment of the logs in place of a snapshot: the newest that they reach (LatestRestorableTime), or that of `select: {at: TIME}`."
        ),
        Key("shared", \.takesShared, .boolean, default: "false", "Also take snapshots that other accounts share with this one."),
      ], rules: [.atMostOne(["point-in-time", "shared"])])
  }
}
