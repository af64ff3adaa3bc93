// What llama.cpp's loader of each family reads. Facts of llama.cpp, src/models/*.cpp
// (load_arch_hparams, load_arch_tensors), as of 0c1e570 (2026-10-01).

import Model

/// A loader, and how far it goes.
struct Loader {
    /// Value of `general.architecture`, and what its keys begin with.
    let name: String
    /// Whether rows of q and k lie pair by pair (2i, 2i + 1 rotate together), not half by half.
    var pairsRows = false
    /// Whether q, k and v are one tensor, and gate and up another.
    var isFused = false
    /// Whether heads may be wider or narrower than hidden / heads.
    var takesHeadWidth = true
    var takesQueryBias = true
    /// Of the projection behind attention, and of the MLP.
    var takesOtherBiases = false
    /// Whether windows of attention are read, layer by layer.
    var takesWindows = false
    /// Whether a part of a head may rotate.
    var takesPartOfHeads = true
    /// Whether frequencies may come as factors (`rope_freqs`).
    var takesFactors = false
    /// Whether they may come as two lists, for short and for long texts.
    var takesLongFactors = false
    var activation = Activation.silu
    var isTied = false

    private static let all: [String: Loader] = {
        let llama = Loader(
            name: "llama", pairsRows: true, takesOtherBiases: true, takesPartOfHeads: false,
            takesFactors: true, takesLongFactors: true)
        return [
            "llama": llama, "mistral": llama, "mixtral": llama,
            "qwen2": Loader(name: "qwen2", takesHeadWidth: false, takesPartOfHeads: false),
            "qwen3": Loader(name: "qwen3", takesPartOfHeads: false),
            "phi3": Loader(
                name: "phi3", isFused: true, takesHeadWidth: false, takesQueryBias: false,
                takesLongFactors: true),
            "gemma2": Loader(
                name: "gemma2", takesWindows: true, activation: .geluTanh, isTied: true),
        ]
    }()

    /// - Throws: `ExportRefusal` for a family that is not written.
    static func find(_ modelType: String) throws(ExportRefusal) -> Loader {
        guard let found = all[modelType] else {
            throw ExportRefusal(
                subject: "a \(modelType) model",
                reason: "known are " + all.keys.sorted().joined(separator: ", "),
                cure: ExportRefusal.leaveOut)
        }
        return found
    }
}

extension Loader {
    /// What the loader makes of scores before the softmax, whatever config.json says.
    func scale(_ attention: AttentionBlueprint, of blueprint: ModelBlueprint) -> Float {
        // Gemma 2 of 27 billion parameters is known by its layers.
        let isCounted = name == "gemma2" && blueprint.layers.count == 46
        let width =
            isCounted ? blueprint.hiddenWidth / attention.heads : attention.headWidth
        return Float(1 / Double(width).squareRoot())
    }
}
