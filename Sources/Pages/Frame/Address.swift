// The end of an address: what was asked, so that it can be shared.

/// The query of an address.
enum Address {
    /// `?name=value&...`; empty where there is nothing.
    static func query(_ items: [(name: String, value: String)]) -> String {
        let words = items.map { encoded($0.name) + "=" + encoded($0.value) }
        return words.isEmpty ? "" : "?" + words.joined(separator: "&")
    }

    /// Letters, digits and few signs stay; all else as %XX.
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                return String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                return "%" + (byte < 16 ? "0" : "") + digits
            }
        }.joined()
    }
}
