// Rotary parameters from config.json: `rope_scaling` (transformers 4), where it says anything,
// before `rope_parameters` (transformers 5); `rope_theta` inside it, else beside it. `type` is an
// old name of `rope_type`. Reference: transformers' RotaryEmbeddingConfigMixin.

import Checkpoint
import Foundation
import JSON

extension RotaryBlueprint {
    init(
        _ config: ModelConfig, headWidth: Int, _ defaults: FamilyDefaults, contextLength: Int
    ) throws {
        try self.init(
            config, ["rope_scaling", "rope_parameters"], headWidth: headWidth, defaults,
            contextLength: contextLength)
    }

    /// - Parameter sections: the first that says anything holds.
    private init(
        _ config: ModelConfig, _ sections: [String], headWidth: Int, _ defaults: FamilyDefaults,
        contextLength: Int
    ) throws {
        let filled = try sections.compactMap { try config.section($0) }
            .filter { !$0.object.isEmpty }
        let scope = filled.first
        if let scope { try scope.refuseNested() }
        let theta =
            try scope?.optionalNumber("rope_theta", default: nil)
            ?? config.number("rope_theta", default: defaults.ropeBase)
        let partial =
            try scope?.optionalNumber("partial_rotary_factor", default: nil)
            ?? config.number("partial_rotary_factor", default: defaults.partialRotary)
        let scaling = try RotaryScaling(
            scope, config, contextLength: contextLength, originalLength: defaults.originalLength)
        let isWhole = scaling == .none && !defaults.rotatesPart
        guard isWhole || (0...1).contains(partial) else {
            throw ModelError.unsupported(
                key: "partial_rotary_factor", found: "\(partial)",
                advice: "a share of a head from 0 to 1 is expected")
        }
        self.init(
            width: isWhole ? headWidth : Int(Double(headWidth) * partial), base: theta,
            scaling: scaling)
        pairing = defaults.pairing
    }

    /// Whether builds that took `rope_parameters` first, and a part of the head everywhere, read
    /// something else.
    func isContested(
        _ config: ModelConfig, headWidth: Int, base: Double, contextLength: Int
    ) -> Bool {
        let before = try? RotaryBlueprint(
            config, ["rope_parameters", "rope_scaling"], headWidth: headWidth,
            FamilyDefaults(ropeBase: base, rotatesPart: true, pairing: pairing),
            contextLength: contextLength)
        return before != nil && before != self
    }

    /// Refuses what cannot rotate: an odd number of features, a wrong number of factors.
    func validate(headWidth: Int) throws(ModelError) {
        guard width > 0, width % 2 == 0, width <= headWidth else {
            throw ModelError.unsupported(
                key: "partial_rotary_factor", found: "\(width) of \(headWidth) features of a head",
                advice: "the rotated part of a head is an even number of features")
        }
        if case .longrope(let short, let long, _, _) = scaling,
            short.count != width / 2 || long.count != width / 2
        {
            throw ModelError.unsupported(
                key: "short_factor, long_factor", found: "\(short.count) and \(long.count) long",
                advice: "one factor for each of the \(width / 2) frequencies is expected")
        }
    }
}

extension RotaryScaling {
    /// - Parameter originalLength: the family's own, before what the section says.
    init(
        _ scope: ModelConfig?, _ config: ModelConfig, contextLength: Int, originalLength: Int?
    ) throws {
        guard let scope else {
            self = .none
            return
        }
        let name = try scope.string(
            "rope_type", default: try scope.string("type", default: "default"))
        func factor() throws -> Double { try scope.number("factor") }
        // As transformers: what stands outside the section (Phi-3) counts more than inside.
        let key = "original_max_position_embeddings"
        let length = try config.number(
            key,
            default: try originalLength.map(Double.init)
                ?? scope.number(key, default: Double(contextLength)))
        func original() throws(ConfigError) -> Double {
            guard (1...Double(countMax)).contains(length) else {
                throw (config.value(key) == nil ? scope : config).unsupported(
                    key, expected: "a number from 1 to \(countMax)")
            }
            return length
        }
        switch name {
        case "default": self = .none
        case "linear": self = .linear(factor: try factor())
        case "dynamic": self = .dynamic(factor: try factor(), contextLength: contextLength)
        case "llama3":
            self = .llama3(
                factor: try factor(), low: try scope.number("low_freq_factor"),
                high: try scope.number("high_freq_factor"), originalLength: try original())
        case "yarn" where !scope.has("short_factor"):
            let stretch =
                try scope.isNull("factor") ? Double(contextLength) / original() : factor()
            self = .yarn(
                factor: stretch, originalLength: try original(),
                betaFast: try scope.optionalNumber("beta_fast", default: nil) ?? 32,
                betaSlow: try scope.optionalNumber("beta_slow", default: nil) ?? 1,
                attentionFactor: try Self.yarnAttention(scope, stretch),
                truncate: try scope.flag("truncate", default: true))
        case "longrope", "su", "yarn":
            let original = try original()
            let stretch =
                try scope.optionalNumber("factor", default: nil)
                ?? Double(contextLength) / original
            let attention =
                try scope.optionalNumber("attention_factor", default: nil)
                ?? (stretch <= 1 ? 1 : (1 + log(stretch) / log(original)).squareRoot())
            self = .longrope(
                short: try scope.numbers("short_factor"), long: try scope.numbers("long_factor"),
                originalLength: Int(original), attentionFactor: attention)
        default:
            throw ModelError.unsupported(
                key: "rope_type", found: quoted(name),
                advice: "known are default, linear, dynamic, llama3, yarn and longrope")
        }
    }

    private static func yarnAttention(_ scope: ModelConfig, _ factor: Double) throws -> Double {
        if let given = try scope.optionalNumber("attention_factor", default: nil) { return given }
        let one = try scope.optionalNumber("mscale", default: nil)
        let all = try scope.optionalNumber("mscale_all_dim", default: nil)
        if let one, let all, one != 0, all != 0 {
            return stretch(one, factor) / stretch(all, factor)
        }
        return stretch(1, factor)
    }

    /// What YaRN makes of a factor.
    static func stretch(_ weight: Double, _ factor: Double) -> Double {
        factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1
    }
}

extension ModelConfig {
    /// The rotary parameters in force, in either of their places; nil where there are none.
    func rotarySection() throws -> ModelConfig? {
        try ["rope_scaling", "rope_parameters"].compactMap { try section($0) }
            .first { !$0.object.isEmpty }
    }

    /// Each kind of layer with a rotation of its own: read as one, all but the name would be lost.
    fileprivate func refuseNested() throws(ModelError) {
        for (key, value) in self.object {
            guard case JSONValue.object = value else { continue }
            throw ModelError.unsupported(
                key: (path + [key]).joined(separator: "."), found: "a section of its own",
                advice: "one rotation for all layers is expected")
        }
    }
}
