// Files that appear whole: written under temporary names, synced, then renamed all together.
// The only place of the engine that writes.

package import DurableIO
package import Failures
import Glibc
import JSON
import SystemPackage

package enum CheckpointWriteError: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// Its remedy says what to do, for a full disk among others.
    case system(SystemCallError)
    case spaceMissing(path: String, needed: Int, available: Int)
    case alreadyThere(path: String)
    case sourceEnded(path: String)
    case fileByteCount(path: String, expected: Int, found: Int)
    case tensorByteCount(tensor: String, expected: Int, found: Int)

    package var failureClass: FailureClass {
        switch self {
        case .system(let error): error.failureClass
        case .spaceMissing: .resource
        case .alreadyThere, .sourceEnded, .fileByteCount, .tensorByteCount: .user
        }
    }

    package var description: String {
        switch self {
        case .system(let error):
            error.description
        case .spaceMissing(let path, let needed, let available):
            "\(path): writing needs \(needed) bytes, the disk has \(available) free; "
                + "free \(needed - available) bytes, then try again"
        case .alreadyThere(let path):
            "\(path): already there; write into an empty folder"
        case .sourceEnded(let path):
            "\(path): the file became shorter while it was copied; leave it alone until the job "
                + "ends, then try again"
        case .fileByteCount(let path, let expected, let found):
            "\(path): expected \(expected) bytes on disk, found \(found)"
        case .tensorByteCount(let tensor, let expected, let found):
            "tensor \(quoted(tensor)): expected \(expected) bytes, its source gave \(found)"
        }
    }
}

/// Runs system calls and wraps what they throw.
private func calling<Value>(
    _ body: () throws(SystemCallError) -> Value
) throws(CheckpointWriteError) -> Value {
    do throws(SystemCallError) {
        return try body()
    } catch {
        throw .system(error)
    }
}

/// A file being written under its temporary name.
final class OutputFile {
    let name: String
    let path: FilePath
    let descriptor: FileDescriptor
    private(set) var byteCount = 0

    init(name: String, path: FilePath) throws(CheckpointWriteError) {
        self.name = name
        self.path = path
        descriptor = try calling { () throws(SystemCallError) in
            try Syscalls.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
        }
    }

    func append(_ bytes: RawSpan) throws(CheckpointWriteError) {
        do throws(SystemCallError) {
            try Syscalls.write(descriptor, path, bytes)
        } catch {
            throw .system(error)
        }
        byteCount += bytes.byteCount
    }

    /// Appends `range` of a mapped file, inside the kernel where both file systems can.
    func append(
        _ source: MappedFile, _ range: Range<Int>, progress: (Int) throws -> Void
    ) throws {
        try source.verifyUnchanged()
        var offset = range.lowerBound
        var inKernel = true
        while offset < range.upperBound {
            let piece = offset..<min(range.upperBound, offset + Self.copyByteLimit)
            let copied = try source.withDescriptor { (from) throws(CheckpointWriteError) in
                if inKernel, let count = try copyInKernel(from, piece), count > 0 { return count }
                // Other file system, old kernel, or the end of the file: reading tells.
                inKernel = false
                return try copyByReading(from, piece, source.path)
            }
            offset += copied
            try progress(byteCount)
        }
    }

    /// Bytes between two calls of progress.
    private static let copyByteLimit = 64 << 20
    private static let bufferByteCount = 1 << 20

    /// nil where the kernel cannot copy between these two files.
    private func copyInKernel(
        _ source: FileDescriptor, _ range: Range<Int>
    ) throws(CheckpointWriteError) -> Int? {
        do throws(SystemCallError) {
            let count = try Syscalls.copyRange(
                from: source, at: range.lowerBound, to: descriptor, at: byteCount,
                byteCount: range.count, path)
            byteCount += count
            // The copy names its place; later writes go on from the file's own position.
            _ = try? descriptor.seek(offset: Int64(byteCount), from: .start)
            return count
        } catch {
            switch error.errno {
            case .improperLink, .invalidArgument, .noFunction, .notSupported, .notPermitted:
                return nil
            default: throw .system(error)
            }
        }
    }

