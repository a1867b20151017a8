import ArgumentParser
import Digesting
import ToolRunner

@main
enum Program {
  static func main() async {
    // A supervisor is this same program in another role; nothing else may run before it knows which it is.
    superviseIfAsked()
    CryptoLibrary.keepUntilExit()
    await Drillmark.main(nil)
  }
}
