// Mistral. Reference: transformers modeling_mistral.py.
//
// Llama without biases; `sliding_window` (4096 where the key is absent, none where it is null)
// holds for every layer, or for those that `layer_types` names (transformers reads such a config
// as a Ministral's: modeling_ministral.py).

import Checkpoint

/// Mistral after modeling_mistral.py.
struct Mistral: Architecture {
    let modelType = "mistral"
    let className = "MistralForCausalLM"
    let reference = "transformers/models/mistral/modeling_mistral.py"
    let summary = "Llama with a sliding attention window on every layer"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(keyValueHeads: 8, contextLength: 131_072, readOtherwise: [.rotation]))
        let window =
            config.isNull("sliding_window")
            ? nil : try config.count("sliding_window", default: 4096)
        let windows = try family.windows(window, of: family.slidingLayers())
        var model = try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index, mixer: .attention(family.attention(index, window: windows[index])),
                    feedForward: .mlp(family.gated(family.prefix(index) + "mlp.")))
            })
        // Earlier builds gave every layer the window.
        if windows.contains(where: { $0 != window }) { model.readings.append(.layerTypes) }
        return model
    }
}
