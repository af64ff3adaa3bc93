// Layers whose MLPs have fewer neurons, as data: names stay, shapes become smaller.

extension MLPBlueprint {
    /// Why no MLP of fewer neurons can be stored in its tensors; nil where one can.
    package var narrowingObstacle: String? {
        let areWhole = readers.allSatisfy { reader in
            let parts = readers.filter { $0.tensor == reader.tensor }
            return reader.isPlain && reader.rows.count == neuronCount
                && reader.totalRows == parts.count * neuronCount
        }
        let isStoredAlone = down.isPlain && down.totalRows == down.rows.count
        return areWhole && isStoredAlone ? nil : "an MLP in tensors that hold more than it"
    }

    /// The same with `width` neurons; gates and ups of one tensor stay in one.
    ///
    /// - Precondition: there is no `narrowingObstacle`.
    func narrowed(to width: Int) -> MLPBlueprint {
        func narrowed(_ reader: ProjectionBlueprint) -> ProjectionBlueprint {
            let parts = readers.filter { $0.tensor == reader.tensor }
            let before = parts.count { $0.rows.lowerBound < reader.rows.lowerBound }
            var result = reader
            result.rows = before * width..<(before + 1) * width
            result.totalRows = parts.count * width
            return result
        }
        var result = self
        result.gate = gate.map(narrowed)
        result.up = narrowed(up)
        result.down.inputs = width
        return result
    }
}

extension ProjectionBlueprint {
    /// Whether its tensor is a matrix of its inputs and its rows alone.
    fileprivate var isPlain: Bool { shape == nil && (form == .rows || form == .columns) }
}

extension LayerBlueprint {
    /// The layer with `width` neurons in its MLP; itself where it has none, or for nil.
    package func narrowed(to width: Int?) -> LayerBlueprint {
        guard let width, case .mlp(let mlp) = feedForward else { return self }
        var result = self
        result.feedForward = .mlp(mlp.narrowed(to: width))
        return result
    }
}
