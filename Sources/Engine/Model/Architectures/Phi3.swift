// Phi-3. Reference: transformers modeling_phi3.py.
//
// | tensor | rows |
// | --- | --- |
// | self_attn.qkv_proj | queries, then keys, then values |
// | mlp.gate_up_proj | gates, then ups |
//
// `sliding_window` holds for every layer (none where absent or null); `partial_rotary_factor`.

import Checkpoint

/// Phi-3 after modeling_phi3.py: qkv_proj [(heads + 2 keyValueHeads) * headWidth, hidden] and
/// gate_up_proj [2 * inner, hidden] are read row range by row range.
struct Phi3: Architecture {
    let modelType = "phi3"
    let className = "Phi3ForCausalLM"
    let reference = "transformers/models/phi3/modeling_phi3.py"
    let summary = "Llama with fused qkv and gate_up tensors"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(
                epsilon: 1e-5, contextLength: 4096, originalLength: 4096, rotatesPart: true,
                readOtherwise: [.rotation]))
        let window =
            !config.has("sliding_window") || config.isNull("sliding_window")
            ? nil : try config.count("sliding_window")
        let queries = family.heads * family.headWidth
        let keys = family.keyValueHeads * family.headWidth
        return try family.model(
            (0..<family.layerCount).map { index in
                let prefix = family.prefix(index)
                let fused = family.projection(
                    prefix + "self_attn.qkv_proj", outputs: queries + 2 * keys,
                    inputs: family.hidden)
                var attention = family.attention(index, window: window)
                attention.query = fused.slice(0..<queries)
                attention.key = fused.slice(queries..<queries + keys)
                attention.value = fused.slice(queries + keys..<queries + 2 * keys)
                let both = family.projection(
                    prefix + "mlp.gate_up_proj", outputs: 2 * family.inner, inputs: family.hidden)
                var gated = family.gated(prefix + "mlp.")
                gated.gate = both.slice(0..<family.inner)
                gated.up = both.slice(family.inner..<2 * family.inner)
                return family.layer(
                    index, mixer: .attention(attention), feedForward: .mlp(gated))
            })
    }
}
