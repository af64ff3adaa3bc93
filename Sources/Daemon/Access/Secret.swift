// Random bytes that let somebody in. They are kept as digests alone: who reads those learns nothing
// that would let him in.

import Store

package struct Secret: Sendable {
    private static let byteCount = 32

    let bytes: [UInt8]

    /// 256 bits of the kernel's, which nobody guesses.
    package init() {
        var generator = SystemRandomNumberGenerator()
        bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// - Parameter hex: as `hex` says it; nil for any other text.
    init?(hex: some StringProtocol) {
        // A digest has as many bytes, and is read as strictly.
        guard let digest = Digest(hex: hex) else { return nil }
        bytes = digest.bytes
    }

    package var hex: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    var digest: Digest { Digest(of: bytes) }
}

/// Texts that are held against secrets.
enum Comparison {
    /// Takes as long whatever differs, so that nobody finds out byte by byte.
    static func isSame(_ one: String, _ other: String) -> Bool {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        guard one.count == other.count else { return false }
        // The brackets matter: in Swift `|` and `^` have one precedence, from left to right.
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
