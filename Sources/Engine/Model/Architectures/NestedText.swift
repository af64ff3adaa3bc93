// Models that see and read: the language model inside them, whose settings lie in `text_config`,
// is folded; all other towers go along as they are stored. References: transformers
// modeling_gemma3.py, modeling_mistral3.py, modeling_qwen3_vl.py, modeling_qwen3_5.py (their
// language models alone).
//
// | model_type | text_config.model_type | carried |
// | --- | --- | --- |
// | gemma3 | gemma3_text | vision_tower, multi_modal_projector |
// | mistral3 | mistral, ministral3 | vision_tower, multi_modal_projector |
// | qwen3_vl | qwen3_vl_text, of text as Qwen3 | visual |
// | qwen3_5 | qwen3_5_text | visual |
//
// Tensors are called `language_model.model.`, or `model.language_model.` as transformers 5 saves
// them; the others have the same two forms.

import Checkpoint
import JSON

/// A language model inside a larger one.
struct NestedText: Architecture {
    let modelType: String
    let className: String
    let reference: String
    let summary: String
    /// Parts of names of what is no language model.
    let towers: [String]
    /// By the `model_type` of the text; the first where it names none.
    let texts: [any Architecture]
    /// Whether the whole model is tied where its config.json does not say.
    let isTied: Bool
    /// What the class of the text assumes where its section is silent.
    var defaults: [String: JSONValue] = [:]

    var roots: [String] { ["language_model.model.", "model.language_model."] }

    func carries(_ tensor: String) -> Bool {
        towers.contains { tensor.hasPrefix($0 + ".") || tensor.hasPrefix("model." + $0 + ".") }
    }

    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint {
        let (architecture, text) = try language(config)
        var model = try architecture.blueprint(text, root: root)
        model.modelType = modelType
        // The head stands beside `model`, wherever that is.
        let before = root.hasPrefix("language_model.") ? "language_model." : ""
        if !model.isTied { model.outputHead = before + model.outputHead }
        model.tiedHead = model.tiedHead.map { before + $0 }
        return model
    }

    func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        let (architecture, _) = try language(config)
        guard var text = try config.section("text_config") else { return }
        try architecture.rewrite(&text, kept: kept, blueprint: blueprint)
        config.set(text)
    }

    func untie(_ config: inout ModelConfig) throws {
        config.set("tie_word_embeddings", to: .bool(false))
        guard var text = try config.section("text_config") else { return }
        text.set("tie_word_embeddings", to: .bool(false))
        config.set(text)
    }

    func narrow(_ config: inout ModelConfig, to width: Int) throws {
        let (architecture, _) = try language(config)
        guard var text = try config.section("text_config") else { return }
        try architecture.narrow(&text, to: width)
        config.set(text)
    }

    var loaderPeriod: LoaderPeriod? { texts[0].loaderPeriod }

    func leaveOut(_ config: inout ModelConfig) throws {
        let (architecture, _) = try language(config)
        guard var text = try config.section("text_config") else { return }
        try architecture.leaveOut(&text)
        config.set(text)
    }

    func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String] {
        texts[0].caveats(kept: kept, mlpWidth: mlpWidth, blueprint: blueprint)
    }

    func patterns(of blueprint: ModelBlueprint) -> (any LayerPatterns)? {
        texts[0].patterns(of: blueprint)
    }

    /// The settings of the text, with what its class assumes.
    private func language(
        _ config: ModelConfig
    ) throws -> (architecture: any Architecture, text: ModelConfig) {
        guard var text = try config.section("text_config") else {
            throw ModelError.unsupported(
                key: "text_config", found: "absent",
                advice:
                    "the settings of the language model inside a \(modelType) are expected there")
        }
        let named = try text.string("model_type", default: texts[0].modelType)
        guard let found = texts.first(where: { $0.modelType == named }) else {
            throw ModelError.unsupported(
                key: "text_config.model_type", found: quoted(named),
                advice: "known are " + texts.map(\.modelType).joined(separator: ", "))
        }
        text.set("model_type", to: .string(named))
        for (key, value) in defaults where !text.has(key) { text.set(key, to: value) }
        // The whole model is tied as it says itself.
        let tied = config.value("tie_word_embeddings") ?? text.value("tie_word_embeddings")
        text.set("tie_word_embeddings", to: tied ?? .bool(isTied))
        return (found, text)
    }

    static let gemma3 = NestedText(
        modelType: "gemma3", className: "Gemma3ForConditionalGeneration",
        reference: "transformers/models/gemma3/modeling_gemma3.py",
        summary: "a Gemma 3 that also sees: its language model is folded",
        towers: ["vision_tower", "multi_modal_projector"], texts: [Gemma3Text()], isTied: true,
        defaults: [
            "num_attention_heads": .integer(8), "vocab_size": .integer(262_208),
            "hidden_size": .integer(2304), "intermediate_size": .integer(9216),
            "num_hidden_layers": .integer(26),
        ])

    static let mistral3 = NestedText(
        modelType: "mistral3", className: "Mistral3ForConditionalGeneration",
        reference: "transformers/models/mistral3/modeling_mistral3.py",
        summary: "a Mistral or Ministral that also sees: its language model is folded",
        towers: ["vision_tower", "multi_modal_projector"], texts: [Mistral(), Ministral3()],
        isTied: true)

    static let qwen3VL = NestedText(
        modelType: "qwen3_vl", className: "Qwen3VLForConditionalGeneration",
        reference: "transformers/models/qwen3_vl/modeling_qwen3_vl.py",
        summary: "a Qwen3 that also sees: its language model is folded",
        towers: ["visual"], texts: [Qwen3VLText()], isTied: false)

    static let qwen35 = NestedText(
        modelType: "qwen3_5", className: "Qwen3_5ForConditionalGeneration",
        reference: "transformers/models/qwen3_5/modeling_qwen3_5.py",
        summary: "a Qwen3.5 that also sees: its language model is folded",
        towers: ["visual"], texts: [Qwen35Text()], isTied: false)
}
