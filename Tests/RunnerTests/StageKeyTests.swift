// What names the results of stages: each input and each parameter changes a key, nothing else does.

import Analysis
import Catalogue
import Checkpoint
import Foundation
import JSON
import Jobs
import Model
import Store
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Compression
@testable import Runner

@Suite struct StageKeyTests {
    private static func model(_ digest: String = "model") throws -> IdentifiedModel {
        IdentifiedModel(
            model: try Model(try Checkpoint(FilePath(Places.demoModel.path))),
            digest: Digest(of: digest), name: "demo")
    }

    private static func tokens(_ digest: String = "tokens") -> TokenisedSet {
        TokenisedSet(
            batch: PackedSequences((0..<8).map { [1, 2, 3, Int32($0)] }),
            digest: Digest(of: digest), title: "texts.txt")
    }

    private static func calibrated(
        _ model: String = "model", _ tokens: String = "tokens"
    ) throws -> CalibratedModel {
        CalibratedModel(identified: try Self.model(model), tokens: Self.tokens(tokens))
    }

    private static let f32 = Numerics(.f32)
    private static let bf16 = Numerics(.bf16)

    /// The first request of a manifest's entry.
    private static func request(_ entry: String) throws -> PlanRequest {
        let manifest = """
            version: 1
            model: demo
            calibration: {dataset: text, path: a.txt}
            compress: [\(entry)]
            """
        let job = try ManifestParser.parse(bytes: Data(manifest.utf8), name: "keys")
        return PlanRequest(try #require(job.candidates.first))
    }

    /// All of `different` differ from one another, and all of `same` are the first of them.
    private static func check(
        different: [any Stage], same: [any Stage], _ comment: Comment,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let keys = different.map { $0.key.digest }
        #expect(Set(keys).count == keys.count, comment, sourceLocation: sourceLocation)
        for stage in same {
            #expect(stage.key.digest == keys[0], comment, sourceLocation: sourceLocation)
        }
    }

    @Test func `activations: model, tokens, representation, numerics; not the name of the model`()
        throws
    {
        let folder = try TemporaryFolder()
        let store = try ContentStore(state: FilePath(folder.path))
        func stage(
            _ original: CalibratedModel, _ representation: Representation = .lastToken,
            _ numerics: Numerics = StageKeyTests.f32
        ) -> ActivationStage {
            ActivationStage(
                original, capture: PaperNPIB().capture(representation, of: original.batch),
                into: store, numerics: numerics)
        }
        let usual = try Self.calibrated()
        let renamed = CalibratedModel(
            identified: IdentifiedModel(
                model: usual.model, digest: usual.identified.digest, name: "other"),
            tokens: usual.tokens)
        Self.check(
            different: [
                stage(usual), stage(try Self.calibrated("other")),
                stage(try Self.calibrated("model", "other")), stage(usual, .mean),
                stage(usual, .lastToken, Self.bf16),
            ], same: [stage(renamed)], "activations")
        // The official reading looks at rows of its own, whatever the representation.
        let official = [Representation.lastToken, .mean].map {
            OfficialNPIB().capture($0, of: usual.batch).name
        }
        #expect(official == ["official", "official"])
    }

    @Test func `embedding: the parameters it reads and no others`() throws {
        let folder = try TemporaryFolder()
        let store = try ContentStore(state: FilePath(folder.path))
        func stage(
            _ values: [String: ParameterValue], input: String = "rows",
            _ measure: any EmbeddedMeasure = PaperNPIB(), _ numerics: Numerics = StageKeyTests.f32
        ) -> EmbeddingStage {
            EmbeddingStage(
                measure: measure, parameters: Parameters(values),
                activations: StoredActivations(
                    result: StageResult(
                        stage: "activations", key: Digest(of: "key"),
                        outputs: ["hidden.0000": Digest(of: input)], isHit: true, store: store),
                    boundaries: 1, count: 2, width: 3), numerics: numerics)
        }
        Self.check(
            different: [
                stage(["dimensions": .integer(2)]), stage(["dimensions": .integer(3)]),
                stage(["dimensions": .integer(2), "sigma": .number(8)]),
                stage(["dimensions": .integer(2)], input: "others"),
                stage(["dimensions": .integer(2)], OfficialNPIB()),
                stage(["dimensions": .integer(2)], PaperNPIB(), Self.bf16),
            ],
            same: [stage(["dimensions": .integer(2), "neighbours": .integer(9)])], "embedding")
    }

    @Test func `plan: method, parameters, ratio, what it is made from; not the label`() throws {
        let model = try Self.model().model
        func stage(_ entry: String, _ ground: PlanGround = PlanGround()) throws -> PlanStage {
            PlanStage(request: try Self.request(entry), model: model, ground: ground)
        }
        var searched = PlanGround()
        searched.searched = SearchedPlan(.keeping([0, 1], of: 3), digest: Digest(of: "other"))
        var otherwise = PlanGround()
        otherwise.searched = SearchedPlan(.keeping([0, 2], of: 3), digest: Digest(of: "another"))
        Self.check(
            different: [
                try stage("{method: reverse, ratios: [0.25]}"),
                try stage("{method: reverse, ratios: [0.5]}"),
                try stage("{method: mka, ratios: [0.25]}"),
                try stage("{method: mka, ratios: [0.25], pairs: any}"),
                try stage("{method: reverse, ratios: [0.25]}", searched),
                try stage("{method: reverse, ratios: [0.25]}", otherwise),
            ], same: [try stage("{method: reverse, label: mine, ratios: [0.25]}")], "plan")
    }

    @Test func `align: numerics whatever the cost, for all of them multiply matrices`() throws {
        let model = try Self.model()
        let stages = try AlignmentCost.allCases.flatMap { cost in
            let request = try Self.request(
                "{method: mka, align: \(cost.rawValue), ratios: [0.25]}")
            return try [Self.f32, Self.bf16].map { numerics in
                try #require(
                    AlignStage(
                        .keeping([0, 1], of: 16), request, model, tokens: Self.tokens(),
                        numerics: numerics))
            }
        }
        #expect(stages.count == 2 * AlignmentCost.allCases.count)
        Self.check(different: stages, same: [], "align")
    }

