// Mamba-2 mixers as families' config.json describes them.
//
// | tensor | shape |
// | --- | --- |
// | in_proj | [z: inner, x: inner, B and C: groups * states each, steps: heads; hidden] |
// | conv1d | [inner + 2 * groups * states, 1, width], and a bias |
// | dt_bias, A_log, D | [heads] |
// | norm | [inner], over the features of a group, behind y * silu(z) |
// | out_proj | [hidden, inner] |

import Checkpoint
import JSON

/// The numbers of a Mamba-2 mixer.
struct Mamba2Config {
    var heads: Int
    var headWidth: Int
    var groups: Int
    var stateWidth: Int
    var filterWidth: Int
    var bias: Bool
    var convolutionBias: Bool
    var stepLimits: ClosedRange<Float>

    /// Bamba's names: mamba_n_heads (128), mamba_d_head ("auto": all of mamba_expand (2) * hidden),
    /// mamba_n_groups (1), mamba_d_state (256), mamba_d_conv (4), mamba_proj_bias (false),
    /// mamba_conv_bias (true), time_step_limit (0 to infinity).
    init(_ config: ModelConfig, hidden: Int) throws {
        heads = try config.count("mamba_n_heads", default: 128)
        groups = try config.count("mamba_n_groups", default: 1)
        stateWidth = try config.count("mamba_d_state", default: 256)
        filterWidth = try config.count("mamba_d_conv", default: 4)
        bias = try config.flag("mamba_proj_bias", default: false)
        convolutionBias = try config.flag("mamba_conv_bias", default: true)
        stepLimits = try config.stepLimits("time_step_limit")
        let inner = try config.count("mamba_expand", default: 2) * hidden
        headWidth =
            config.isWord("mamba_d_head", "auto") || !config.has("mamba_d_head")
            ? inner / heads : try config.count("mamba_d_head")
        guard heads * headWidth == inner else {
            throw ModelError.unsupported(
                key: "mamba_d_head", found: "\(headWidth) for \(heads) heads",
                advice: "together they are `mamba_expand` times `hidden_size` wide, \(inner)")
        }
        try validate()
        try config.requireSilu("hidden_act")
    }

    init(
        heads: Int, headWidth: Int, groups: Int, stateWidth: Int, filterWidth: Int, bias: Bool,
        convolutionBias: Bool, stepLimits: ClosedRange<Float>
    ) throws {
        self.heads = heads
        self.headWidth = headWidth
        self.groups = groups
        self.stateWidth = stateWidth
        self.filterWidth = filterWidth
        self.bias = bias
        self.convolutionBias = convolutionBias
        self.stepLimits = stepLimits
        try validate()
    }

    private func validate() throws(ModelError) {
        guard heads % groups == 0 else {
            throw .unsupported(
                key: "mamba_n_groups", found: "\(groups) for \(heads) heads",
                advice: "heads must share groups evenly")
        }
    }

    /// - Parameter name: of the mixer, with its trailing dot.
    func mixer(_ family: LlamaFamily, _ name: String) -> Mamba2Blueprint {
        let inner = heads * headWidth
        let channels = inner + 2 * groups * stateWidth
        var norm = family.norm(name + "norm", width: inner)
        norm.group = inner / groups
        return Mamba2Blueprint(
            heads: heads, headWidth: headWidth, groups: groups, stateWidth: stateWidth,
            input: family.projection(
                name + "in_proj", outputs: inner + channels + heads, inputs: family.hidden,
                bias: bias),
            convolution: family.convolution(
                name + "conv1d", channels: channels, width: filterWidth, bias: convolutionBias),
            stepBias: name + "dt_bias", decayLog: name + "A_log", skip: name + "D",
            stepLimits: stepLimits, norm: norm,
            output: family.projection(
                name + "out_proj", outputs: family.hidden, inputs: inner, bias: bias))
    }
}

extension ModelConfig {
    /// Least and greatest of a list of two, from 0 to infinity where it is absent; infinity is no
    /// number of JSON, and has several spellings.
    func stepLimits(_ key: String) throws -> ClosedRange<Float> {
        guard let value = value(key) else { return 0...Float.infinity }
        guard case .array(let limits) = value, limits.count == 2,
            let least = limits[0].limit, let most = limits[1].limit, least <= most
        else {
            throw ModelError.unsupported(
                key: key, found: value.shown, advice: "the least and the greatest step are expected"
            )
        }
        return least...most
    }

    /// Refuses another activation in front of a recurrence.
    func requireSilu(_ key: String) throws {
        let found = try activation(key)
        guard found == nil || found == .silu else {
            throw ModelError.unsupported(
                key: key, found: "\(value(key)?.shown ?? "")",
                advice: "the convolutions of this family are computed with silu")
        }
    }
}

extension JSONValue {
    fileprivate var limit: Float? {
        switch self {
        case .string(let word): word.lowercased().hasPrefix("inf") ? .infinity : nil
        case .object(let object): object["__float__"]?.limit
        default: finiteDouble.map { Float($0) }
        }
    }
}
