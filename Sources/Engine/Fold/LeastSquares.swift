// The linear algebra of `fold`: ridge regression that shrinks to given weights, and the selection
// of features by the optimal brain surgeon (Hassibi and Stork 1993), blockwise as SparseGPT does.
//
// Notation: features Z [tokens, F], targets T [tokens, d], start weights W0 [F, d];
// G = Z'Z, C = Z'T, mu = lambda * mean(diag G).

package import TensorMath

package enum LeastSquares {
    /// argmin_W |Z W - T|^2 + mu |W - W0|^2 = W0 + (G + mu I)^-1 (C - G W0).
    package static func ridge(
        gram: DoubleMatrix, cross: DoubleMatrix, start: DoubleMatrix, lambda: Double
    ) throws(LinearAlgebraError) -> DoubleMatrix {
        let regular = regularised(gram, lambda)
        var step = cross
        step.subtract(.product(gram, start))
        var result = start
        result.add(try regular.solvePositiveDefinite(step))
        return result
    }

    /// What a selection keeps.
    package struct Selection: Sendable {
        /// Indices of the kept groups, ascending.
        package let groups: [Int]
        /// Their weights, [kept * groupSize, d].
        package let weights: DoubleMatrix
    }

    /// Removes groups of features one after the other, each time the one whose absence costs least
    /// once all others have been adjusted: tr(W_q' ([C^-1]_qq)^-1 W_q), C = G + mu I.
    ///
    /// - Parameters:
    ///   - groupSize: neighbouring features that live and die together.
    ///   - kept: groups that are left.
    ///   - block: groups removed between two updates of C^-1; 1 is exact, more is faster.
    package static func select(
        gram: DoubleMatrix, cross: DoubleMatrix, start: DoubleMatrix, lambda: Double,
        groupSize: Int, keeping kept: Int, block: Int
    ) throws(LinearAlgebraError) -> Selection {
        let features = gram.rows
        precondition(features % groupSize == 0 && kept <= features / groupSize, "groups fit")
        var weights = try ridge(gram: gram, cross: cross, start: start, lambda: lambda)
        var inverse = try regularised(gram, lambda).solvePositiveDefinite(.identity(features))
        var alive = Array(0..<features / groupSize)
        while alive.count > kept {
            let costs = try costs(weights, inverse, groupSize)
            let count = min(block, alive.count - kept)
            let gone = Set(
                costs.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }.prefix(count))
            let out = indices(alive.indices.filter { gone.contains($0) }, groupSize)
            let left = indices(alive.indices.filter { !gone.contains($0) }, groupSize)
            let corner = inverse.submatrix(rows: out, columns: out)
            let edge = inverse.submatrix(rows: left, columns: out)
            // [W_q | C^-1_qr]: one factorisation solves for both.
            let weightStep = try corner.solvePositiveDefinite(weights.rows(out))
            let inverseStep = try corner.solvePositiveDefinite(edge.transposed)
            weights = weights.rows(left)
            weights.subtract(.product(edge, weightStep))
            inverse = inverse.submatrix(rows: left, columns: left)
            inverse.subtract(.product(edge, inverseStep))
            alive = alive.indices.filter { !gone.contains($0) }.map { alive[$0] }
        }
        return Selection(groups: alive, weights: weights)
    }

    /// Bytes `select` holds at its peak: C^-1, its successor, the factor, and the weights.
    package static func selectionByteCount(features: Int, targets: Int) -> Int {
        8 * (4 * features * features + 3 * features * targets)
    }

    private static func costs(
        _ weights: DoubleMatrix, _ inverse: DoubleMatrix, _ groupSize: Int
    ) throws(LinearAlgebraError) -> [Double] {
        var costs: [Double] = []
        for group in 0..<weights.rows / groupSize {
            let members = Array(group * groupSize..<(group + 1) * groupSize)
            if groupSize == 1 {
                let size = weights.row(group).reduce(0) { $0 + $1 * $1 }
                costs.append(size / inverse[group, group])
                continue
            }
            let own = weights.rows(members)
            let solved = try inverse.submatrix(rows: members, columns: members)
                .solvePositiveDefinite(own)
            costs.append(zip(own.values, solved.values).reduce(0) { $0 + $1.0 * $1.1 })
        }
        return costs
    }

    private static func indices(_ groups: [Int], _ groupSize: Int) -> [Int] {
        groups.flatMap { $0 * groupSize..<($0 + 1) * groupSize }
    }

    private static func regularised(_ gram: DoubleMatrix, _ lambda: Double) -> DoubleMatrix {
        var result = gram
        let mean = (0..<gram.rows).reduce(0) { $0 + gram[$1, $1] } / Double(max(1, gram.rows))
        // A feature that is always zero must not make the matrix singular.
        let ridge = max(lambda * mean, Double.leastNormalMagnitude)
        for index in 0..<gram.rows { result[index, index] += ridge }
        return result
    }
}

extension DoubleMatrix {
    fileprivate static func identity(_ size: Int) -> DoubleMatrix {
        var result = DoubleMatrix(rows: size, columns: size)
        for index in 0..<size { result[index, index] = 1 }
        return result
    }

    fileprivate func rows(_ indices: [Int]) -> DoubleMatrix {
        DoubleMatrix(
            rows: indices.count, columns: columns, values: indices.flatMap { row($0) })
    }

    fileprivate func submatrix(rows: [Int], columns: [Int]) -> DoubleMatrix {
        var picked: [Double] = []
        picked.reserveCapacity(rows.count * columns.count)
        for row in rows {
            let start = row * self.columns
            for column in columns { picked.append(values[start + column]) }
        }
        return DoubleMatrix(rows: rows.count, columns: columns.count, values: picked)
    }

    fileprivate mutating func subtract(_ other: DoubleMatrix) { combine(other, -1) }
    fileprivate mutating func add(_ other: DoubleMatrix) { combine(other, 1) }

    private mutating func combine(_ other: DoubleMatrix, _ factor: Double) {
        precondition(rows == other.rows && columns == other.columns, "shapes differ")
        var result = values
        for index in result.indices { result[index] += factor * other.values[index] }
        values = result
    }
}
