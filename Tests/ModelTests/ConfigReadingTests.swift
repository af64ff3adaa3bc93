// What transformers 5 makes of a config.json that is silent, or says a thing twice.

import Checkpoint
import Foundation
import JSON
import Testing

@testable import Model

@Suite struct ConfigReadingTests {
    private static let sizes = """
        "hidden_size": 16, "intermediate_size": 16, \
        "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 8
        """

    static func blueprint(_ type: String, _ more: String = "") throws -> ModelBlueprint {
        let layers = more.contains("num_hidden_layers") ? "" : #""num_hidden_layers": 4, "#
        let text =
            #"{"model_type": ""# + type + #"", "# + layers + sizes
            + (more.isEmpty ? "" : ", " + more) + "}"
        let config = try ModelConfig.parse(Array(text.utf8).span, file: "config.json")
        return try Architectures.find(config).blueprint(config)
    }

    private static func windows(_ blueprint: ModelBlueprint) -> [Int?] {
        blueprint.layers.map { layer in
            if case .attention(let attention) = layer.mixer { attention.window } else { nil }
        }
    }

    private static func rotary(_ blueprint: ModelBlueprint) throws -> RotaryBlueprint {
        guard case .attention(let attention) = blueprint.layers[0].mixer else {
            throw ModelError.layerPattern(kind: "attention", layers: [])
        }
        return try #require(attention.rotary)
    }

    private static let alternating = """
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention", \
        "full_attention"]
        """

