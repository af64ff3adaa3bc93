// One model of a job: from an entry of `compress` at a ratio to a folder and its figures.

import Compression
import Jobs
import Model
import Report
import Store
import SystemPackage

struct ResultMaker {
    let job: JobDescription
    let cache: StageCache
    let numerics: Numerics
    /// The job's results.
    let results: FilePath
    let analysis: AnalysisStages
    let judge: ModelJudge
    let quantizations: Quantizations
    let original: IdentifiedModel
    var analysed: Analysed
    /// What met the budgets of layers and neurons, by the folder of the model.
    var mixes: [String: [FoldMix]] = [:]
    /// What these mixes were chosen by: while a job is only planned it may not be known, and then
    /// neither is which of them is taken.
    var chosenBy: [String: [Digest]] = [:]
    private(set) var made: [RunReport.Result] = []
    private(set) var quantized: [RunReport.Quantized] = []

    init(
        job: JobDescription, cache: StageCache, numerics: Numerics, results: FilePath,
        analysis: AnalysisStages, judge: ModelJudge, quantizations: Quantizations,
        original: IdentifiedModel, analysed: Analysed
    ) {
        self.job = job
        self.cache = cache
        self.numerics = numerics
        self.results = results
        self.analysis = analysis
        self.judge = judge
        self.quantizations = quantizations
        self.original = original
        self.analysed = analysed
    }

    private var progress: ProgressReporter { cache.progress }
    var layers: Int { original.model.blueprint.layers.count }

    /// Plan, weights, files, heat map, evaluations.
    mutating func make(_ request: PlanRequest) throws {
        let requirements = request.requirements
        let ground = try ground(request, requirements)
        let chosen = try chosen(request, ground)
        let (plan, learning) = try learned(try aligned(chosen, request), request)
        for note in plan.plan.notes { progress.warn("\(request.method): \(note)") }
        var (weights, looks) = try weights(request, requirements, plan)
        weights = weights ?? ground.searched?.weights
        var rivals: [Rival]?
        if let comparison = requirements.rivals, let weights {
            rivals = try hold(weights, of: plan, against: comparison, request)
        }
        let model = try cache.run(
            try MergeStage(
                plan, weights: weights, of: original, output: job.output,
                to: results.appending(request.folder), label: request.folder))
        cache.watch(model.model.checkpoint)
        for caveat in model.caveats { progress.warn("\(request.folder): \(caveat)") }
        let exports = try job.export?.write(
            model.model, identity: model.identity, label: request.folder,
            name: "\(original.name) \(request.folder)", to: results, cache)
        let measure = request.measure ?? job.analysis.similarity
        let after = try measured(model, by: measure, request)
        let (figures, answers) = try judge.judge(
            Subject(model: model.model, identity: model.identity, label: request.folder))
        let narrowing = try narrowing(plan.plan, model.model)
        made.append(
            RunReport.Result(
                id: request.folder, method: request.method, label: request.label,
                ratio: request.ratio ?? 0, budget: request.budget,
                ratioAchieved: Double(layers - plan.plan.layers.count) / Double(layers),
                path: request.folder, layers: plan.plan.layers.count,
                mlpWidth: narrowing, mixes: try report(mixes[request.folder]),
                parameters: model.parameters, bytes: model.bytes, plan: plan.plan.report,
                removedLayers: plan.plan.removed,
                similarityBefore: analysed.placesOfOriginal(measure), similarityAfter: after,
                evaluations: figures, learning: learning, rivals: rivals?.map(\.report),
                healing: looks?.report,
                answers: answers.isEmpty ? nil : answers,
                seconds: (weights?.seconds ?? 0) + model.seconds, files: model.files,
                exports: exports, caveats: model.caveats))
        quantized += try quantizations.make(
            Subject(model: model.model, identity: model.identity, label: request.folder),
            layersShare: narrowing?.layersShare)
    }

    /// The original in fewer bits, where entries ask for that.
    mutating func quantiseOriginal() throws {
        quantized += try quantizations.make(Subject(original), isOriginal: true)
    }

    // MARK: Before the plan

    func ground(
        _ request: PlanRequest, _ requirements: Requirements
    ) throws -> PlanGround {
        var ground = PlanGround()
        if requirements.similarity {
            ground.similarity = analysed.similarity[request.measure ?? job.analysis.similarity]
        }
        // A method that takes no ratio asks for none of these.
        func removed() throws -> Int { try request.removed(of: layers) }
        if let search = requirements.removals {
            let removed = try removed()
            let original = try calibrated(request)
            let stage = try RemovalStage(original, search, removing: removed, numerics: numerics)
            let removals = try cache.run(stage)
            ground.removals = removals
            if search.exchanges {
                let kept = removals.order.kept(removing: removed, of: layers)
                ground.searched = try cache.run(
                    try ExchangeStage(original, search, kept: kept, numerics: numerics),
                    from: [stage.key.digest])
            }
        }
        if let costs = requirements.stretchCosts {
            ground.searched = try cheapestStretches(request, costs, removing: removed())
        }
        if let search = requirements.search {
            ground.searched = try cache.run(
                try SearchStage(
                    try calibrated(request), search, request, removing: removed(),
                    numerics: numerics))
        }
        return ground
    }