    @Test
    func `weights: what the computation reads, and the layers kept; not how they were chosen`()
        throws
    {
        let original = try Self.calibrated()
        func stage(
            _ entry: String, kept: [Int] = [0, 1, 2], _ original: CalibratedModel? = nil,
            _ numerics: Numerics = StageKeyTests.f32
        ) throws -> WeightStage {
            let request = try Self.request(entry)
            return WeightStage(
                try original ?? Self.calibrated(), try #require(request.requirements.weights),
                request, kept: kept, numerics: numerics)
        }
        let fold = "{method: fold, select: list, layers: [1, 2], ratios: [0.125]}"
        Self.check(
            different: [
                try stage(fold), try stage(fold, kept: [0, 2]),
                try stage(fold, try Self.calibrated("other")),
                try stage(fold, try Self.calibrated("model", "other")),
                try stage(fold, kept: [0, 1, 2], original, Self.bf16),
                try stage(
                    "{method: fold, select: list, layers: [1, 2], lambda: 0.5, ratios: [0.125]}"),
                try stage(
                    "{method: fold, select: list, layers: [1, 2], tuning_steps: 1, ratios: [0.125]}"
                ),
                try stage("{method: replaceme, ratios: [0.125]}"),
                try stage("{method: sparsegpt, ratios: [0.125]}"),
                try stage("{method: sparsegpt, ratios: [0.25]}"),
            ],
            same: [
                try stage("{method: fold, search_samples: 4, ratios: [0.25]}"),
                try stage("{method: fold, select: loss, label: other, ratios: [0.125]}"),
            ], "weights")
    }

    @Test func `a width is part of keys where there is one, and of no others`() throws {
        let original = try Self.calibrated()
        let manifest = """
            version: 1
            model: demo
            calibration: {dataset: text, path: a.txt}
            compress: [{method: fold, narrow: true, size: 0.5}]
            """
        let job = try ManifestParser.parse(bytes: Data(manifest.utf8), name: "keys")
        let candidate = try #require(job.candidates.first)
        func request(_ width: Int?, removing count: Int = 2) -> PlanRequest {
            PlanRequest(candidate.removing(count, of: 16, mlpWidth: width))
        }
        func weights(_ width: Int?) throws -> WeightStage {
            let request = request(width)
            return WeightStage(
                original, try #require(request.requirements.weights), request, kept: [0, 1],
                numerics: Self.f32)
        }
        Self.check(
            different: [try weights(nil), try weights(512), try weights(384)], same: [], "weights")
        var ground = PlanGround()
        ground.searched = SearchedPlan(.keeping([0, 1], of: 16), digest: Digest(of: "plan"))
        func plan(_ width: Int?) -> PlanStage {
            PlanStage(request: request(width), model: original.model, ground: ground)
        }
        Self.check(different: [plan(nil), plan(512), plan(384)], same: [], "plan")
        for params in [try weights(nil).params, plan(nil).params] {
            #expect(!"\(params)".contains("mlp_width"))
        }
        // Plans that say nothing of it keep their bytes.
        let bytes = try SortedJSON.bytes(FoldPlan.keeping([0, 1], of: 16))
        #expect(!String(decoding: bytes, as: UTF8.self).contains("mlpWidth"))
        #expect(try request(512, removing: 0).removed(of: 16) == 0)
        #expect(try request(nil, removing: 2).removed(of: 16) == 2)
        #expect(throws: PlanError.self) { try request(nil, removing: 0).removed(of: 16) }
    }

    @Test("merge: model, plan and type; not in how many files, on which no figure depends")
    func merge() throws {
        func stage(
            _ output: String = "dtype: keep", kept: [Int] = [0, 1, 2], of digest: String = "model"
        ) throws -> MergeStage {
            let manifest = """
                version: 1
                model: demo
                compress: [{method: reverse, ratios: [0.5]}]
                output: {\(output)}
                """
            let job = try ManifestParser.parse(bytes: Data(manifest.utf8), name: "keys")
            return try MergeStage(
                IdentifiedPlan(.keeping(kept, of: 16), digest: Digest(of: "\(kept)")),
                weights: nil, of: try Self.model(digest), output: job.output,
                to: FilePath("a"), label: "a")
        }
        Self.check(
            different: [
                try stage(), try stage("dtype: float32"), try stage(kept: [0, 1]),
                try stage(of: "other"),
            ], same: [try stage("shard_bytes: 1048576")], "merge")
    }

