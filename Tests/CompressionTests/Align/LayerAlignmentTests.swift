// Alignment of layers: any order of units keeps the function, and the best one is found again.

import Checkpoint
import EngineTestSupport
import SystemPackage
import TensorMath
import Testing

@testable import Compression
@testable import Model

@Suite struct LayerAlignmentTests {
    /// Random orders of a layer's units, query heads inside their groups.
    static func randomOrders(
        of layer: LayerBlueprint, _ generator: inout SeededGenerator
    ) -> LayerAlignment {
        var result = LayerAlignment()
        switch layer.feedForward {
        case .absent: break
        case .mlp(let gated):
            result.neurons = [Array(0..<gated.down.inputs).shuffled(using: &generator)]
        case .experts:
            result.neurons = layer.perceptrons.map {
                Array(0..<$0.down.inputs).shuffled(using: &generator)
            }
        }
        if case .attention(let attention) = layer.mixer {
            let share = attention.heads / attention.keyValueHeads
            result.keyValueHeads = Array(0..<attention.keyValueHeads).shuffled(using: &generator)
            result.queryHeads = result.keyValueHeads.flatMap { group in
                (0..<share).shuffled(using: &generator).map { group * share + $0 }
            }
        }
        return result
    }

    /// A layer's tensors, reordered.
    static func patch(
        _ model: Model, _ alignment: LayerAlignment, of layer: Int
    ) throws -> LayerPatch {
        let blueprint = model.blueprint.layers[layer]
        let orders = alignment.permutations(in: blueprint)
        var patch = LayerPatch()
        for local in blueprint.localTensors.map(\.name) {
            patch[local] = try model.weights.source.weight(
                TensorShare(
                    name: blueprint.fullName(local), weight: 1, permutation: orders[local])
            ).floats()
        }
        return patch
    }

    static func logits(_ model: Model, _ patch: WeightPatch) throws -> [Float] {
        let source = PatchedWeights(model.weights.source)
        source.apply(patch, to: model.blueprint.layers)
        let forward = ForwardPass(
            weights: ModelWeights(blueprint: model.blueprint, source: source), mode: .float32)
        let batch = PackedSequences(ArchitectureFixtures.tokens([3, 40], of: model))
        return try OutputHead(forward).logits(forward.run(batch, observer: SilentObserver()))
            .values()
    }

    @Test(
        "reordered neurons and heads compute the same logits",
        arguments: ArchitectureFixtures.folders + [SharedCheckpoints.demo])
    func keepsFunction(folder: FilePath) throws {
        guard folder != SharedCheckpoints.demo || SharedCheckpoints.areThere else { return }
        let model = try Model(try Checkpoint(folder))
        guard model.blueprint.layers.allSatisfy({ $0.orderObstacle == nil }) else { return }
        let wanted = try Self.logits(model, WeightPatch())
        var generator = SeededGenerator(seed: 11)
        var all = WeightPatch()
        for index in model.blueprint.layers.indices {
            let orders = Self.randomOrders(of: model.blueprint.layers[index], &generator)
            #expect(orders.isValid)
            all[index] = try Self.patch(model, orders, of: index)
        }
        // Sums in another order: rounding only.
        #expect(relativeError(try Self.logits(model, all), wanted) < 1e-4)
        let moved = try all.named(in: model.blueprint.layers).filter { name, made in
            try model.weights.source.weight(name).floats().values() != made().values()
        }
        let parts = model.blueprint.layers.map(\.perceptrons.count)
        #expect(moved.count >= 2 * parts.count { $0 > 0 })
    }

    @Test("rows moved in a single matrix do not", arguments: ["gate_proj", "down_proj", "q_proj"])
    func rowsDoNot(name: String) throws {
        let model = try ArchitectureFixtures.model("qwen2-dynamic-window")
        let part = name == "q_proj" ? "self_attn" : "mlp"
        let tensor = "\(part).\(name).weight"
        let rows = try model.weights.source.weight("model.layers.0." + tensor).rows
        let alignment = LayerAlignment(
            rows: [LayerAlignment.RowOrder(tensor: tensor, start: 0, order: (0..<rows).reversed())])
        let found = try Self.logits(
            model, WeightPatch(try Self.patch(model, alignment, of: 0), ofLayer: 0))
        #expect(relativeError(found, try Self.logits(model, WeightPatch())) > 1e-3)
    }

