import AWSClient
import ArgumentParser
import Digesting
import Drilling
import Foundation
import Registry

@main
enum Program {
  /// AWS as this process sees it.
  static let aws = AWSConnections(host: CredentialProgram.host(environment: ProcessInfo.processInfo.environment, clocks: SystemClocks()))
  static let registry = StandardRegistry(aws: aws)

  static func main() async {
    StandardStreams.prepare()
    CryptoLibrary.keepUntilExit()
    await Drillmark.main(nil)
  }
}
