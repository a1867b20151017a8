import Digesting
import Dispatch
import DrillModel
import Glibc
import Synchronization

/// Hashes many files at once, at the disk's or the processors' speed.
struct FileHasher: Sendable {
  /// Entries in one batch: enough to keep every core busy, little enough to stay small.
  static let batch = 8192
  private static let bufferSize = 1 << 20

  let root: String
  let workers: Int
  /// Asked between reads.
  let isCancelled: @Sendable () -> Bool

  init(root: String, workers: Int = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), isCancelled: @escaping @Sendable () -> Bool) {
    self.root = root
    self.workers = workers
    self.isCancelled = isCancelled
  }

  /// Digests of the files at `paths`, in their order. Blocks.
  ///
  /// - Throws: `Fault` for a file that cannot be read, or `CancellationError`.
  func digests(of files: [(path: [UInt8], size: Int64)]) throws -> [[UInt8]] {
    let directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw TreeReadFault.of("cannot read the directory \(root)") }
    defer { close(directory) }
    // Largest first, so that no core is left with one large file at the end.
    let order = files.indices.sorted { files[$0].size > files[$1].size }
    let next = Atomic<Int>(0)
    let results = Mutex<[[UInt8]]>(Array(repeating: [], count: files.count))
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: min(workers, files.count)) { _ in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 4096)
      defer { buffer.deallocate() }
      while failure.withLock({ $0 == nil }) {
        let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard turn < order.count else { return }
        let index = order[turn]
        do {
          let digest = try self.digest(of: files[index].path, in: directory, buffer)
          results.withLock { $0[index] = digest }
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return results.withLock { $0 }
  }

  private func digest(of path: [UInt8], in directory: Int32, _ buffer: UnsafeMutableRawBufferPointer) throws -> [UInt8] {
    let file = openat(directory, TreeWalker.terminated(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw fault("cannot open", path) }
    defer { close(file) }
    let hash = SHA256()
    while true {
      let count = read(file, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw fault("cannot read", path) }
      if count == 0 { return hash.finish() }
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      if isCancelled() { throw CancellationError() }
    }
  }

  private func fault(_ what: String, _ path: [UInt8]) -> Fault {
    TreeReadFault.of("\(what) \(Manifest.escaped(path)) in \(root)")
  }
}
