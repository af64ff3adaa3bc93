// Which token comes next.

import EngineTestSupport
import TensorMath
import Testing

@testable import Generation

@Suite struct SamplingTests {
    private static func nucleus(_ values: [Float], _ topP: Double) -> [Int] {
        Sampling.nucleus(values.span, topP: topP)
    }

    @Test func `the nucleus is the fewest likeliest tokens that hold the share`() {
        let values: [Float] = [0.1, 0.4, 0.05, 0.25, 0.2]
        #expect(Self.nucleus(values, 0.3) == [1])
        #expect(Self.nucleus(values, 0.41) == [1, 3])
        #expect(Self.nucleus(values, 0.9) == [1, 3, 4, 0])
        #expect(Self.nucleus(values, 1) == [1, 3, 4, 0, 2])
        #expect(Self.nucleus([0.25, 0.25, 0.25, 0.25], 0.5) == [0, 1])
    }

    @Test func `what is left out early does not change the nucleus`() {
        // One token of half the probability, and very many that share the rest.
        let count = 4096
        let small = 0.5 / Float(count)
        let values = [Float](repeating: small, count: count) + [0.5]
        #expect(Self.nucleus(values, 0.5) == [count])
        #expect(Self.nucleus(values, 0.75).count == 1 + count / 2)
        #expect(Set(Self.nucleus(values, 1)).count == count + 1)
    }

    @Test func `draws follow the probabilities of the nucleus`() {
        let values: [Float] = [0.1, 0.4, 0.05, 0.25, 0.2]
        var generator = SeededGenerator(seed: 3)
        var counts = [Int](repeating: 0, count: 5)
        let draws = 20_000
        for _ in 0..<draws {
            counts[Int(Sampling.draw(generator.uniform(), from: values.span, topP: 0.8))] += 1
        }
        // 0.4, 0.25 and 0.2 of 0.85; four standard errors.
        let expected = [0, 0.4 / 0.85, 0, 0.25 / 0.85, 0.2 / 0.85]
        for (count, share) in zip(counts, expected) {
            let error = (share * (1 - share) / Double(draws)).squareRoot()
            #expect(abs(Double(count) / Double(draws) - share) <= 4 * error)
        }
        #expect(Sampling.draw(0, from: values.span, topP: 1) == 1)
        #expect(Sampling.draw(1.0.nextDown, from: values.span, topP: 1) == 2)
    }

    @Test func `rows are chosen by themselves`() {
        let logits = MatrixView(rows: 3, columns: 4, values: [0, 2, 2, 1, 5, 0, 0, 0, 0, 0, 0, 9])
        #expect(Sampling.greedy.choose(logits, draws: [0, 0, 0]) == [1, 0, 3])
        // So cold that only the likeliest is left.
        let cold = Sampling.nucleus(temperature: 0.01, topP: 1, seed: 7)
        #expect(cold.choose(logits, draws: [0, 0.99, 0.5]) == [1, 0, 3])
    }

    @Test func `sequences draw numbers of their own, by the seed`() {
        func numbers(_ seed: UInt64, _ sequence: Int) -> [Double] {
            var generator = Sampling.nucleus(temperature: 1, topP: 1, seed: seed)
                .generator(of: sequence)
            return (0..<4).map { _ in generator.uniform() }
        }
        #expect(numbers(1, 0) == numbers(1, 0))
        #expect(numbers(1, 0) != numbers(1, 1))
        #expect(numbers(1, 0) != numbers(2, 0))
    }
}
