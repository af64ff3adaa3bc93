// Two halves of a calibration set, drawn at random: how far the similarities of the two agree
// tells how much of a difference between sets is nothing but the draw of their samples.

import TensorMath

/// Samples by their index; both halves have the same number, an odd sample is left out.
package struct SampleHalves: Sendable, Equatable {
    package let first: [Int]
    package let second: [Int]

    /// - Parameters:
    ///   - count: of samples; at least two.
    ///   - split: splits of one seed differ by their number.
    package init(count: Int, seed: UInt64, split: Int) {
        precondition(count >= 2, "two halves hold two samples")
        var generator = SeededGenerator(seed: seed &+ UInt64(split))
        let first = generator.sample(count / 2, of: count)
        let taken = Set(first)
        let rest = (0..<count).filter { !taken.contains($0) }
        self.first = first
        second = generator.sample(count / 2, of: rest.count).map { rest[$0] }
    }
}

/// The similarities of the halves of one set, split by split.
package struct HalfSimilarities: Sendable {
    package let splits: [(first: SimilarityMatrix, second: SimilarityMatrix)]

    package init(splits: [(first: SimilarityMatrix, second: SimilarityMatrix)]) {
        self.splits = splits
    }

    /// How far the two halves of this set agree, in each split.
    package var agreements: [MatrixAgreement] {
        splits.map { MatrixAgreement($0.first, $0.second) }
    }

    /// How far the halves of this set agree with those of another, which has as many splits:
    /// each split's mean over the four pairs.
    package func agreements(with other: HalfSimilarities) -> [MatrixAgreement] {
        precondition(splits.count == other.splits.count, "splits are paired")
        return zip(splits, other.splits).map { mine, theirs in
            let pairs = [mine.first, mine.second].flatMap { half in
                [theirs.first, theirs.second].map { MatrixAgreement(half, $0) }
            }
            return MatrixAgreement.summary(pairs).mean
        }
    }
}

extension LayerRows {
    /// The rows in `ranges`, in their order.
    package func rows(in ranges: [Range<Int>]) -> LayerRows {
        LayerRows(
            count: ranges.reduce(0) { $0 + $1.count }, width: width,
            values: ranges.flatMap { values[$0.lowerBound * width..<$0.upperBound * width] })
    }
}
