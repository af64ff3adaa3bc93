// Models of three layers with a gated DeltaNet to one with gated attention: what Qwen3-Next and
// Qwen3.5 share.
//
// | config key | meaning |
// | --- | --- |
// | layer_types, else full_attention_interval (4) | i attends iff (i + 1) % interval == 0 |
// | linear_num_key_heads (16), linear_num_value_heads (32) | heads in a row share a key head |
// | linear_key_head_dim (128), linear_value_head_dim (128) | their widths |
// | linear_conv_kernel_dim (4) | tokens that the filter sees |
// | head_dim (256), partial_rotary_factor (0.25) | attention |
// | attention_bias (false) | biases on q, k, v and o |
//
// | tensor | shape |
// | --- | --- |
// | linear_attn.conv1d | [queries, keys and values; 1, width] |
// | linear_attn.{dt_bias, A_log} | [value heads] |
// | linear_attn.norm | [value width], with its gains as they are; all others hold gain - 1 |
// | self_attn.q_proj | [heads * (head_dim of the query, head_dim of its gate), hidden] |

import Checkpoint
import JSON
import TensorMath

/// The numbers of a gated DeltaNet.
struct DeltaNetConfig {
    let keyHeads: Int
    let valueHeads: Int
    let keyWidth: Int
    let valueWidth: Int
    let filterWidth: Int

    init(_ config: ModelConfig) throws {
        keyHeads = try config.count("linear_num_key_heads", default: 16)
        valueHeads = try config.count("linear_num_value_heads", default: 32)
        keyWidth = try config.count("linear_key_head_dim", default: 128)
        valueWidth = try config.count("linear_value_head_dim", default: 128)
        filterWidth = try config.count("linear_conv_kernel_dim", default: 4)
        guard valueHeads % keyHeads == 0 else {
            throw ModelError.unsupported(
                key: "linear_num_value_heads", found: "\(valueHeads) for \(keyHeads) key heads",
                advice: "value heads must share key heads evenly")
        }
        guard valueWidth <= DeltaRule.valueWidthMax else {
            throw ModelError.unsupported(
                key: "linear_value_head_dim", found: "\(valueWidth)",
                advice: "at most \(DeltaRule.valueWidthMax) are computed")
        }
        try config.requireSilu("hidden_act")
    }

    /// What reads the stream.
    struct Readers {
        var mixed: [ProjectionBlueprint]
        var gate: ProjectionBlueprint
        var strength: ProjectionBlueprint
        var decay: ProjectionBlueprint
    }

    /// A tensor for all that is convolved, and one for each other part (Qwen3.5).
    func separate(_ family: LlamaFamily, _ name: String) -> Readers {
        func rows(_ part: String, _ count: Int) -> ProjectionBlueprint {
            family.projection(name + part, outputs: count, inputs: family.hidden)
        }
        let (keys, values) = (keyHeads * keyWidth, valueHeads * valueWidth)
        return Readers(
            mixed: [rows("in_proj_qkv", 2 * keys + values)], gate: rows("in_proj_z", values),
            strength: rows("in_proj_b", valueHeads), decay: rows("in_proj_a", valueHeads))
    }

    /// Two tensors that hold, for each key head in turn, the rows of its query, its key, its values
    /// and their gates; of its strengths and its decays (Qwen3-Next).
    func fused(_ family: LlamaFamily, _ name: String) -> Readers {
        let share = valueHeads / keyHeads
        let values = share * valueWidth
        func rows(_ part: String, start: Int, size: Int, step: Int) -> ProjectionBlueprint {
            var result = family.projection(
                name + part, outputs: keyHeads * size, inputs: family.hidden)
            result.totalRows = keyHeads * step
            result.form = .blocks(start: start, size: size, step: step)
            return result
        }
        func mixed(_ start: Int, _ size: Int) -> ProjectionBlueprint {
            rows("in_proj_qkvz", start: start, size: size, step: 2 * (keyWidth + values))
        }
        func rates(_ start: Int) -> ProjectionBlueprint {
            rows("in_proj_ba", start: start, size: share, step: 2 * share)
        }
        return Readers(
            mixed: [
                mixed(0, keyWidth), mixed(keyWidth, keyWidth), mixed(2 * keyWidth, values),
            ], gate: mixed(2 * keyWidth + values, values), strength: rates(0),
            decay: rates(share))
    }

