// The numbers of a model as its loader reads them. Names: `gguf`, constants.py (Keys).

import Foundation
import Model

/// What the metadata says of rotary positions, and the tensors that say the rest.
struct RotaryMetadata {
    var values: [(name: String, value: MetadataValue)] = []
    var tensors: [PlannedTensor] = []

    /// - Throws: `ExportRefusal` for a scaling that the loader does not know.
    init(_ rotary: RotaryBlueprint, loader: Loader, context: Int) throws(ExportRefusal) {
        values = [
            ("rope.dimension_count", .count(UInt32(rotary.width))),
            ("rope.freq_base", .real(Float(rotary.base))),
        ]
        func refuse(_ reason: String) -> ExportRefusal {
            ExportRefusal(
                subject: "a model with this scaling of rotary positions", reason: reason,
                cure: ExportRefusal.leaveOut)
        }
        func scaled(_ name: String, _ factor: Double) {
            values.append(("rope.scaling.type", .text(name)))
            values.append(("rope.scaling.factor", .real(Float(factor))))
        }
        switch rotary.scaling {
        case .none: break
        case .linear(let factor): scaled("linear", factor)
        case .dynamic: throw refuse("llama.cpp has no dynamic scaling")
        case .llama3:
            guard loader.takesFactors else { throw refuse("this family's loader has no `llama3`") }
            var plain = rotary
            plain.scaling = .none
            let factors = zip(
                plain.inverseFrequencies(length: context),
                rotary.inverseFrequencies(length: context)
            ).map { Float($0 / $1) }
            tensors = [PlannedTensor("rope_freqs.weight", factors)]
        case .yarn(let factor, let original, let fast, let slow, let attention, let truncates):
            guard fast == 32, slow == 1, truncates else {
                throw refuse("llama.cpp's `yarn` has beta_fast 32, beta_slow 1 and whole bounds")
            }
            scaled("yarn", factor)
            values.append(("rope.scaling.original_context_length", .count(UInt32(original))))
            // What llama.cpp takes by itself.
            let own = factor > 1 ? 1 + 0.1 * log(factor) : 1
            if abs(attention / own - 1) > 1e-6 {
                values.append(("rope.scaling.attn_factor", .real(Float(attention / own))))
            }
        case .longrope(let short, let long, let original, let attention):
            guard loader.takesLongFactors else {
                throw refuse("this family's loader has no `longrope`")
            }
            if loader.pairsRows { values.append(("rope.scaling.type", .text("longrope"))) }
            values.append(("rope.scaling.original_context_length", .count(UInt32(original))))
            values.append(("rope.scaling.attn_factor", .real(Float(attention))))
            tensors = [
                PlannedTensor("rope_factors_long.weight", long.map(Float.init)),
                PlannedTensor("rope_factors_short.weight", short.map(Float.init)),
            ]
        }
    }
}

extension Loader {
    /// Names without the loader's.
    func metadata(
        _ blueprint: ModelBlueprint
    ) throws(ExportRefusal) -> [(name: String, value: MetadataValue)] {
        guard let attention = blueprint.attentions.first, let layer = blueprint.layers.first,
            let gated = layer.perceptrons.first
        else { return [] }
        func count(_ value: Int) -> MetadataValue { .count(UInt32(value)) }
        var values: [(name: String, value: MetadataValue)] = [
            ("vocab_size", count(blueprint.vocabularySize)),
            ("context_length", count(blueprint.contextLength)),
            ("embedding_length", count(blueprint.hiddenWidth)),
            ("block_count", count(blueprint.layers.count)),
            ("feed_forward_length", count(gated.neuronCount)),
            ("attention.head_count", count(attention.heads)),
            ("attention.head_count_kv", count(attention.keyValueHeads)),
            ("attention.key_length", count(attention.headWidth)),
            ("attention.value_length", count(attention.headWidth)),
            ("attention.layer_norm_rms_epsilon", .real(blueprint.finalNorm.epsilon)),
        ]
        if let experts = blueprint.experts {
            values.append(("expert_count", count(experts.experts.count)))
            values.append(("expert_used_count", count(experts.expertsPerToken)))
        }
        if let cap = attention.softCap { values.append(("attn_logit_softcapping", .real(cap))) }
        if let cap = blueprint.finalSoftCap {
            values.append(("final_logit_softcapping", .real(cap)))
        }
        if takesWindows {
            // Where none is left the loader would put its own into every other layer.
            let window =
                blueprint.attentions.compactMap(\.window).first
                ?? blueprint.contextLength
            values.append(("attention.sliding_window", count(window)))
            values.append(
                (
                    "attention.sliding_window_pattern",
                    .flags(blueprint.attentions.map { $0.window != nil })
                ))
        }
        return values
    }
}
