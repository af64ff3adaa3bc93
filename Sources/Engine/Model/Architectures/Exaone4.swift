// EXAONE 4. Reference: transformers modeling_exaone4.py.
//
// | config key | meaning |
// | --- | --- |
// | layer_types, else sliding_window_pattern (4) | every 4th layer sees everything, others slide |
// | sliding_window (4096) | their window; null: all layers see everything |
//
// Norms as OLMo 2 has them, but self_attn.{q,k}_norm act on each head. With a window, layers that
// see everything have no rotation; without one, all layers have it.

import Checkpoint
import JSON

/// EXAONE 4 after modeling_exaone4.py.
struct Exaone4: Architecture {
    let modelType = "exaone4"
    let className = "Exaone4ForCausalLM"
    let reference = "transformers/models/exaone4/modeling_exaone4.py"
    let summary = "norms after each branch, full layers without positions beside windows"

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let family = try LlamaFamily(
            config, root: root,
            FamilyDefaults(keyValueHeads: 32, epsilon: 1e-5, contextLength: 2048))
        let window =
            config.isNull("sliding_window")
            ? nil : try config.count("sliding_window", default: 4096)
        let sliding =
            try family.slidingLayers() ?? pattern(config, window, layers: family.layerCount)
        let windows = try family.windows(window, of: sliding)
        return try family.model(
            (0..<family.layerCount).map { index in
                let name = family.prefix(index) + "self_attn."
                var attention = family.attention(
                    index, window: windows[index], rotates: window == nil || sliding[index])
                attention.queryNorm = family.norm(name + "q_norm", width: family.headWidth)
                attention.keyNorm = family.norm(name + "k_norm", width: family.headWidth)
                return family.postNormLayer(
                    index, .attention(attention),
                    .mlp(family.gated(family.prefix(index) + "mlp.")))
            })
    }

    /// Which layers slide where `layer_types` is silent.
    private func pattern(
        _ config: ModelConfig, _ window: Int?, layers: Int
    ) throws -> [Bool] {
        guard window != nil else { return [Bool](repeating: false, count: layers) }
        let key = "sliding_window_pattern"
        if let letters = config.value(key)?.string {
            throw ModelError.unsupported(
                key: key, found: quoted(letters),
                advice: "letters are read only with `layer_types` beside them: add it")
        }
        let period = try config.count(key, default: 4)
        return (0..<layers).map { ($0 + 1) % period != 0 }
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
        // Always explicit: transformers would derive a fresh pattern, silently wrong.
        let sliding = kept.map { blueprint.layers[$0].slides }
        config.setLayerTypes(sliding)
        config.setWindowPattern(sliding)
        if config.value("sliding_window_pattern")?.string != nil {
            // Letters for a whole model, one each: right wherever they are repeated.
            config.set(
                "sliding_window_pattern",
                to: .string(sliding.map { $0 ? "L" : "G" }.joined()))
        }
    }

    // llama.cpp: src/llama-model.cpp, which reads windows in the 64 layers of the 32B only.
    private static let roles = RolesByCount(programs: "llama.cpp and what builds on it", count: 64)

    func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String] {
        [Self.roles.caveat(kept: kept, of: blueprint)].compactMap { $0 }
    }
}
