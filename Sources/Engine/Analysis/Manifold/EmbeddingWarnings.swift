// Warnings of all layers' embeddings in as few lines as say the same.

/// What a report says of a model's embeddings.
enum EmbeddingWarnings {
    /// One line for each kind of warning, with the layers it concerns and the worst value.
    ///
    /// - Parameter layers: warnings by layer.
    static func summary(_ layers: [[EmbeddingWarning]]) -> [String] {
        var conditions: [(layer: Int, value: Double)] = []
        var identities: [(layer: Int, value: Double)] = []
        var arbitrary: [Int] = []
        for (layer, warnings) in layers.enumerated() {
            for warning in warnings {
                switch warning {
                case .illConditioned(_, let number): conditions.append((layer, number))
                case .nearIdentity(_, let largest): identities.append((layer, largest))
                case .disconnected, .indistinct:
                    if arbitrary.last != layer { arbitrary.append(layer) }
                }
            }
        }
        var lines: [String] = []
        if let worst = conditions.map(\.value).max() {
            lines.append(
                "\(list(conditions.map(\.layer))): the kernel's condition number is above 2000 (the "
                    + "paper's limit), up to \(short(worst)); the embedding is sensitive to rounding"
            )
        }
        if let least = identities.map(\.value).min() {
            lines.append(
                "\(list(identities.map(\.layer))): no two samples are near one another (kernel "
                    + "values down to \(short(least))); use a larger sigma, or `sigma: median`")
        }
        if !arbitrary.isEmpty {
            lines.append(
                "\(list(arbitrary)): eigenvalues coincide to rounding, so the embedding is one of "
                    + "many; use a larger sigma, or `sigma: median`")
        }
        return lines
    }

    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        let exponent = value == 0 ? 0 : Int(value.magnitude.exponent) * 30103 / 100_000
        return exponent < -3 || exponent > 5 ? "1e\(exponent)" : "\((value * 10).rounded() / 10)"
    }

    /// `layers 0-3, 7`.
    static func list(_ layers: [Int]) -> String {
        var parts: [String] = []
        var start = layers.first ?? 0
        for (index, layer) in layers.enumerated()
        where index + 1 == layers.count || layers[index + 1] != layer + 1 {
            parts.append(start == layer ? "\(layer)" : "\(start)-\(layer)")
            if index + 1 < layers.count { start = layers[index + 1] }
        }
        return (layers.count == 1 ? "layer " : "layers ") + parts.joined(separator: ", ")
    }
}
