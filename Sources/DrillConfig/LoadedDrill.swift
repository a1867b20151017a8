package import DrillModel

/// A drill whose file is valid, with its source, engine and checks configured.
package struct LoadedDrill<Engine: Sendable, Source: Sendable, Check: Sendable>: Sendable {
  package var file: ConfigFile
  /// Where the drill's name stands.
  package var place: Place
  package var drill: Drill
  package var location: BackupLocation
  package var sourceName: String
  package var source: Source
  /// The second place, with what rolls a recovery point forward; nil when the drill declares none.
  package var logs: Source?
  package var engineName: String
  package var engine: Engine
  package var checks: [LoadedCheck<Check>]

  package init(
    file: ConfigFile, place: Place, drill: Drill, location: BackupLocation, sourceName: String, source: Source, logs: Source? = nil,
    engineName: String, engine: Engine, checks: [LoadedCheck<Check>]
  ) {
    self.file = file
    self.place = place
    self.drill = drill
    self.location = location
    self.sourceName = sourceName
    self.source = source
    self.logs = logs
    self.engineName = engineName
    self.engine = engine
    self.checks = checks
  }
}
