// The linear algebra of `fold`: ridge regression that shrinks to given weights, and the selection
// of features by the optimal brain surgeon (Hassibi and Stork 1993), blockwise as SparseGPT does.
//
// Notation: features Z [tokens, F], targets T [tokens, d], start weights W0 [F, d];
// G = Z'Z, C = Z'T, mu = lambda * mean(diag G).

import TensorMath

/// Weights W [F, d] from sums over tokens alone: G [F, F] and C [F, d], in double.
enum LeastSquares {
    /// argmin_W |Z W - T|^2 + mu |W - W0|^2 = W0 + (G + mu I)^-1 (C - G W0).
    ///
    /// The Cholesky factor takes the place of `gram`.
    static func ridge(
        gram: consuming DoubleMatrix, cross: DoubleMatrix, start: DoubleMatrix, lambda: Double
    ) throws(LinearAlgebraError) -> DoubleMatrix {
        var step = cross
        step.subtract(.product(gram, start))
        gram.addToDiagonal(ridge(of: gram, lambda))
        var result = start
        result.add(try gram.solvePositiveDefinite(step))
        return result
    }

    /// What a selection keeps.
    struct Selection: Sendable {
        /// Indices of the kept groups, ascending.
        let groups: [Int]
        /// Their weights, [kept * groupSize, d].
        let weights: DoubleMatrix
    }

    /// Removes groups of features one after the other, each time the one whose absence costs least
    /// once all others have been adjusted: tr(W_q' ([C^-1]_qq)^-1 W_q), C = G + mu I.
    ///
    /// C^-1 takes the place of `gram`; nothing else of its size lives. It is symmetric: only its
    /// upper triangle is kept true. Its gaps are closed when enough has gone to be worth it.
    /// - Parameters:
    ///   - groupSize: neighbouring features that live and die together.
    ///   - kept: groups that are left.
    ///   - block: groups removed between two updates of C^-1; 1 is exact, more is faster.
    ///   - onRemoval: hears how many groups of how many are gone; may end the work by an error.
    static func select(
        gram: consuming DoubleMatrix, cross: DoubleMatrix, start: DoubleMatrix, lambda: Double,
        groupSize: Int, keeping kept: Int, block: Int,
        onRemoval: (_ gone: Int, _ of: Int) throws -> Void = { _, _ in }
    ) throws -> Selection {
        let features = gram.rows
        precondition(features % groupSize == 0 && kept <= features / groupSize, "groups fit")
        let surplus = features / groupSize - kept
        try onRemoval(0, surplus)
        let mu = ridge(of: gram, lambda)
        gram.addToDiagonal(mu)
        try gram.invertPositiveDefinite()
        var inverse = consume gram
        // W0 + C^-1 (Z'T - G W0) = C^-1 (Z'T + mu W0).
        var right = start
        right.scale(by: mu)
        right.add(cross)
        var weights = DoubleMatrix.product(inverse, right)
        // What each group of rows stands for; nil once it is gone.
        var groups: [Int?] = Array(0..<features / groupSize)
        var count = groups.count
        while count > kept {
            let costs = try costs(weights, inverse, groups, groupSize)
            let gone = costs.sorted { ($0.cost, $0.slot) < ($1.cost, $1.slot) }
                .prefix(min(block, count - kept)).map(\.slot).sorted()
            let out = indices(gone, groupSize)
            // C^-1 -= E' K^-1 E, W -= E' K^-1 W_out, with E the rows that go, and K = LL' their
            // corner: both are products with L^-1 E.
            let factor = try inverse.symmetricCorner(out).cholesky()
            var edge = inverse.symmetricRows(out)
            var leaving = weights.rows(out)
            edge.solveLowerTriangle(factor)
            leaving.solveLowerTriangle(factor)
            weights.subtractProduct(edge, leaving, transposingLeft: true)
            inverse.subtractGram(ofColumns: edge)
            for place in gone { groups[place] = nil }
            count -= gone.count
            try onRemoval(surplus - (count - kept), surplus)
            if count == kept || 4 * count < 3 * groups.count {
                let left = groups.indices.filter { groups[$0] != nil }
                let rows = indices(left, groupSize)
                weights = weights.rows(rows)
                if count > kept { inverse.keep(rows) }
                groups = left.map { groups[$0] }
            }
        }
        return Selection(groups: groups.compactMap(\.self), weights: weights)
    }

    /// Bytes `select` holds beside the matrices it was given, at its peak: weights, and the rows of
    /// C^-1 that leave together.
    static func selectionByteCount(features: Int, targets: Int, leaving: Int) -> Int {
        8 * features * (3 * targets + leaving)
    }

    private static func costs(
        _ weights: DoubleMatrix, _ inverse: DoubleMatrix, _ groups: [Int?], _ groupSize: Int
    ) throws(LinearAlgebraError) -> [(slot: Int, cost: Double)] {
        var costs: [(slot: Int, cost: Double)] = []
        for slot in groups.indices where groups[slot] != nil {
            if groupSize == 1 {
                let size = weights.row(slot).reduce(0) { $0 + $1 * $1 }
                costs.append((slot, size / inverse[slot, slot]))
                continue
            }
            let members = Array(slot * groupSize..<(slot + 1) * groupSize)
            let own = weights.rows(members)
            let solved = try inverse.symmetricCorner(members).solvePositiveDefinite(own)
            costs.append((slot, zip(own.values, solved.values).reduce(0) { $0 + $1.0 * $1.1 }))
        }
        return costs
    }

    private static func indices(_ groups: [Int], _ groupSize: Int) -> [Int] {
        groups.flatMap { $0 * groupSize..<($0 + 1) * groupSize }
    }

    private static func ridge(of gram: DoubleMatrix, _ lambda: Double) -> Double {
        let mean = (0..<gram.rows).reduce(0) { $0 + gram[$1, $1] } / Double(max(1, gram.rows))
        // A feature that is always zero must not make the matrix singular.
        return max(lambda * mean, Double.leastNormalMagnitude)
    }
}

extension DoubleMatrix {
    fileprivate func rows(_ indices: [Int]) -> DoubleMatrix {
        var picked: [Double] = []
        // Growing step by step would hold up to three times as much.
        picked.reserveCapacity(indices.count * columns)
        for index in indices { picked.append(contentsOf: row(index)) }
        return DoubleMatrix(rows: indices.count, columns: columns, values: picked)
    }

    /// Rows and columns of a symmetric matrix whose upper triangle is true.
    fileprivate func symmetricCorner(_ indices: [Int]) -> DoubleMatrix {
        let picked = indices.flatMap { row in
            indices.map { self[min(row, $0), max(row, $0)] }
        }
        return DoubleMatrix(rows: indices.count, columns: indices.count, values: picked)
    }
}
