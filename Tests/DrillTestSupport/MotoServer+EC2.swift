extension MotoServer {
  /// Makes a volume with one snapshot and an instance beside it, and gives both their ids. Before `requireSignatures` only.
  package func makeSnapshot(region: String = "eu-west-1") -> (volume: String, instance: String) {
    let version = "Version=2016-11-15"
    let volume = call("ec2", region, "Action=CreateVolume&\(version)&AvailabilityZone=\(region)a&Size=1")
    let id = MotoServer.between("<volumeId>", "</volumeId>", volume) ?? ""
    _ = call("ec2", region, "Action=CreateSnapshot&\(version)&VolumeId=\(id)")
    let instance = call(
      "ec2", region, "Action=RunInstances&\(version)&ImageId=ami-12c6146b&MinCount=1&MaxCount=1&Placement.AvailabilityZone=\(region)a")
    return (id, MotoServer.between("<instanceId>", "</instanceId>", instance) ?? "")
  }
}
