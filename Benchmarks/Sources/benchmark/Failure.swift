/// Why a benchmark could not be carried out.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Why a benchmark is left out on this machine, which is not a failure.
struct Unavailable: Error {
  let reason: String
}
