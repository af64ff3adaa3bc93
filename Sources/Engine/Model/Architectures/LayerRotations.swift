// Layers that slide and layers that see everything, each kind with a rotation of its own (Gemma 3,
// OLMo 3). References: their configuration files in transformers.
//
// | config key | of which layers |
// | --- | --- |
// | rope_parameters.full_attention, .sliding_attention | those (transformers 5) |
// | rope_scaling, rope_theta | full_attention, beside or over the above (transformers 4) |
// | rope_local_base_freq (Gemma 3) | sliding_attention |

import Checkpoint
import JSON

/// A kind of layer, as `layer_types` names it.
enum LayerType: String {
    case full = "full_attention"
    case sliding = "sliding_attention"
}

extension ModelConfig {
    /// The config of a model all of whose layers rotate as those of one kind do in this.
    ///
    /// - Parameter baseKey: where the base stands outside the section; nil: nowhere.
    func rotating(as type: LayerType, baseKey: String?) throws -> ModelConfig {
        let sections = try section("rope_parameters")
        try sections?.refuseUnsorted()
        var parameters =
            try sections?.section(type.rawValue)?.object
            ?? JSONObject([("rope_type", JSONValue.string("default"))])
        if type == .full, let scaling = try section("rope_scaling") {
            for (key, value) in scaling.object { parameters[key] = value }
        }
        var result = self
        result.set("rope_scaling", to: nil)
        result.set("rope_parameters", to: .object(parameters))
        result.set("rope_theta", to: baseKey.flatMap { value($0) })
        return result
    }

    /// Refuses parameters beside the sections: of which layers they are is not said.
    private func refuseUnsorted() throws {
        for (key, value) in object where LayerType(rawValue: key) == nil {
            throw ModelError.unsupported(
                key: (path + [key]).joined(separator: "."), found: value.shown,
                advice: "the sections full_attention and sliding_attention are expected")
        }
    }

    /// Makes `sliding_window_pattern` true, where it is: with p, layer i sees everything iff
    /// (i + 1) % p == 0. Removed where no p is true, for `layer_types` says it all.
    mutating func setWindowPattern(_ sliding: [Bool]) {
        func isTrue(_ period: Int) -> Bool {
            sliding.indices.allSatisfy { sliding[$0] == (($0 + 1) % period != 0) }
        }
        for key in ["sliding_window_pattern", "_sliding_window_pattern"] {
            guard let old = value(key)?.integer, old > 0 else { continue }
            let period = isTrue(old) ? old : (1...sliding.count + 1).first(where: isTrue)
            set(key, to: period.map { JSONValue.integer($0) })
        }
    }
}

extension RotaryBlueprint {
    /// The rotation of one kind of layers.
    init(
        _ config: ModelConfig, of type: LayerType, baseKey: String?, base: Double,
        in family: LlamaFamily
    ) throws {
        try self.init(
            config.rotating(as: type, baseKey: baseKey), headWidth: family.headWidth,
            FamilyDefaults(ropeBase: base), contextLength: family.contextLength)
        try validate(headWidth: family.headWidth)
    }
}
