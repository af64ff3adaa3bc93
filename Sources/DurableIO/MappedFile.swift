// A whole regular file as read-only memory (mmap(2)): how weights are read without a copy.

package import Failures
import Glibc
package import SystemPackage

/// What tells two states of one file apart: the same fields mean the same bytes.
package struct FileIdentity: Sendable, Hashable {
    package let device: UInt64
    package let inode: UInt64
    package let byteCount: Int
    package let modifiedNanoseconds: Int64
    /// Of the last change of bytes or attributes (ctime): the time that no user can set back.
    package let changedNanoseconds: Int64
    /// Names, rights and owner: a change of these moves ctime as well, and leaves the bytes.
    private let linkCount: UInt64
    private let permissions: UInt32
    private let owner: UInt32

    init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
        byteCount = status.byteCount
        modifiedNanoseconds = status.modifiedNanoseconds
        changedNanoseconds = status.changedNanoseconds
        linkCount = status.linkCount
        permissions = status.permissions
        owner = status.owner
    }

    /// What tells `self` from an earlier state of the same file, in words.
    func difference(from before: FileIdentity) -> String {
        if byteCount != before.byteCount {
            return "found \(byteCount) bytes, expected \(before.byteCount)"
        }
        let seconds = Double(changedNanoseconds - before.changedNanoseconds) * 1e-9
        let tenths = (seconds * 10).rounded() / 10
        return "found \(byteCount) bytes as expected, but written or touched \(tenths) s after "
            + "what was read"
    }

    /// Whether the bytes of the open file are still those that `self` stood for. Another name for
    /// it, or the loss of its name (it was replaced by rename), is no change; nor are other
    /// rights, which may hide one: who has to be sure reads the bytes again.
    func hasBytes(of now: FileIdentity) -> Bool {
        guard device == now.device, inode == now.inode, byteCount == now.byteCount,
            modifiedNanoseconds == now.modifiedNanoseconds
        else { return false }
        return changedNanoseconds == now.changedNanoseconds || linkCount != now.linkCount
            || permissions != now.permissions || owner != now.owner
    }
}

package enum MappedFileError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case system(call: String, path: String, Errno)
    case notRegular(path: String, kind: String)
    case outsideRoot(path: String, target: String, root: String)
    case lfsPointer(path: String)
    case changed(path: String, before: FileIdentity, after: FileIdentity)
    /// Pages that were read are gone, and the file has the length that it had.
    case lost(path: String)

    package var failureClass: FailureClass {
        switch self {
        case .system(_, _, let errno): errno.failureClass
        case .notRegular, .outsideRoot, .lfsPointer, .changed: .user
        case .lost: .transient
        }
    }

    package var description: String {
        switch self {
        case .system(let call, let path, let errno):
            return "\(path): \(call) failed: \(errno)"
        case .notRegular(let path, let kind):
            return "\(path): expected a regular file, found \(kind)"
        case .outsideRoot(let path, let target, let root):
            return "\(path): it leads to \(target), which lies outside \(root); "
                + "put the file itself below that folder"
        case .lfsPointer(let path):
            return "\(path): \(LFSPointer.advice)"
        case .changed(let path, let before, let after):
            return "\(path): input changed while it was in use: \(after.difference(from: before)); "
                + "leave it alone until the job ends, then retry"
        case .lost(let path):
            return "\(path): a part of the file could not be read: it was cut while it was in use "
                + "and made long again, or its disk failed; look at the kernel log (journalctl -k), "
                + "leave the file alone until the job ends, then retry"
        }
    }
}

