// The manifold embedding of MKA as the paper words it (arXiv 2406.16330, section 3.1):
// eigenvectors of the smallest non-trivial eigenvalues of the kernel's graph Laplacian.

package import TensorMath

/// One layer's embedding, and what is to be known about it.
package struct PaperEmbedding: Sendable {
    /// `[n, d]`: column c is the unit eigenvector of the c-th smallest non-trivial eigenvalue;
    /// its largest entry by magnitude is positive.
    package let coordinates: DoubleMatrix
    /// The d eigenvalues, ascending.
    package let eigenvalues: [Double]
    /// Of the kernel matrix, in the 2-norm.
    let conditionNumber: Double
    package let sigma: Double
    package let warnings: [EmbeddingWarning]
}

/// A reason not to trust an embedding blindly. Boundaries count from 0 (embedding output).
package enum EmbeddingWarning: Sendable, Equatable, CustomStringConvertible {
    /// The paper keeps the kernel's condition number below 2,000.
    case illConditioned(boundary: Int, conditionNumber: Double)
    /// The kernel is the identity but for this much: sigma is too small for these distances.
    case nearIdentity(boundary: Int, largestOffDiagonal: Double)
    /// More than one eigenvalue is zero to rounding: the eigenvectors only tell groups of samples
    /// apart, and which combination comes out is arbitrary.
    case disconnected(boundary: Int, secondEigenvalue: Double)
    /// The last eigenvalue taken and the first one left out coincide to rounding, so the choice of
    /// eigenvectors is arbitrary.
    case indistinct(boundary: Int, taken: Double, leftOut: Double)

    package var description: String {
        switch self {
        case .illConditioned(let boundary, let number):
            "boundary \(boundary): the kernel's condition number is \(number), above 2000 (the "
                + "paper's limit); the embedding is sensitive to rounding"
        case .nearIdentity(let boundary, let largest):
            "boundary \(boundary): no two samples are near one another (largest kernel value "
                + "between two samples \(largest)); use a larger sigma or 'median'"
        case .disconnected(let boundary, let second):
            "boundary \(boundary): the kernel falls into separate groups of samples (second "
                + "eigenvalue \(second)); the eigenvectors are arbitrary combinations of the groups"
        case .indistinct(let boundary, let taken, let leftOut):
            "boundary \(boundary): the eigenvalues around the last one taken coincide (\(taken), "
                + "\(leftOut)); the choice of eigenvectors is arbitrary"
        }
    }
}

extension PaperEmbedding {
    /// The paper's limit for the kernel's condition number.
    static let conditionNumberMax = 2000.0
    /// A kernel whose largest entry off the diagonal is below this connects nothing.
    private static let connectionMin = 1e-8
    /// Eigenvalues nearer than this share of the largest one are not told apart.
    private static let distinctShare = 1e-10

    /// Embeds one layer's finite rows in `dimensions` coordinates.
    ///
    /// The constant vector (eigenvalue 0) is moved to the top of the spectrum beforehand, so that
    /// the smallest eigenvectors are orthogonal to it even where the eigenvalue 0 is multiple.
    package init(
        rows: LayerRows, width: KernelWidth, dimensions: Int, boundary: Int
    ) throws(AnalysisError) {
        guard dimensions >= 1, dimensions <= 64 else {
            throw .parameterOutOfRange(
                name: "dimensions", value: "\(dimensions)", expected: "1 to 64")
        }
        guard rows.count >= dimensions + 2 else {
            throw .tooFewSamples(
                found: rows.count, needed: dimensions + 2,
                reason: "an embedding in \(dimensions) dimensions")
        }
        let kernel = try PaperKernel(rows: rows, width: width, boundary: boundary)
        do throws(LinearAlgebraError) {
            try self.init(kernel: kernel, dimensions: dimensions, boundary: boundary)
        } catch {
            throw .linearAlgebra(boundary: boundary, cause: error)
        }
    }

    private init(
        kernel: PaperKernel, dimensions: Int, boundary: Int
    ) throws(LinearAlgebraError) {
        let count = kernel.matrix.rows
        var laplacian = kernel.laplacian()
        let largestDegree = (0..<count).map { laplacian[$0, $0] }.max() ?? 0
        // By Gershgorin no eigenvalue exceeds twice the largest degree.
        let lift = largestDegree > 0 ? 3 * largestDegree : 1
        laplacian.values = laplacian.values.map { $0 + lift / Double(count) }
        let eigen = try laplacian.symmetricEigen(0..<dimensions + 1)

        conditionNumber = try kernel.conditionNumber()
        sigma = kernel.sigma
        eigenvalues = Array(eigen.values.prefix(dimensions))
        coordinates = Self.oriented(eigen.vectors, dimensions: dimensions)
        warnings = Self.warnings(
            boundary: boundary, kernel: kernel, conditionNumber: conditionNumber,
            eigenvalues: eigen.values, largestDegree: largestDegree)
    }

    /// The first `dimensions` columns, each with the sign that makes its largest entry positive
    /// (of entries equal to nine digits, the first).
    private static func oriented(_ vectors: DoubleMatrix, dimensions: Int) -> DoubleMatrix {
        var result = DoubleMatrix(rows: vectors.rows, columns: dimensions)
        for column in 0..<dimensions {
            let entries = vectors.column(column)
            let largest = entries.map(\.magnitude).max() ?? 0
            let leader = entries.first { $0.magnitude >= largest * (1 - 1e-9) } ?? 0
            for (row, entry) in entries.enumerated() {
                result[row, column] = leader < 0 ? -entry : entry
            }
        }
        return result
    }

    private static func warnings(
        boundary: Int, kernel: PaperKernel, conditionNumber: Double, eigenvalues: [Double],
        largestDegree: Double
    ) -> [EmbeddingWarning] {
        var found: [EmbeddingWarning] = []
        if conditionNumber > conditionNumberMax {
            found.append(.illConditioned(boundary: boundary, conditionNumber: conditionNumber))
        }
        let count = kernel.matrix.rows
        var largest = 0.0
        for row in 0..<count {
            largest = max(largest, kernel.matrix.row(row).dropFirst(row + 1).max() ?? 0)
        }
        if largest < connectionMin {
            found.append(.nearIdentity(boundary: boundary, largestOffDiagonal: largest))
        }
        let rounding = 4 * Double(count) * .ulpOfOne * largestDegree
        if eigenvalues[0] <= rounding {
            found.append(.disconnected(boundary: boundary, secondEigenvalue: eigenvalues[0]))
        }
        let taken = eigenvalues[eigenvalues.count - 2]
        let leftOut = eigenvalues[eigenvalues.count - 1]
        if leftOut - taken <= distinctShare * largestDegree {
            found.append(.indistinct(boundary: boundary, taken: taken, leftOut: leftOut))
        }
        return found
    }
}