    /// Measures stretches until the cheapest choice holds none that was not measured.
    private func cheapestStretches(
        _ request: PlanRequest, _ costs: StretchCosts, removing count: Int
    ) throws -> SearchedPlan {
        let original = try calibrated(request)
        guard count > 0 else {
            let plan = FoldPlan.keeping(Array(0..<layers), of: layers)
            return SearchedPlan(plan, digest: try plan.digest)
        }
        var selection = StretchSelection(layers: layers)
        var missing = selection.pairs
        var measured: [Digest] = []
        repeat {
            let stage = try StretchCostStage(
                original, costs, of: missing, request, numerics: numerics)
            let found = try cache.run(stage, from: measured)
            measured.append(stage.key.digest)
            for (stretch, cost) in zip(missing, found) { selection.learn(stretch, cost: cost) }
            missing = selection.cheapest(removing: count).stretches.filter {
                !selection.isMeasured($0)
            }
        } while !missing.isEmpty
        let (stretches, cost) = selection.cheapest(removing: count)
        let names = stretches.map { "\($0.lowerBound) to \($0.upperBound - 1)" }
        progress.note(
            "\(request.name)-r\(request.ratio ?? 0): layers " + names.joined(separator: ", ")
                + "; their costs add up to a KL of " + FoldText.cost(cost))
        let gone = Set(stretches.flatMap { $0.dropFirst() })
        let plan = FoldPlan.keeping((0..<layers).filter { !gone.contains($0) }, of: layers)
        var found = SearchedPlan(
            plan, digest: cache.identity(try plan.digest, madeFrom: measured))
        found.cost = cost
        return found
    }

    func calibrated(_ request: PlanRequest) throws -> CalibratedModel {
        guard let tokens = analysed.tokens else {
            preconditionFailure("the manifest parser asks for calibration: \(request.method)")
        }
        return CalibratedModel(
            identified: original, tokens: tokens, space: cache.store.streamSpace)
    }

    func chosen(_ request: PlanRequest, _ ground: PlanGround) throws -> IdentifiedPlan {
        let choice = PlanStage(request: request, model: original.model, ground: ground)
        let sources = chosenBy[request.folder] ?? []
        let found = try cache.run(choice, from: sources)
        return IdentifiedPlan(
            found.plan,
            digest: cache.identity(found.digest, madeFrom: [choice.key.digest] + sources))
    }

    // MARK: From plan to weights

    private func aligned(
        _ plan: IdentifiedPlan, _ request: PlanRequest
    ) throws -> IdentifiedPlan {
        guard
            let stage = AlignStage(
                plan.plan, request, original, tokens: analysed.tokens, numerics: numerics)
        else { return plan }
        let found = try cache.run(stage, from: [plan.digest])
        for layer in found { progress.note(layer.text) }
        let aligned = plan.plan.aligned(found)
        return IdentifiedPlan(
            aligned,
            digest: cache.identity(
                try aligned.digest, madeFrom: [plan.digest, stage.key.digest]))
    }

    private func learned(
        _ plan: IdentifiedPlan, _ request: PlanRequest
    ) throws -> (IdentifiedPlan, RunReport.Learning?) {
        guard let tokens = analysed.tokens,
            let stage = LearnStage(
                plan, request,
                CalibratedModel(
                    identified: original, tokens: tokens, space: cache.store.streamSpace),
                numerics: numerics)
        else { return (plan, nil) }
        let found = try cache.run(stage)
        let learned = IdentifiedPlan(
            found.plan,
            digest: cache.identity(try found.plan.digest, madeFrom: [stage.key.digest]))
        return (learned, stage.report(found))
    }

