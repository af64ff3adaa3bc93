// The LAPACK and BLAS wrappers, against algebraic identities.

import EngineTestSupport
import Glibc
import TensorMath
import Testing

/// Algebraic identities over small random matrices; rounding grows with n, so 1e-12 per row.
@Suite struct LinearAlgebraTests {
    private static let sizes = [1, 2, 3, 5, 8, 17, 40]

    private static func symmetric(_ size: Int, seed: UInt32) -> DoubleMatrix {
        var numbers = TestNumbers(seed: seed)
        let square = numbers.matrix(size, size)
        return DoubleMatrix(
            rows: size, columns: size,
            values: zip(square.values, square.transposed.values).map { $0 + $1 })
    }

    private static func definite(_ size: Int, seed: UInt32) -> DoubleMatrix {
        var numbers = TestNumbers(seed: seed)
        let square = numbers.matrix(size, size)
        var product = DoubleMatrix.product(square, square, transposingRight: true)
        for index in 0..<size { product[index, index] += 1 }
        return product
    }

    private static func identity(_ size: Int) -> DoubleMatrix {
        var matrix = DoubleMatrix(rows: size, columns: size)
        for index in 0..<size { matrix[index, index] = 1 }
        return matrix
    }

    @Test("a product is what three loops give, in all four orientations", arguments: sizes)
    func products(size: Int) {
        var numbers = TestNumbers(seed: 3)
        let (m, k, n) = (size, size / 2 + 1, size + 2)
        let left = numbers.matrix(m, k)
        let right = numbers.matrix(k, n)
        var expected = DoubleMatrix(rows: m, columns: n)
        for row in 0..<m {
            for column in 0..<n {
                for inner in 0..<k {
                    expected[row, column] += left[row, inner] * right[inner, column]
                }
            }
        }
        let results = [
            DoubleMatrix.product(left, right),
            DoubleMatrix.product(left.transposed, right, transposingLeft: true),
            DoubleMatrix.product(left, right.transposed, transposingRight: true),
            DoubleMatrix.product(
                left.transposed, right.transposed, transposingLeft: true, transposingRight: true),
        ]
        for result in results {
            #expect(result.rows == m && result.columns == n)
            #expect(deviation(result.values, expected.values) < 1e-12 * Double(size))
        }
    }

    @Test("a Gram matrix is the product with the transposed", arguments: sizes)
    func gram(size: Int) {
        var numbers = TestNumbers(seed: 4)
        let panels = [numbers.matrix(size, 3), numbers.matrix(size, 1)]
        var gram = DoubleMatrix(rows: size, columns: size)
        var expected = gram
        for panel in panels {
            gram.addGram(ofRows: panel)
            let product = DoubleMatrix.product(panel, panel, transposingRight: true)
            expected.values = zip(expected.values, product.values).map { $0 + $1 }
        }
        gram.mirrorUpperTriangle()
        #expect(deviation(gram.values, expected.values) < 1e-12 * Double(size))
    }

    @Test("a Gram matrix taken away, upper triangle only", arguments: sizes)
    func takesGram(size: Int) {
        var numbers = TestNumbers(seed: 8)
        let panel = numbers.matrix(3, size)
        let matrix = Self.symmetric(size, seed: 9)
        var found = matrix
        found.subtractGram(ofColumns: panel)
        found.mirrorUpperTriangle()
        var expected = matrix
        expected.subtractProduct(panel, panel, transposingLeft: true)
        #expect(deviation(found.values, expected.values) < 1e-12 * Double(size))
    }

    @Test("a lower triangle is solved in place and its upper part never read", arguments: sizes)
    func solvesTriangle(size: Int) throws {
        var numbers = TestNumbers(seed: 10)
        let wanted = numbers.matrix(size, 3)
        var factor = numbers.matrix(size, size)
        for row in 0..<size {
            // Large enough that the triangle is well conditioned at every size.
            factor[row, row] = Double(size) + 1
            for column in row + 1..<max(row + 1, size) { factor[row, column] = 0 }
        }
        var solved = DoubleMatrix.product(factor, wanted)
        for row in 0..<size {
            for column in row + 1..<max(row + 1, size) { factor[row, column] = .nan }
        }
        solved.solveLowerTriangle(factor)
        #expect(deviation(solved.values, wanted.values) < 1e-12 * Double(size))
    }

