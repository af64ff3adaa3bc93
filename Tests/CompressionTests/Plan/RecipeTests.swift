// What each tensor of a folded model is made of, and what its config.json then says.

import Checkpoint
import EngineTestSupport
import SystemPackage
import Testing

@testable import Compression
@testable import Model

@Suite struct RecipeTests {
    static func recipes(
        _ model: Model, _ plan: FoldPlan
    ) -> [String: [TensorShare]] {
        let recipes = plan.recipes(
            blueprint: model.blueprint, stored: Set(model.checkpoint.tensorNames))
        return Dictionary(uniqueKeysWithValues: recipes.map { ($0.name, $0.from) })
    }

    @Test(
        "layers are renumbered, everything outside them is copied",
        arguments: [
            "llama-odd-linear", "llama-tied-yarn", "phi3-longrope-partial", "qwen2-dynamic-window",
        ])
    func renumbering(name: String) throws {
        let model = try ArchitectureFixtures.model(name)
        let count = model.blueprint.layers.count
        let recipes = Self.recipes(model, .keeping([count - 1], of: count))
        let last = model.blueprint.layers[count - 1]
        for local in last.localTensors.map(\.name) {
            #expect(recipes["model.layers.0." + local]?.map(\.name) == [last.prefix + local])
        }
        #expect(recipes.keys.allSatisfy { !$0.hasPrefix("model.layers.1.") })
        #expect(recipes["model.embed_tokens.weight"]?.count == 1)
        #expect(recipes["model.norm.weight"]?.count == 1)
        let isTied = model.blueprint.outputHead == model.blueprint.embedding
        #expect((recipes["lm_head.weight"] == nil) == isTied)
    }

    static let fold = FoldPlan(
        originalLayers: 2,
        layers: [
            PlannedLayer(
                into: 0,
                from: [LayerShare(layer: 0, weight: 0.25), LayerShare(layer: 1, weight: 0.75)])
        ], foldsNorms: true)

