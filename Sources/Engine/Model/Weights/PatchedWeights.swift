// A model that is read with computed tensors in place of its own.

package import Schemes
package import TensorMath

/// Computed tensors are turned into the format of the ones they replace when they are read first,
/// and forgotten when they are released.
package final class PatchedWeights: WeightSource {
    private let base: any WeightSource
    /// By full names.
    private var computed: [String: () throws -> MatrixView] = [:]
    /// Those that were read, in their formats; [rows, columns] as stored.
    private var read: [String: WeightMatrix] = [:]

    package init(_ base: any WeightSource) { self.base = base }

    /// - Parameter layers: those that stand for the new model's, one for each.
    package func apply(_ tensors: any ComputedTensors, to layers: [LayerBlueprint]) {
        for (name, make) in tensors.named(in: layers) {
            computed[name] = make
            read[name] = nil
        }
    }

    package func apply(_ patch: LayerPatch, to layer: LayerBlueprint) {
        apply(WeightPatch(patch, ofLayer: 0), to: [layer])
    }

    package func weight(_ name: String) throws -> WeightMatrix {
        if let matrix = read[name] { return matrix }
        guard let matrix = try computed[name]?() else { return try base.weight(name) }
        let result = WeightMatrix(matrix, as: try base.weight(name).format)
        read[name] = result
        return result
    }

    package func activations(_ name: String) -> ActivationScheme {
        computed[name] == nil ? base.activations(name) : .none
    }

    package func prefetch(_ names: [String]) {
        base.prefetch(names.filter { computed[$0] == nil })
    }

    package func release(_ names: [String]) {
        for name in names { read[name] = nil }
        base.release(names)
    }
}

/// Means of the tensors of several layers, made when they are asked for.
package struct AveragedTensors: ComputedTensors {
    let source: any WeightSource
    /// The layers of one kind that each new layer is the mean of.
    let stretches: [[LayerBlueprint]]

    package init(source: any WeightSource, stretches: [[LayerBlueprint]]) {
        self.source = source
        self.stretches = stretches
    }

    package func tensors(ofLayer layer: Int) -> [String: () throws -> MatrixView] {
        let stretch = stretches[layer]
        guard stretch.count > 1 else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: stretch[0].localTensors.map { tensor in
                (tensor.name, { try mean(of: tensor.name, in: stretch) })
            })
    }

    private func mean(of name: String, in stretch: [LayerBlueprint]) throws -> MatrixView {
        let mean = try source.weight(stretch[0].fullName(name)).floats()
        for layer in stretch.dropFirst() {
            RowKernels.add(mean, try source.weight(layer.fullName(name)).floats())
        }
        RowKernels.scale(mean, by: 1 / Float(stretch.count))
        return mean
    }
}