    @Test("a Mistral's `layer_types` give windows to the layers they name, which are of two kinds")
    func mistralLayerTypes() throws {
        let model = try Self.blueprint("mistral", #""sliding_window": 6, "# + Self.alternating)
        #expect(Self.windows(model) == [6, nil, 6, nil])
        #expect(Set(model.layers.map(\.kind)).count == 2)
        #expect(model.readings == [.layerTypes])
        let plain = try Self.blueprint("mistral", #""sliding_window": 6"#)
        #expect(Self.windows(plain) == [6, 6, 6, 6] && plain.readings.isEmpty)
        #expect(try Self.windows(Self.blueprint("mistral")) == [4096, 4096, 4096, 4096])
        #expect(throws: ModelError.self) {
            try Self.blueprint("mistral", #""sliding_window": null, "# + Self.alternating)
        }
    }

    @Test("of two rotations the old key holds where it says anything")
    func rotation() throws {
        let new = #""rope_parameters": {"rope_type": "default", "rope_theta": 70.0}"#
        let yarn = #"{"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}"#
        let both = try Self.blueprint(
            "llama", #""rope_theta": 90.0, "rope_scaling": \#(yarn), \#(new)"#)
        guard case .yarn(4, 32, _, _, _, _) = try Self.rotary(both).scaling else {
            Issue.record("\(try Self.rotary(both))")
            return
        }
        #expect(try Self.rotary(both).base == 90 && both.readings == [.rotation])
        for nothing in ["null", "{}"] {
            let one = try Self.blueprint("llama", #""rope_scaling": \#(nothing), \#(new)"#)
            #expect(try Self.rotary(one) == RotaryBlueprint(width: 8, base: 70, scaling: .none))
            #expect(one.readings.isEmpty)
        }
    }

    @Test("a rotation for each kind of layer is refused, not read as none")
    func nestedRotation() {
        #expect(throws: ModelError.self) {
            try Self.blueprint(
                "gemma2",
                #""rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8}}"#)
        }
    }

    @Test("what config.json leaves out is what the architecture's class has")
    func defaults() throws {
        let gemma = try Self.blueprint("gemma2")
        guard case .mlp(let gated) = gemma.layers[0].feedForward else { return }
        #expect(gated.activation == .geluTanh && gemma.readings == [.activation])
        #expect(gemma.isTied && Self.windows(gemma) == [4096, nil, 4096, nil])
        #expect(try !Self.blueprint("llama").isTied && Self.blueprint("llama").readings.isEmpty)
        #expect(try Self.rotary(Self.blueprint("mixtral")).base == 1e6)
        // Phi-3's original length is its class's, whatever the section says.
        let factors = #""short_factor": [1, 1, 1, 1], "long_factor": [2, 2, 2, 2]"#
        let phi = try Self.blueprint(
            "phi3",
            #""rope_scaling": {"type": "longrope", \#(factors), "#
                + #""original_max_position_embeddings": 16}"#)
        guard case .longrope(_, _, 4096, _) = try Self.rotary(phi).scaling else {
            Issue.record("\(try Self.rotary(phi))")
            return
        }
        // Only Phi-3 rotates a part of a head that has no scaling.
        let part = #""partial_rotary_factor": 0.5"#
        #expect(try Self.rotary(Self.blueprint("phi3", part)).width == 4)
        #expect(try Self.rotary(Self.blueprint("llama", part)).width == 8)
    }

    @Test("experts are counted under either name", arguments: ["mixtral", "jamba"])
    func expertNames(type: String) throws {
        func count(_ key: String) throws -> Int {
            let model = try Self.blueprint(type, #""\#(key)": 3"#)
            guard case .experts(let experts) = model.layers[1].feedForward else { return 0 }
            return experts.experts.count
        }
        #expect(try count("num_experts") == 3 && count("num_local_experts") == 3)
    }

    /// The lists of a config.json that keeps some layers, by key; nil where the key is gone.
    private static func lists(
        _ type: String, keeping kept: [Int], _ more: String
    ) throws -> (String) throws -> [String]? {
        let text = #"{"model_type": "\#(type)", \#(sizes), \#(more)}"#
        var config = try ModelConfig.parse(Array(text.utf8).span, file: "config.json")
        let architecture = try Architectures.find(config)
        let blueprint = try architecture.blueprint(config)
        try architecture.rewrite(&config, kept: kept, blueprint: blueprint)
        let kinds = try architecture.blueprint(config).layers.map(\.kind)
        #expect(kinds == kept.map { blueprint.layers[$0].kind })
        let rewritten = config
        return { try rewritten.stringsIfPresent($0) }
    }

    private static let bamba = """
        "num_hidden_layers": 3, "attn_layer_indices": [2], "mamba_n_heads": 4, \
        "mamba_d_head": 8, "mamba_n_groups": 1, "mamba_d_state": 2
        """

    @Test("lists of what each layer is keep the entries of the layers kept, each once")
    func keptEntries() throws {
        let three = #"["mamba", "mamba", "attention"]"#
        let bamba = try Self.lists(
            "bamba", keeping: [0, 2],
            Self.bamba + #", "layer_types": \#(three), "layers_block_type": \#(three)"#)
        #expect(try bamba("layer_types") == ["mamba", "attention"])
        #expect(try bamba("layers_block_type") == ["mamba", "attention"])
    }

    @Test("a list of another length than the one in force goes", arguments: [2, 5])
    func staleEntries(length: Int) throws {
        let mamba2 = #""mamba_d_head": "auto", "mamba_n_heads": 4, "mamba_d_state": 2"#
        let three = #"["mamba", "mamba", "attention"]"#
        let stale =
            "[" + [String](repeating: #""mamba""#, count: length).joined(separator: ", ") + "]"
        let bamba = try Self.lists(
            "bamba", keeping: [0, 2], Self.bamba + #", "layers_block_type": \#(stale)"#)
        #expect(try bamba("layers_block_type") == nil)
        let granite = try Self.lists(
            "granitemoehybrid", keeping: [0, 2],
            #""num_hidden_layers": 3, "layer_types": \#(three), "layers_block_type": \#(stale), "#
                + mamba2)
        #expect(try granite("layer_types") == ["mamba", "attention"])
        #expect(try granite("layers_block_type") == nil)
        let nemotron = try Self.lists(
            "nemotron_h", keeping: [0, 2],
            #""layers_block_type": \#(three), "layer_types": \#(stale)"#)
        #expect(try nemotron("layers_block_type") == ["mamba", "attention"])
        #expect(try nemotron("layer_types") == nil)
    }

    @Test("a model that sees what follows is refused")
    func bidirectional() {
        #expect(throws: ModelError.self) {
            try Self.blueprint("gemma2", #""use_bidirectional_attention": true"#)
        }
    }

    @Test(
        "more layers or experts than any model has are refused by key and number, at once",
        arguments: [
            ("llama", "num_hidden_layers", 1_000_000), ("gemma2", "num_hidden_layers", 4097),
            ("mixtral", "num_local_experts", 4097), ("jamba", "num_experts", 1 << 20),
        ])
    func limits(type: String, key: String, count: Int) {
        let start = ContinuousClock.now
        let error = #expect(throws: ConfigError.self) {
            try Self.blueprint(type, #""\#(key)": \#(count)"#)
        }
        #expect(error?.description.contains("`\(key)`") == true)
        #expect(error?.description.contains("\(count)") == true)
        #expect(ContinuousClock.now - start < .seconds(1))
    }

    @Test("experts of all layers together are limited, too")
    func expertsOfAll() throws {
        let layers = #""num_hidden_layers": 1000, "num_local_experts": "#
        #expect(throws: ConfigError.self) { try Self.blueprint("mixtral", layers + "132") }
        #expect(try Self.blueprint("mixtral", layers + "4").layers.count == 1000)
    }
}
