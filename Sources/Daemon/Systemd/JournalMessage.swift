// One entry of the journal in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram
// of fields. Pure.

package struct JournalMessage: Sendable, Equatable {
    /// A value is cut to this; with all fields a datagram stays below what a socket takes.
    package static let valueBytesMax = 4_096
    package static let fieldsMax = 20

    private var fields: [(name: String, value: String)] = []

    package init() {}

    package static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }

    /// Fields beyond the limit are dropped.
    /// - Parameter name: any word; it is written in capitals, digits and underscores, and never
    ///   begins with an underscore, as the names do that only the journal itself may use.
    package mutating func add(_ name: String, _ value: String) {
        let plain = String(
            name.uppercased().unicodeScalars.map { scalar in
                ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                    ? Character(scalar) : "_"
            }.drop { !("A"..."Z").contains($0) }.prefix(Self.nameBytesMax))
        guard !plain.isEmpty, fields.count < Self.fieldsMax else { return }
        fields.append((plain, Self.cut(value)))
    }

    private static let nameBytesMax = 64

    private static func cut(_ value: String) -> String {
        guard value.utf8.count > valueBytesMax else { return value }
        var cut = ""
        var count = 0
        for scalar in value.unicodeScalars {
            count += String(scalar).utf8.count
            guard count <= valueBytesMax else { break }
            cut.unicodeScalars.append(scalar)
        }
        return cut + "…"
    }

    /// `NAME=value` and a line's end; where the value has one itself, `NAME`, a line's end, the
    /// number of its bytes in eight (the lowest first), the value and a line's end.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in fields {
            bytes += Array(name.utf8)
            if value.utf8.contains(UInt8(ascii: "\n")) {
                bytes.append(UInt8(ascii: "\n"))
                let count = UInt64(value.utf8.count)
                bytes += (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
            } else {
                bytes.append(UInt8(ascii: "="))
            }
            bytes += Array(value.utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }
}
