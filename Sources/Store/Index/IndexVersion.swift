// The schema version that an index says it has, read from its bytes: SQLite itself, asked to open a
// file, writes to it, and an index of a newer program is left as it is.
// Format: sqlite.org/fileformat2.html, 1.3 (header) and 4 (write-ahead log).

import DurableIO
import Glibc
package import SystemPackage

package enum IndexVersion {
    /// `PRAGMA user_version` as stored at `path` and in the log beside it.
    /// - Returns: nil where there is no database; whoever opens it will tell why.
    package static func stored(at path: FilePath) throws -> Int? {
        let inFile = try read(path) { file in
            userVersion(page: try file.bytes(at: 0, count: headerBytes))
        }
        let log = FilePath(path.string + "-wal")
        let inLog = try read(log) { file in try version(inLog: file) }
        return inLog ?? inFile
    }

    private static let headerBytes = 100
    private static let versionOffset = 60
    private static let magic = Array("SQLite format 3\0".utf8)

    /// The version in the first page of a database; nil for anything else.
    static func userVersion(page: [UInt8]) -> Int? {
        guard page.count >= headerBytes, page.starts(with: magic) else { return nil }
        return Int(Int32(truncatingIfNeeded: number(page, versionOffset)))
    }

    /// Big-endian, four bytes.
    private static func number(_ bytes: [UInt8], _ offset: Int) -> Int {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    // MARK: The log

    private static let logHeaderBytes = 32
    private static let frameHeaderBytes = 24
    /// The second for logs whose checksums are big-endian.
    private static let logMagics: Set<Int> = [0x377F_0682, 0x377F_0683]

    /// That of the first page in the last transaction that has one.
    private static func version(inLog file: OpenFile) throws -> Int? {
        let header = try file.bytes(at: 0, count: logHeaderBytes)
        guard header.count == logHeaderBytes, logMagics.contains(number(header, 0)) else {
            return nil
        }
        let pageBytes = number(header, 8)
        guard (512...65_536).contains(pageBytes) else { return nil }
        var (committed, pending): (Int?, Int?) = (nil, nil)
        var offset = logHeaderBytes
        while true {
            let frame = try file.bytes(at: offset, count: frameHeaderBytes + headerBytes)
            // Frames of an earlier use of the log have other salts.
            guard frame.count == frameHeaderBytes + headerBytes, frame[8..<16] == header[16..<24]
            else { return committed }
            if number(frame, 0) == 1 {
                pending = userVersion(page: Array(frame[frameHeaderBytes...]))
            }
            if number(frame, 4) != 0 { committed = pending ?? committed }
            offset += frameHeaderBytes + pageBytes
        }
    }

    // MARK: Reading

    private struct OpenFile {
        let descriptor: FileDescriptor
        let path: FilePath

        /// Fewer at the end of the file.
        func bytes(at offset: Int, count: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let read = try unsafe bytes.withUnsafeMutableBytes { buffer in
                try unsafe Syscalls.read(descriptor, path, at: offset, into: buffer)
            }
            return Array(bytes.prefix(read))
        }
    }

    /// - Returns: nil where there is no such file.
    private static func read(
        _ path: FilePath, _ body: (OpenFile) throws -> Int?
    ) throws -> Int? {
        guard try Syscalls.stat(path) != nil else { return nil }
        let descriptor = try Syscalls.open(path, O_RDONLY | O_NONBLOCK)
        defer { try? Syscalls.close(descriptor, path) }
        return try body(OpenFile(descriptor: descriptor, path: path))
    }
}
