// What the inputs of a projection say about which errors of its weights count: the sums of their
// products, and the factor of the inverse that spreads one column's error over others.

import TensorMath

/// Of inputs X [tokens, I]: H = X'X in the order in which columns are rounded, and U with
/// (H + damping)^-1 = U'U. Serves every weight that reads these inputs.
struct InputGeometry {
    /// Columns of the weight, in the order in which they are rounded.
    let order: [Int]
    /// H in that order, [I, I].
    let gram: MatrixView
    /// U, upper, [I, I].
    let factor: MatrixView
    /// What was added to the diagonal, as a share of its mean; nil where no share made H positive
    /// definite, so that U is the identity and every number is rounded by itself.
    let damping: Double?

    /// Shares of the mean diagonal, from the wanted one up, until H has a factor.
    private static let rises = 4

    /// - Parameters:
    ///   - gram: X'X, in the order of the weight's columns.
    ///   - damping: a share of the mean of its diagonal.
    ///   - byActivation: columns of the largest inputs first, equal ones as they come (the
    ///     activation order of GPTQ); otherwise as they are.
    init(gram: consuming DoubleMatrix, damping: Double, byActivation: Bool) {
        let size = gram.rows
        let diagonal = (0..<size).map { gram[$0, $0] }
        order =
            byActivation
            ? diagonal.indices.sorted { (-diagonal[$0], $0) < (-diagonal[$1], $1) }
            : Array(0..<size)
        let mean = diagonal.reduce(0, +) / Double(max(1, size))
        let ordered = gram.permuted(order)
        gram = DoubleMatrix(rows: 0, columns: 0)
        self.gram = MatrixView(ordered)
        var share: Double? = damping
        var factor: DoubleMatrix?
        for _ in 0..<Self.rises {
            guard let tried = share, factor == nil, mean > 0 else { break }
            var damped = ordered
            // Inputs that are always zero: their weights are rounded by themselves.
            for index in 0..<size where ordered[index, index] == 0 { damped[index, index] = mean }
            damped.addToDiagonal(tried * mean)
            do {
                try damped.factorInverse()
                factor = damped
            } catch {
                share = max(tried * 10, 0.001)
            }
        }
        if let factor {
            self.factor = MatrixView(factor)
            self.damping = share
        } else {
            self.factor = MatrixView(DoubleMatrix(identity: size))
            self.damping = nil
        }
    }

    var inputs: Int { order.count }

    /// (H + damping)^-1 C: least squares with a ridge, from zero.
    ///
    /// - Parameter cross: C, [I, outputs], rows in the order of the weight's columns.
    /// - Returns: [I, outputs], rows in the same order.
    func solved(_ cross: MatrixView) -> MatrixView {
        let half = MatrixView(rows: inputs, columns: cross.columns)
        half.assignProduct(factor, cross.gathered(order))
        let solution = MatrixView(rows: inputs, columns: cross.columns)
        solution.assignProduct(factor, half, transposingLeft: true)
        return solution.scattered(order)
    }

    /// Bytes held at most while one is made, of so many inputs: the sums, the ordered ones, a
    /// damped copy, and two matrices of floats.
    static func peakByteCount(inputs: Int) -> Int { inputs * inputs * (3 * 8 + 2 * 4) }

    /// Bytes of one.
    static func byteCount(inputs: Int) -> Int { 2 * 4 * inputs * inputs }
}

extension DoubleMatrix {
    fileprivate init(identity size: Int) {
        self.init(rows: size, columns: size)
        addToDiagonal(1)
    }
}
