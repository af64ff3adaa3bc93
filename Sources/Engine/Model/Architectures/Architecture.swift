// What an architecture has to say: how config.json becomes a blueprint, and how config.json
// changes when layers go. One file per architecture; the registry is the list of all.

package import Checkpoint
import JSON

/// One family of checkpoints, by its `model_type`.
package protocol Architecture: Sendable {
    /// `model_type` of config.json.
    var modelType: String { get }
    /// Class name in `architectures` of config.json.
    var className: String { get }
    /// The implementation that ours is compared with.
    var reference: String { get }
    /// What sets it apart, in a line.
    var summary: String { get }

    /// What names of tensors may begin with; the first is what checkpoints of whole models have.
    var roots: [String] { get }

    /// Whether a stored tensor belongs to another part of the model, which goes along as it is.
    func carries(_ tensor: String) -> Bool

    /// - Parameter root: what the names of all tensors but the head begin with: `model.`, or
    ///   nothing where the base model was saved by itself.
    func blueprint(_ config: ModelConfig, root: String) throws -> ModelBlueprint

    /// Ends of the names of stored buffers that nothing needs: the loader makes them anew.
    var oldBuffers: [String] { get }

    /// Makes config.json say that the model has nothing of what `ModelBlueprint.leftOut` names.
    func leaveOut(_ config: inout ModelConfig) throws

    /// Makes config.json say that the head is a tensor of its own.
    func untie(_ config: inout ModelConfig) throws

    /// Makes config.json true for a model of the given original layers.
    ///
    /// - Parameter kept: for each new layer, the original layer whose kind it has.
    func rewrite(_ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint) throws

    /// Makes config.json say that every MLP has `width` neurons. Whether it says so then is for who
    /// asks to check: to some families the key means something else.
    func narrow(_ config: inout ModelConfig, to width: Int) throws

    /// What programs that do not read all of config.json get wrong about a model of the given
    /// original layers, and did not about the original; nothing where they all read it.
    ///
    /// - Parameter mlpWidth: neurons of every MLP; nil: as many as the original's have.
    func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String]

    /// Layers after which their kinds begin anew for programs that go by a layer's number.
    var loaderPeriod: LoaderPeriod? { get }

    /// What the kinds of layers can be; nil where config.json expresses any sequence.
    func patterns(of blueprint: ModelBlueprint) -> (any LayerPatterns)?
}

extension Architecture {
    package var roots: [String] { ["model.", ""] }

    package func carries(_ tensor: String) -> Bool { false }

    package func leaveOut(_ config: inout ModelConfig) throws {}

    package func untie(_ config: inout ModelConfig) throws {
        config.set("tie_word_embeddings", to: JSONValue.bool(false))
    }

    package func narrow(_ config: inout ModelConfig, to width: Int) throws {
        config.set("intermediate_size", to: width)
    }

    package var oldBuffers: [String] { ["rotary_emb.inv_freq"] }

    package func patterns(of blueprint: ModelBlueprint) -> (any LayerPatterns)? { nil }

    package var loaderPeriod: LoaderPeriod? { nil }

    package func caveats(kept: [Int], mlpWidth: Int?, blueprint: ModelBlueprint) -> [String] { [] }

    package func rewrite(
        _ config: inout ModelConfig, kept: [Int], blueprint: ModelBlueprint
    ) throws {
        try config.keepLayers(kept, of: blueprint.layers.count)
    }
}

/// The architectures this build knows.
package enum Architectures {
    package static let all: [any Architecture] = [
        Llama(), Mistral(), Qwen2(), Qwen3(), Mixtral(), Jamba(), Phi3(), Gemma2(),
        Qwen2Moe(), Qwen3Moe(), Olmoe(), Granite(), Granitemoe(), Smollm3(), SeedOss(),
        Ministral(), Ministral3(), Ernie45(), HunyuanV1Dense(), Arcee(),
        Gemma3Text(), GptOss(), Olmo2(), Olmo3(), Exaone4(), Glm4(), GptNeox(), Phi(), Stablelm(),
        Starcoder2(), Cohere(), Cohere2(), Falcon(), Opt(), Gpt2(), DeepseekV3(), Glm4Moe(), Lfm2(),
        Bamba(), Granitemoehybrid(), Qwen3Next(), Qwen35Text(), NemotronH(), Ernie45Moe(),
        MinimaxM2(), HunyuanV1Moe(),
        NestedText.gemma3, NestedText.mistral3, NestedText.qwen3VL, NestedText.qwen35,
    ]

    package static func find(_ config: ModelConfig) throws -> any Architecture {
        let modelType = try config.string("model_type")
        guard let found = all.first(where: { $0.modelType == modelType }) else {
            throw ModelError.unknownArchitecture(
                modelType: modelType, known: all.map(\.modelType))
        }
        return found
    }
}