    func mixer(_ family: LlamaFamily, _ name: String, _ readers: Readers) -> DeltaNetBlueprint {
        let inner = valueHeads * valueWidth
        return DeltaNetBlueprint(
            keyHeads: keyHeads, valueHeads: valueHeads, keyWidth: keyWidth, valueWidth: valueWidth,
            mixed: readers.mixed, gate: readers.gate, strength: readers.strength,
            decay: readers.decay,
            convolution: family.convolution(
                name + "conv1d", channels: 2 * keyHeads * keyWidth + inner, width: filterWidth,
                bias: false),
            decayBias: name + "dt_bias", decayLog: name + "A_log",
            norm: family.norm(name + "norm", width: valueWidth),
            output: family.projection(name + "out_proj", outputs: family.hidden, inputs: inner))
    }
}

extension LlamaFamily {
    /// The layers of such a model.
    ///
    /// - Parameter readers: of a layer's DeltaNet, by its name.
    func deltaNetModel(
        _ net: DeltaNetConfig, readers: (String) -> DeltaNetConfig.Readers,
        feedForward: (Int) -> FeedForwardBlueprint
    ) throws -> ModelBlueprint {
        let mixers = try self.deltaNetMixers()
        let bias = try config.flag("attention_bias", default: false)
        guard try config.flag("attn_output_gate", default: true) else {
            throw ModelError.unsupported(
                key: "attn_output_gate", found: "false",
                advice: "attention of this family has a gate behind its heads")
        }
        var result = try model(
            (0..<layerCount).map { index in
                let prefix = self.prefix(index)
                let name = prefix + "linear_attn."
                var layer = self.layer(
                    index,
                    mixer: mixers[index] == .attention
                        ? .attention(gatedAttention(index, bias: bias))
                        : .deltaNet(net.mixer(self, name, readers(name))),
                    feedForward: feedForward(index))
                layer.inputNorm?.gainOffset = 1
                layer.feedForwardNorm?.gainOffset = 1
                return layer
            })
        result.finalNorm.gainOffset = 1
        result.leftOut = ["mtp."]
        return result
    }

    private func deltaNetMixers() throws -> [LayerMixer] {
        let given = try config.mixers(
            "layer_types", count: layerCount, known: [.attention, .recurrent])
        let interval = try config.count("full_attention_interval", default: 4)
        return given
            ?? (0..<layerCount).map { ($0 + 1) % interval == 0 ? .attention : .recurrent }
    }

    private func gatedAttention(_ index: Int, bias: Bool) -> AttentionBlueprint {
        let name = prefix(index) + "self_attn."
        var attention = self.attention(index, bias: bias, outputBias: bias)
        attention.query.totalRows = 2 * heads * headWidth
        attention.query.form = .blocks(start: 0, size: headWidth, step: 2 * headWidth)
        var gate = attention.query
        gate.form = .blocks(start: headWidth, size: headWidth, step: 2 * headWidth)
        attention.outputGate = gate
        attention.queryNorm = norm(name + "q_norm", width: headWidth, offset: 1)
        attention.keyNorm = norm(name + "k_norm", width: headWidth, offset: 1)
        return attention
    }
}

extension ModelConfig {
    /// `layer_types` is written out, and an interval stays where one is true.
    mutating func keepDeltaNetLayers(_ kept: [Int], blueprint: ModelBlueprint) throws {
        try keepLayers(kept, of: blueprint.layers.count)
        let attends = kept.map { blueprint.layers[$0].attends }
        let mixers = attends.map { $0 ? LayerMixer.attention : .recurrent }
        set("layer_types", to: mixers.map(\.rawValue))
        if let old = value("full_attention_interval")?.integer, old > 0 {
            func isTrue(_ interval: Int) -> Bool {
                attends.indices.allSatisfy { attends[$0] == (($0 + 1) % interval == 0) }
            }
            let found = isTrue(old) ? old : (1...attends.count + 1).first(where: isTrue)
            set("full_attention_interval", to: found.map { JSONValue.integer($0) })
        }
    }
}
