// A file of a `FileBatch`: bytes are appended, or copied from a mapped file inside the kernel.

import Glibc
package import SystemPackage

/// A file being written under its temporary name.
package final class OutputFile {
    let name: String
    /// The temporary name.
    package let path: FilePath
    let descriptor: FileDescriptor
    package private(set) var byteCount = 0
    /// Reads what was written; nil where nobody does.
    let follower: FileFollower?
    private var followedCount = 0
    private var early = EarlyWriting()
    /// Of copies that the kernel cannot make.
    private var buffer: [UInt8] = []

    init(
        name: String, path: FilePath, reader: (any ByteReader)?
    ) throws(FileBatchError) {
        self.name = name
        self.path = path
        let descriptor = try FileBatchError.wrapping { () throws(SystemCallError) in
            try Syscalls.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
        }
        self.descriptor = descriptor
        do throws(SystemCallError) {
            follower = try reader.map { (reader) throws(SystemCallError) in
                try FileFollower(path, reader)
            }
        } catch {
            // The batch does not know this file yet.
            try? Syscalls.close(descriptor, path)
            try? Syscalls.unlink(path)
            throw .system(error)
        }
    }

    /// After bytes were added: disk and reader go on, where it is worth it.
    private func added(_ count: Int) {
        byteCount += count
        early.begin(descriptor, byteCount)
        if byteCount - followedCount >= FileFollower.bufferBytes { follow() }
    }

    /// The reader reads on to here.
    func follow() {
        follower?.follow(to: byteCount)
        followedCount = byteCount
    }

    /// Appends all of `bytes`.
    package func append(_ bytes: RawSpan) throws(FileBatchError) {
        // A span is not captured by a closure, so this one is wrapped by hand.
        do throws(SystemCallError) {
            try Syscalls.write(descriptor, path, bytes)
        } catch {
            throw .system(error)
        }
        added(bytes.byteCount)
    }

    /// Appends `range` of a mapped file, inside the kernel where both file systems can.
    /// - Parameter progress: called with the bytes of this file so far, after each piece.
    /// - Throws: `FileBatchError`, `MappedFileError` where the source changed, or what `progress`
    ///   throws.
    package func append(
        _ source: MappedFile, _ range: Range<Int>, progress: (Int) throws -> Void
    ) throws {
        try source.verifyUnchanged()
        var offset = range.lowerBound
        var inKernel = true
        while offset < range.upperBound {
            let piece = offset..<min(range.upperBound, offset + Self.copyByteLimit)
            let copied = try source.withDescriptor { (from) throws(FileBatchError) in
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
    ) throws(FileBatchError) -> Int? {
        do throws(SystemCallError) {
            let count = try Syscalls.copyRange(
                from: source, at: range.lowerBound, to: descriptor, at: byteCount,
                byteCount: range.count, path)
            added(count)
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
    ) throws(FileBatchError) -> Int {
        // Taken out of the object, whose properties lend no span, and put back.
        var bytes: [UInt8] = []
        swap(&bytes, &buffer)
        defer { swap(&bytes, &buffer) }
        if bytes.isEmpty { bytes = .init(repeating: 0, count: Self.bufferByteCount) }
        let wanted = min(Self.bufferByteCount, range.count)
        let count = try FileBatchError.wrapping { () throws(SystemCallError) in
            var target = bytes.mutableSpan
            return try unsafe target.withUnsafeMutableBytes { (bytes) throws(SystemCallError) in
                try unsafe Syscalls.read(
                    source, sourcePath, at: range.lowerBound,
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]))
            }
        }
        guard count == wanted else { throw .sourceEnded(path: sourcePath.string) }
        try append(unsafe bytes.span.bytes.extracting(0..<count))
        return count
    }
}
