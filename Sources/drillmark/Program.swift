import ArgumentParser
import Digesting

@main
enum Program {
  static func main() async {
    StandardStreams.prepare()
    CryptoLibrary.keepUntilExit()
    await Drillmark.main(nil)
  }
}
