// Addresses of the internet protocols, as people write them and as sockets have them. Pure, but for
// the C library's reading and writing of the texts.

import Glibc

/// An address of IPv4 or IPv6, without a port. One of IPv4 that is mapped into IPv6 is itself.
package struct IPAddress: Sendable, Hashable {
    /// 4 or 16, the most significant first.
    package let bytes: [UInt8]

    private static let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]

    init(bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        let isMapped = bytes.count == 16 && bytes.starts(with: Self.mapped)
        self.bytes = isMapped ? Array(bytes.suffix(4)) : bytes
    }

    /// - Parameter text: `127.0.0.1`, `::1`: no brackets, port, zone or white space.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        // What is longer is no address, and a zero byte would end the text for C.
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        var six = in6_addr()
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            self.init(bytes: unsafe withUnsafeBytes(of: four) { unsafe Array($0) })
        } else if unsafe inet_pton(AF_INET6, text, &six) == 1 {
            self.init(bytes: unsafe withUnsafeBytes(of: six) { unsafe Array($0) })
        } else {
            return nil
        }
    }

    package static let loopback = IPAddress(bytes: [127, 0, 0, 1])

    /// Leads nowhere but to this machine.
    package var isLoopback: Bool {
        bytes.count == 4
            ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// What one household or machine has at least, as far as limits go: of IPv6 whoever has one
    /// address has 2^64 of them.
    package var network: IPAddress {
        guard bytes.count == 16, !isLoopback else { return self }
        return IPAddress(bytes: bytes.prefix(8) + [UInt8](repeating: 0, count: 8))
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
        var text = [CChar](repeating: 0, count: 46)
        _ = unsafe inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count))
        return String(
            decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// An address with a port, and its bytes as the kernel wants them.
package struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    package let address: IPAddress
    package let port: UInt16

    package init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    package var description: String {
        address.bytes.count == 4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }

    var family: CInt { address.bytes.count == 4 ? AF_INET : AF_INET6 }

    /// The largest is one of IPv6.
    static let bytesMax = 28

    /// `struct sockaddr_in` or `struct sockaddr_in6`.
    var bytes: [UInt8] {
        let family = unsafe withUnsafeBytes(of: sa_family_t(family)) { unsafe Array($0) }
        let head = family + [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
        return address.bytes.count == 4
            ? head + address.bytes + [UInt8](repeating: 0, count: 8)
            : head + [0, 0, 0, 0] + address.bytes + [0, 0, 0, 0]
    }

    /// Nil for bytes of another family.
    init?(bytes: [UInt8]) {
        guard bytes.count >= 8 else { return nil }
        let family = UInt16(bytes[0]) | UInt16(bytes[1]) << 8
        port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        switch CInt(UInt16(littleEndian: family)) {
        case AF_INET: address = IPAddress(bytes: bytes[4..<8])
        case AF_INET6 where bytes.count >= 24: address = IPAddress(bytes: bytes[8..<24])
        default: return nil
        }
    }

    /// Asks the kernel about a socket.
    enum End { case own, other }

    /// Nil for a socket that has no such end, or is not of the internet.
    init?(_ end: End, of descriptor: CInt) {
        var bytes = [UInt8](repeating: 0, count: 128)
        var count = socklen_t(bytes.count)
        let result = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = unsafe buffer.assumingMemoryBound(to: sockaddr.self).baseAddress
            else { return CInt(-1) }
            return switch end {
            case .own: unsafe getsockname(descriptor, start, &count)
            case .other: unsafe getpeername(descriptor, start, &count)
            }
        }
        guard result == 0 else { return nil }
        self.init(bytes: Array(bytes.prefix(Int(count))))
    }
}
