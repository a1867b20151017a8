import AWSClient
import ArgumentParser
import Digesting
import Drilling
import Foundation
import Registry
import ToolRunner

@main
enum Program {
  /// AWS as this process sees it.
  static let aws = AWSConnections(host: CredentialProgram.host(environment: ProcessInfo.processInfo.environment, clocks: SystemClocks()))
  static let registry = StandardRegistry(aws: aws)

  // On the main thread until then: what an engine does in its box must not wake the machinery of tasks.
  @MainActor static func main() async {
    if let status = StandardRegistry.engineWork(OwnProgram.arguments) { exit(status) }
    StandardStreams.prepare()
    CryptoLibrary.keepUntilExit()
    await Drillmark.main(nil)
  }
}
