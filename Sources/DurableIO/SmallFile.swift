// Reads a file whole, under a limit that is checked before memory is taken.

package import Failures
import Glibc
package import SystemPackage

/// Reading of files that fit in memory.
package enum SmallFile {
    /// The file is larger than the caller allows.
    package struct TooLarge: ClassifiedFailure, Equatable, CustomStringConvertible {
        package var failureClass: FailureClass { .user }

        package let path: FilePath
        /// What the file says it holds; of one that does not say, what was read of it.
        package let byteCount: Int
        package let bytesMax: Int

        package var description: String {
            "`\(path)` holds more than the \(bytesMax) bytes allowed here"
        }
    }

    /// The bytes of a file that nobody should have put there but us: a symbolic link is refused,
    /// and a pipe is not waited for.
    /// - Throws: `SystemCallError`, `TooLarge`.
    package static func read(_ path: FilePath, bytesMax: Int) throws -> [UInt8] {
        try read(path, O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, bytesMax: bytesMax)
    }

    /// The bytes of a file that a person named: symbolic links are followed, and a pipe is read
    /// to its end.
    /// - Throws: `SystemCallError`, `TooLarge`, `LFSPointer.Found`.
    package static func read(following path: FilePath, bytesMax: Int) throws -> [UInt8] {
        let bytes = try read(path, O_NOCTTY, bytesMax: bytesMax)
        if LFSPointer.isPointer(bytes.span) { throw LFSPointer.Found(path: path.string) }
        return bytes
    }

    /// The bytes of a file that lies where others write: symbolic links are followed, but only
    /// to a regular file below the fence, and nothing is waited for. It is asked of the open
    /// file, so that a name that is changed meanwhile gains nothing.
    /// - Parameter fence: a real path.
    /// - Throws: `SystemCallError` (EINVAL for what is no file, EACCES for what lies elsewhere),
    ///   `TooLarge`.
    package static func read(
        regular path: FilePath, below fence: FilePath, bytesMax: Int
    ) throws -> [UInt8] {
        try read(path, O_NONBLOCK | O_NOCTTY, bytesMax: bytesMax) { descriptor, status in
            guard status.kind == .regular else {
                throw SystemCallError(.open, path, .invalidArgument)
            }
            guard Syscalls.lies(descriptor, below: fence) else {
                throw SystemCallError(.open, path, .permissionDenied)
            }
        }
    }

    private static func read(
        _ path: FilePath, _ flags: CInt, bytesMax: Int,
        check: (FileDescriptor, FileStatus) throws -> Void = { _, _ in }
    ) throws -> [UInt8] {
        let descriptor = try Syscalls.open(path, O_RDONLY | flags)
        defer { try? Syscalls.close(descriptor, path) }
        let status = try Syscalls.stat(descriptor, path)
        // Before its size: that of a folder says nothing, and may be above the limit.
        if status.kind == .folder { throw SystemCallError(.read, path, .isDirectory) }
        try check(descriptor, status)
        let byteCount = status.byteCount
        guard byteCount <= bytesMax else {
            throw TooLarge(path: path, byteCount: byteCount, bytesMax: bytesMax)
        }
        if byteCount == 0 { return try readToEnd(descriptor, path, bytesMax: bytesMax) }
        return try unsafe piece(byteCount) { buffer in
            try unsafe Syscalls.read(descriptor, path, at: 0, into: buffer)
        }
    }

    /// Files of /proc say that they are empty, and so do pipes.
    private static func readToEnd(
        _ descriptor: FileDescriptor, _ path: FilePath, bytesMax: Int
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let next = try unsafe piece(pieceByteCount) { buffer in
                try unsafe Syscalls.read(descriptor, path, into: buffer)
            }
            bytes += next
            guard bytes.count <= bytesMax else {
                throw TooLarge(path: path, byteCount: bytes.count, bytesMax: bytesMax)
            }
            if next.count < pieceByteCount { return bytes }
        }
    }

    private static let pieceByteCount = 1 << 16

    private static func piece(
        _ byteCount: Int, _ read: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> [UInt8] {
        try unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            count = try unsafe read(UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
