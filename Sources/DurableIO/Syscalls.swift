// The kernel as we want it: one function per call, errors typed with call and path, EINTR retried,
// a `FaultPlan` consulted first. In the manner of NIOFS's Syscall.swift. This file: calls on an
// open descriptor; Syscalls+Names.swift: calls on names.

import Glibc
package import SystemPackage

/// Thin wrappers of kernel calls; no policy.
package enum Syscalls {
    /// Runs a C call: retries EINTR, turns -1 into a typed error, lets the fault plan speak first.
    static func checked<Value: FixedWidthInteger>(
        _ call: SystemCall, _ path: FilePath, from source: FilePath? = nil,
        isWriting: Bool = false, isExclusive: Bool = false, _ body: () -> Value
    ) throws(SystemCallError) -> Value {
        while true {
            let fault = FaultPlan.current?.next(
                call, path, from: source, isWriting: isWriting, isExclusive: isExclusive)
            if case .error(let errno) = fault {
                if errno == .interrupted { continue }
                throw SystemCallError(call, path, errno)
            }
            let value = body()
            if case .lostAnswer(let errno) = fault, value != -1 {
                throw SystemCallError(call, path, errno)
            }
            if value != -1 { return value }
            let errno = Errno(rawValue: Glibc.errno)
            if errno != .interrupted { throw SystemCallError(call, path, errno) }
        }
    }

    /// Opens a file; always close-on-exec. The C function is `open`.
    /// - Parameters:
    ///   - flags: `O_RDONLY`, `O_WRONLY | O_CREAT | O_EXCL`, …
    ///   - mode: Permissions of a file that is created, before the umask.
    package static func open(
        _ path: FilePath, _ flags: CInt, mode: CInterop.Mode = 0
    ) throws(SystemCallError) -> FileDescriptor {
        let raw = try checked(.open, path, isWriting: flags & O_ACCMODE != O_RDONLY) {
            unsafe path.withPlatformString { name in
                unsafe Glibc.open(name, flags | O_CLOEXEC, mode)
            }
        }
        let descriptor = FileDescriptor(rawValue: raw)
        if flags & O_ACCMODE == O_RDONLY, let lent = ReadGuard.installed,
            !lent.allows(descriptor, named: path)
        {
            try? close(descriptor, path)
            throw SystemCallError(.open, path, .permissionDenied)
        }
        return descriptor
    }

    /// Reads into `buffer` at `offset` until it is full or the file ends.
    ///
    /// The C function is `pread`.
    /// - Returns: The number of bytes read; less than asked for means end of file.
    package static func read(
        _ descriptor: FileDescriptor, _ path: FilePath, at offset: Int,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemCallError) -> Int {
        try unsafe fill(buffer, path) { rest, done in
            unsafe pread(descriptor.rawValue, rest.baseAddress, rest.count, offset + done)
        }
    }

    /// Reads into `buffer` at the file position until it is full or the file ends; pipes have no
    /// other position.
    ///
    /// The C function is `read`.
    /// - Returns: The number of bytes read; less than asked for means end of file.
    package static func read(
        _ descriptor: FileDescriptor, _ path: FilePath, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemCallError) -> Int {
        try unsafe fill(buffer, path) { rest, _ in
            unsafe Glibc.read(descriptor.rawValue, rest.baseAddress, rest.count)
        }
    }

    /// - Parameter body: reads into the rest of the buffer, whose first bytes are there already.
    private static func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ path: FilePath,
        _ body: (_ rest: UnsafeMutableRawBufferPointer, _ done: Int) -> Int
    ) throws(SystemCallError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try checked(.read, path) { unsafe body(rest, done) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all of `bytes` at the file position, in as many calls as it takes.
    ///
    /// The C function is `write`.
    package static func write(
        _ descriptor: FileDescriptor, _ path: FilePath, _ bytes: RawSpan
    ) throws(SystemCallError) {
        try unsafe bytes.withUnsafeBytes { (buffer) throws(SystemCallError) in
            try unsafe writeAll(descriptor, path, buffer)
        }
    }

    private static func writeAll(
        _ descriptor: FileDescriptor, _ path: FilePath, _ bytes: UnsafeRawBufferPointer
    ) throws(SystemCallError) {
        var done = 0
        while done < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
            var count = rest.count
            switch FaultPlan.current?.next(.write, path) {
            case .error(.interrupted): continue
            case .error(let errno), .lostAnswer(let errno):
                throw SystemCallError(.write, path, errno)
            case .short: count = max(1, count / 2)
            case .death, nil: break
            }
            let written = unsafe Glibc.write(descriptor.rawValue, rest.baseAddress, count)
            if written >= 0 {
                done += written
            } else if Glibc.errno != EINTR {
                throw SystemCallError(.write, path, Errno(rawValue: Glibc.errno))
            }
        }
    }

    /// Makes the file's data and size durable. Of a folder: the names in it.
    ///
    /// After a failure the kernel may have dropped the unwritten pages, so a second call that
    /// succeeds proves nothing: the caller discards the file. The C function is `fsync`.
    package static func fsync(
        _ descriptor: FileDescriptor, _ path: FilePath
    ) throws(SystemCallError) {
        _ = try checked(.fsync, path) { Glibc.fsync(descriptor.rawValue) }
    }

    /// Makes everything written to the descriptor's file system durable. The C function is
    /// `syncfs`.
    package static func syncfs(
        _ descriptor: FileDescriptor, _ path: FilePath
    ) throws(SystemCallError) {
        _ = try checked(.syncfs, path) { linuxSyncfs(descriptor.rawValue) }
    }

    /// Closes the descriptor, which is free afterwards even when this throws: on Linux a close is
    /// never repeated, not even after EINTR. The C function is `close`.
    package static func close(
        _ descriptor: FileDescriptor, _ path: FilePath
    ) throws(SystemCallError) {
        let fault = FaultPlan.current?.next(.close, path)
        let result = Glibc.close(descriptor.rawValue)
        let errno = Errno(rawValue: Glibc.errno)
        if case .error(let injected) = fault, injected != .interrupted {
            throw SystemCallError(.close, path, injected)
        }
        if result == -1, errno != .interrupted {
            throw SystemCallError(.close, path, errno)
        }
    }

    /// Type, size, owner and times of an open file. The C function is `fstat`.
    package static func stat(
        _ descriptor: FileDescriptor, _ path: FilePath
    ) throws(SystemCallError) -> FileStatus {
        var raw = Glibc.stat()
        _ = try checked(.stat, path) { unsafe Glibc.fstat(descriptor.rawValue, &raw) }
        return FileStatus(raw)
    }

    /// Sets the permissions of an open file. The C function is `fchmod`.
    package static func chmod(
        _ descriptor: FileDescriptor, _ path: FilePath, _ mode: CInterop.Mode
    ) throws(SystemCallError) {
        _ = try checked(.chmod, path) { Glibc.fchmod(descriptor.rawValue, mode) }
    }

    /// Takes the whole-file lock. The C function is `flock`.
    /// - Parameters:
    ///   - shared: Whether other shared holders are welcome. Default: no.
    ///   - waiting: Whether to wait for the holder. Default: no.
    /// - Returns: False if another open file holds it and we do not wait.
    package static func lock(
        _ descriptor: FileDescriptor, _ path: FilePath, shared: Bool = false,
        waiting: Bool = false
    ) throws(SystemCallError) -> Bool {
        let operation = (shared ? LOCK_SH : LOCK_EX) | (waiting ? 0 : LOCK_NB)
        do throws(SystemCallError) {
            _ = try checked(.flock, path) { flock(descriptor.rawValue, operation) }
            return true
        } catch {
            guard error.errno == .wouldBlock else { throw error }
            return false
        }
    }

    /// Reserves disk blocks for the first `byteCount` bytes, so that a full disk shows now.
    ///
    /// The C function is `posix_fallocate`, which returns its error instead of setting errno.
    package static func allocate(
        _ descriptor: FileDescriptor, _ path: FilePath, byteCount: Int
    ) throws(SystemCallError) {
        if byteCount == 0 { return }
        while true {
            if case .error(let errno) = FaultPlan.current?.next(.allocate, path),
                errno != .interrupted
            {
                throw SystemCallError(.allocate, path, errno)
            }
            let code = posix_fallocate(descriptor.rawValue, 0, byteCount)
            if code == 0 { return }
            if code != EINTR {
                throw SystemCallError(.allocate, path, Errno(rawValue: code))
            }
        }
    }

    /// Copies up to `byteCount` bytes inside the kernel, sharing blocks where the file system can.
    ///
    /// The C function is `copy_file_range`; EXDEV, EINVAL and ENOSYS mean: read and write instead.
    /// - Returns: Bytes copied; 0 at the end of the source.
    package static func copyRange(
        from source: FileDescriptor, at sourceOffset: Int, to target: FileDescriptor,
        at targetOffset: Int, byteCount: Int, _ path: FilePath
    ) throws(SystemCallError) -> Int {
        var (from, to) = (Int64(sourceOffset), Int64(targetOffset))
        return try checked(.copyRange, path) {
            unsafe linuxCopyFileRange(source.rawValue, &from, target.rawValue, &to, byteCount, 0)
        }
    }
}
