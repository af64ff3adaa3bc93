// The kernel of MKA (arXiv 2406.16330, Eq. 2) and its graph Laplacian.

import Glibc
package import TensorMath

/// How wide the paper's kernel is.
package enum KernelWidth: Sendable, Equatable, CustomStringConvertible {
    /// sigma as a number; the paper uses 8.
    case fixed(Double)
    /// sigma = the median of the squared distances of all pairs of different samples, per layer.
    case median

    package var description: String {
        switch self {
        case .fixed(let sigma): "\(sigma)"
        case .median: "median"
        }
    }
}

/// K_ij = exp(-(|x_i - x_j|² / sigma)^0.5), `[n, n]`, symmetric, ones on the diagonal.
package struct PaperKernel: Sendable {
    package let matrix: DoubleMatrix
    /// The sigma that was used; under `.median` it differs from layer to layer.
    package let sigma: Double

    /// The kernel of one layer's rows. `boundary` names the layer in errors.
    ///
    /// Throws `parameterOutOfRange` for a sigma that is not a positive finite number, and
    /// `medianDistanceIsZero`.
    package init(
        rows: LayerRows, width: KernelWidth, boundary: Int
    ) throws(AnalysisError) {
        let squared = rows.squaredDistances()
        switch width {
        case .fixed(let value):
            guard value > 0, value.isFinite else {
                throw .parameterOutOfRange(
                    name: "sigma", value: "\(value)",
                    expected: "a number above 0, or 'median'")
            }
            sigma = value
        case .median:
            sigma = Self.medianOffDiagonal(squared)
            guard sigma > 0 else { throw .medianDistanceIsZero(boundary: boundary) }
        }
        let scale = sigma
        matrix = DoubleMatrix(
            rows: squared.rows, columns: squared.columns,
            values: squared.values.map { exp(-($0 / scale).squareRoot()) })
    }

    /// The ratio of the largest to the smallest eigenvalue.
    ///
    /// The kernel is positive definite unless rows are equal; an eigenvalue below what rounding
    /// leaves (n · 2.2e-16 of the largest) counts as that much, so the result is finite and at
    /// most 1 / (n · 2.2e-16).
    func conditionNumber() throws(LinearAlgebraError) -> Double {
        let eigenvalues = try matrix.symmetricEigenvalues()
        guard let smallest = eigenvalues.first, let largest = eigenvalues.last else { return 1 }
        return largest / max(smallest, Double(matrix.rows) * .ulpOfOne * largest)
    }

    /// Diag(Σ_j K_ij) - K, `[n, n]`: the diagonal is summed without K_ii, which cancels.
    func laplacian() -> DoubleMatrix {
        let count = matrix.rows
        var values = matrix.values.map { -$0 }
        for row in 0..<count {
            var degree = 0.0
            for column in 0..<count where column != row {
                degree += matrix.values[row * count + column]
            }
            values[row * count + row] = degree
        }
        return DoubleMatrix(rows: count, columns: count, values: values)
    }

    /// The median over pairs i < j; the mean of the two middle ones for an even number of pairs.
    private static func medianOffDiagonal(_ squared: DoubleMatrix) -> Double {
        let count = squared.rows
        var pairs: [Double] = []
        pairs.reserveCapacity(count * (count - 1) / 2)
        for row in 0..<count { pairs += squared.row(row).dropFirst(row + 1) }
        guard !pairs.isEmpty else { return 0 }
        pairs.sort()
        let middle = pairs.count / 2
        return pairs.count.isMultiple(of: 2)
            ? (pairs[middle - 1] + pairs[middle]) / 2 : pairs[middle]
    }
}
