// Damaged tokenizer files: every one is either read or refused, and what was read can be used.

import Foundation
import Testing

@testable import Tokenizer

@Suite("tokenizer fuzzing")
struct TokenizerFuzzTests {
    /// Fragments that lead a mutated file into other branches than random bytes do.
    private static let fragments: [String] = [
        "null", "true", "-1", "0", "1e9", "4194303", "\"\"", "[]", "{}", "\\u0000", "\\ud800",
        "Regex", "String", "(", ")", "[", "]", "*", "{1,3}", "\\\\p{L}", "(?i:", "(?=", "|", "&&",
        "Sequence", "Split", "ByteLevel", "Metaspace", "NFKC", "Strip", "Isolated", "byte_fallback",
        "ignore_merges", "<0x41>", "\u{301}", "▁", "Ġ", "normalized", "lstrip", "\"id\":0,",
    ]

    private static func mutated(
        _ bytes: [UInt8], using random: inout TokenizerTestGenerator
    ) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !result.isEmpty {
            let position = Int.random(in: 0..<result.count, using: &random)
            let end = min(result.count, position + Int.random(in: 1...40, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0: result[position] = UInt8.random(in: 0...255, using: &random)
            case 1: result[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: result.removeSubrange(position..<end)
            case 3: result.insert(contentsOf: result[position..<end], at: position)
            case 4: result.removeSubrange(position...)
            case 5:
                // Another number in place of the digits here.
                let digits = result[position...].prefix { (0x30...0x39).contains($0) }
                let number = String(Int.random(in: 0...5_000_000, using: &random))
                result.replaceSubrange(digits.indices, with: number.utf8)
            default:
                let fragment = fragments.randomElement(using: &random) ?? ""
                result.replaceSubrange(
                    position..<(Bool.random(using: &random) ? position : end), with: fragment.utf8)
            }
        }
        return result
    }

    @Test("no damage crashes or hangs", .timeLimit(.minutes(5)), arguments: TokenizerFixture.names)
    func damagedFiles(name: String) throws {
        let original = try TokenizerFixture.bytes(name)
        var random = TokenizerTestGenerator(seed: 2026)
        let texts = try TokenizerFixture.lines().shuffled(using: &random).prefix(6)
        var readCount = 0
        // The vocabulary fills most of a file; what comes before it is more worth damaging.
        let model = original.firstRange(of: Array(#""vocab""#.utf8))?.lowerBound ?? original.count
        for round in 0..<600 {
            let bytes =
                round % 3 == 0
                ? Self.mutated(original, using: &random)
                : Self.mutated(Array(original[..<model]), using: &random) + original[model...]
            guard let tokenizer = try? Tokenizer(json: bytes) else { continue }
            readCount += 1
            for text in texts {
                guard let ids = try? tokenizer.encode(text) else { continue }
                _ = try? tokenizer.decode(ids)
            }
        }
        // Both outcomes were met: the mutations are neither too rough nor too mild.
        #expect(readCount > 2 && readCount < 598, "\(readCount) of 600 were read")
    }

    @Test("random ids decode, known or not", arguments: TokenizerFixture.names)
    func randomIDs(name: String) throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.bytes(name))
        var random = TokenizerTestGenerator(seed: 7)
        for _ in 0..<200 {
            let ids = (0..<20).map { _ in
                Int32.random(in: -3...Int32(tokenizer.idEnd) + 3, using: &random)
            }
            _ = try tokenizer.decode(ids)
            _ = try tokenizer.decode(ids, skipSpecialTokens: true)
        }
    }
}
