// A folder of results, held open. Its owner may put links where files were, so neither the folder
// nor what is read in it may be a link: nothing of somebody else is read for them.

import DurableIO
import Failures
import Glibc
import SystemPackage

/// Open until the last reader lets it go.
final class HeldFolder: Sendable {
    struct TooLarge: ClassifiedFailure, CustomStringConvertible {
        let path: FilePath
        let bytesMax: Int
        var failureClass: FailureClass { .user }
        var description: String { "`\(path)` holds more than \(bytesMax >> 20) MiB" }
    }

    /// Of a report.json that pages read; one of 126 layers and 40 matrices has about 15 MB.
    static let reportBytesMax = 24 << 20

    private let shown: FilePath
    private let descriptor: FileDescriptor

    /// - Throws: `SystemCallError`.
    init(_ path: FilePath) throws {
        shown = path
        descriptor = try Syscalls.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    deinit { try? Syscalls.close(descriptor, shown) }

    /// The bytes of a regular file; nil where there is none of that name.
    /// - Throws: `SystemCallError`, with the path that people know; so do the others.
    func byteCount(of name: FilePath.Component) throws -> Int? {
        try told(name) { path in
            guard let status = try Syscalls.stat(path), status.kind == .regular else { return nil }
            return status.byteCount
        }
    }

    /// A part of a file.
    func read(
        _ name: FilePath.Component, from offset: Int, bytesMax: Int
    ) throws -> FileChunk {
        try told(name) { try FileChunk.read($0, from: .offset(offset), bytesMax: bytesMax) }
    }

    /// A whole file.
    /// - Throws: `SystemCallError`, `TooLarge`.
    func readWhole(_ name: FilePath.Component, bytesMax: Int) throws -> [UInt8] {
        try told(name) { try SmallFile.read($0, bytesMax: bytesMax) }
    }

    /// Reads below the descriptor, which is nobody's name for the file.
    private func told<Value>(
        _ name: FilePath.Component, _ body: (FilePath) throws -> Value
    ) throws -> Value {
        // The path is good as long as this object lives.
        try withExtendedLifetime(self) {
            do {
                return try body(
                    FilePath("/proc/self/fd/\(descriptor.rawValue)").appending(name))
            } catch let error as SystemCallError {
                throw SystemCallError(error.call, shown.appending(name), error.errno)
            } catch let error as SmallFile.TooLarge {
                throw TooLarge(path: shown.appending(name), bytesMax: error.bytesMax)
            }
        }
    }
}
