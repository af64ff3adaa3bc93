// Mistral. Reference: transformers modeling_mistral.py.
//
// Llama without biases; `sliding_window` (4096 where the key is absent, none where it is null)
// holds for every layer.

import Checkpoint

/// Mistral after modeling_mistral.py.
struct Mistral: Architecture {
    let modelType = "mistral"
    let className = "MistralForCausalLM"
    let reference = "transformers/models/mistral/modeling_mistral.py"
    let summary = "Llama with a sliding attention window on every layer"

    func blueprint(_ config: ModelConfig) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, FamilyDefaults(keyValueHeads: 8, contextLength: 131_072))
        let window =
            config.isNull("sliding_window")
            ? nil : try config.count("sliding_window", default: 4096)
        return try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index, mixer: .attention(family.attention(index, window: window)),
                    feedForward: .gated(family.gated(family.prefix(index) + "mlp.")))
            })
    }
}
