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
      if keys.isLatestMoment, context.node.entry("select").map({ $0.value.scalar?.text != "latest" }) ?? false {
        context.report("with `point-in-time: true` the newest moment is restored, so `select` can only be latest", at: "select")
      }
      var settings = context.aws
      settings.region = keys.region ?? settings.region
      return RDSSource(
        try RDSPlace(location.rest), text: location.text, connection: aws.connection(settings), isLatestMoment: keys.isLatestMoment,
        takesShared: keys.takesShared)
    }
  }

  private struct Keys: Sendable {
    var region: String?
    var isLatestMoment = false
    var takesShared = false

    static let section = Section<Keys>(
      [
        Key("region", \.region, .nonEmptyString, default: "the region of the site's `aws`", "The region that holds the snapshots."),
        Key(
          "point-in-time", \.isLatestMoment, .boolean, default: "false",
          "Restore the newest moment that the logs reach (LatestRestorableTime) in place of a snapshot."),
        Key("shared", \.takesShared, .boolean, default: "false", "Also take snapshots that other accounts share with this one."),
      ], rules: [.atMostOne(["point-in-time", "shared"])])
  }
}
