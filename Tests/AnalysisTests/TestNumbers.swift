// Rows and numbers for the tests of the analysis.

import Analysis
import EngineTestSupport
import TensorMath

extension Golden {
    func rows(_ name: String) throws -> LayerRows {
        let matrix = try matrix(name)
        return LayerRows(
            count: matrix.rows, width: matrix.columns, values: matrix.values.map { Float($0) })
    }
}

/// Numbers that look random and are the same everywhere.
struct TestNumbers {
    private var generator: MersenneTwister

    init(seed: UInt32) { generator = MersenneTwister(seed: seed) }

    mutating func normals(_ count: Int) -> [Double] {
        (0..<count).map { _ in generator.normal() }
    }

    mutating func matrix(_ rows: Int, _ columns: Int) -> DoubleMatrix {
        DoubleMatrix(rows: rows, columns: columns, values: normals(rows * columns))
    }

    mutating func layer(_ count: Int, _ width: Int, scale: Double = 1) -> LayerRows {
        LayerRows(
            count: count, width: width,
            values: normals(count * width).map { Float(scale * $0) })
    }
}
