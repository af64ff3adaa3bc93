// inotify on the inbox. What it says is a hint to look, never a fact to act on: queues overflow,
// network file systems are silent, folders are replaced under the watch.

import Dispatch
package import DurableIO
import Glibc
package import SystemPackage

/// One watch on one folder, until this value ends.
package struct InboxWatch: ~Copyable {
    /// The folder that is watched, whatever its name stands for meanwhile.
    package let status: FileStatus
    private let source: any DispatchSourceRead

    private static let events =
        IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_OPEN | IN_MODIFY | IN_CLOSE | IN_DELETE
        | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
    /// Room for a few hundred events; more come with the next read.
    private static let bufferBytes = 65_536

    /// - Parameter onEvents: is called on a queue of its own, with all that came at once.
    package init(
        _ folder: FilePath, onEvents: @escaping @Sendable ([InboxEvent]) -> Void
    ) throws(SystemCallError) {
        let raw = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard raw >= 0 else { throw SystemCallError(.open, folder, Errno(rawValue: Glibc.errno)) }
        let descriptor = FileDescriptor(rawValue: raw)
        let watch = unsafe folder.withPlatformString {
            unsafe inotify_add_watch(raw, $0, UInt32(Self.events))
        }
        let errno = Errno(rawValue: Glibc.errno)
        guard watch >= 0, let status = try Syscalls.stat(folder) else {
            try? descriptor.close()
            throw SystemCallError(.open, folder, watch < 0 ? errno : .noSuchFileOrDirectory)
        }
        self.status = status
        source = DispatchSource.makeReadSource(
            fileDescriptor: raw, queue: DispatchQueue(label: "layerfoldd.inbox.watch"))
        source.setEventHandler { onEvents(Self.read(descriptor)) }
        source.setCancelHandler { try? descriptor.close() }
        source.resume()
    }

    deinit {
        source.cancel()
    }

    private static func read(_ descriptor: FileDescriptor) -> [InboxEvent] {
        let bytes = try? unsafe [UInt8](unsafeUninitializedCapacity: bufferBytes) { buffer, count in
            count = try unsafe descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        return events(in: bytes ?? [])
    }

    /// `struct inotify_event`: wd, mask, cookie, length (4 bytes each), then a name that is filled
    /// up with zeros to the length.
    package static func events(in bytes: [UInt8]) -> [InboxEvent] {
        let headerBytes = 16
        var events: [InboxEvent] = []
        var start = 0
        while start + headerBytes <= bytes.count {
            let nameStart = start + headerBytes
            let end = nameStart + Int(word(bytes, at: start + 12))
            guard end <= bytes.count else { break }
            events.append(
                InboxEvent(
                    mask: word(bytes, at: start + 4), cookie: word(bytes, at: start + 8),
                    name: FilePath.Component(bytes: bytes[nameStart..<end].prefix { $0 != 0 })))
            start = end
        }
        return events
    }

    private static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    }
}
