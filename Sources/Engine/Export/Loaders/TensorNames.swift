// Which tensors a loader wants, in the order of the forward pass. Names: `gguf`, constants.py
// (TENSOR_NAMES); rows of q and k: llama.cpp, conversion/llama.py (permute).

import Model

extension Loader {
    /// All tensors but those of rotary positions.
    func tensors(_ blueprint: ModelBlueprint) -> [PlannedTensor] {
        let (rows, columns) = (blueprint.vocabularySize, blueprint.hiddenWidth)
        func table(_ name: String, _ tensor: String) -> PlannedTensor {
            PlannedTensor(name, shape: [rows, columns], [StoredRows(tensor, 0..<rows)])
        }
        var list = [table("token_embd.weight", blueprint.embedding)]
        for (index, layer) in blueprint.layers.enumerated() {
            list += tensors(layer, "blk.\(index).", of: blueprint)
        }
        list.append(norm("output_norm.weight", blueprint.finalNorm))
        if !blueprint.isTied { list.append(table("output.weight", blueprint.outputHead)) }
        return list
    }

    private func tensors(
        _ layer: LayerBlueprint, _ prefix: String, of blueprint: ModelBlueprint
    ) -> [PlannedTensor] {
        var list: [PlannedTensor] = []
        if let before = layer.inputNorm { list.append(norm(prefix + "attn_norm.weight", before)) }
        if case .attention(let attention) = layer.mixer {
            list += tensors(attention, prefix, of: blueprint)
        }
        if let behind = layer.postMixerNorm {
            list.append(norm(prefix + "post_attention_norm.weight", behind))
        }
        if let before = layer.feedForwardNorm {
            list.append(norm(prefix + "ffn_norm.weight", before))
        }
        switch layer.feedForward {
        case .mlp(let gated): list += tensors(gated, prefix)
        case .experts(let experts): list += tensors(experts, prefix)
        case .absent: break
        }
        if let behind = layer.postFeedForwardNorm {
            list.append(norm(prefix + "post_ffw_norm.weight", behind))
        }
        return list
    }

    private func tensors(
        _ attention: AttentionBlueprint, _ prefix: String, of blueprint: ModelBlueprint
    ) -> [PlannedTensor] {
        let width = pairsRows ? attention.headWidth : nil
        // Where the loader scales otherwise than the model, q makes up for it.
        let factor = attention.scale / scale(attention, of: blueprint)
        var list: [PlannedTensor] = []
        if isFused {
            list += linear(
                prefix + "attn_qkv", [attention.query, attention.key, attention.value])
        } else {
            list += linear(
                prefix + "attn_q", [attention.query], headWidth: width, factor: factor)
            list += linear(prefix + "attn_k", [attention.key], headWidth: width)
            list += linear(prefix + "attn_v", [attention.value])
        }
        if let query = attention.queryNorm {
            list.append(norm(prefix + "attn_q_norm.weight", query))
        }
        if let key = attention.keyNorm { list.append(norm(prefix + "attn_k_norm.weight", key)) }
        return list + linear(prefix + "attn_output", [attention.output])
    }

    private func tensors(_ gated: MLPBlueprint, _ prefix: String) -> [PlannedTensor] {
        (isFused
            ? linear(prefix + "ffn_up", gated.readers)
            : (gated.gate.map { linear(prefix + "ffn_gate", [$0]) } ?? [])
                + linear(prefix + "ffn_up", [gated.up]))
            + linear(prefix + "ffn_down", [gated.down])
    }

    /// The experts of a layer lie in one tensor, [experts, outputs, inputs].
    private func tensors(_ layer: ExpertsBlueprint, _ prefix: String) -> [PlannedTensor] {
        func stack(_ name: String, _ part: (MLPBlueprint) -> ProjectionBlueprint) -> PlannedTensor {
            let parts = layer.experts.map(part)
            return PlannedTensor(
                prefix + name + ".weight",
                shape: [parts.count, parts[0].rows.count, parts[0].inputs],
                parts.map { StoredRows($0.tensor, $0.rows) })
        }
        let router = PlannedTensor(
            prefix + "ffn_gate_inp.weight", shape: [layer.router.rows.count, layer.router.inputs],
            [StoredRows(layer.router.tensor, layer.router.rows)], isWeight: false)
        return [
            router, stack("ffn_gate_exps") { $0.readers[0] }, stack("ffn_up_exps", \.up),
            stack("ffn_down_exps", \.down),
        ]
    }

    /// A weight of several projections, one under another, and its bias where they have one.
    private func linear(
        _ name: String, _ parts: [ProjectionBlueprint], headWidth: Int? = nil, factor: Float = 1
    ) -> [PlannedTensor] {
        func rows(_ tensor: (ProjectionBlueprint) -> String?) -> [StoredRows] {
            parts.compactMap { part in
                tensor(part).map {
                    StoredRows($0, part.rows, headWidth: headWidth, factor: factor)
                }
            }
        }
        let count = parts.reduce(0) { $0 + $1.rows.count }
        let weight = PlannedTensor(
            name + ".weight", shape: [count, parts[0].inputs], rows(\.tensor))
        let biases = rows(\.bias)
        guard !biases.isEmpty else { return [weight] }
        return [weight, PlannedTensor(name + ".bias", shape: [count], biases)]
    }

    private func norm(_ name: String, _ norm: NormBlueprint) -> PlannedTensor {
        PlannedTensor(
            name, shape: [norm.width], [StoredRows(norm.tensor, 0..<norm.width)],
            offset: norm.gainOffset)
    }
}