    @Test("a fold takes every tensor of both layers, norms and biases with it")
    func folds() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        let recipes = Self.recipes(model, Self.fold)
        for local in model.blueprint.layers[0].localTensors.map(\.name) {
            #expect(
                recipes["model.layers.0." + local] == [
                    TensorShare(name: "model.layers.0." + local, weight: 0.25),
                    TensorShare(name: "model.layers.1." + local, weight: 0.75),
                ])
        }
        #expect(recipes.keys.contains("model.layers.0.self_attn.q_proj.bias"))
    }

    @Test("norms and biases stay the first layer's where they are not folded")
    func keepsNorms() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        var plan = Self.fold
        plan.foldsNorms = false
        for (name, shares) in Self.recipes(model, plan) where name.hasPrefix("model.layers.") {
            let isVector = name.contains("norm") || name.hasSuffix("bias")
            #expect(shares.count == (isVector ? 1 : 2), "\(name)")
            #expect(shares[0].name == name)
        }
    }

    @Test("experts, routers and state-space tensors fold with their layers")
    func expertsAndMamba() throws {
        let model = try ArchitectureFixtures.model("jamba-odd")
        #expect(
            model.blueprint.layers.map(\.kind) == [
                "mamba + mlp", "attention without rotation + 3 experts", "mamba + mlp",
                "mamba + 3 experts",
            ])
        var plan = FoldPlan.keeping([0, 1, 3], of: 4)
        plan.layers[0].from = [
            LayerShare(layer: 0, weight: 0.5), LayerShare(layer: 2, weight: 0.5),
        ]
        let recipes = Self.recipes(model, plan)
        for local in ["mamba.A_log", "mamba.D", "mamba.conv1d.weight", "mamba.dt_layernorm.weight"]
        {
            #expect(
                recipes["model.layers.0." + local]?.map(\.name) == [
                    "model.layers.0." + local, "model.layers.2." + local,
                ])
        }
        #expect(
            recipes["model.layers.2.feed_forward.router.weight"]?.map(\.name) == [
                "model.layers.3.feed_forward.router.weight"
            ])
        #expect(recipes["model.layers.2.feed_forward.experts.2.down_proj.weight"] != nil)
        #expect(recipes["model.layers.1.self_attn.q_proj.weight"] != nil)
    }

    @Test(
        "for every choice of layers, config.json gives the kinds that were kept, or refuses",
        arguments: ArchitectureFixtures.folders)
    func configs(folder: FilePath) throws {
        let model = try Model(try Checkpoint(folder))
        let layers = model.blueprint.layers
        for subset in 1..<(1 << layers.count) {
            let kept = layers.indices.filter { subset >> $0 & 1 == 1 }
            var config = model.checkpoint.config
            let kinds = kept.map { layers[$0].kind }
            do {
                try model.architecture.rewrite(&config, kept: kept, blueprint: model.blueprint)
            } catch let error as ModelError {
                guard case .layerPattern = error else { throw error }
                #expect(!Self.hasPattern(layers, kept), "\(kept) was refused")
                #expect(try !Self.expresses(model, kinds), "\(kept) is planned and refused")
                continue
            }
            #expect(try Self.expresses(model, kinds), "\(kept) is never planned")
            let rewritten = try model.architecture.blueprint(config)
            #expect(rewritten.layers.map(\.kind) == kinds, "\(kept)")
            let text = try config.sectionIfPresent("text_config") ?? config
            func number(_ keys: String...) throws -> Int? {
                for key in keys {
                    if let found = try text.integerIfPresent(key) { return found }
                }
                return nil
            }
            // Where a list or a pattern says what each layer is, there may be no number.
            let count = try number("num_hidden_layers", "n_layer")
            #expect(count == nil || count == kept.count)
            if let types = try text.stringsIfPresent("layer_types") {
                #expect(types.count == kept.count)
            }
            // What does not count layers stays as it was.
            #expect(try number("hidden_size", "n_embd") == model.blueprint.hiddenWidth)
        }
    }

    /// Whether a planner may leave layers of these kinds.
    private static func expresses(_ model: Model, _ kinds: [String]) throws -> Bool {
        model.architecture.patterns(of: model.blueprint)?.sequences(count: kinds.count)
            .contains(kinds) ?? true
    }

    /// Whether some period and offset say which of the kept layers attend, and some which route.
    private static func hasPattern(_ layers: [LayerBlueprint], _ kept: [Int]) -> Bool {
        func fits(_ flags: [Bool]) -> Bool {
            (1...flags.count + 1).contains { period in
                (0..<period).contains { offset in
                    flags.indices.allSatisfy { flags[$0] == ($0 % period == offset) }
                }
            }
        }
        return fits(kept.map { layers[$0].kind.contains("attention") })
            && fits(kept.map { layers[$0].kind.contains("experts") })
    }

    @Test("a Jamba whose kept layers have no period is refused with their places")
    func jambaRefusal() throws {
        let model = try ArchitectureFixtures.model("jamba-odd")
        var config = model.checkpoint.config
        #expect(throws: ModelError.layerPattern(kind: "expert", layers: [0, 2, 3])) {
            try model.architecture.rewrite(
                &config, kept: [1, 0, 3, 3], blueprint: model.blueprint)
        }
        try model.architecture.rewrite(&config, kept: [0, 1, 2], blueprint: model.blueprint)
        #expect(try config.integer("attn_layer_offset") == 1)
        #expect(try config.integer("num_hidden_layers") == 3)
    }

    @Test("dense layers behind layers with experts are refused with their places, and counted")
    func denseFirst() throws {
        let model = try ArchitectureFixtures.model("glm4_moe-norms")
        var config = model.checkpoint.config
        #expect(throws: ModelError.layerPattern(kind: "dense", layers: [0, 2])) {
            try model.architecture.rewrite(
                &config, kept: [0, 2, 1], blueprint: model.blueprint)
        }
        try model.architecture.rewrite(&config, kept: [1, 2, 3], blueprint: model.blueprint)
        #expect(try config.integer("first_k_dense_replace") == 1)
        config = model.checkpoint.config
        try model.architecture.rewrite(&config, kept: [2, 3], blueprint: model.blueprint)
        #expect(try config.integer("first_k_dense_replace") == 0)
    }

    @Test("a windowed Qwen names the kind of every layer and moves its first window")
    func qwenWindows() throws {
        let model = try ArchitectureFixtures.model("qwen2-dynamic-window")
        var config = model.checkpoint.config
        try model.architecture.rewrite(&config, kept: [0, 2], blueprint: model.blueprint)
        #expect(
            try config.stringsIfPresent("layer_types") == ["full_attention", "sliding_attention"])
        #expect(try config.integer("max_window_layers") == 1)
        config = model.checkpoint.config
        try model.architecture.rewrite(&config, kept: [0], blueprint: model.blueprint)
        #expect(try config.stringsIfPresent("layer_types") == ["full_attention"])
    }
}
