// Files that appear whole: written under temporary names, synced, then renamed all together.
// The only place of the engine that writes; its calls: open, write, copy_file_range, fsync,
// rename, unlink, statvfs.

import DurableIO
import Glibc
package import SystemPackage

package enum CheckpointWriteError: Error, Equatable, CustomStringConvertible {
    case system(call: String, path: String, Errno)
    case diskFull(path: String)
    case spaceMissing(path: String, needed: Int, available: Int)
    case alreadyThere(path: String)
    case sourceEnded(path: String)
    case fileByteCount(path: String, expected: Int, found: Int)
    case tensorByteCount(tensor: String, expected: Int, found: Int)

    package var description: String {
        switch self {
        case .system(let call, let path, let errno):
            "\(path): \(call) failed: \(errno)"
        case .diskFull(let path):
            "\(path): the disk is full; free some space, then retry"
        case .spaceMissing(let path, let needed, let available):
            "\(path): writing needs \(needed) bytes, the disk has \(available) free; "
                + "free \(needed - available) bytes, then retry"
        case .alreadyThere(let path):
            "\(path): already there; write into an empty folder"
        case .sourceEnded(let path):
            "\(path): the file became shorter while it was copied; retry with a folder at rest"
        case .fileByteCount(let path, let expected, let found):
            "\(path): expected \(expected) bytes on disk, found \(found)"
        case .tensorByteCount(let tensor, let expected, let found):
            "tensor \(quoted(tensor)): expected \(expected) bytes, its source gave \(found)"
        }
    }

    /// The current errno as an error about `path`.
    static func current(_ call: String, _ path: FilePath) -> CheckpointWriteError {
        of(Errno(rawValue: errno), call, path)
    }

    static func of(_ error: Errno, _ call: String, _ path: FilePath) -> CheckpointWriteError {
        switch error {
        case .noSpace, .diskQuotaExceeded: .diskFull(path: path.string)
        default: .system(call: call, path: path.string, error)
        }
    }
}

// Swift's Glibc module leaves it out, because glibc declares it for _GNU_SOURCE only.
@_silgen_name("copy_file_range")
private func linuxCopyFileRange(
    _ from: CInt, _ fromOffset: UnsafeMutablePointer<Int64>?, _ to: CInt,
    _ toOffset: UnsafeMutablePointer<Int64>?, _ count: Int, _ flags: CUnsignedInt
) -> Int

/// A file being written under its temporary name.
final class OutputFile {
    let name: String
    let path: FilePath
    let descriptor: FileDescriptor
    private(set) var byteCount = 0

    init(name: String, path: FilePath) throws(CheckpointWriteError) {
        self.name = name
        self.path = path
        do {
            descriptor = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw .of(error as? Errno ?? .ioError, "open", path)
        }
    }

    func append(_ bytes: RawSpan) throws(CheckpointWriteError) {
        do {
            byteCount += try unsafe bytes.withUnsafeBytes { unsafe try descriptor.writeAll($0) }
        } catch {
            throw .of(error as? Errno ?? .ioError, "write", path)
        }
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
            byteCount += copied
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
        var offset = Int64(range.lowerBound)
        while true {
            let count = unsafe linuxCopyFileRange(
                source.rawValue, &offset, descriptor.rawValue, nil, range.count, 0)
            if count >= 0 { return count }
            switch Errno(rawValue: errno) {
            case .interrupted: continue
            case .improperLink, .invalidArgument, .noFunction, .notSupported, .notPermitted:
                return nil
            case let error: throw .of(error, "copy_file_range", path)
            }
        }
    }

    private func copyByReading(
        _ source: FileDescriptor, _ range: Range<Int>, _ sourcePath: FilePath
    ) throws(CheckpointWriteError) -> Int {
        var buffer = [UInt8](repeating: 0, count: min(Self.bufferByteCount, range.count))
        let count: Int
        do {
            count = try unsafe buffer.withUnsafeMutableBytes { buffer in
                unsafe try source.read(
                    fromAbsoluteOffset: Int64(range.lowerBound), into: buffer)
            }
        } catch {
            throw .of(error as? Errno ?? .ioError, "read", sourcePath)
        }
        guard count > 0 else { throw .sourceEnded(path: sourcePath.string) }
        do {
            try unsafe buffer.withUnsafeBytes { bytes in
                _ = unsafe try descriptor.writeAll(
                    UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            }
        } catch {
            throw .of(error as? Errno ?? .ioError, "write", path)
        }
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
        for name in names {
            let path = folder.appending(name)
            var status = stat()
            if unsafe lstat(path.string, &status) == 0 { throw .alreadyThere(path: path.string) }
            guard errno == ENOENT else { throw .current("lstat", path) }
        }
        var space = statvfs()
        guard unsafe statvfs(folder.string, &space) == 0 else { throw .current("statvfs", folder) }
        // Each file may waste most of a block; the folder itself may grow by one.
        let block = Int(space.f_frsize)
        let needed = byteCount + (names.count + 1) * block
        let available = Int(clamping: space.f_bavail).multipliedReportingOverflow(by: block)
        guard available.overflow || needed <= available.partialValue else {
            throw .spaceMissing(
                path: folder.string, needed: needed, available: available.partialValue)
        }
    }

    func create(_ name: String) throws(CheckpointWriteError) -> OutputFile {
        let path = folder.appending(".\(name).partial")
        // One left by a crash is of no use to anybody.
        if unsafe unlink(path.string) != 0, errno != ENOENT { throw .current("unlink", path) }
        let file = try OutputFile(name: name, path: path)
        open.append(file)
        return file
    }

    /// Brings the file to disk under its temporary name; returns its size.
    func finish(_ file: OutputFile, expected: Int) throws(CheckpointWriteError) -> Int {
        var status = stat()
        guard unsafe fstat(file.descriptor.rawValue, &status) == 0 else {
            throw .current("fstat", file.path)
        }
        guard status.st_size == expected, file.byteCount == expected else {
            throw .fileByteCount(
                path: file.path.string, expected: expected, found: Int(status.st_size))
        }
        guard fsync(file.descriptor.rawValue) == 0 else { throw .current("fsync", file.path) }
        open.removeAll { $0 === file }
        finished.append(file)
        do {
            try file.descriptor.close()
        } catch {
            throw .of(error as? Errno ?? .ioError, "close", file.path)
        }
        return expected
    }

    /// Gives every file its name, then makes the names durable.
    func publish() throws(CheckpointWriteError) {
        precondition(open.isEmpty, "every file is finished")
        while let file = finished.first {
            let path = folder.appending(file.name)
            guard unsafe rename(file.path.string, path.string) == 0 else {
                throw .current("rename", path)
            }
            published.append(finished.removeFirst())
        }
        let directory: FileDescriptor
        do {
            directory = try FileDescriptor.open(
                folder, .readOnly, options: [.directory, .closeOnExec])
        } catch {
            throw .of(error as? Errno ?? .ioError, "open", folder)
        }
        defer { try? directory.close() }
        guard fsync(directory.rawValue) == 0 else { throw .current("fsync", folder) }
    }

    /// Removes everything of this batch. What cannot be removed stays under its temporary name.
    func discard() {
        for file in open {
            try? file.descriptor.close()
            unsafe unlink(file.path.string)
        }
        for file in finished { unsafe unlink(file.path.string) }
        for file in published { unsafe unlink(folder.appending(file.name).string) }
        open = []
        finished = []
        published = []
    }
}
