// A stream to the listener of a unix socket: connect, send, receive, in calls that block.

package import Failures
import Glibc
package import SystemPackage

/// A connection that is closed when its last owner lets it go.
package final class UnixSocket: Sendable {
    /// What the kernel refused.
    package struct Failure: ClassifiedFailure, Equatable, CustomStringConvertible {
        package let call: String
        package let path: FilePath
        package let errno: Errno
        package var failureClass: FailureClass { errno.failureClass }

        package var description: String { "\(call) failed on `\(path)`: \(errno)" }
    }

    private let descriptor: CInt
    private let path: FilePath

    private init(_ descriptor: CInt, _ path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Connects; close-on-exec.
    package static func connect(to path: FilePath) throws(Failure) -> UnixSocket {
        guard let address = UnixAddress(path: path.string) else {
            throw Failure(call: "connect", path: path, errno: .fileNameTooLong)
        }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let raw = Glibc.socket(AF_UNIX, kind, 0)
        guard raw >= 0 else { throw failure("socket", path) }
        let socket = UnixSocket(raw, path)
        let code = unsafe address.lend { unsafe Glibc.connect(raw, $0, $1) }
        guard code == 0 else { throw failure("connect", path) }
        return socket
    }

    /// Sends all of it. A peer that left is an error here (EPIPE), not a signal.
    package func send(_ bytes: [UInt8]) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw Self.failure("send", path)
            }
        }
    }

    /// What comes next; nothing where the peer has closed its end.
    package func receive(bytesMax: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe Glibc.recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            if count >= 0 { return Array(bytes.prefix(count)) }
            if errno != EINTR { throw Self.failure("recv", path) }
        }
    }

    /// Ends both directions: who waits in `receive` gets nothing, at once.
    package func shutDown() {
        _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private static func failure(_ call: String, _ path: FilePath) -> Failure {
        Failure(call: call, path: path, errno: Errno(rawValue: errno))
    }
}

extension UnixSocket {
    /// Who connected at the other end, by the kernel's word then.
    /// - Parameter descriptor: what somebody else accepted.
    /// - Returns: numbers of the user and of its group; nil for what is no unix socket, or where
    ///   the kernel does not say.
    package static func peer(of descriptor: CInt) -> (user: Int, group: Int)? {
        // struct ucred: process, user, group. Of other sockets the user is nobody's number; the
        // process is 0 as well for one outside of our namespace of processes.
        var credentials: (Int32, UInt32, UInt32) = (0, 0, 0)
        var bytes = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) == 0,
            credentials.1 != UInt32.max
        else { return nil }
        return (Int(credentials.1), Int(credentials.2))
    }

    /// Whether it is a socket of any kind.
    package static func isSocket(_ descriptor: CInt) -> Bool {
        var raw = Glibc.stat()
        return unsafe fstat(descriptor, &raw) == 0 && raw.st_mode & S_IFMT == S_IFSOCK
    }
}
