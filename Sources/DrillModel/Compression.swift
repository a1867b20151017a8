/// A compression, recognised by content and never by a file's name.
package enum Compression: String, Sendable, CaseIterable { case gzip, zstd, xz, bzip2, lz4 }
