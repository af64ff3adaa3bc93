// What programs that go by a layer's number make of what is left of a model.

import Checkpoint
import Testing

@testable import Model

@Suite struct LoaderRuleTests {
    private static func gemma(
        _ layers: Int, heads: Int = 4, hidden: Int = 32, width: Int = 8, more: String = ""
    ) throws -> ModelBlueprint {
        let text = """
            {"model_type": "gemma2", "hidden_size": \(hidden), "intermediate_size": 8, \
            "num_hidden_layers": \(layers), "num_attention_heads": \(heads), \
            "num_key_value_heads": 2, "head_dim": \(width), "vocab_size": 8, \
            "hidden_activation": "gelu_pytorch_tanh", "sliding_window": 6, \
            "query_pre_attn_scalar": \(hidden / heads)\(more)}
            """
        let config = try ModelConfig.parse(Array(text.utf8).span, file: "config.json")
        return try Gemma2().blueprint(config)
    }

    @Test("what breaks the alternation is told with the programs, the layers and the length")
    func alternation() throws {
        let model = try Self.gemma(6)
        let caveats = Gemma2().caveats(kept: [0, 2, 3, 4, 5], mlpWidth: nil, blueprint: model)
        #expect(caveats.count == 1)
        for words in ["llama.cpp and SGLang", "more than 6 tokens", "(layers 1, 2, 3, 4)"] {
            #expect(caveats.first?.contains(words) == true, "\(caveats)")
        }
    }

    @Test(
        "every choice that keeps the alternation passes, and no other",
        arguments: 1..<64)
    func choices(subset: Int) throws {
        let model = try Self.gemma(6)
        let kept = (0..<6).filter { subset >> $0 & 1 == 1 }
        let keeps = kept.enumerated().allSatisfy { $0.offset % 2 == $0.element % 2 }
        #expect(Gemma2().caveats(kept: kept, mlpWidth: nil, blueprint: model).isEmpty == keeps)
    }

    @Test("an original that those programs get wrong already is not the fold's fault")
    func wrongBefore() throws {
        let types = (0..<4).map { _ in #""full_attention""# }.joined(separator: ", ")
        let model = try Self.gemma(4, more: #", "layer_types": [\#(types)]"#)
        #expect(Gemma2().caveats(kept: [0, 2, 3], mlpWidth: nil, blueprint: model).isEmpty)
    }

    @Test("a scale that is known by the number of layers is lost with them")
    func scale() throws {
        // The 27B: 46 layers, scale 1/sqrt(hidden / heads), which is not the width of a head.
        let large = try Self.gemma(46, width: 4)
        let caveats = Gemma2().caveats(kept: Array(0..<44), mlpWidth: nil, blueprint: large)
        #expect(caveats.count == 1 && caveats[0].contains("query_pre_attn_scalar"))
        #expect(Gemma2().caveats(kept: Array(0..<46), mlpWidth: nil, blueprint: large).isEmpty)
        #expect(
            try Gemma2().caveats(kept: Array(0..<44), mlpWidth: nil, blueprint: Self.gemma(46))
                .isEmpty)
    }

    @Test("architectures whose layers are read from config.json have nothing to tell")
    func others() throws {
        for architecture in Architectures.all where architecture.loaderPeriod == nil {
            let model = try Self.gemma(4)
            #expect(architecture.caveats(kept: [0, 2], mlpWidth: nil, blueprint: model).isEmpty)
        }
    }

    @Test("a converter that knows the width of MLPs by that of the stream is told, where it is new")
    func widths() throws {
        func caveats(_ inner: Int?, _ width: Int?) throws -> [String] {
            let more = inner.map { #", "n_inner": \#($0)"# } ?? ""
            let text = """
                {"model_type": "gpt2", "n_embd": 8, "n_layer": 4, "n_head": 2, \
                "n_positions": 16, "vocab_size": 8\(more)}
                """
            let config = try ModelConfig.parse(Array(text.utf8).span, file: "config.json")
            return Gpt2().caveats(
                kept: [0, 1], mlpWidth: width, blueprint: try Gpt2().blueprint(config))
        }
        let narrowed = try caveats(nil, 16)
        #expect(narrowed.count == 1 && narrowed[0].contains("`n_inner` (16)"))
        #expect(try caveats(32, 16).count == 1)
        #expect(try caveats(nil, nil).isEmpty)
        // Wrong before is not the fold's fault.
        #expect(try caveats(24, 16).isEmpty)
    }
}
