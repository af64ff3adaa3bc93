// What GPTQ promises, on inputs of every kind.

import EngineTestSupport
import Schemes
import TensorMath
import Testing

@testable import Quantization

@Suite struct GPTQTests {
    private struct Problem {
        let weight: MatrixView
        let gram: DoubleMatrix

        /// Inputs that correlate; `tokens` of them.
        init(outputs: Int, inputs: Int, tokens: Int, seed: UInt64) {
            var generator = SeededGenerator(seed: seed)
            func normal(_ rows: Int, _ columns: Int) -> DoubleMatrix {
                DoubleMatrix(
                    rows: rows, columns: columns,
                    values: (0..<rows * columns).map { _ in
                        generator.uniform() + generator.uniform() + generator.uniform() - 1.5
                    })
            }
            weight = MatrixView(normal(outputs, inputs))
            let mixed = DoubleMatrix.product(normal(tokens, inputs), normal(inputs, inputs))
            gram = .product(mixed, mixed, transposingLeft: true)
        }

        /// (q - w) H (q - w)' of each row.
        func errors(_ matrix: QuantizedMatrix) -> [Double] {
            let found = matrix.dequantized()
            let difference = DoubleMatrix(
                rows: weight.rows, columns: weight.columns,
                values: zip(found.values(), weight.values()).map { Double($0) - Double($1) })
            let along = DoubleMatrix.product(difference, gram)
            return (0..<weight.rows).map { row in
                zip(difference.row(row), along.row(row)).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
    }

    private static func grid(_ bits: Int, _ group: Int?) -> Grid {
        Grid(WeightScheme(kind: .int, bits: bits, group: group), scaleFormat: .bf16)
    }

    @Test(
        "no row is worse on its own Hessian than with each number rounded by itself",
        arguments: [
            (1, 1, 3, 4, nil), (3, 7, 5, 4, nil), (33, 65, 40, 4, nil), (5, 129, 30, 4, nil),
            (70, 256, 100, 4, 32), (2050, 24, 60, 4, 8), (9, 130, 300, 3, 10), (8, 64, 1, 2, 16),
        ] as [(Int, Int, Int, Int, Int?)])
    func neverWorse(outputs: Int, inputs: Int, tokens: Int, bits: Int, group: Int?) {
        for seed in 1...3 as ClosedRange<UInt64> {
            for byActivation in [true, false] {
                let problem = Problem(
                    outputs: outputs, inputs: inputs, tokens: tokens, seed: seed)
                let grid = Self.grid(bits, group)
                let geometry = InputGeometry(
                    gram: problem.gram, damping: 0.01, byActivation: byActivation)
                let found = problem.errors(
                    GPTQ(grid: grid).quantized(problem.weight, inputs: geometry).matrix)
                let nearest = problem.errors(grid.nearest(problem.weight))
                let scale = nearest.max() ?? 0
                for (row, pair) in zip(found, nearest).enumerated() {
                    #expect(pair.0 <= pair.1 + 1e-6 * scale, "row \(row), seed \(seed)")
                }
                if inputs > 16, bits == 4 {
                    #expect(found.reduce(0, +) < 0.9 * nearest.reduce(0, +))
                }
            }
        }
    }

    @Test("inputs that do not correlate leave round to nearest")
    func orthogonal() {
        let problem = Problem(outputs: 6, inputs: 40, tokens: 10, seed: 4)
        var gram = DoubleMatrix(rows: 40, columns: 40)
        gram.addToDiagonal(3)
        let grid = Self.grid(4, 8)
        let geometry = InputGeometry(gram: gram, damping: 0.01, byActivation: true)
        #expect(geometry.order == Array(0..<40))
        let found = GPTQ(grid: grid).quantized(problem.weight, inputs: geometry)
        #expect(found.matrix == grid.nearest(problem.weight))
    }

    @Test("without any input each number is rounded by itself, and that is told")
    func noInputs() {
        let problem = Problem(outputs: 3, inputs: 8, tokens: 4, seed: 5)
        let geometry = InputGeometry(
            gram: DoubleMatrix(rows: 8, columns: 8), damping: 0.01, byActivation: true)
        #expect(geometry.damping == nil)
        let grid = Self.grid(4, nil)
        #expect(
            GPTQ(grid: grid).quantized(problem.weight, inputs: geometry).matrix
                == grid.nearest(problem.weight))
    }

    @Test("a Hessian that is not positive definite gets more damping, and that is told")
    func moreDamping() {
        // Eigenvalues 1 + 1.05 and 1 - 1.05.
        let gram = DoubleMatrix(rows: 2, columns: 2, values: [1, 1.05, 1.05, 1])
        let geometry = InputGeometry(gram: gram, damping: 0.01, byActivation: false)
        #expect(geometry.damping == 0.1)
    }

    @Test("U'U is the inverse")
    func factor() throws {
        let problem = Problem(outputs: 1, inputs: 37, tokens: 100, seed: 6)
        var factor = problem.gram
        try factor.factorInverse()
        let product = DoubleMatrix.product(
            .product(factor, factor, transposingLeft: true), problem.gram)
        for row in 0..<37 {
            for column in 0..<37 {
                #expect(abs(product[row, column] - (row == column ? 1 : 0)) < 1e-8)
                if column < row { #expect(factor[row, column] == 0) }
            }
        }
    }
}
