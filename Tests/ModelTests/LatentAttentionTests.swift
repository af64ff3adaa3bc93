// Latent attention as config.json describes it: widths, scales, what is refused and what is told.

import Testing

@testable import Model

@Suite struct LatentAttentionTests {
    private static func blueprint(_ more: String = "") throws -> ModelBlueprint {
        try ConfigReadingTests.blueprint(
            "deepseek_v3",
            #""n_routed_experts": 4, "n_group": 2, "topk_group": 1, "num_experts_per_tok": 2"#
                + (more.isEmpty ? "" : ", " + more))
    }

    private static func attention(_ model: ModelBlueprint) throws -> LatentAttentionBlueprint {
        guard case .latent(let latent) = model.layers[0].mixer else {
            throw ModelError.layerPattern(kind: "attention", layers: [])
        }
        return latent
    }

    @Test(
        "a silent config.json has the widths of the class, whatever the head's width is said to be")
    func defaults() throws {
        let model = try Self.blueprint(#""head_dim": 3"#)
        let latent = try Self.attention(model)
        #expect(latent.plainWidth == 128 && latent.rotary.width == 64 && latent.valueWidth == 128)
        #expect(latent.latentWidth == 512 && latent.queryLatent?.norm.width == 1536)
        #expect(latent.rotary.pairing == .neighbours && latent.latentNorm.epsilon == 1e-6)
        #expect(latent.scale == Float(1 / 192.0.squareRoot()))
        #expect(latent.projections.count == 5)
        #expect(model.layers.map(\.kind).prefix(3).allSatisfy { $0 == "latent attention + mlp" })
        #expect(model.layers[3].kind == "latent attention + 4 experts")
        #expect(model.leftOut == ["model.layers.4."])
    }

    @Test("a null rank means queries without a latent")
    func plainQueries() throws {
        let latent = try Self.attention(try Self.blueprint(#""q_lora_rank": null"#))
        #expect(
            latent.queryLatent == nil && latent.query.tensor.hasSuffix("self_attn.q_proj.weight"))
        #expect(latent.query.inputs == 16 && latent.projections.count == 4)
    }

    @Test("scores are stretched where YaRN says so for all dimensions, and by no other rule")
    func stretched() throws {
        func scale(_ more: String) throws -> Float {
            let rope = #""rope_scaling": {"type": "yarn", "factor": 40.0"# + more + "}"
            return try Self.attention(try Self.blueprint(rope)).scale
        }
        let plain = Float(1 / 192.0.squareRoot())
        #expect(try scale("") == plain)
        #expect(try scale(#", "mscale_all_dim": 0.0"#) == plain)
        let stretched = try scale(#", "mscale": 1.0, "mscale_all_dim": 1.0"#)
        // (0.1 ln 40 + 1)^2
        #expect(abs(stretched / plain - 1.873854) < 1e-5)
    }

    @Test(
        "routers and rotations that are not computed are refused by key",
        arguments: [
            (#""scoring_func": "softmax""#, "scoring_func"),
            (#""topk_method": "greedy""#, "topk_method"),
            (#""moe_layer_freq": 2"#, "moe_layer_freq"),
            (
                #""rope_scaling": {"type": "yarn", "factor": 4.0, "partial_rotary_factor": 0.5}"#,
                "partial_rotary_factor"
            ),
        ])
    func refusals(more: String, key: String) throws {
        let error = #expect(throws: ModelError.self) { try Self.blueprint(more) }
        #expect(error?.description.contains("`\(key)`") == true)
    }

    @Test("groups that experts do not fill, or that hold too few, are refused")
    func groups() throws {
        for more in [#""n_routed_experts": 5"#, #""topk_group": 3"#, #""num_experts_per_tok": 3"#] {
            let key = more.split(separator: "\"")[0]
            let all =
                #""n_routed_experts": 4, "n_group": 2, "topk_group": 1, "num_experts_per_tok": 2"#
            let text = all.split(separator: ", ").filter { !$0.contains(key) }.joined(
                separator: ", ")
            #expect(throws: ModelError.self) {
                try ConfigReadingTests.blueprint("deepseek_v3", text + ", " + more)
            }
        }
    }

    @Test("programs that know a latent of queries by the number of layers are told")
    func counted() throws {
        func caveats(_ before: Int, _ left: Int, _ more: String = "") throws -> [String] {
            let model = try Self.blueprint(#""num_hidden_layers": \#(before)"# + more)
            return DeepseekV3().caveats(kept: Array(0..<left), mlpWidth: nil, blueprint: model)
        }
        #expect(try caveats(30, 28).isEmpty && caveats(30, 27).count == 1)
        let plain = #", "q_lora_rank": null"#
        #expect(try caveats(27, 26, plain).isEmpty && caveats(27, 20, plain).count == 1)
        // Wrong before is not the fold's fault.
        #expect(try caveats(30, 29, plain).isEmpty)
    }
}
