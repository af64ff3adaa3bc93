// Identifiers of jobs and attempts: ULIDs (github.com/ulid/spec), which sort by time and need no
// counter that could be lost.

package enum JobIdentifier {
    package static let length = 26
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// 26 characters: 48 bits of milliseconds since 1970, then 80 random bits.
    package static func make(
        now milliseconds: Int, using generator: inout some RandomNumberGenerator
    ) -> String {
        precondition(milliseconds >= 0 && milliseconds < 1 << 48, "the clock is out of range")
        var text = ""
        for shift in stride(from: 45, through: 0, by: -5) {
            text.append(alphabet[milliseconds >> shift & 31])
        }
        for _ in 0..<16 {
            text.append(alphabet[Int.random(in: 0..<32, using: &generator)])
        }
        return text
    }

    package static func make(now milliseconds: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return make(now: milliseconds, using: &generator)
    }

    package static func isValid(_ text: some StringProtocol) -> Bool {
        text.utf8.count == length && text.allSatisfy { alphabet.contains($0) }
    }
}