    /// The model's first two layers, the second a reordered copy of the first; where `silent`,
    /// neither adds to the stream, so that both see the same.
    private static func twins(
        _ model: Model, silent: Bool
    ) throws -> (weights: ModelWeights, orders: LayerAlignment) {
        var generator = SeededGenerator(seed: 23)
        let orders = randomOrders(of: model.blueprint.layers[0], &generator)
        var patch = WeightPatch()
        for (index, order) in [LayerAlignment(), orders].enumerated() {
            let own = try Self.patch(model, order, of: 0)
            for name in own.names
            where silent && (name.contains("o_proj") || name.contains("down_proj")) {
                own[name]?.fill(0)
            }
            patch[index] = own
        }
        let source = PatchedWeights(model.weights.source)
        source.apply(patch, to: model.blueprint.layers)
        return (ModelWeights(blueprint: model.blueprint, source: source), orders)
    }

    static let dense = [
        "llama-odd-linear", "llama-tied-yarn", "phi3-longrope-partial", "qwen2-dynamic-window",
    ]

    @Test(
        "the order that makes a layer equal to another is found",
        arguments: dense, AlignmentCost.allCases)
    func recovers(name: String, cost: AlignmentCost) throws {
        let model = try ArchitectureFixtures.model(name)
        let twins = try Self.twins(model, silent: cost == .activations)
        let batch = PackedSequences(ArchitectureFixtures.tokens([50, 60], of: model))
        let found = try PlanAligner(twins.weights, cost: cost, mode: .float32, batch: batch)
            .align([AlignmentPair(base: 0, layer: 1)], observer: SilentObserver())
        let aligned = try #require(found.first)
        #expect(found.count == 1 && aligned.base == 0 && aligned.layer == 1)
        #expect(aligned.alignment.isValid)
        if cost == .rows {
            // Columns stay moved: only matrices whose columns do not move become equal.
            #expect(aligned.alignment.rows.count == 7 && aligned.alignment.neurons == [])
            #expect(aligned.similarityAfter > aligned.similarityBefore)
            return
        }
        #expect(aligned.similarityAfter > 0.999 && aligned.similarityBefore < 0.9)
        let layer = twins.weights.blueprint.layers[1]
        let orders = aligned.alignment.permutations(in: layer)
        for local in layer.localTensors.map(\.name) {
            let share = TensorShare(
                name: layer.fullName(local), weight: 1, permutation: orders[local])
            let base = model.blueprint.layers[0].fullName(local)
            #expect(
                try twins.weights.source.weight(share).floats().values()
                    == twins.weights.source.weight(base).floats().values(), "\(local)")
        }
    }

    @Test("groups are matched by the distance of all four matrices, not by shares of each")
    func groupsByDistance() throws {
        let model = try ArchitectureFixtures.model("llama-tied-yarn")
        let attention = try #require(
            { () -> AttentionBlueprint? in
                guard case .attention(let found) = model.blueprint.layers[0].mixer else {
                    return nil
                }
                return found
            }())
        // The keys of two groups say keep (100 against 90), their queries swap (1 against 2), by
        // less; each the larger share of its own square (400 and 4).
        var patch = WeightPatch()
        for layer in 0...1 {
            var own = LayerPatch()
            for (name, size) in [("q", 2.0), ("k", 20.0), ("v", 0), ("o", 0)] {
                let local = "self_attn.\(name)_proj.weight"
                let stored = try model.weights.source.weight("model.layers.\(layer).\(local)")
                let matrix = MatrixView(rows: stored.rows, columns: stored.columns)
                let height = matrix.rows / attention.keyValueHeads
                for group in 0...1 where size > 0 {
                    let row = group * height
                    guard layer == 1 else {
                        matrix[row, group] = Float(size)
                        continue
                    }
                    let (kept, swapped) = name == "q" ? (0.5, 1.0) : (5, 4.5)
                    matrix[row, group] = Float(kept)
                    matrix[row, 1 - group] = Float(swapped)
                    matrix[row, 2 + group] = Float(
                        (size * size - kept * kept - swapped * swapped).squareRoot())
                }
                own[local] = matrix
            }
            patch[layer] = own
        }
        let source = PatchedWeights(model.weights.source)
        source.apply(patch, to: model.blueprint.layers)
        let found = try PlanAligner(
            ModelWeights(blueprint: model.blueprint, source: source), cost: .weights,
            mode: .float32, batch: nil
        ).align([AlignmentPair(base: 0, layer: 1)], observer: SilentObserver())
        let order = try #require(found.first).alignment.keyValueHeads
        #expect(order.prefix(2) == [0, 1])
    }

    @Test("a plan records the orders, and its recipes take them: each element by hand")
    func recipes() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        var plan = FoldPlan.keeping([0], of: 2)
        plan.layers[0].from = [
            LayerShare(layer: 0, weight: 0.3), LayerShare(layer: 1, weight: 0.7),
        ]
        #expect(plan.alignmentPairs == [AlignmentPair(base: 0, layer: 1)])
        let found = try PlanAligner(model.weights, cost: .weights, mode: .float32, batch: nil)
            .align(plan.alignmentPairs, observer: SilentObserver())
        let aligned = plan.aligned(found)
        let order = try #require(aligned.layers[0].from[1].alignment)
        #expect(order.neurons[0] != order.neurons[0].sorted())
        let folded = try FoldedCheckpoint(model: model, plan: aligned)
        let (scratch, written) = try FoldedCheckpointTests.write(folded)
        #expect(try folded.verify(written) <= 1)
        withExtendedLifetime(scratch) {}
        func values(_ checkpoint: Checkpoint, _ layer: Int, _ name: String) throws -> MatrixView {
            try MappedWeights(checkpoint).weight("model.layers.\(layer).\(name)").floats()
        }
        let width = 6
        for (name, rows, columns) in [
            ("mlp.up_proj.weight", order.neurons[0], nil),
            ("mlp.gate_proj.bias", nil, order.neurons[0]),
            ("mlp.down_proj.weight", nil, order.neurons[0]),
            ("mlp.down_proj.bias", nil, nil),
            (
                "self_attn.v_proj.weight",
                order.keyValueHeads.flatMap { head in
                    (0..<width).map { head * width + $0 }
                }, nil
            ),
        ] as [(String, [Int]?, [Int]?)] {
            let (a, b) = (
                try values(model.checkpoint, 0, name), try values(model.checkpoint, 1, name)
            )
            let c = try values(written, 0, name)
            for row in 0..<a.rows {
                for column in 0..<a.columns {
                    let wanted =
                        0.3 * a[row, column]
                        + 0.7 * b[rows?[row] ?? row, columns?[column] ?? column]
                    #expect(abs(c[row, column] - wanted) < 1e-6, "\(name)")
                }
            }
        }
        // What was written by the aligned plan is not what the plain one says.
        #expect(throws: FoldCheckError.self) {
            try FoldedCheckpoint(model: model, plan: plan).verify(written)
        }
    }

    @Test("folding a layer with its reordered copy gives the layer, once they are aligned")
    func foldsTwins() throws {
        let model = try ArchitectureFixtures.model("llama-tied-yarn")
        let twins = try Self.twins(model, silent: false)
        let pair = [AlignmentPair(base: 0, layer: 1)]
        let found = try PlanAligner(twins.weights, cost: .weights, mode: .float32, batch: nil)
            .align(pair, observer: SilentObserver())
        let composed = try #require(found.first).alignment.neurons[0].map {
            twins.orders.neurons[0][$0]
        }
        #expect(composed == Array(composed.indices))
    }

    @Test("more neurons than fit are refused by layer and number")
    func tooMany() throws {
        let model = try ArchitectureFixtures.model("llama-odd-linear")
        var blueprint = model.blueprint
        guard case .mlp(var gated) = blueprint.layers[1].feedForward else { return }
        gated.down.inputs = LinearAssignment.sizeMax + 1
        for index in 0...1 { blueprint.layers[index].feedForward = .mlp(gated) }
        let weights = ModelWeights(blueprint: blueprint, source: model.weights.source)
        let error = #expect(throws: AlignError.self) {
            try PlanAligner(weights, cost: .weights, mode: .float32, batch: nil)
                .align([AlignmentPair(base: 0, layer: 1)], observer: SilentObserver())
        }
        #expect(error?.description.contains("layer 1 has 16385 neurons") == true)
    }

    @Test("an order that is no permutation makes a plan invalid")
    func invalid() throws {
        var plan = FoldPlan.keeping([0], of: 2)
        plan.layers[0].from = [
            LayerShare(layer: 0, weight: 0.5),
            LayerShare(layer: 1, weight: 0.5, alignment: LayerAlignment(neurons: [[0, 0, 1]])),
        ]
        #expect(throws: PlanError.self) { try plan.validate() }
    }
}
