// The name of bytes: their SHA-256, as in `sha256sum` and in the file names of git-lfs.

import Crypto
package import JSON

/// A SHA-256 digest.
package struct Digest: Hashable, Sendable {
    /// The 32 bytes, most significant first, so that comparing words compares digests.
    private let words: InlineArray<4, UInt64>

    package static func == (left: Digest, right: Digest) -> Bool {
        left.words.indices.allSatisfy { left.words[$0] == right.words[$0] }
    }

    package func hash(into hasher: inout Swift.Hasher) {
        // The digest is uniform already: a part of it is as good a hash as all of it.
        hasher.combine(words[0])
    }

    /// The digest of `bytes`.
    package init(of bytes: RawSpan) {
        var hasher = Hasher()
        hasher.update(bytes)
        self = hasher.finalize()
    }

    /// The digest of the UTF-8 of `text`.
    package init(of text: String) {
        self.init(of: Array(text.utf8))
    }

    /// The digest of `bytes`.
    package init(of bytes: [UInt8]) {
        unsafe self.init(of: bytes.span.bytes)
    }

    /// The digest in 32 bytes; nil for another count.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words = InlineArray<4, UInt64>(repeating: 0)
        for (index, byte) in bytes.enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        self.words = words
    }

    /// The digest in 64 lower-case hexadecimal digits; nil for any other text.
    package init?(hex: some StringProtocol) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = Self.value(of: digits[index]),
                let low = Self.value(of: digits[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    package var bytes: [UInt8] {
        (0..<32).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> (56 - 8 * UInt64($0 % 8))) }
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        bytes.map(Self.hexByte).joined()
    }

    /// Two lower-case hexadecimal digits.
    static func hexByte(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

extension CanonicalJSON {
    /// The SHA-256 of the canonical bytes.
    package var digest: Digest { Digest(of: bytes) }
}

extension Digest: Comparable {
    package static func < (left: Digest, right: Digest) -> Bool {
        for index in 0..<4 where left.words[index] != right.words[index] {
            return left.words[index] < right.words[index]
        }
        return false
    }
}

extension Digest: CustomStringConvertible {
    package var description: String { hex }
}

extension Digest {
    /// Digests bytes that arrive in pieces.
    package struct Hasher {
        private var state = SHA256()

        package init() {}

        package mutating func update(_ bytes: RawSpan) {
            unsafe bytes.withUnsafeBytes { unsafe state.update(bufferPointer: $0) }
        }

        package func finalize() -> Digest {
            guard let digest = Digest(bytes: Array(state.finalize())) else {
                preconditionFailure("a SHA-256 has 32 bytes")
            }
            return digest
        }
    }
}
