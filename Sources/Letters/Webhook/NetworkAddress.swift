// Addresses that may be connected to on somebody's word, and those that may not: behind a server
// lie machines that trust it, and its own services, and none of them expects its users.

import Foundation

package struct NetworkAddress: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        case everybodys
        case loopback
        /// Private, link-local, of documentation, many at once, or meant for nobody.
        case other
    }

    /// 4 or 16.
    package let bytes: [UInt8]

    /// - Returns: nil for another number of bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// - Parameter text: `192.0.2.1`, `2001:db8::1`.
    package init?(_ text: some StringProtocol) {
        guard text.contains(":") else {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            let numbers = parts.compactMap { UInt8($0) }
            guard parts.count == 4, numbers.count == 4 else { return nil }
            bytes = numbers
            return
        }
        guard let bytes = Self.sixteen(String(text)) else { return nil }
        self.bytes = bytes
    }

    private static func sixteen(_ text: String) -> [UInt8]? {
        func groups(_ text: Substring) -> [UInt8]? {
            if text.isEmpty { return [] }
            var bytes: [UInt8] = []
            for group in text.split(separator: ":", omittingEmptySubsequences: false) {
                if group.contains(".") {
                    guard let four = NetworkAddress(group), four.bytes.count == 4 else {
                        return nil
                    }
                    bytes += four.bytes
                } else {
                    guard (1...4).contains(group.count), let value = UInt16(group, radix: 16) else {
                        return nil
                    }
                    bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
                }
            }
            return bytes
        }
        guard let gap = text.firstRange(of: "::") else {
            return groups(text[...]).flatMap { $0.count == 16 ? $0 : nil }
        }
        guard let head = groups(text[..<gap.lowerBound]),
            let tail = groups(text[gap.upperBound...]), head.count + tail.count <= 14
        else { return nil }
        return head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    package var description: String {
        if bytes.count == 4 { return bytes.map { "\($0)" }.joined(separator: ".") }
        return stride(from: 0, to: 16, by: 2).map {
            String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
        }.joined(separator: ":")
    }

    package var kind: Kind {
        if bytes.count == 4 { return Self.kind(ofFour: bytes) }
        if bytes.dropLast().allSatisfy({ $0 == 0 }), bytes[15] == 1 { return .loopback }
        // An address of IPv4 in the clothes of IPv6: mapped, translated, or a tunnel to it.
        if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
            return Self.kind(ofFour: Array(bytes.suffix(4)))
        }
        if bytes.starts(with: [0, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8)) {
            let kind = Self.kind(ofFour: Array(bytes.suffix(4)))
            return kind == .loopback ? .other : kind
        }
        // 2000::/3 is all that is given out; of it a tunnel, Teredo and the like, documentation.
        let isOut = bytes[0] & 0xE0 == 0x20
        let isSpecial =
            bytes.starts(with: [0x20, 0x02])
            || bytes.starts(with: [0x20, 0x01]) && bytes[2] < 2
            || bytes.starts(with: [0x20, 0x01, 0x0D, 0xB8])
            || bytes.starts(with: [0x3F, 0xFF]) && bytes[2] < 16
        return isOut && !isSpecial ? .everybodys : .other
    }

    /// RFC 6890 and what came after it.
    private static func kind(ofFour bytes: [UInt8]) -> Kind {
        let other: [(prefix: UInt32, bits: UInt32)] = [
            (0x0000_0000, 8), (0x0A00_0000, 8), (0x6440_0000, 10), (0xA9FE_0000, 16),
            (0xAC10_0000, 12), (0xC000_0000, 24), (0xC000_0200, 24), (0xC058_6300, 24),
            (0xC0A8_0000, 16), (0xC612_0000, 15), (0xC633_6400, 24), (0xCB00_7100, 24),
            (0xE000_0000, 4), (0xF000_0000, 4),
        ]
        let number = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        if number >> 24 == 127 { return .loopback }
        return other.contains { (number ^ $0.prefix) >> (32 - $0.bits) == 0 }
            ? .other : .everybodys
    }
}