    private func copyByReading(
        _ source: FileDescriptor, _ range: Range<Int>, _ sourcePath: FilePath
    ) throws(CheckpointWriteError) -> Int {
        var buffer = [UInt8](repeating: 0, count: min(Self.bufferByteCount, range.count))
        let count = try calling { () throws(SystemCallError) in
            var target = buffer.mutableSpan
            return try unsafe target.withUnsafeMutableBytes { (bytes) throws(SystemCallError) in
                try unsafe Syscalls.read(source, sourcePath, at: range.lowerBound, into: bytes)
            }
        }
        guard count == buffer.count else { throw .sourceEnded(path: sourcePath.string) }
        try append(unsafe buffer.span.bytes)
        return count
    }
}

/// Files of one folder that get their names together.
final class FileBatch {
    private let folder: FilePath
    private var open: [OutputFile] = []
    private var finished: [OutputFile] = []
    private var published: [OutputFile] = []

    var written: [WrittenFile] {
        published.map { WrittenFile(name: $0.name, byteCount: $0.byteCount) }
    }

    /// Checks that none of `names` is taken and that the disk takes `byteCount` bytes.
    init(folder: FilePath, names: [String], byteCount: Int) throws(CheckpointWriteError) {
        self.folder = folder
        let space = try calling { () throws(SystemCallError) in try DiskSpace(at: folder) }
        for name in names {
            let path = folder.appending(name)
            let taken = try calling { () throws(SystemCallError) in try Syscalls.stat(path) }
            if taken != nil { throw .alreadyThere(path: path.string) }
        }
        // Each file may waste most of a block; the folder itself may grow by one.
        let needed = byteCount + (names.count + 1) * Self.blockByteCount
        guard needed <= space.freeBytes else {
            throw .spaceMissing(
                path: folder.string, needed: needed, available: space.freeBytes)
        }
    }

    /// The usual block of a Linux file system.
    private static let blockByteCount = 4096

    func create(_ name: String) throws(CheckpointWriteError) -> OutputFile {
        let path = folder.appending(".\(name).partial")
        do throws(SystemCallError) {
            // One left by a crash is of no use to anybody.
            try Syscalls.unlink(path)
        } catch {
            guard error.isMissing else { throw .system(error) }
        }
        let file = try OutputFile(name: name, path: path)
        open.append(file)
        return file
    }

    /// Brings the file to disk under its temporary name; returns its size.
    func finish(_ file: OutputFile, expected: Int) throws(CheckpointWriteError) -> Int {
        let stored = try calling { () throws(SystemCallError) in
            try Syscalls.stat(file.descriptor, file.path).byteCount
        }
        guard stored == expected, file.byteCount == expected else {
            throw .fileByteCount(path: file.path.string, expected: expected, found: stored)
        }
        try calling { () throws(SystemCallError) in
            try Syscalls.fsync(file.descriptor, file.path)
        }
        open.removeAll { $0 === file }
        finished.append(file)
        try calling { () throws(SystemCallError) in
            try Syscalls.close(file.descriptor, file.path)
        }
        return expected
    }

    /// Gives every file its name, then makes the names durable.
    func publish() throws(CheckpointWriteError) {
        precondition(open.isEmpty, "every file is finished")
        while let file = finished.first {
            try calling { () throws(SystemCallError) in
                try Syscalls.renameExclusively(file.path, to: folder.appending(file.name))
            }
            published.append(finished.removeFirst())
        }
        try calling { () throws(SystemCallError) in try Syscalls.syncFolder(folder) }
    }

    /// Removes everything of this batch. What cannot be removed stays, under a temporary name or
    /// in a folder that its owner knows to be unfinished.
    func discard() {
        for file in open { try? Syscalls.close(file.descriptor, file.path) }
        for file in open + finished { try? Syscalls.unlink(file.path) }
        for file in published { try? Syscalls.unlink(folder.appending(file.name)) }
        open = []
        finished = []
        published = []
    }
}