    private func weights(
        _ request: PlanRequest, _ requirements: Requirements, _ plan: IdentifiedPlan
    ) throws -> (IdentifiedWeights?, [HealingLook]?) {
        guard let fitting = requirements.weights else { return (nil, nil) }
        let stage = WeightStage(
            try calibrated(request), fitting, request, kept: plan.kept, numerics: numerics)
        for note in stage.notes { progress.warn("\(request.name): \(note)") }
        let computed = try cache.run(stage, from: [plan.digest])
        for note in stage.outcome(computed) { progress.warn("\(request.name): \(note)") }
        guard let healing = requirements.healing else { return (computed, nil) }
        let pass = HealStage(
            healing: healing, model: try model(request, plan, with: computed))
        if let obstacle = pass.obstacle {
            progress.warn("\(request.name) is not healed: \(obstacle)")
            return (computed, nil)
        }
        var healed = try cache.run(pass)
        progress.note("\(request.folder): \(FoldText.healing(healed.looks))")
        healed.weights.seconds += computed.seconds
        return (healed.weights, healed.looks)
    }

    private func model(
        _ request: PlanRequest, _ plan: IdentifiedPlan, with weights: IdentifiedWeights
    ) throws -> ComputedModel {
        ComputedModel(
            try calibrated(request), request, kept: plan.kept, weights: weights,
            numerics: numerics)
    }

    /// Says whether the result is better than what else could be done at its size.
    private func hold(
        _ weights: IdentifiedWeights, of plan: IdentifiedPlan, against rivals: RivalComparison,
        _ request: PlanRequest
    ) throws -> [Rival]? {
        guard layers > plan.plan.layers.count || plan.plan.mlpWidth != nil else { return nil }
        let stage = GuardStage(rivals: rivals, model: try model(request, plan, with: weights))
        if let obstacle = stage.obstacle {
            progress.warn("\(request.folder) is not held against \(rivals.names): \(obstacle)")
            return nil
        }
        let compared = try progress.figure("\(request.folder) held against \(rivals.names)") {
            try cache.run(stage)
        }
        guard let found = compared else { return nil }
        for reason in stage.missing(found) {
            progress.warn("\(request.folder) is not held against all: \(reason)")
        }
        let text = FoldText.rivals(found)
        progress.note("\(request.folder): \(text)")
        if !Rival.isFirstBest(found) { progress.warn("\(request.folder) does not win: \(text)") }
        return found
    }

    // MARK: What came out

    private func report(_ mixes: [FoldMix]?) throws -> [RunReport.Mix]? {
        try mixes?.map { mix in
            RunReport.Mix(
                layers: layers - mix.removed,
                neurons: try mix.mlpWidth ?? original.model.narrowableWidth(),
                layersCost: mix.layersCost, narrowingCost: mix.narrowingCost)
        }
    }

    /// nil where MLPs are as wide as the original's.
    private func narrowing(_ plan: FoldPlan, _ new: Model) throws -> RunReport.Narrowing? {
        func parameters(_ model: Model) -> Int {
            model.blueprint.layers.reduce(0) { $0 + $1.parameterCount }
        }
        return try plan.mlpWidth.map {
            RunReport.Narrowing(
                neurons: $0, original: try original.model.narrowableWidth(),
                layersShare: Double(parameters(new)) / Double(parameters(original.model)))
        }
    }

    /// Places of the new model's heat maps in the report.
    private mutating func measured(
        _ model: FoldedModel, by measure: String, _ request: PlanRequest
    ) throws -> [Int] {
        guard let tokens = analysed.tokens, model.model.blueprint.layers.count > 1 else {
            return []
        }
        let stage = FoldedSimilarityStage(
            measure: try analysis.find(measure), parameters: analysis.parameters(of: measure),
            representation: analysis.representation, model: model, tokens: tokens,
            numerics: numerics, label: request.folder)
        let found = try progress.figure("the similarity of \(request.folder) by \(measure)") {
            try cache.run(stage)
        }
        guard let found else { return [] }
        analysed.reports.append(found.report(of: request.folder))
        return [analysed.reports.count - 1]
    }
}

extension Analysed {
    /// Places of the original's heat maps on the job's calibration, by a measure.
    fileprivate func placesOfOriginal(_ measure: String) -> [Int] {
        reports.indices.filter {
            reports[$0].of == RunReport.Similarity.original && reports[$0].set == nil
                && reports[$0].measure == measure
        }
    }
}

extension FoldPlan {
    fileprivate var report: [RunReport.PlanEntry] {
        layers.map { layer in
            RunReport.PlanEntry(
                into: layer.into,
                from: layer.from.map { RunReport.Source(layer: $0.layer, weight: $0.weight) })
        }
    }
}

extension Rival {
    fileprivate var report: RunReport.Rival {
        RunReport.Rival(name: name, heldBack: divergence, fitted: fitted)
    }
}

extension [HealingLook] {
    fileprivate var report: RunReport.Healing {
        RunReport.Healing(
            chosen: HealingLook.best(of: self)?.step ?? 0,
            looks: map {
                RunReport.HealingLook(step: $0.step, heldBack: $0.heldBack, fitted: $0.fitted)
            })
    }
}
