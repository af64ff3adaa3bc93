// A tensor of a GGUF file: what it is called, and the rows of stored tensors that it is made of.

import Model

/// Rows of a stored tensor, in their order there or pair by pair.
struct StoredRows: Sendable, Equatable {
    let tensor: String
    let rows: Range<Int>
    /// Where set: within each head of so many rows the halves are dealt out in turn, so that what
    /// rotates together lies together.
    var headWidth: Int?
    /// What every number is multiplied with.
    var factor: Float = 1

    /// The rows of a projection, and of its bias.
    init(_ tensor: String, _ rows: Range<Int>, headWidth: Int? = nil, factor: Float = 1) {
        self.tensor = tensor
        self.rows = rows
        self.headWidth = headWidth
        self.factor = factor
    }

    /// The stored row that comes at a place of the new order, both counted from the first of
    /// `rows`.
    func source(of row: Int) -> Int {
        guard let headWidth else { return row }
        let (head, place) = row.quotientAndRemainder(dividingBy: headWidth)
        return head * headWidth + place % 2 * (headWidth / 2) + place / 2
    }
}

struct PlannedTensor: Sendable {
    enum Source: Sendable {
        /// One under another; `offset` is added to every number.
        case stored([StoredRows], offset: Float)
        case values([Float])
    }

    let name: String
    /// Outermost dimension first.
    let shape: [Int]
    let source: Source
    /// Whether its numbers are written in the type that was asked for; vectors, norms and routers
    /// are not.
    let isWeight: Bool

    /// Numbers in float32.
    init(_ name: String, _ values: [Float]) {
        self.name = name
        shape = [values.count]
        source = .values(values)
        isWeight = false
    }

    init(
        _ name: String, shape: [Int], _ rows: [StoredRows], offset: Float = 0,
        isWeight: Bool = true
    ) {
        self.name = name
        self.shape = shape
        source = .stored(rows, offset: offset)
        self.isWeight = isWeight && shape.count > 1
    }
}
