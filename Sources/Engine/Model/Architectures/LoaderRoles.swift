// Programs that know what a layer is by its number, where config.json has `layer_types`: beside
// LoaderRules.swift, for models whose kinds of layers differ in more than a window.

/// Programs that take the first `sliding` layers of every `period` for those that slide.
struct RolesByNumber {
    /// Who does, and who does not: for people.
    let programs: String
    let others: String
    let period: Int
    let sliding: Int
    /// Whether the two kinds differ in their rotation, too: then short texts are wrong as well.
    var rotates = false

    /// What is wrong with the kept layers; nil where nothing is, or where the original was no
    /// different.
    func caveat(kept: [Int], of blueprint: ModelBlueprint) -> String? {
        let before = blueprint.layers.map(\.slides)
        let found = kept.map { before[$0] }
        guard agrees(before), !agrees(found) else { return nil }
        let wrong = found.indices.filter { found[$0] != slides($0) }.map(String.init)
        let window = blueprint.layers.compactMap(\.window).first ?? 0
        let what = rotates ? "the window and the rotation" : "the window"
        let texts = rotates ? "however short the text" : "in texts of more than \(window) tokens"
        return "\(programs) take \(what) of a layer from its number and not from `layer_types`: "
            + "they are wrong with this model, \(texts) (layers "
            + wrong.joined(separator: ", ") + "); \(others) are not. Kept layers that stand where "
            + "the number modulo \(period) is what it was are right everywhere"
    }

    private func slides(_ index: Int) -> Bool { index % period < sliding }

    private func agrees(_ layers: [Bool]) -> Bool {
        layers.indices.allSatisfy { layers[$0] == slides($0) }
    }
}

/// Programs that know a model by its number of layers, and give windows (and rotations) by
/// `layer_types` to a model of that many layers only.
struct RolesByCount {
    /// For people.
    let programs: String
    let count: Int

    func caveat(kept: [Int], of blueprint: ModelBlueprint) -> String? {
        guard blueprint.layers.count == count, kept.count != count,
            kept.contains(where: { blueprint.layers[$0].slides })
        else { return nil }
        return "\(programs) read windows and rotations of the layers of this family in models of "
            + "\(count) layers only: they are wrong with this one of \(kept.count), however short "
            + "the text; transformers and vLLM are not"
    }
}

extension LayerBlueprint {
    /// Tokens that the layer's attention sees; nil where it sees all.
    var window: Int? {
        if case .attention(let attention) = mixer { attention.window } else { nil }
    }
}
