/// What was asked for on the command line.
struct Options: Equatable {
  static let usage = """
    usage: benchmark PROGRAM DIRECTORY [option…]
      PROGRAM             a release build of drillmark
      DIRECTORY           where inputs and scratch targets are made, in a folder of their own that is removed at the end
      --runs N            measured pairs of each case after a warm-up (default 3)
      --scale X           size of the inputs, 1 for 100 to 300 MB a case (default 1)
      --large             also the memory of restores of several gigabytes
      --gigabytes N       how many (default 2)
      --only A,B          cases whose name contains one of these
      --dynamic PROGRAM   a build with the dynamic standard library, for its start-up
      --conditions TEXT   what else the machine did meanwhile, as whoever measures knows it; goes into the tables' head
      --document FILE     put the tables between the marks of this file

    """

  var program = ""
  var directory = ""
  var runs = 3
  var scale = 1.0
  var isLarge = false
  var gigabytes = 2
  var only: [String] = []
  var dynamic: String?
  var conditions: String?
  var document: String?

  /// - Throws: `Failure` that names the argument at fault.
  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    var places: [String] = []
    while let argument = rest.popFirst() {
      switch argument {
      case "--runs": runs = try Options.number(argument, rest.popFirst(), in: 1...1000)
      case "--scale": scale = try Options.scale(rest.popFirst())
      case "--large": isLarge = true
      case "--gigabytes": gigabytes = try Options.number(argument, rest.popFirst(), in: 1...10_000)
      case "--only": only = try Options.text(argument, rest.popFirst()).split(separator: ",").map(String.init)
      case "--dynamic": dynamic = try Options.text(argument, rest.popFirst())
      case "--conditions": conditions = try Options.text(argument, rest.popFirst())
      case "--document": document = try Options.text(argument, rest.popFirst())
      case let unknown where unknown.hasPrefix("-"): throw Failure("unknown option \(unknown)")
      default: places.append(argument)
      }
    }
    guard places.count == 2 else { throw Failure("a program and a directory are needed") }
    (program, directory) = (places[0], places[1])
  }

  /// Whether a case was asked for.
  func includes(_ name: String) -> Bool { only.isEmpty || only.contains { name.contains($0) } }

  /// A count that grows with the scale, at least 1.
  func scaled(_ count: Int) -> Int { max(1, Int(Double(count) * scale)) }

  private static func text(_ option: String, _ value: String?) throws -> String {
    guard let value, !value.isEmpty else { throw Failure("\(option) takes a value") }
    return value
  }

  private static func number(_ option: String, _ value: String?, in range: ClosedRange<Int>) throws -> Int {
    guard let number = value.flatMap({ Int($0) }), range.contains(number) else {
      throw Failure("\(option) takes a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private static func scale(_ value: String?) throws -> Double {
    guard let scale = value.flatMap(Double.init), (0.001...1000).contains(scale) else { throw Failure("--scale takes 0.001 to 1000") }
    return scale
  }
}