    @Test("rows of a symmetric matrix are read from its upper triangle")
    func symmetricRows() {
        let matrix = Self.symmetric(5, seed: 11)
        var upper = matrix
        for row in 0..<5 { for column in 0..<row { upper[row, column] = .nan } }
        for chosen in 0..<32 {
            let indices = (0..<5).filter { chosen >> $0 & 1 == 1 }
            let rows = upper.symmetricRows(indices)
            #expect(rows.values == indices.flatMap { matrix.row($0) })
        }
    }

    @Test("triangles are mirrored across tiles, either way", arguments: [1, 2, 63, 64, 65, 130])
    func mirrors(size: Int) {
        var numbers = TestNumbers(seed: 6)
        let matrix = numbers.matrix(size, size)
        var (upper, lower) = (matrix, matrix)
        upper.mirrorUpperTriangle()
        lower.mirrorLowerTriangle()
        var isMirrored = true
        for row in 0..<size {
            for column in 0..<size {
                let (least, most) = (min(row, column), max(row, column))
                isMirrored =
                    isMirrored && upper[row, column] == matrix[least, most]
                    && lower[row, column] == matrix[most, least]
            }
        }
        #expect(isMirrored)
    }

    @Test("any rows and columns of a small matrix can be kept in its place")
    func keeps() {
        var numbers = TestNumbers(seed: 7)
        let matrix = numbers.matrix(6, 6)
        for chosen in 0..<64 {
            let indices = (0..<6).filter { chosen >> $0 & 1 == 1 }
            var kept = matrix
            kept.keep(indices)
            let wanted = indices.flatMap { row in indices.map { matrix[row, $0] } }
            #expect(kept.rows == indices.count && kept.columns == indices.count)
            #expect(kept.values == wanted)
        }
    }

    @Test("any range of eigenpairs solves A v = λ v with orthonormal v", arguments: sizes)
    func eigenpairs(size: Int) throws {
        let matrix = Self.symmetric(size, seed: 5)
        let all = try matrix.symmetricEigenvalues()
        #expect(all == all.sorted() && all.count == size)
        for start in 0..<size {
            let range = start..<min(start + 3, size)
            let eigen = try matrix.symmetricEigen(range)
            #expect(deviation(eigen.values, Array(all[range])) < 1e-12 * Double(size))
            let image = DoubleMatrix.product(matrix, eigen.vectors)
            var scaled = eigen.vectors
            for column in 0..<range.count {
                for row in 0..<size { scaled[row, column] *= eigen.values[column] }
            }
            #expect(deviation(image.values, scaled.values) < 1e-12 * Double(size * size))
            let overlap = DoubleMatrix.product(
                eigen.vectors, eigen.vectors, transposingLeft: true)
            #expect(deviation(overlap.values, Self.identity(range.count).values) < 1e-12 * 40)
        }
    }

    @Test("singular values and vectors give the matrix back", arguments: sizes, [-2, 0, 3])
    func singular(size: Int, extra: Int) throws {
        var numbers = TestNumbers(seed: 6)
        let matrix = numbers.matrix(size, max(1, size + extra))
        let parts = try matrix.singularValueDecomposition()
        #expect(parts.values == parts.values.sorted(by: >))
        var left = parts.left
        for row in 0..<left.rows {
            for column in 0..<left.columns { left[row, column] *= parts.values[column] }
        }
        let product = DoubleMatrix.product(left, parts.right)
        #expect(deviation(product.values, matrix.values) < 1e-12 * Double(size + 1))
    }

