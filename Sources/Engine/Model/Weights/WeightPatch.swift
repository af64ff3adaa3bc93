// Tensors that a method computed, by the new model's layer and by their name within it. Full names
// are made where a model whose layers are known is overlaid, written or stored: in `named` and
// `archive`.

package import Checkpoint
package import TensorMath

/// Tensors that a method computed, in memory or where they wait until they are asked for.
package protocol ComputedTensors {
    /// What was computed of a layer of the new model, by names without the layer's prefix; each is
    /// made or read when it is asked for: a matrix, or a vector as [1, n].
    func tensors(ofLayer layer: Int) -> [String: () throws -> MatrixView]
}

extension ComputedTensors {
    /// All of them by full names, where the new model's layers are called as `layers` are.
    package func named(in layers: [LayerBlueprint]) -> [String: () throws -> MatrixView] {
        var result: [String: () throws -> MatrixView] = [:]
        for (index, layer) in layers.enumerated() {
            for (name, make) in tensors(ofLayer: index) { result[layer.fullName(name)] = make }
        }
        return result
    }
}

/// Computed tensors of one layer, by names without its prefix: matrices, and vectors as [1, n].
package struct LayerPatch: Sendable {
    /// In the order they were set first.
    package private(set) var names: [String] = []
    private var matrices: [String: MatrixView] = [:]

    package init() {}

    package subscript(name: String) -> MatrixView? {
        get { matrices[name] }
        set {
            if matrices[name] == nil, newValue != nil { names.append(name) }
            if newValue == nil { names.removeAll { $0 == name } }
            matrices[name] = newValue
        }
    }

    /// The tensors of these names that are in it.
    package func only(_ wanted: [String]) -> LayerPatch {
        var result = LayerPatch()
        for name in wanted { result[name] = matrices[name] }
        return result
    }

    package mutating func add(_ other: LayerPatch) {
        for name in other.names { self[name] = other[name] }
    }
}

/// Computed tensors in memory.
package struct WeightPatch: ComputedTensors, Sendable {
    /// By index in the new model; layers of which nothing was computed are left out.
    package private(set) var layers: [Int: LayerPatch] = [:]

    package init() {}

    package init(_ patch: LayerPatch, ofLayer layer: Int) { self[layer] = patch }

    /// All that `work` gives, together.
    package init(collecting work: (_ give: (WeightPatch) throws -> Void) throws -> Void) rethrows {
        var all = WeightPatch()
        try work { all.add($0) }
        self = all
    }

    package subscript(layer: Int) -> LayerPatch {
        get { layers[layer] ?? LayerPatch() }
        set { layers[layer] = newValue.names.isEmpty ? nil : newValue }
    }

    package mutating func add(_ other: WeightPatch) {
        for (layer, patch) in other.layers { self[layer].add(patch) }
    }

    package func tensors(ofLayer layer: Int) -> [String: () throws -> MatrixView] {
        let patch = self[layer]
        var result: [String: () throws -> MatrixView] = [:]
        for name in patch.names { result[name] = patch[name].map { matrix in { matrix } } }
        return result
    }

    // MARK: As a file

    /// Under full names, where the new model's layers are called as `blueprints` are: layer by
    /// layer, each tensor in the order it was set first.
    package func archive(naming blueprints: [LayerBlueprint]) -> TensorArchive {
        var archive = TensorArchive()
        for (index, patch) in layers.sorted(by: { $0.key < $1.key }) {
            for name in patch.names {
                if let matrix = patch[name] {
                    archive.add(blueprints[index].fullName(name), matrix)
                }
            }
        }
        return archive
    }

    /// nil where an array is not a matrix of floats, or of no layer.
    package init?(_ archive: TensorArchive, naming blueprints: [LayerBlueprint]) {
        for entry in archive.entries {
            guard let matrix = archive.matrix(entry.name),
                let tensor = blueprints.tensor(named: entry.name)
            else { return nil }
            self[tensor.layer][tensor.name] = matrix
        }
    }
}
