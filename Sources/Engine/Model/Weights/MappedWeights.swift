// A checkpoint on disk as a source of weights.

package import Checkpoint
package import TensorMath

/// Weights straight from the mapped files of a checkpoint.
package final class MappedWeights: WeightSource {
    private let checkpoint: Checkpoint

    package init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

    package func weight(_ name: String) throws -> WeightMatrix {
        try checkpoint.tensor(name).weight()
    }

    package func prefetch(_ names: [String]) {
        for name in names { try? checkpoint.tensor(name).adviseWillNeed() }
    }

    package func release(_ names: [String]) {
        for name in names { try? checkpoint.tensor(name).adviseDontNeed() }
    }
}

extension StoredTensor {
    /// The tensor as a matrix; a vector is one row.
    /// - Throws: `ModelError` where it is empty, `CheckpointError` where it holds no floats.
    package func weight() throws -> WeightMatrix {
        let format = try floatFormat()
        let sides = shape.filter { $0 != 1 }
        let rows = shape.count >= 2 ? entry.rowCount : 1
        let columns = rows == 0 ? 0 : sides.reduce(1, *) / rows
        return try unsafe withUnsafeBytes { bytes in
            // The address stays valid outside the closure: the view keeps the mapping alive.
            guard let base = bytes.baseAddress else {
                throw ModelError.wrongShape(name: name, expected: [1], found: shape)
            }
            return unsafe WeightMatrix(
                base: base, format: format, rows: rows, columns: columns, owner: file)
        }
    }
}
