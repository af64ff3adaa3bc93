// Reads a new file behind its writer, on a thread of its own: what is made of all its bytes, such
// as a digest, is there soon after the last one.

import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// What is made of the bytes of a file while it is written.
package protocol ByteReader: AnyObject, Sendable {
    /// The next bytes of the file. Calls come in order, one at a time, each on any thread.
    func read(_ bytes: RawSpan)
}

/// The reading of one file, up to where its writer says it is.
///
/// It has a descriptor of its own, so that the writer syncs and closes as without it. What it
/// reads lies in the page cache; a fault of the disk shows at the fsync.
final class FileFollower: Sendable {
    private struct State {
        var readCount = 0
        var buffer: [UInt8] = []
        var failure: FileBatchError?
    }

    private let path: FilePath
    private let descriptor: FileDescriptor
    private let reader: any ByteReader
    private let queue = DispatchQueue(label: "layerfold.file-follower")
    private let isStopped = Atomic(false)
    /// Of the queue's thread, but for `finish`.
    private let state = Mutex(State())

    /// Bytes read at a time, and memory that a follower holds.
    static let bufferBytes = 1 << 20

    init(_ path: FilePath, _ reader: any ByteReader) throws(SystemCallError) {
        self.path = path
        self.reader = reader
        descriptor = try Syscalls.open(path, O_RDONLY | O_NOFOLLOW)
    }

    /// The file now has so many bytes; they are read soon.
    func follow(to end: Int) {
        queue.async { [self] in read(to: end) }
    }

    /// Waits until all bytes were read, and closes. To be called once, as `stop`.
    func finish() throws(FileBatchError) {
        queue.sync {}
        try? Syscalls.close(descriptor, path)
        let failure = state.withLock { state in
            state.buffer = []
            return state.failure
        }
        if let failure { throw failure }
    }

    /// Gives up, and closes.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        try? finish()
    }

    private func read(to end: Int) {
        state.withLock { state in
            if state.buffer.isEmpty { state.buffer = .init(repeating: 0, count: Self.bufferBytes) }
            do throws(FileBatchError) {
                while state.readCount < end, state.failure == nil,
                    !isStopped.load(ordering: .relaxed)
                {
                    try readPiece(&state, byteCount: min(Self.bufferBytes, end - state.readCount))
                }
            } catch {
                state.failure = error
            }
        }
    }

    private func readPiece(_ state: inout State, byteCount: Int) throws(FileBatchError) {
        let offset = state.readCount
        let found = try FileBatchError.wrapping { () throws(SystemCallError) in
            var target = state.buffer.mutableSpan
            return try unsafe target.withUnsafeMutableBytes { (bytes) throws(SystemCallError) in
                try unsafe Syscalls.read(
                    descriptor, path, at: offset,
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<byteCount]))
            }
        }
        guard found == byteCount else {
            throw .fileByteCount(
                path: path.string, expected: offset + byteCount, found: offset + found)
        }
        unsafe reader.read(state.buffer.span.bytes.extracting(0..<byteCount))
        state.readCount += byteCount
    }
}
