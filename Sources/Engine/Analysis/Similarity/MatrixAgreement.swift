// How far two similarity matrices of the same layers agree: Pearson's correlation of their values
// and Spearman's of their ranks (ties share their mean rank), with and without the diagonal, on
// which most measures have the same value whatever the data.

/// Correlations of paired numbers. Pairs with a number that is not finite are left out.
package enum Correlation {
    /// Pearson's: NaN where fewer than two pairs are left, or one side does not vary.
    package static func pearson(_ first: [Double], _ second: [Double]) -> Double {
        let (first, second) = finitePairs(first, second)
        return linear(first, second)
    }

    /// Spearman's: Pearson's of the ranks.
    package static func spearman(_ first: [Double], _ second: [Double]) -> Double {
        let (first, second) = finitePairs(first, second)
        return linear(ranks(first), ranks(second))
    }

    /// Ranks from 1, in the order of `values`; equal values share the mean of their ranks.
    package static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
            start = end
        }
        return ranks
    }

    private static func finitePairs(
        _ first: [Double], _ second: [Double]
    ) -> ([Double], [Double]) {
        precondition(first.count == second.count, "values are paired")
        let kept = first.indices.filter { first[$0].isFinite && second[$0].isFinite }
        return (kept.map { first[$0] }, kept.map { second[$0] })
    }

    private static func linear(_ first: [Double], _ second: [Double]) -> Double {
        // Asked of the values: rounding of the mean gives a constant a tiny variance.
        guard first.count >= 2, first.contains(where: { $0 != first[0] }),
            second.contains(where: { $0 != second[0] })
        else { return .nan }
        let firstMean = first.reduce(0, +) / Double(first.count)
        let secondMean = second.reduce(0, +) / Double(second.count)
        var (firstSquares, secondSquares, products) = (0.0, 0.0, 0.0)
        for (x, y) in zip(first, second) {
            firstSquares += (x - firstMean) * (x - firstMean)
            secondSquares += (y - secondMean) * (y - secondMean)
            products += (x - firstMean) * (y - secondMean)
        }
        // The root of a square is exact, so equal sides give 1 to the last bit.
        let value = products / (firstSquares * secondSquares).squareRoot()
        return min(1, max(-1, value))
    }
}

/// The correlations of the upper triangles of two similarity matrices; NaN (null in JSON) where
/// one does not vary.
package struct MatrixAgreement: Codable, Sendable, Equatable {
    /// Over the upper triangle with its diagonal.
    package var pearson: Double
    package var spearman: Double
    /// Over the upper triangle alone.
    package var pearsonOffDiagonal: Double
    package var spearmanOffDiagonal: Double

    package init(
        pearson: Double, spearman: Double, pearsonOffDiagonal: Double, spearmanOffDiagonal: Double
    ) {
        self.pearson = pearson
        self.spearman = spearman
        self.pearsonOffDiagonal = pearsonOffDiagonal
        self.spearmanOffDiagonal = spearmanOffDiagonal
    }

    package init(_ first: SimilarityMatrix, _ second: SimilarityMatrix) {
        precondition(first.size == second.size, "matrices of the same layers")
        let (all, secondAll) = (first.upperTriangle(from: 0), second.upperTriangle(from: 0))
        let (off, secondOff) = (first.upperTriangle(from: 1), second.upperTriangle(from: 1))
        self.init(
            pearson: Correlation.pearson(all, secondAll),
            spearman: Correlation.spearman(all, secondAll),
            pearsonOffDiagonal: Correlation.pearson(off, secondOff),
            spearmanOffDiagonal: Correlation.spearman(off, secondOff))
    }

    /// As they are stored.
    private enum CodingKeys: String, CodingKey {
        case pearson, spearman
        case pearsonOffDiagonal = "pearson_off_diagonal"
        case spearmanOffDiagonal = "spearman_off_diagonal"
    }

    /// Mean and sample standard deviation, entry by entry; the latter is NaN for one value.
    package static func summary(
        _ values: [MatrixAgreement]
    ) -> (mean: MatrixAgreement, spread: MatrixAgreement) {
        func over(_ entry: KeyPath<MatrixAgreement, Double>) -> (mean: Double, spread: Double) {
            let numbers = values.map { $0[keyPath: entry] }
            let mean = numbers.reduce(0, +) / Double(numbers.count)
            let squares = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (mean, (squares / Double(numbers.count - 1)).squareRoot())
        }
        let all = over(\.pearson)
        let allRanks = over(\.spearman)
        let off = over(\.pearsonOffDiagonal)
        let offRanks = over(\.spearmanOffDiagonal)
        return (
            MatrixAgreement(
                pearson: all.mean, spearman: allRanks.mean, pearsonOffDiagonal: off.mean,
                spearmanOffDiagonal: offRanks.mean),
            MatrixAgreement(
                pearson: all.spread, spearman: allRanks.spread, pearsonOffDiagonal: off.spread,
                spearmanOffDiagonal: offRanks.spread)
        )
    }
}

extension SimilarityMatrix {
    /// Row by row, columns from `offset` right of the diagonal on.
    fileprivate func upperTriangle(from offset: Int) -> [Double] {
        (0..<size).flatMap { row in
            (min(row + offset, size)..<size).map { self[row, $0] }
        }
    }
}
