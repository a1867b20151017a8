internal import DrillModel
internal import Glibc

/// The descriptors of one program: its own ends of everything, and ours.
struct ToolWiring {
  let input: Descriptor
  let output: Descriptor
  let errors: Descriptor
  let inputBytes: [UInt8]
  let ourInput: Descriptor?
  let ourOutput: Descriptor?
  let ourErrors: Descriptor?

  init(_ command: ToolCommand) throws {
    switch command.input {
    case .empty: (input, ourInput, inputBytes) = (try ToolWiring.nothing(O_RDONLY), nil, [])
    case .descriptor(let given): (input, ourInput, inputBytes) = (given, nil, [])
    case .bytes(let bytes):
      let pipe = try Pipe()
      ToolWiring.makeNonblocking(pipe.writing)
      (input, ourInput, inputBytes) = (pipe.reading, pipe.writing, bytes)
    }
    (output, ourOutput) = try ToolWiring.wire(command.output)
    (errors, ourErrors) = try ToolWiring.wire(command.errors)
    for descriptor in [input, output, errors] where descriptor.raw < 0 {
      throw Fault(.internalError, "\(command.executable) was given a descriptor that is closed")
    }
  }

  private static func wire(_ output: ToolCommand.Output) throws -> (Descriptor, Descriptor?) {
    switch output {
    case .captured, .lines:
      let pipe = try Pipe()
      return (pipe.writing, pipe.reading)
    case .descriptor(let given): return (given, nil)
    case .discarded: return (try nothing(O_WRONLY), nil)
    }
  }

  private static func nothing(_ flags: Int32) throws -> Descriptor {
    do { return try Descriptor.open("/dev/null", flags) } catch {
      throw Fault(.toolFailed, "/dev/null cannot be opened: \(error.message)", isTransient: true)
    }
  }

  private static func makeNonblocking(_ descriptor: Descriptor) {
    _ = fcntl(descriptor.raw, F_SETFL, fcntl(descriptor.raw, F_GETFL) | O_NONBLOCK)
  }

  func closeProgramsEnds() {
    input.close()
    output.close()
    errors.close()
  }
}
