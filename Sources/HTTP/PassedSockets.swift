// Sockets that the service manager made and passed (sd_listen_fds(3), without its library): so a
// daemon without a network of its own is reached over one. What a socket unit listens on is its
// administrator's word, and is not held against the settings.

import Glibc

/// What was passed to this process.
package enum PassedSockets {
    package struct Socket: Sendable, Hashable {
        /// `FileDescriptorName=` of the socket unit.
        package let name: String
        package let descriptor: CInt

        package init(name: String, descriptor: CInt) {
            self.name = name
            self.descriptor = descriptor
        }
    }

    /// The first descriptor behind standard error.
    private static let first: CInt = 3
    /// No daemon of ours is passed more; the number is of the environment.
    private static let countMax = 64

    /// - Parameters:
    ///   - environment: of this process; sockets that are meant for another one are not ours.
    ///   - process: number of this process.
    package static func named(
        in environment: [String: String], process: Int, first: CInt = PassedSockets.first
    ) -> [Socket] {
        guard environment["LISTEN_PID"] == "\(process)",
            let count = Int(environment["LISTEN_FDS"] ?? ""), (1...countMax).contains(count)
        else { return [] }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(
            separator: ":", omittingEmptySubsequences: false)
        return (0..<count).map { index in
            Socket(
                name: index < names.count ? String(names[index]) : "unknown",
                descriptor: first + CInt(index))
        }
    }

    /// Makes what was passed ours: no child gets it. To be called before anything is started.
    /// - Returns: those that listen to connections; what is anything else is closed.
    package static func take(_ sockets: [Socket]) -> [Socket] {
        sockets.filter { socket in
            guard isListening(socket.descriptor) else {
                close(socket.descriptor)
                return false
            }
            let flags = fcntl(socket.descriptor, F_GETFD)
            return fcntl(socket.descriptor, F_SETFD, flags | FD_CLOEXEC) == 0
        }
    }

    private static func isListening(_ descriptor: CInt) -> Bool {
        option(descriptor, SO_ACCEPTCONN) == 1
            && option(descriptor, SO_TYPE) == CInt(SOCK_STREAM.rawValue)
    }

    private static func option(_ descriptor: CInt, _ name: CInt) -> CInt? {
        var value: CInt = 0
        var bytes = socklen_t(MemoryLayout<CInt>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &bytes) == 0 ? value : nil
    }
}
