// The address of a unix socket, as the kernel takes it (unix(7)).

package import Glibc

package struct UnixAddress: Sendable {
    /// Bytes that a path may have; the kernel ends it with a zero.
    package static let pathBytesMax = 107

    /// A leading zero byte stands for an abstract address.
    private let bytes: [UInt8]

    /// Nil for a path of more than `pathBytesMax` bytes.
    package init?(path: String) {
        self.init(Array(path.utf8))
    }

    /// - Parameter name: a path, or with a leading @ an abstract address (sd_notify(3)).
    package init?(name: String) {
        let bytes = Array(name.utf8)
        self.init(bytes.first == UInt8(ascii: "@") ? [0] + bytes.dropFirst() : bytes)
    }

    private init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.pathBytesMax else { return nil }
        self.bytes = bytes
    }

    /// Lends the address to one call of the system: bind, connect, sendto.
    package func lend<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        // A path ends with a zero, an abstract address with its length.
        let byteCount =
            bytes.first == 0
            ? MemoryLayout<sa_family_t>.size + bytes.count : MemoryLayout<sockaddr_un>.size
        return unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(byteCount))
            }
        }
    }
}
