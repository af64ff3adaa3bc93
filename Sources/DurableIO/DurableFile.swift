// The one durable write: temporary file, write, count check, read-only, fsync, close, rename, fsync
// of the folder. The order is restic's (internal/backend/local), where the reasons are discussed.

import Glibc
package import SystemPackage

/// A file that is being written under a temporary name and appears under its own, complete and
/// durable, or not at all.
///
/// A value that ends without `publish` removes its temporary file.
package struct DurableFile: ~Copyable {
    /// What to do when the name is taken.
    package enum Existing: Sendable {
        case replace
        /// Fail with EEXIST; of two writers exactly one succeeds.
        case refuse
    }

    package let temporaryPath: FilePath
    /// Bytes written so far.
    package private(set) var byteCount = 0
    private var descriptor: FileDescriptor?
    private var early = EarlyWriting()
    private var isTemporaryPresent = true
    /// What was sealed, whatever its name is.
    private var sealed: FileStatus?

    /// Creates the temporary file; EEXIST if there is one of this name.
    package init(temporaryPath: FilePath) throws(SystemCallError) {
        self.temporaryPath = temporaryPath
        descriptor = try Syscalls.open(
            temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    }

    /// Appends all of `bytes`.
    package mutating func write(_ bytes: RawSpan) throws(SystemCallError) {
        guard let descriptor else { preconditionFailure("written after it was closed") }
        try Syscalls.write(descriptor, temporaryPath, bytes)
        byteCount += bytes.byteCount
        early.begin(descriptor, byteCount)
    }

    /// Appends all of `bytes`.
    package mutating func write(_ bytes: [UInt8]) throws(SystemCallError) {
        try unsafe write(bytes.span.bytes)
    }

    /// Makes the content durable, then the name.
    ///
    /// When this throws before the rename, the temporary file is gone and nothing appeared. When
    /// the sync of the folder fails, the complete file has its name, but a power cut may take it.
    /// - Parameters:
    ///   - target: Lies on the same file system as the temporary file.
    ///   - permissions: Default: readable by owner and group, writable by nobody.
    package consuming func publish(
        as target: FilePath, existing: Existing = .replace,
        permissions: CInterop.Mode = 0o440
    ) throws(SystemCallError) {
        try seal(permissions: permissions)
        try rename(to: target, existing: existing)
        try Syscalls.syncFolder(target.removingLastComponent())
    }

    /// Makes the content durable and closes the file, which keeps its temporary name.
    ///
    /// A file whose fsync failed is discarded and never synced again: the kernel may have dropped
    /// the pages that it could not write.
    /// - Parameter isDurable: false for what may be lost or torn by a power cut. Default: yes.
    package mutating func seal(
        permissions: CInterop.Mode = 0o440, isDurable: Bool = true
    ) throws(SystemCallError) {
        guard let descriptor else { preconditionFailure("sealed twice") }
        let stored = try Syscalls.stat(descriptor, temporaryPath)
        guard stored.byteCount == byteCount else {
            throw SystemCallError(.write, temporaryPath, .ioError)
        }
        sealed = stored
        try Syscalls.chmod(descriptor, temporaryPath, permissions)
        if isDurable { try Syscalls.fsync(descriptor, temporaryPath) }
        self.descriptor = nil
        try Syscalls.close(descriptor, temporaryPath)
    }

    /// Gives the sealed file its name; the caller syncs the folder.
    ///
    /// Where the folder is on another machine, an answer may be lost on its way and the question
    /// asked again: then the kernel says that the old name is gone, or the new one taken, although
    /// all is done. So an error counts only where the name does not stand for this very file.
    package mutating func rename(
        to target: FilePath, existing: Existing = .replace
    ) throws(SystemCallError) {
        precondition(descriptor == nil, "a file is sealed before it is named")
        do throws(SystemCallError) {
            switch existing {
            case .replace: try Syscalls.rename(temporaryPath, to: target)
            case .refuse: try Syscalls.renameExclusively(temporaryPath, to: target)
            }
        } catch {
            guard let sealed, let named = (try? Syscalls.stat(target)) ?? nil,
                named.isSameFile(as: sealed)
            else { throw error }
            // Of two names that it has by now, the first goes.
            try? Syscalls.unlink(temporaryPath)
        }
        isTemporaryPresent = false
    }

    deinit {
        // Nothing can be done about an error here; what stays behind is removed as abandoned by
        // the next process that opens the folder.
        if let descriptor { try? Syscalls.close(descriptor, temporaryPath) }
        if isTemporaryPresent { try? Syscalls.unlink(temporaryPath) }
    }
}

extension DurableFile {
    /// Writes `bytes` to `target` durably, replacing what is there.
    ///
    /// The temporary file lies beside the target, as `.<name>.<process>-<number>.tmp`.
    package static func write(
        _ bytes: [UInt8], to target: FilePath, existing: Existing = .replace,
        permissions: CInterop.Mode = 0o640
    ) throws(SystemCallError) {
        var file = try begin(beside: target)
        try file.write(bytes)
        try file.publish(as: target, existing: existing, permissions: permissions)
    }

    /// Begins a file that will be published as `target`, in the same folder.
    package static func begin(beside target: FilePath) throws(SystemCallError) -> DurableFile {
        let name = target.lastComponent?.string ?? ""
        let folder = target.removingLastComponent()
        while true {
            do throws(SystemCallError) {
                let temporary = ".\(name).\(UniqueName.next()).tmp"
                return try DurableFile(temporaryPath: folder.appending(temporary))
            } catch {
                // A process of the same number left this one behind: take the next.
                guard error.errno == .fileExists else { throw error }
            }
        }
    }
}
