// What programs derive from a layer's number, or from how many layers there are, and do not read
// from config.json: true of the published models, and no longer once layers are removed.

/// Programs that give a window to the first layers of every period, whatever `layer_types` says.
struct WindowByNumber {
    /// For people.
    let programs: String
    let period: Int
    let sliding: Int

    /// What is wrong with layers that slide as `found`; nil where nothing is, or where the original
    /// (`before`) was no different.
    func caveat(before: [Bool], found: [Bool], window: Int) -> String? {
        guard agrees(before), !agrees(found) else { return nil }
        let wrong = found.indices.filter { found[$0] != slides($0) }.map(String.init)
        return "\(programs) take the window of a layer from its number and not from `layer_types`: "
            + "they are wrong with this model in texts of more than \(window) tokens (layers "
            + wrong.joined(separator: ", ") + "); transformers and vLLM are not. Removing pairs of "
            + "neighbours keeps the alternation"
    }

    private func slides(_ index: Int) -> Bool { index % period < sliding }

    private func agrees(_ layers: [Bool]) -> Bool {
        layers.indices.allSatisfy { layers[$0] == slides($0) }
    }
}

/// Programs that know one published model by its number of layers, and scale its scores by
/// 1/sqrt(hidden / heads), those of all others by 1/sqrt(head width).
struct ScaleByCount {
    /// For people.
    let programs: String
    let count: Int

    func caveat(before: Int, left: Int, _ attention: AttentionBlueprint, hidden: Int) -> String? {
        func scale(_ layers: Int) -> Float {
            let width = layers == count ? hidden / attention.heads : attention.headWidth
            return Float(1 / Double(width).squareRoot())
        }
        guard scale(before) == attention.scale, scale(left) != attention.scale else { return nil }
        return "\(programs) takes the scale of attention from the number of layers (\(count)) and "
            + "not from `query_pre_attn_scalar`: it is wrong with this model, however short the text"
    }
}
