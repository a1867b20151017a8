/// What the name of an instance class says of its size ("DB instance class types", Amazon RDS User Guide).
struct InstanceClass: Sendable, Hashable {
  let name: String

  /// Virtual processors, where the name tells.
  var processors: Int? {
    let parts = name.split(separator: ".")
    guard parts.count == 3, parts[0] == "db" else { return nil }
    let size = parts[2].split(separator: "-").first ?? ""
    if parts[1].hasPrefix("t") { return ["micro", "small", "medium", "large"].contains(size) ? 2 : InstanceClass.sizes[String(size)] }
    return InstanceClass.sizes[String(size)]
  }

  /// For people, who decide whether it is worth it: prices change and are not known here.
  var description: String {
    guard let processors else { return "\(name), bills by the hour while it exists" }
    let warning = processors >= 16 ? ": a large class, so a drill of an hour costs noticeably" : ""
    return "\(name): \(processors) vCPU, bills by the hour while it exists\(warning)"
  }

  private static let sizes = [
    "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "6xlarge": 24, "8xlarge": 32, "12xlarge": 48, "16xlarge": 64, "24xlarge": 96,
    "32xlarge": 128, "48xlarge": 192, "metal": 96,
  ]
}
