// How the tensors of a GGUF file are called in a checkpoint, and what is undone to them. Names:
// `gguf`, constants.py (TENSOR_NAMES); what the converter does: llama.cpp, conversion/*.py
// (modify_tensors).

/// A family of models that is read from GGUF.
struct GGUFFamily: Sendable {
    /// Value of `general.architecture`.
    let architecture: String
    let modelType: String
    let className: String
    /// Whether rows of q and k lie pair by pair, as Llama's loader rotates them.
    var pairsRows = false
    /// Added to the gains of norms: Gemma's are stored with their 1.
    var normOffset: Float = 0
    /// Whether heads may be wider or narrower than hidden / heads.
    var hasHeadWidth = true
    var isGemma = false
    var experts: Experts?

    /// Names of a layer's experts in a checkpoint, `#` for the number.
    struct Experts: Sendable {
        let router: String
        let gate: String
        let up: String
        let down: String
    }

    private static let mixtral = Experts(
        router: "block_sparse_moe.gate", gate: "block_sparse_moe.experts.#.w1",
        up: "block_sparse_moe.experts.#.w3", down: "block_sparse_moe.experts.#.w2")
    private static let qwenMoe = Experts(
        router: "mlp.gate", gate: "mlp.experts.#.gate_proj", up: "mlp.experts.#.up_proj",
        down: "mlp.experts.#.down_proj")

    static let all = [
        GGUFFamily(
            architecture: "llama", modelType: "llama", className: "LlamaForCausalLM",
            pairsRows: true),
        GGUFFamily(
            architecture: "qwen2", modelType: "qwen2", className: "Qwen2ForCausalLM",
            hasHeadWidth: false),
        GGUFFamily(architecture: "qwen3", modelType: "qwen3", className: "Qwen3ForCausalLM"),
        GGUFFamily(
            architecture: "qwen3moe", modelType: "qwen3_moe", className: "Qwen3MoeForCausalLM",
            experts: qwenMoe),
        GGUFFamily(
            architecture: "gemma2", modelType: "gemma2", className: "Gemma2ForCausalLM",
            normOffset: -1, isGemma: true),
        GGUFFamily(
            architecture: "gemma3", modelType: "gemma3_text", className: "Gemma3ForCausalLM",
            normOffset: -1, isGemma: true),
    ]

    /// Llama's loader with experts.
    static let mixture = GGUFFamily(
        architecture: "llama", modelType: "mixtral", className: "MixtralForCausalLM",
        pairsRows: true, experts: mixtral)

    // MARK: Names

    private static let outside = [
        "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
    ]

    private static let inLayers = [
        "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm",
        "attn_k_norm": "self_attn.k_norm", "ffn_norm": "post_attention_layernorm",
        "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    ]

    private static let ofGemma = [
        "post_attention_norm": "post_attention_layernorm",
        "ffn_norm": "pre_feedforward_layernorm", "post_ffw_norm": "post_feedforward_layernorm",
    ]

    /// What a tensor is in a checkpoint.
    enum Meaning: Equatable {
        case tensor(String)
        /// All experts of a layer, behind one another.
        case experts(prefix: String, name: String)
        /// Says how positions rotate, and is no tensor of a checkpoint.
        case rotation
    }

    /// nil for a tensor that the family does not have.
    func meaning(of name: String) -> Meaning? {
        if name == "rope_freqs.weight" { return pairsRows ? .rotation : nil }
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let (stem, ending) = (String(name[..<dot]), String(name[dot...]))
        guard ending == ".weight" || ending == ".bias" else { return nil }
        if let found = Self.outside[stem] { return .tensor(found + ending) }
        let parts = stem.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "blk", let layer = Int(parts[1]), layer >= 0 else {
            return nil
        }
        let prefix = "model.layers.\(layer)."
        let local = String(parts[2])
        if let experts {
            switch local {
            case "ffn_gate_inp": return .tensor(prefix + experts.router + ending)
            case "ffn_gate_exps": return .experts(prefix: prefix, name: experts.gate + ending)
            case "ffn_up_exps": return .experts(prefix: prefix, name: experts.up + ending)
            case "ffn_down_exps": return .experts(prefix: prefix, name: experts.down + ending)
            default: break
            }
        }
        let found = (isGemma ? Self.ofGemma[local] : nil) ?? Self.inLayers[local]
        return found.map { .tensor(prefix + $0 + ending) }
    }

    func isNorm(_ name: String) -> Bool { name.hasSuffix("norm.weight") }
}
