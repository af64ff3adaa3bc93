// Sockets that listen. One that a service manager passes needs none of this.

import DurableIO
package import Failures
import Glibc

/// A socket that listens; it is closed with the server that gets it.
package struct Listener: Sendable {
    package struct ListenError: ClassifiedFailure, CustomStringConvertible {
        let call: String
        let path: String
        let code: CInt

        package var failureClass: FailureClass { FailureClass(errno: code) }
        package var description: String {
            "no socket at `\(path)`: \(call): \(POSIXErrorText.words(code))"
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
            throw ListenError(call: "bind", path: path, code: ENAMETOOLONG)
        }
        let descriptor = socket(
            AF_UNIX,
            CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue),
            0)
        guard descriptor >= 0 else { throw ListenError(call: "socket", path: path, code: errno) }
        let steps: [(String, () -> CInt)] = [
            ("bind", { unsafe address.lend { unsafe bind(descriptor, $0, $1) } }),
            ("chmod", { unsafe chmod(path, mode) }),
            ("listen", { listen(descriptor, SOMAXCONN) }),
        ]
        for (call, step) in steps where step() != 0 {
            let code = errno
            close(descriptor)
            throw ListenError(call: call, path: path, code: code)
        }
        self.descriptor = descriptor
    }
}
