// A model that is read with computed tensors in place of its own.

package import TensorMath

/// Computed tensors are turned into the format of the ones they replace when they are read first,
/// and forgotten when they are released.
package final class PatchedWeights: WeightSource {
    private let base: any WeightSource
    private var computed: [String: any ComputedTensors] = [:]
    private var read: [String: WeightMatrix] = [:]

    package init(_ base: any WeightSource) { self.base = base }

    package func apply(_ tensors: any ComputedTensors) {
        for name in tensors.names {
            computed[name] = tensors
            read[name] = nil
        }
    }

    package func weight(_ name: String) throws -> WeightMatrix {
        if let found = read[name] { return found }
        guard let matrix = try computed[name]?.tensor(name) else { return try base.weight(name) }
        let result = WeightMatrix(matrix, as: try base.weight(name).format)
        read[name] = result
        return result
    }

    package func prefetch(_ names: [String]) {
        base.prefetch(names.filter { computed[$0] == nil })
    }

    package func release(_ names: [String]) {
        for name in names { read[name] = nil }
        base.release(names)
    }
}

/// Computed tensors under other names.
package struct RenamedTensors: ComputedTensors {
    let base: any ComputedTensors
    /// The base's names, by the names they have here.
    let sources: [String: String]

    package init(base: any ComputedTensors, sources: [String: String]) {
        self.base = base
        self.sources = sources
    }

    package var names: [String] { sources.keys.sorted() }

    package func tensor(_ name: String) throws -> MatrixView? {
        try sources[name].flatMap { try base.tensor($0) }
    }
}

/// Means of the tensors of several layers, made when they are asked for.
package struct AveragedTensors: ComputedTensors {
    let source: any WeightSource
    /// The tensors of a mean, by its name.
    let parts: [String: [String]]

    package init(source: any WeightSource, parts: [String: [String]]) {
        self.source = source
        self.parts = parts
    }

    package var names: [String] { parts.keys.sorted() }

    package func tensor(_ name: String) throws -> MatrixView? {
        guard let parts = parts[name] else { return nil }
        var mean: MatrixView?
        for part in parts {
            let matrix = try source.weight(part).floats()
            if let mean { RowKernels.add(mean, matrix) } else { mean = matrix }
        }
        if let mean { RowKernels.scale(mean, by: 1 / Float(parts.count)) }
        return mean
    }
}
