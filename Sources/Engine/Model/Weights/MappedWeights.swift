// A checkpoint on disk as a source of weights.

package import Checkpoint
package import TensorMath

/// Weights straight from the mapped files of a checkpoint. Those that are stored as codes are made
/// when they are read first, and forgotten when they are released.
package final class MappedWeights: WeightSource {
    private let checkpoint: Checkpoint
    private var made: [String: WeightMatrix] = [:]

    package init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

    package func weight(_ name: String) throws -> WeightMatrix {
        if let matrix = made[name] { return matrix }
        let tensor = try checkpoint.tensor(name)
        let matrix = try tensor.weight()
        if tensor.coding != nil { made[name] = matrix }
        return matrix
    }

    package func ownByteCount(_ tensors: [ExpectedTensor]) -> Int {
        tensors.reduce(0) { sum, expected in
            guard let tensor = try? checkpoint.tensor(expected.name), tensor.coding != nil else {
                return sum
            }
            return sum + tensor.entry.elementCount * (tensor.dtype == .bf16 ? 2 : 4)
        }
    }

    package func prefetch(_ names: [String]) {
        for name in names { try? checkpoint.tensor(name).adviseWillNeed() }
    }

    /// Lets go of what was made of codes; what is mapped stays.
    package func forget(_ names: [String]) {
        for name in names { made[name] = nil }
    }

    package func release(_ names: [String]) {
        for name in names {
            made[name] = nil
            try? checkpoint.tensor(name).adviseDontNeed()
        }
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
        if let coding, columns > 0 {
            return WeightMatrix(
                rows: lineCount, columns: lineWidth, as: format, grain: coding.grain
            ) { rows, values in coding.decode(rows, into: &values) }.reshaped(columns: columns)
        }
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
