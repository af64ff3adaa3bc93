// Stored tensors that no part of a model reads: a result without them would be another model.

import JSON

package struct UnreadTensors: Sendable, Equatable, CustomStringConvertible {
    let folder: String
    /// Sorted.
    package let names: [String]
    let modelType: String
    let layerCount: Int
    /// What the names of a layer begin with, before its number.
    private let layerStem: String

    /// nil where there are none.
    init?(_ names: [String], of blueprint: ModelBlueprint, in folder: String) {
        guard !names.isEmpty else { return nil }
        self.names = names
        self.folder = folder
        modelType = blueprint.modelType
        layerCount = blueprint.layers.count
        layerStem = String(blueprint.layers.first?.prefix.dropLast(2) ?? "")
    }

    package var description: String {
        let shown = names.prefix(3).map(quoted).joined(separator: ", ")
        let more = names.count > 3 ? " and \(names.count - 3) more" : ""
        return "\(folder): holds \(names.count) tensor\(names.count == 1 ? "" : "s") that a "
            + "\(modelType) model with this config.json does not have: \(shown)\(more); without "
            + "\(them) the result would be another model, so it is "
            + "refused: \(advice)"
    }

    private var them: String { names.count == 1 ? "it" : "them" }

    private var advice: String {
        let surplus = names.compactMap(layer).filter { $0 >= layerCount }
        if let first = surplus.min() {
            return "layer \(first) is stored and config.json has `num_hidden_layers` "
                + "\(layerCount), which numbers layers from 0: correct it, or take those tensors out"
        }
        if names.allSatisfy({ $0.hasSuffix(".bias") }) {
            return "if the model has these biases, config.json must say so (`attention_bias`, "
                + "`mlp_bias`, where the architecture knows them); if not, take \(them) out"
        }
        if names.contains(where: { $0.contains("lora_") }) {
            return "merge the adapter into the model first"
        }
        return "take \(them) out, or use the checkpoint of the plain language model"
    }

    private func layer(_ name: String) -> Int? {
        guard name.hasPrefix(layerStem) else { return nil }
        return Int(name.dropFirst(layerStem.count).prefix { $0 != "." })
    }
}
