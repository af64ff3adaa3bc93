// The files of a folder of results, and their digests. Links are told, never followed; nothing is
// opened that is no file, so that a pipe somebody put there stops nobody.

import Crypto
package import DurableIO
import Glibc
package import SystemPackage

package enum ResultTree {
    package struct Entry: Sendable, Equatable {
        /// From the folder, with `/` between folders.
        package let path: String
        package let status: FileStatus
    }

    /// Results are two levels deep; a model's own folders may add some.
    private static let depthMax = 16

    /// All that lies in the folder but the folder's own DONE, in the order of the names; folders
    /// come before what is in them.
    package static func entries(of folder: FilePath) throws(SystemCallError) -> [Entry] {
        var found: [Entry] = []
        try collect(folder, "", depth: 0, &found)
        return found
    }

    private static func collect(
        _ folder: FilePath, _ prefix: String, depth: Int, _ found: inout [Entry]
    ) throws(SystemCallError) {
        guard depth < depthMax else {
            throw SystemCallError(.list, folder, .tooManySymbolicLinkLevels)
        }
        for entry in try DirectoryScan.entries(of: folder) {
            let path = prefix + entry.name.string
            if path == Publication.doneName { continue }
            // Gone since it was listed.
            guard let status = try Syscalls.stat(folder.appending(entry.name)) else { continue }
            found.append(Entry(path: path, status: status))
            if status.kind == .folder {
                try collect(
                    folder.appending(entry.name), path + "/", depth: depth + 1, &found)
            }
        }
    }

    /// The digest of a file's bytes.
    package static func digest(of path: FilePath) throws(SystemCallError) -> String {
        let descriptor = try Syscalls.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        defer { try? Syscalls.close(descriptor, path) }
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: pieceBytes)
        var offset = 0
        while true {
            let count = try read(descriptor, path, at: offset, into: &buffer)
            hasher.update(data: buffer[..<count])
            offset += count
            if count < buffer.count { break }
        }
        return hasher.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    private static let pieceBytes = 1 << 20

    private static func read(
        _ descriptor: FileDescriptor, _ path: FilePath, at offset: Int, into buffer: inout [UInt8]
    ) throws(SystemCallError) -> Int {
        var target = buffer.mutableSpan
        return try unsafe target.withUnsafeMutableBytes { (bytes) throws(SystemCallError) in
            try unsafe Syscalls.read(descriptor, path, at: offset, into: bytes)
        }
    }
}
