// In which order a layer's units are taken so that they match another layer's, and what that means
// for each of its tensors.
//
// A layer computes the same function when its MLP neurons are reordered (rows of gate and up,
// columns of down, together), its key-value groups (rows of k and v, the queries that read them,
// columns of o), and the query heads inside a group. Nothing else of it may move: channels of the
// stream belong to all layers, features of a head to its rotation and to the other heads.

import Model

/// Unit i of the result is unit `order[i]` of the layer, for each order below.
package struct LayerAlignment: Sendable, Equatable, Codable {
    /// One order for each MLP of the layer: one, or as many as experts.
    package var neurons: [[Int]]
    /// Empty where the mixer is not attention.
    package var keyValueHeads: [Int]
    /// Of all query heads; keeps those of a group together.
    package var queryHeads: [Int]
    /// Orders of the rows of single matrices (`align: rows`), which do NOT keep the function.
    package var rows: [RowOrder]

    /// Row i of the matrix becomes its row `order[i]`.
    package struct RowOrder: Sendable, Equatable, Codable {
        /// Tensor name without the layer's prefix.
        package var tensor: String
        /// First row of the matrix within the tensor.
        package var start: Int
        package var order: [Int]

        package init(tensor: String, start: Int, order: [Int]) {
            self.tensor = tensor
            self.start = start
            self.order = order
        }
    }

    init(
        neurons: [[Int]] = [], keyValueHeads: [Int] = [], queryHeads: [Int] = [],
        rows: [RowOrder] = []
    ) {
        self.neurons = neurons
        self.keyValueHeads = keyValueHeads
        self.queryHeads = queryHeads
        self.rows = rows
    }

    /// Whether every order is a permutation of 0..<count.
    package var isValid: Bool {
        (neurons + [keyValueHeads, queryHeads] + rows.map(\.order)).allSatisfy {
            $0.sorted() == Array(0..<$0.count)
        }
    }
}

/// The order of a stored tensor: element (r, c) of the result is (rows[r], columns[c]); nil keeps
/// an order. A vector has columns.
struct TensorPermutation: Sendable, Equatable {
    var rows: [Int]?
    var columns: [Int]?

    init(rows: [Int]? = nil, columns: [Int]? = nil) {
        self.rows = rows
        self.columns = columns
    }
}

extension LayerAlignment {
    /// What becomes of the layer's tensors, by their names without its prefix; those that stay as
    /// they are are left out.
    ///
    /// Traps where the orders are not of this layer's units.
    func permutations(in layer: LayerBlueprint) -> [String: TensorPermutation] {
        var map = PermutationMap(layer: layer)
        if !neurons.isEmpty {
            let parts = layer.perceptrons
            precondition(parts.count == neurons.count, "an order for each MLP")
            for (part, order) in zip(parts, neurons) {
                for reader in part.readers { map.setRows(reader, order) }
                map.setColumns(part.down, order)
            }
        }
        if !queryHeads.isEmpty, case .attention(let attention) = layer.mixer {
            let width = attention.headWidth
            map.setRows(attention.query, queryHeads, width: width)
            map.setRows(attention.key, keyValueHeads, width: width)
            map.setRows(attention.value, keyValueHeads, width: width)
            map.setColumns(attention.output, queryHeads, width: width)
        }
        for row in rows {
            guard
                let projection = layer.projections.first(where: {
                    $0.tensor == layer.fullName(row.tensor) && $0.rows.lowerBound == row.start
                })
            else { preconditionFailure("rows of \(row.tensor) are no matrix of the layer") }
            map.setRows(projection, row.order, movesBias: false)
        }
        return map.permutations
    }
}

/// Gathers orders of parts of tensors, so that fused tensors get theirs piece by piece.
private struct PermutationMap {
    let layer: LayerBlueprint
    var permutations: [String: TensorPermutation] = [:]

    mutating func setRows(
        _ projection: ProjectionBlueprint, _ order: [Int], width: Int = 1, movesBias: Bool = true
    ) {
        let start = projection.rows.lowerBound
        let rows = Self.expanded(order, width).map { start + $0 }
        precondition(rows.count == projection.rows.count, "an order of all units")
        func placed(_ old: [Int]?) -> [Int] {
            var all = old ?? Array(0..<projection.totalRows)
            all.replaceSubrange(projection.rows, with: rows)
            return all
        }
        let name = layer.localName(projection.tensor)
        permutations[name, default: TensorPermutation()].rows = placed(permutations[name]?.rows)
        if movesBias, let bias = projection.bias.map(layer.localName) {
            permutations[bias, default: TensorPermutation()].columns =
                placed(permutations[bias]?.columns)
        }
    }

    mutating func setColumns(_ projection: ProjectionBlueprint, _ order: [Int], width: Int = 1) {
        let columns = Self.expanded(order, width)
        precondition(columns.count == projection.inputs, "an order of all units")
        permutations[layer.localName(projection.tensor), default: TensorPermutation()].columns =
            columns
    }

    private static func expanded(_ order: [Int], _ width: Int) -> [Int] {
        width == 1 ? order : order.flatMap { $0 * width..<($0 + 1) * width }
    }
}
