// Reads a small file whole, under a limit that is checked before memory is taken.

package import Failures
import Glibc
package import SystemPackage

/// Reading of files that fit in memory.
package enum SmallFile {
    /// The file is larger than the caller allows.
    package struct TooLarge: ClassifiedFailure, Equatable, CustomStringConvertible {
        package var failureClass: FailureClass { .user }

        package let path: FilePath
        package let bytesMax: Int

        package var description: String {
            "'\(path)' holds more than the \(bytesMax) bytes allowed here"
        }
    }

    /// The bytes of a regular file; a symbolic link is refused.
    package static func read(_ path: FilePath, bytesMax: Int) throws -> [UInt8] {
        let descriptor = try Syscalls.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        defer { try? Syscalls.close(descriptor, path) }
        let status = try Syscalls.stat(descriptor, path)
        guard status.byteCount <= bytesMax else {
            throw TooLarge(path: path, bytesMax: bytesMax)
        }
        return try unsafe [UInt8](unsafeUninitializedCapacity: status.byteCount) { buffer, count in
            count = try unsafe Syscalls.read(
                descriptor, path, at: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
