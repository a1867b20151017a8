import ArgumentParser

struct Drillmark: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "drillmark",
    abstract: "Proves, on a schedule, that backups restore.",
    discussion: """
      Restores the newest backup of each declared system into a scratch target, measures the recovery point and recovery time
      really achieved, checks the restored data, seals the result, and removes the target.

      Example:
        drillmark init && drillmark run --all && drillmark status
      """,
    version: version,
    subcommands: [
      InitCommand.self, DoctorCommand.self, ValidateCommand.self, PlanCommand.self, RunCommand.self, LogCommand.self,
      ScheduleCommand.self, NextCommand.self,
      StatusCommand.self, HistoryCommand.self, ShowCommand.self, ReportCommand.self, SLACommand.self, CleanupCommand.self,
      ValidateRestoreCommand.self, NotifyCommand.self, AWSCommand.self, AuditCommand.self, ManifestCommand.self,
      SchemaCommand.self, ConfigSchemaCommand.self,
    ])
}
