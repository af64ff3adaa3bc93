// Merging against a plain reference, the quirks of unknown characters, memory, threads, and time.

import Foundation
import Testing
import Tokenizer

@Suite("byte-pair encoding")
struct BytePairEncodingTests {
    /// Merges the way the method is told: again and again the pair of lowest rank, leftmost first.
    private static func reference(
        _ text: String, tokens: [String], merges: [(String, String)]
    ) -> [Int32] {
        var symbols = text.map { String($0) }
        while true {
            var best: (rank: Int, position: Int)?
            for position in symbols.indices.dropLast() {
                let rank = merges.firstIndex {
                    $0 == symbols[position] && $1 == symbols[position + 1]
                }
                if let rank, rank < best?.rank ?? .max { best = (rank, position) }
            }
            guard let best else { break }
            symbols[best.position] += symbols.remove(at: best.position + 1)
        }
        return symbols.compactMap { tokens.firstIndex(of: $0) }.map { Int32($0) }
    }

    @Test("merging equals the plain method on random merges and words", arguments: 0..<40)
    func equalsReference(seed: Int) throws {
        var random = TokenizerTestGenerator(seed: UInt64(seed))
        var tokens = ["a", "b", "c"]
        var merges: [(String, String)] = []
        for _ in 0..<30 {
            guard let left = tokens.randomElement(using: &random),
                let right = tokens.randomElement(using: &random), left.count + right.count < 8,
                !merges.contains(where: { $0 == left && $1 == right })
            else { continue }
            merges.append((left, right))
            if !tokens.contains(left + right) { tokens.append(left + right) }
        }
        merges.shuffle(using: &random)
        let tokenizer = try SmallTokenizer.make(
            model: SmallTokenizer.model(tokens, merges: merges))
        for length in 0..<60 {
            let text = String((0..<length).map { _ in "abc".randomElement(using: &random) ?? "a" })
            let expected = Self.reference(text, tokens: tokens, merges: merges)
            #expect(try tokenizer.encode(text) == expected, "\(text)")
            #expect(try tokenizer.encode(text) == expected, "\(text), from the cache")
        }
    }

    @Test("unknown characters: dropped, unknown, fused, or bytes")
    func unknownCharacters() throws {
        func ids(_ tokens: [String], _ text: String, _ options: String) throws -> [Int32] {
            try SmallTokenizer.make(
                model: SmallTokenizer.model(tokens, merges: [("a", "b")], options: options)
            ).encode(text)
        }
        let known = ["a", "b", "ab", "<unk>"]
        // Without an unknown token the neighbours meet.
        #expect(try ids(known, "aZb", "") == [2])
        let unknown = #""unk_token": "<unk>","#
        #expect(try ids(known, "aZZb", unknown) == [0, 3, 3, 1])
        #expect(try ids(known, "aZZbZ", unknown + #""fuse_unk": true,"#) == [0, 3, 1, 3])
        let bytes = known + ["<0xC3>", "<0xA9>"]
        let fallback = unknown + #""byte_fallback": true,"#
        #expect(try ids(bytes, "aéb", fallback) == [0, 4, 5, 1])
        // An unknown token waits until after the bytes that follow it.
        #expect(try ids(bytes, "üéb", fallback) == [4, 5, 3, 1])
    }

    @Test("a piece that is a token is taken whole where merges are to be ignored")
    func ignoreMerges() throws {
        let tokens = ["a", "b", "c", "ab", "abc"]
        func ids(_ options: String) throws -> [Int32] {
            try SmallTokenizer.make(
                model: SmallTokenizer.model(tokens, merges: [("a", "b")], options: options)
            ).encode("abc")
        }
        #expect(try ids("") == [3, 2])
        #expect(try ids(#""ignore_merges": true,"#) == [4])
    }

    @Test("more different words than the cache holds give the same ids as a fresh tokenizer")
    func cacheOverflow() throws {
        func fresh() throws -> Tokenizer {
            try Tokenizer(json: TokenizerFixture.bytes("llama3"))
        }
        let warm = try fresh()
        var random = TokenizerTestGenerator(seed: 5)
        let words = (0..<90_000).map { _ in String(random.next() % 1_000_000_000, radix: 36) }
        let text = words.joined(separator: " ")
        let first = try warm.encode(text)
        #expect(try warm.encode(text) == first)
        // In small parts, each by a tokenizer that has seen nothing.
        for start in stride(from: 0, to: words.count, by: 30_000) {
            let part = words[start..<start + 50].joined(separator: " ")
            #expect(try warm.encode(part) == fresh().encode(part))
        }
    }

    @Test("many threads at once get the ids that one gets alone")
    func concurrency() async throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.bytes("qwen"))
        let lines = try TokenizerFixture.lines()
        let expected = try lines.map { try tokenizer.encode($0) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    var isEqual = true
                    for _ in 0..<10 {
                        isEqual = try isEqual && lines.map { try tokenizer.encode($0) } == expected
                    }
                    return isEqual
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }

    /// A quadratic step would take hours here.
    @Test(
        "a megabyte without a break is encoded in near-linear time", .timeLimit(.minutes(2)),
        arguments: ["llama3", "llama2", "mistral3", "gemma", "neox", "added-tokens"])
    func pathologicalText(name: String) throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.bytes(name))
        let repeats = 1_000_000
        for unit in ["a", " ", "\n", "\u{301}", "<", "e\u{323}\u{301}", " \n", "'", "▁", "1"] {
            let text = String(repeating: unit, count: repeats / unit.utf8.count)
            #expect(try !tokenizer.encode(text).isEmpty)
        }
    }
}
