// Ministral and Ministral 3. References: transformers modeling_ministral.py,
// modeling_ministral3.py.
//
// | config key | Ministral | Ministral 3 |
// | --- | --- | --- |
// | num_key_value_heads | 8 where absent | 8 |
// | head_dim | hidden / heads where absent | 128 where absent, hidden / heads where null |
// | rms_norm_eps | 1e-6 | 1e-5 |
// | max_position_embeddings | 131,072 | 262,144 |
// | sliding_window | 4096 where absent, none where null | none where absent |
// | layer_types | which layers slide; all where absent | not read: all slide or none |
// | rope_parameters | | yarn where absent, see below |
//
// Ministral 3 multiplies queries with 1 + beta log(1 + floor(position / length)), where
// rope_parameters has beta as llama_4_scaling_beta and length as
// original_max_position_embeddings. Neither family has biases.

import Checkpoint
import JSON

/// Ministral after modeling_ministral.py.
struct Ministral: Architecture {
    let modelType = "ministral"
    let className = "MinistralForCausalLM"
    let reference = "transformers/models/ministral/modeling_ministral.py"
    let summary = "Mistral with windows on some layers"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root, FamilyDefaults(keyValueHeads: 8, contextLength: 131_072))
        let window =
            config.isNull("sliding_window")
            ? nil : try config.count("sliding_window", default: 4096)
        let windows = try family.windows(window, of: family.slidingLayers())
        return try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index, mixer: .attention(family.attention(index, window: windows[index])),
                    feedForward: .mlp(family.gated(family.prefix(index) + "mlp.")))
            })
    }
}

/// Ministral 3 after modeling_ministral3.py.
struct Ministral3: Architecture {
    let modelType = "ministral3"
    let className = "Ministral3ForCausalLM"
    let reference = "transformers/models/ministral3/modeling_ministral3.py"
    let summary = "Mistral with yarn and a temperature of queries that grows with the position"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let config = try config.withRotation(Self.rotation)
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 8, headWidth: config.isNull("head_dim") ? nil : 128, epsilon: 1e-5,
                contextLength: 262_144))
        let window =
            config.value("sliding_window") == nil ? nil : try config.count("sliding_window")
        if let sliding = try family.slidingLayers(), sliding.contains(window == nil) {
            throw ModelError.unsupported(
                key: "layer_types", found: "another than `sliding_window` says",
                advice: "layers of this architecture slide all or none; model_type \"ministral\" "
                    + "has layers of two kinds")
        }
        let temperature = try config.temperature(contextLength: family.contextLength)
        return try family.model(
            (0..<family.layerCount).map { index in
                var attention = family.attention(index, window: window)
                attention.temperature = temperature
                return family.layer(
                    index, mixer: .attention(attention),
                    feedForward: .mlp(family.gated(family.prefix(index) + "mlp.")))
            })
    }

    /// What holds where config.json has no rotary parameters.
    private static let rotation: JSONValue = [
        "rope_type": "yarn", "rope_theta": 1_000_000.0, "factor": 16.0,
        "original_max_position_embeddings": 16_384, "beta_fast": 32.0, "beta_slow": 1.0,
        "mscale": 1.0, "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.1,
    ]
}

extension ModelConfig {
    fileprivate func withRotation(_ parameters: JSONValue) throws -> ModelConfig {
        guard try rotarySection() == nil else { return self }
        var config = self
        config.set("rope_parameters", to: parameters)
        return config
    }

    fileprivate func temperature(contextLength: Int) throws -> QueryTemperature {
        guard let scope = try rotarySection() else {
            throw ConfigError.missing(file: file, key: "rope_parameters", expected: "an object")
        }
        // As in the rotation: what stands outside the section counts more than inside.
        let length = try count(
            "original_max_position_embeddings",
            default: scope.count("original_max_position_embeddings", default: contextLength))
        return QueryTemperature(
            beta: Float(try scope.number("llama_4_scaling_beta")), length: length)
    }
}
