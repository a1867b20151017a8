import ArgumentParser
import Digesting

@main
enum Program {
  static func main() async {
    CryptoLibrary.keepUntilExit()
    await Drillmark.main(nil)
  }
}
