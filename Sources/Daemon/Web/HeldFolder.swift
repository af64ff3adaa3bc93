// A folder of results, held open. Its owner may put links where files were, so neither the folder
// nor what is read in it may be a link: nothing of somebody else is read for them.

import DurableIO
import Glibc
import SystemPackage

/// Open until the last reader lets it go.
final class HeldFolder: Sendable {
    private let shown: FilePath
    private let descriptor: FileDescriptor

    /// - Throws: `SystemCallError`.
    init(_ path: FilePath) throws {
        shown = path
        descriptor = try Syscalls.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    deinit { try? Syscalls.close(descriptor, shown) }

    /// The bytes of a regular file; nil where there is none of that name.
    func byteCount(of name: FilePath.Component) throws -> Int? {
        guard let status = try Syscalls.stat(place(name)), status.kind == .regular else {
            return nil
        }
        return status.byteCount
    }

    /// A part of a file.
    func read(
        _ name: FilePath.Component, from offset: Int, bytesMax: Int
    ) throws -> FileChunk {
        try FileChunk.read(place(name), from: .offset(offset), bytesMax: bytesMax)
    }

    /// A whole file.
    /// - Throws: `SystemCallError`, `SmallFile.TooLarge`.
    func readWhole(_ name: FilePath.Component, bytesMax: Int) throws -> [UInt8] {
        try SmallFile.read(place(name), bytesMax: bytesMax)
    }

    /// Valid while this object lives.
    private func place(_ name: FilePath.Component) -> FilePath {
        FilePath("/proc/self/fd/\(descriptor.rawValue)").appending(name)
    }
}
