// Sockets that listen. One that a service manager passes (`PassedSockets`) needs none of this.

import DurableIO
package import Failures
import Glibc

/// A socket that listens; it is closed with the server that gets it.
package struct Listener: Sendable {
    package struct ListenError: ClassifiedFailure, CustomStringConvertible {
        let call: String
        /// A path, or an address with its port.
        let place: String
        let code: CInt

        package var failureClass: FailureClass { FailureClass(errno: code) }
        package var description: String {
            "no socket at `\(place)`: \(call): \(POSIXErrorText.words(code))" + remedy
        }

        private var remedy: String {
            switch code {
            case EADDRINUSE: "; another program has it: stop that, or choose another place"
            case EADDRNOTAVAIL: "; name an address of this machine"
            case EACCES where !place.hasPrefix("/"):
                "; ports below 1024 are root's: choose one above"
            default: ""
            }
        }
    }

    let descriptor: CInt

    /// - Parameter descriptor: a stream socket that listens already, of any family.
    package init(descriptor: CInt) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// A new unix socket, whose name must be free.
    /// - Parameter mode: who may connect; nobody can before it is set.
    package init(path: String, mode: UInt32) throws(ListenError) {
        guard let address = UnixAddress(path: path) else {
            throw ListenError(call: "bind", place: path, code: ENAMETOOLONG)
        }
        let descriptor = try Self.socket(AF_UNIX, for: path)
        try Self.finish(
            descriptor, at: path,
            [
                ("bind", { unsafe address.lend { unsafe bind(descriptor, $0, $1) } }),
                ("chmod", { unsafe chmod(path, mode) }),
            ])
        self.descriptor = descriptor
    }

    /// A new TCP socket. A daemon that starts again at once gets its port, though connections of
    /// the one before are still being buried.
    /// - Parameter address: with port 0 for any that is free; of IPv6 it is for IPv6 alone.
    package init(address: SocketAddress) throws(ListenError) {
        let place = "\(address)"
        let descriptor = try Self.socket(address.family, for: place)
        let bytes = address.bytes
        var steps: [(String, () -> CInt)] = [
            ("SO_REUSEADDR", { Self.set(descriptor, SOL_SOCKET, SO_REUSEADDR) }),
            // Pieces of a stream are small, and somebody looks at each. Connections inherit it.
            ("TCP_NODELAY", { Self.set(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY) }),
        ]
        if address.family == AF_INET6 {
            steps.append(("IPV6_V6ONLY", { Self.set(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY) }))
        }
        steps.append(
            (
                "bind",
                {
                    unsafe bytes.withUnsafeBytes { buffer in
                        guard
                            let start = unsafe buffer.assumingMemoryBound(to: sockaddr.self)
                                .baseAddress
                        else { return -1 }
                        return unsafe bind(descriptor, start, socklen_t(buffer.count))
                    }
                }
            ))
        try Self.finish(descriptor, at: place, steps)
        self.descriptor = descriptor
    }

    /// Where it listens, of the internet; nil for a unix socket.
    package var address: SocketAddress? { SocketAddress(.own, of: descriptor) }

    /// The socket itself, for who passes it on; it is the receiver's to close then.
    package var passed: CInt { descriptor }

    // MARK: Calls

    private static func socket(_ family: CInt, for place: String) throws(ListenError) -> CInt {
        let kind =
            CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(family, kind, 0)
        guard descriptor >= 0 else { throw ListenError(call: "socket", place: place, code: errno) }
        return descriptor
    }

    private static func set(_ descriptor: CInt, _ level: CInt, _ option: CInt) -> CInt {
        var on: CInt = 1
        return unsafe setsockopt(
            descriptor, level, option, &on, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Does the steps, then listens; closes the socket where one fails.
    private static func finish(
        _ descriptor: CInt, at place: String, _ steps: [(String, () -> CInt)]
    ) throws(ListenError) {
        for (call, step) in steps + [("listen", { listen(descriptor, SOMAXCONN) })]
        where step() != 0 {
            let code = errno
            close(descriptor)
            throw ListenError(call: call, place: place, code: code)
        }
    }
}