    @Test func `guard and heal: weights, layers, tokens and steps; not what made the weights`()
        throws
    {
        func computed(_ index: String) throws -> IdentifiedWeights {
            let folder = try TemporaryFolder()
            return IdentifiedWeights(
                unknown: StageResult(
                    "weights", StageCache.key(index, version: 1, inputs: [], params: [:]), [],
                    isHit: false, store: try ContentStore(state: FilePath(folder.path))))
        }
        func model(
            _ entry: String, kept: [Int] = [0, 1, 3], _ weights: String = "a",
            _ original: CalibratedModel? = nil, _ numerics: Numerics = StageKeyTests.f32
        ) throws -> (request: PlanRequest, model: ComputedModel) {
            let request = try Self.request(entry)
            return (
                request,
                ComputedModel(
                    try original ?? Self.calibrated(), request, kept: kept,
                    weights: try computed(weights), numerics: numerics)
            )
        }
        func heal(
            _ steps: String, kept: [Int] = [0, 1, 3], _ weights: String = "a",
            _ original: CalibratedModel? = nil, _ numerics: Numerics = StageKeyTests.f32
        ) throws -> HealStage {
            let (request, model) = try model(
                "{method: fold, \(steps), ratios: [0.125]}", kept: kept, weights, original, numerics
            )
            return HealStage(
                healing: try #require(request.requirements.healing), model: model)
        }
        func guarded(
            _ entry: String, kept: [Int] = [0, 1, 3], _ weights: String = "a"
        ) throws -> GuardStage {
            let (request, model) = try model(entry, kept: kept, weights)
            return GuardStage(rivals: try #require(request.requirements.rivals), model: model)
        }
        Self.check(
            different: [
                try heal("heal_steps: 9"), try heal("heal_steps: 8"),
                try heal("heal_steps: 9, heal_rate: 0.5"), try heal("heal_steps: 9", kept: [0, 2]),
                try heal("heal_steps: 9", "b"),
                try heal("heal_steps: 9", "a", try Self.calibrated("other")),
                try heal("heal_steps: 9", "a", try Self.calibrated("model", "other")),
                try heal("heal_steps: 9", "a", nil, Self.bf16),
            ], same: [try heal("heal_steps: 9, lambda: 0.5, tuning_steps: 1")], "heal")
        let fold = "{method: fold, ratios: [0.125]}"
        Self.check(
            different: [
                try guarded(fold), try guarded(fold, kept: [0, 2]), try guarded(fold, "b"),
            ], same: [try guarded("{method: fold, lambda: 0.5, ratios: [0.25]}")], "guard")
    }

    @Test func `costs and removals: the samples there are, not those asked for`() throws {
        let original = try Self.calibrated()
        func costs(
            _ entry: String, _ stretches: [Range<Int>] = [0..<2]
        ) throws -> StretchCostStage {
            let request = try Self.request(entry)
            return try StretchCostStage(
                original, try #require(request.requirements.stretchCosts), of: stretches, request,
                numerics: Self.f32)
        }
        Self.check(
            different: [
                try costs("{method: fold, ratios: [0.25]}"),
                try costs("{method: fold, ratios: [0.25]}", [0..<2, 1..<3]),
                try costs("{method: fold, search_samples: 4, ratios: [0.25]}"),
                try costs("{method: fold, lambda: 0.5, ratios: [0.25]}"),
            ],
            same: [
                try costs("{method: fold, search_samples: 64, ratios: [0.25]}"),
                try costs("{method: fold, tuning_steps: 4, ratios: [0.5]}"),
            ], "run-costs")
        func narrowing(_ entry: String, to width: Int = 512) throws -> NarrowingCostStage {
            let request = try Self.request(entry)
            return try NarrowingCostStage(
                original, try #require(request.requirements.narrowingCosts), request, to: width,
                of: 704, numerics: Self.f32)
        }
        let narrow = "{method: fold, narrow: true, size: 0.5}"
        Self.check(
            different: [
                try narrowing(narrow), try narrowing(narrow, to: 384),
                try narrowing("{method: fold, narrow: true, lambda: 0.5, size: 0.5}"),
            ],
            same: [try narrowing("{method: fold, narrow: true, tuning_steps: 4, size: 0.25}")],
            "narrow-costs")
        func removals(samples: Int, removing count: Int) throws -> RemovalStage {
            try RemovalStage(
                original, RemovalSearch(samples: samples, exchanges: true), removing: count,
                numerics: Self.f32)
        }
        Self.check(
            different: [
                try removals(samples: 8, removing: 2), try removals(samples: 4, removing: 2),
                try removals(samples: 8, removing: 12),
            ],
            same: [
                try removals(samples: 16, removing: 2), try removals(samples: 8, removing: 9),
            ], "removals")
    }
}
