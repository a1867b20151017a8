import ArgumentParser
import ToolRunner

@main
enum Program {
  static func main() async {
    // A supervisor is this same program in another role; nothing else may run before it knows which it is.
    superviseIfAsked()
    await Drillmark.main(nil)
  }
}
