// Damage to texts, for fuzz tests.

/// Small random damage to a text.
package enum Mutation {
    /// Up to three changes; `words` are put in beside random bytes.
    package static func apply(
        to original: [UInt8], words: [String] = words, _ random: inout SeededBytes
    ) -> [UInt8] {
        var bytes = original
        for _ in 0..<random.below(4) { change(&bytes, words, &random) }
        return bytes
    }

    private static func change(
        _ bytes: inout [UInt8], _ words: [String], _ random: inout SeededBytes
    ) {
        let place = random.below(bytes.count + 1)
        let length = random.below(min(12, bytes.count - place) + 1)
        switch random.below(7) {
        case 0: bytes.replaceSubrange(place..<place + length, with: [])
        case 1: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
        case 2: bytes.insert(contentsOf: Array(random.element(of: words).utf8), at: place)
        case 3:
            let word = Array(random.element(of: words).utf8)
            bytes.replaceSubrange(place..<place + length, with: word)
        case 4 where place < bytes.count: bytes[place] ^= 1 << random.below(8)
        case 5 where place < bytes.count: bytes[place] = UInt8(random.below(256))
        case 6 where random.below(8) == 0: bytes.removeLast(bytes.count - place)
        default: break
        }
    }

    /// Words that a parser of JSON treats specially.
    package static let words = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "\n", "\0", "0", "-1", "4.0", "1e0", "01",
        "9223372036854775807", "9223372036854775808", "18446744073709551616", "null", "true",
        "\"a\":", "\\u0000", "\\ud800", "\\ude00", "[[[[[[[[[[[[[[[[", "é", "NaN", "-Infinity",
    ]
}