/// A read-only private mapping of one regular file, from open to deinit.
///
/// A file that shrinks under a mapping answers reads beyond its new end with SIGBUS; `LostPages`
/// says what becomes of these. A file replaced by rename is harmless: the mapping keeps the old
/// one alive.
///
/// Safe, because memory leaves only through closures, and the mapping lives as long as `self`.
/// Sendable, because every stored property is constant and the mapped pages are read-only.
@safe package final class MappedFile: @unchecked Sendable {
    package let path: FilePath
    package let identity: FileIdentity
    private let descriptor: FileDescriptor
    private let base: UnsafeMutableRawPointer?
    /// Where `LostPages` notes that pages of this mapping could not be read.
    private let place: LostPages.Place?

    package var byteCount: Int { identity.byteCount }

    /// Opens and maps `path`, following symbolic links.
    ///
    /// - root: where given, the file itself (after all links) must lie below this folder. The
    ///   check is made on the opened file, so that no link can be exchanged after it.
    /// - Throws: `system` where a call fails, `notRegular` for folders, devices, pipes and
    ///   sockets (opening never waits for one), `outsideRoot`, `lfsPointer`.
    package init(_ path: FilePath, within root: FilePath? = nil) throws(MappedFileError) {
        do throws(SystemCallError) {
            // Without O_NONBLOCK the opening of a pipe would wait for its writer.
            descriptor = try Syscalls.open(path, O_RDONLY | O_NONBLOCK)
        } catch {
            throw .system(call: error.call.rawValue, path: path.string, error.errno)
        }
        do throws(MappedFileError) {
            let status = try Self.status(of: descriptor, path: path)
            if let kind = Self.irregularKind(status.kind) {
                throw .notRegular(path: path.string, kind: kind)
            }
            if let root { try Self.requireBelow(root, descriptor, path) }
            identity = FileIdentity(status)
            unsafe base = try Self.map(descriptor, byteCount: status.byteCount, path)
            unsafe place = base.flatMap { start in
                unsafe LostPages.register(start, byteCount: status.byteCount, path.string)
            }
        } catch {
            try? Syscalls.close(descriptor, path)
            throw error
        }
        self.path = path
        if withBytes(LFSPointer.isPointer) { throw .lfsPointer(path: path.string) }
    }

    deinit {
        if let place { LostPages.release(place) }
        if let base = unsafe base { unsafe munmap(base, byteCount) }
        try? Syscalls.close(descriptor, path)
    }

    /// Lends the bytes of the whole file.
    package func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withBytes(0..<byteCount, body)
    }

    /// Lends the bytes of `range`, which must lie within the file.
    package func withBytes<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withUnsafeBytes(range) { (bytes) throws(Failure) -> Result in
            let typed = unsafe UnsafeBufferPointer(
                start: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count: bytes.count)
            return try body(unsafe typed.span)
        }
    }

    /// Lends the bytes of `range` as a pointer, for C. It may have any alignment, must not leave
    /// the closure, and must not be written through (the pages are read-only: SIGSEGV).
    package func withUnsafeBytes<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= byteCount, "range lies within the file")
        defer { extendLifetime(self) }
        let start = unsafe base.map { unsafe UnsafeRawPointer($0 + range.lowerBound) }
        return try unsafe body(UnsafeRawBufferPointer(start: start, count: range.count))
    }

    /// Asks the kernel to read `range` ahead. Advice: a failure changes nothing but speed.
    package func adviseWillNeed(_ range: Range<Int>) {
        advise(pages(touching: range), MADV_WILLNEED)
    }

    /// Gives the pages that lie wholly inside `range` back; a later read brings them in again.
    package func adviseDontNeed(_ range: Range<Int>) {
        advise(pages(inside: range), MADV_DONTNEED)
    }

    /// Throws `changed` where the bytes may be others than at opening: by size, time of
    /// modification, or time of change. A program that writes and sets the first time back is
    /// found by the second. Throws `lost` where pages that were read were not there.
    package func verifyUnchanged() throws(MappedFileError) { _ = try unchanged(since: identity) }

    /// As above, since another moment.
    ///
    /// - Parameter earlier: what this returned then.
    /// - Returns: what the file is now. Where it differs from `earlier`, only names, rights or
    ///   owner are known to have changed, and a write may hide behind that.
    package func unchanged(since earlier: FileIdentity) throws(MappedFileError) -> FileIdentity {
        let now = FileIdentity(try Self.status(of: descriptor, path: path))
        guard earlier.hasBytes(of: now) else {
            throw .changed(path: path.string, before: earlier, after: now)
        }
        if let place, LostPages.isLost(place) { throw .lost(path: path.string) }
        return now
    }

    /// Lends the open descriptor, for copies inside the kernel. Its offset is shared: use only
    /// calls that take an offset of their own, and do not close it.
    package func withDescriptor<Result, Failure: Error>(
        _ body: (FileDescriptor) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { extendLifetime(self) }
        return try body(descriptor)
    }

    // MARK: The kernel's side

    private static let pageBytes = sysconf(Int32(_SC_PAGESIZE))

    private func pages(touching range: Range<Int>) -> Range<Int> {
        let first = range.lowerBound / Self.pageBytes * Self.pageBytes
        return first..<min(range.upperBound, byteCount)
    }

    private func pages(inside range: Range<Int>) -> Range<Int> {
        let page = Self.pageBytes
        let first = (range.lowerBound + page - 1) / page * page
        // The last page of the file belongs to the range that reaches the file's end.
        let end = range.upperBound >= byteCount ? byteCount : range.upperBound / page * page
        return first..<max(first, end)
    }

    private func advise(_ range: Range<Int>, _ advice: Int32) {
        guard let base = unsafe base, !range.isEmpty else { return }
        precondition(
            range.lowerBound >= 0 && range.upperBound <= byteCount, "range lies within the file")
        _ = unsafe madvise(base + range.lowerBound, range.count, advice)
    }

    private static func map(
        _ descriptor: FileDescriptor, byteCount: Int, _ path: FilePath
    ) throws(MappedFileError) -> UnsafeMutableRawPointer? {
        // mmap refuses a length of zero; an empty file is an empty span.
        guard byteCount > 0 else { return nil }
        let address = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor.rawValue, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw .system(call: "mmap", path: path.string, Errno(rawValue: errno))
        }
        return unsafe address
    }

    private static func status(
        of descriptor: FileDescriptor, path: FilePath
    ) throws(MappedFileError) -> FileStatus {
        do throws(SystemCallError) {
            return try Syscalls.stat(descriptor, path)
        } catch {
            throw .system(call: error.call.rawValue, path: path.string, error.errno)
        }
    }

    /// The word for what is not a regular file; nil for one that is.
    private static func irregularKind(_ kind: FileStatus.Kind) -> String? {
        switch kind {
        case .regular: nil
        case .folder: "a folder"
        case .symbolicLink: "a symbolic link"
        case .other: "a device, pipe or socket"
        }
    }

    /// Compares real paths, both read back from open descriptors.
    private static func requireBelow(
        _ root: FilePath, _ descriptor: FileDescriptor, _ path: FilePath
    ) throws(MappedFileError) {
        let folder: FileDescriptor
        do throws(SystemCallError) {
            folder = try Syscalls.open(root, O_RDONLY | O_DIRECTORY)
        } catch {
            throw .system(call: error.call.rawValue, path: root.string, error.errno)
        }
        defer { try? Syscalls.close(folder, root) }
        let rootPath = try realPath(of: folder, root)
        let filePath = try realPath(of: descriptor, path)
        guard filePath.starts(with: rootPath) else {
            throw .outsideRoot(
                path: path.string, target: filePath.string, root: rootPath.string)
        }
    }

    private static func realPath(
        of descriptor: FileDescriptor, _ path: FilePath
    ) throws(MappedFileError) -> FilePath {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let link = "/proc/self/fd/\(descriptor.rawValue)"
        let length = unsafe readlink(link, &target, target.count - 1)
        guard length > 0 else {
            throw .system(call: "readlink", path: path.string, Errno(rawValue: errno))
        }
        return FilePath(
            String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