    @Test("a Cholesky factor is lower triangular and gives the matrix back", arguments: sizes)
    func cholesky(size: Int) throws {
        let matrix = Self.definite(size, seed: 7)
        let factor = try matrix.cholesky()
        for row in 0..<size {
            for column in row + 1..<max(row + 1, size) { #expect(factor[row, column] == 0) }
        }
        let product = DoubleMatrix.product(factor, factor, transposingRight: true)
        #expect(deviation(product.values, matrix.values) < 1e-12 * Double(size * size))
    }

    @Test("both solvers and the inverse solve", arguments: sizes)
    func solvers(size: Int) throws {
        var numbers = TestNumbers(seed: 8)
        let right = numbers.matrix(size, 3)
        let definite = Self.definite(size, seed: 9)
        let first = try definite.solvePositiveDefinite(right)
        let residual = DoubleMatrix.product(definite, first)
        #expect(deviation(residual.values, right.values) < 1e-10 * Double(size))
        var inverse = definite
        try inverse.invertPositiveDefinite()
        let inverted = DoubleMatrix.product(inverse, right)
        #expect(deviation(inverted.values, first.values) < 1e-10 * Double(size))
        #expect(inverse.values == inverse.transposed.values)
        let general = numbers.matrix(size, size)
        let second = try general.solve(right)
        let image = DoubleMatrix.product(general, second)
        #expect(deviation(image.values, right.values) < 1e-10 * Double(size))
    }

    @Test func `what cannot be factorised is an error that says why`() {
        let indefinite = DoubleMatrix(rows: 2, columns: 2, values: [1, 2, 2, 1])
        #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 2)) {
            try indefinite.cholesky()
        }
        #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 2)) {
            try indefinite.solvePositiveDefinite(DoubleMatrix(rows: 2, columns: 1))
        }
        #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 2)) {
            var changed = indefinite
            try changed.invertPositiveDefinite()
        }
        let singular = DoubleMatrix(rows: 2, columns: 2, values: [1, 1, 1, 1])
        #expect(throws: LinearAlgebraError.singular(row: 1)) {
            try singular.solve(DoubleMatrix(rows: 2, columns: 1))
        }
        for bad in [Double.nan, .infinity, -.infinity] {
            let matrix = DoubleMatrix(rows: 2, columns: 2, values: [1, bad, bad, 1])
            #expect(throws: LinearAlgebraError.notFinite(routine: "dsyevr")) {
                try matrix.symmetricEigen(0..<1)
            }
            #expect(throws: LinearAlgebraError.notFinite(routine: "dsyevd")) {
                try matrix.symmetricEigenvalues()
            }
            #expect(throws: LinearAlgebraError.notFinite(routine: "dgesdd")) {
                try matrix.singularValueDecomposition()
            }
        }
    }

    @Test("a matrix of more entries than 32 bits count is factorised")
    func factorsMany() throws {
        // Zeros that no memory holds; the first pivot ends the work.
        let order = 46_500
        let bytes = 8 * order * order
        let space = unsafe mmap(
            nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        // A machine that counts what is only mapped has no room for it.
        guard let start = unsafe space, unsafe start != MAP_FAILED else { return }
        defer { unsafe munmap(start, bytes) }
        #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 1)) {
            unsafe try DoubleMatrix.factorLowerTriangle(
                of: start.bindMemory(to: Double.self, capacity: order * order), order: order)
        }
    }

    @Test("entries go to BLAS in runs that it can count, each once")
    func runs() {
        let longest = Int(Int32.max)
        for count in [0, 1, longest, longest + 1, 12_288 * 12_288 * 15, 3 * longest] {
            let runs = DoubleMatrix.runs(of: count)
            #expect(runs.allSatisfy { $0.count <= longest })
            #expect(runs.reduce(0) { $1.lowerBound == $0 ? $1.upperBound : -1 } == count)
        }
        var matrix = DoubleMatrix(rows: 2, columns: 2, values: [1, 2, 3, 4])
        let other = DoubleMatrix(rows: 2, columns: 2, values: [5, 6, 7, 8])
        #expect(matrix.dot(other) == 70)
        matrix.add(other)
        matrix.scale(by: 2)
        matrix.subtract(other)
        #expect(matrix.values == [7, 10, 13, 16])
    }

    @Test func `empty matrices are no trouble`() throws {
        let empty = DoubleMatrix(rows: 0, columns: 0)
        #expect(try empty.symmetricEigenvalues().isEmpty)
        #expect(try empty.symmetricEigen(0..<0).values.isEmpty)
        #expect(try empty.singularValueDecomposition().values.isEmpty)
        #expect(try empty.cholesky() == empty)
        #expect(DoubleMatrix.product(empty, empty) == empty)
    }
}
