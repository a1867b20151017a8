package import DrillConfig

/// A drill as the registry's vocabulary reads it.
package typealias DrillPlan = LoadedDrill<any RestoreEngine, any BackupSource, any IntegrityCheck>
/// One check of it.
package typealias DeclaredCheck = LoadedCheck<any IntegrityCheck>
/// A site with its drills.
package typealias DrillSite = LoadResult<any RestoreEngine, any BackupSource, any IntegrityCheck>
