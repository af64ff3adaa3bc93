// Mistral. Reference: transformers modeling_mistral.py.
//
// Llama without biases; `sliding_window` (4096 where the key is absent, none where it is null)
// holds for every layer.

package import Checkpoint

package struct Mistral: Architecture {
    package let modelType = "mistral"
    package let className = "MistralForCausalLM"
    package let reference = "transformers/models/mistral/modeling_mistral.py"
    package let summary = "Llama with a sliding attention window on every layer"

    package init() {}

    package func blueprint(_ config: ModelConfig) throws -> ModelBlueprint {
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
