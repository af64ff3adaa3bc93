// Mixtures of calibration sets: shares of tokens, whole samples, and what is said of too few.

import Checkpoint
import Model
import Store
import TensorMath
import Testing

@testable import Runner

@Suite struct MixtureTests {
    private static func set(_ name: String, samples: Int, tokens: Int, first: Int32) -> TokenisedSet
    {
        let sequences = (0..<samples).map { sample in
            (0..<tokens).map { first + Int32(sample * tokens + $0) }
        }
        return TokenisedSet(
            batch: PackedSequences(sequences), digest: Digest(of: name), title: name)
    }

    private static func mix(
        _ shares: [Double], tokens: Int?, tokensMax: Int = 512, seed: UInt64 = 1
    ) -> (set: TokenisedSet, counts: [Int]) {
        // 1,000 tokens in 10 samples, and 300 in 30.
        let parts = [
            set("long", samples: 10, tokens: 100, first: 0),
            set("short", samples: 30, tokens: 10, first: 10_000),
        ]
        let mixed = TokenisedSet(
            mixing: zip(parts, shares).map { TokenisedSet.Part(set: $0, share: $1) },
            tokens: tokens, tokensMax: tokensMax, seed: seed, title: "mixture")
        let long = mixed.batch.tokens.count { $0 < 10_000 }
        return (mixed, [long, mixed.batch.tokens.count - long])
    }

    @Test func `tokens have the shares that were asked for`() {
        #expect(Self.mix([0.5, 0.5], tokens: 400).counts == [200, 200])
        #expect(Self.mix([0.9, 0.1], tokens: 400).counts == [360, 40])
        #expect(Self.mix([0.5, 0.5], tokens: 400).set.warnings.isEmpty)
    }

    @Test func `without a number, or where a part has too few, all that the shares allow`() {
        #expect(Self.mix([0.5, 0.5], tokens: nil).counts == [300, 300])
        let (set, counts) = Self.mix([0.5, 0.5], tokens: 2000)
        #expect(counts == [300, 300])
        #expect(set.warnings.count == 1)
        #expect(set.warnings.first?.contains("600 tokens instead of 2000: `short` has 300") == true)
        #expect(Self.mix([0.9, 0.1], tokens: nil).counts == [1000, 111])
    }

    @Test func `samples stay in their order, each once, and only the last is cut`() {
        let (set, _) = Self.mix([0.5, 0.5], tokens: 350)
        let firsts = set.batch.ranges.map { set.batch.tokens[$0.lowerBound] }
        #expect(firsts == firsts.sorted() && Set(firsts).count == firsts.count)
        let odd = set.batch.ranges.filter { $0.count != 100 && $0.count != 10 }
        #expect(odd.count <= 2)
    }

    @Test func `the seed and the samples name it`() {
        let set = Self.mix([0.5, 0.5], tokens: 200).set
        #expect(set.digest == Self.mix([0.5, 0.5], tokens: 200).set.digest)
        #expect(set.digest != Self.mix([0.5, 0.5], tokens: 200, seed: 2).set.digest)
        #expect(set.digest != Self.mix([0.5, 0.5], tokens: 201).set.digest)
        let cut = Self.mix([0.5, 0.5], tokens: 200, tokensMax: 7).set
        #expect(cut.batch.ranges.allSatisfy { $0.count <= 7 })
    }
}
