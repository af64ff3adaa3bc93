// SmolLM3. Reference: transformers modeling_smollm3.py.
//
// | config key | meaning |
// | --- | --- |
// | num_key_value_heads (4), rope_theta (2,000,000), tie_word_embeddings (true) | defaults |
// | no_rope_layers | for each layer: 0 where it does not rotate (the name says the opposite) |
// | no_rope_layer_interval (4) | without that list every 4th layer does not rotate |
// | use_sliding_window (false), sliding_window | windows of the layers that layer_types names; |
// | | without layer_types of those that do not rotate |
// | attention_bias, mlp_bias (false) | biases on q, k, v and o; on gate, up and down |

import Checkpoint
import JSON

/// SmolLM3 after modeling_smollm3.py.
struct Smollm3: Architecture {
    let modelType = "smollm3"
    let className = "SmolLM3ForCausalLM"
    let reference = "transformers/models/smollm3/modeling_smollm3.py"
    let summary = "Llama in which every 4th layer has no rotary positions"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                keyValueHeads: 4, ropeBase: 2_000_000, tied: true, contextLength: 32_768))
        let rotates = try rotatingLayers(config, of: family.layerCount)
        let windows = try self.windows(family, rotates)
        let attentionBias = try config.flag("attention_bias", default: false)
        let mlpBias = try config.flag("mlp_bias", default: false)
        return try family.model(
            (0..<family.layerCount).map { index in
                family.layer(
                    index,
                    mixer: .attention(
                        family.attention(
                            index, bias: attentionBias, outputBias: attentionBias,
                            window: windows[index], rotates: rotates[index])),
                    feedForward: .mlp(family.gated(family.prefix(index) + "mlp.", bias: mlpBias)))
            })
    }

    private func rotatingLayers(_ config: ModelConfig, of count: Int) throws -> [Bool] {
        guard let list = try config.integers("no_rope_layers") else {
            let interval = try config.count("no_rope_layer_interval", default: 4)
            return (0..<count).map { ($0 + 1) % interval != 0 }
        }
        guard list.count >= count else {
            throw ModelError.unsupported(
                key: "no_rope_layers", found: "\(list.count) entries",
                advice: "one for each of the \(count) layers is expected")
        }
        return list.prefix(count).map { $0 != 0 }
    }

    private func windows(_ family: LlamaFamily, _ rotates: [Bool]) throws -> [Int?] {
        let types = try family.slidingLayers()
        // Programs differ in what they make of layer_types while windows are not in use.
        guard try family.config.flag("use_sliding_window", default: false),
            family.config.value("sliding_window") != nil
        else { return try family.windows(nil, of: types) }
        return try family.windows(
            family.config.count("sliding_window"), of: types ?? rotates.map { !$0 })
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        try config.keepWindowStart(kept)
        // Always explicit: transformers would count anew which layers rotate, silently wrong.
        config.set(
            "no_rope_layers",
            to: .array(kept.map { .integer(blueprint.layers[$0].rotates ? 1 : 0) }))
    }

    // llama.cpp: src/models/smollm3.cpp (n_no_rope_layer_step); its converter writes no list.
    private static let rotation = RotationByNumber(programs: "llama.cpp", period: 4)

    var loaderPeriod: LoaderPeriod? { LoaderPeriod(layers: 4, isDefault: false) }

    func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String] {
        let before = blueprint.layers.map { $0.rotates }
        return [Self.rotation.caveat(before: before, found: kept.map { before[$0] })]
            .compactMap { $0 }
    }
}

extension LayerBlueprint {
    /// Whether the layer's attention has rotary positions.
    fileprivate var rotates: Bool {
        if case .attention(let attention) = mixer { attention.rotary != nil } else { false }
    }
}

/// Programs that leave the last layer of every period without rotary positions, whatever
/// config.json says.
struct RotationByNumber {
    /// For people.
    let programs: String
    let period: Int

    /// What is wrong with layers that rotate as `found`; nil where nothing is, or where the
    /// original (`before`) was no different.
    func caveat(before: [Bool], found: [Bool]) -> String? {
        guard agrees(before), !agrees(found) else { return nil }
        let wrong = found.indices.filter { found[$0] != rotates($0) }.map(String.init)
        return "\(programs) takes from a layer's number, and not from config.json, whether the "
            + "layer has rotary positions (all but every \(period)th): it is wrong with this "
            + "model, however short the text (layers \(wrong.joined(separator: ", "))); "
            + "transformers and vLLM are not. Removing \(period) layers in a row keeps the order"
    }

    private func rotates(_ index: Int) -> Bool { (index + 1) % period != 0 }

    private func agrees(_ layers: [Bool]) -> Bool {
        layers.indices.allSatisfy { layers[$0] == rotates($0) }
    }
}
