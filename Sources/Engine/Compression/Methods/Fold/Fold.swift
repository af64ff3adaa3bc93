// Plans by loss, by similarity or by a list; weights by ModelFolding.

import Catalogue
import Model

extension Method {
    static let fold = Method(.fold, requires: requirements) { input in
        // By what stretches cost, or improved by exchanges.
        if let found = input.searchedPlan { return found }
        switch input.parameters.text("select") {
        case "loss": return try input.droppedByLoss()
        case "list": return try listed(input)
        case "divergence": return try input.searched()
        default:
            let merged = try input.merged(by: PairwiseMerging())
            return .keeping(merged.layers.map { $0.from[0].layer }, of: input.count)
        }
    }

    @Sendable private static func requirements(_ parameters: Parameters) -> Requirements {
        var requirements = Requirements(weights: fitted, rivals: rivals)
        requirements.healing = HealingPass(parameters)?.requirement
        switch parameters.text("select") {
        case "loss": requirements.removals = RemovalSearch(parameters)
        case "divergence":
            requirements.stretchCosts = costs(parameters)
            if parameters.narrows { requirements.narrowingCosts = narrowingCosts(parameters) }
        case "npib": requirements.similarity = true
        default: break
        }
        return requirements
    }

    private static func listed(_ input: PlanningInput) throws -> FoldPlan {
        let order = input.parameters.integers("layers")
        let removed = try input.removed()
        guard order.count >= removed else {
            throw PlanError.malformed(
                "\(removed) of \(input.count) layers shall go, `layers` lists \(order.count)")
        }
        if let outside = order.first(where: { $0 >= input.count }) {
            throw PlanError.malformed(
                "layer \(outside) is listed, the model has layers 0 to \(input.count - 1)")
        }
        let gone = Set(order.prefix(removed))
        // The manifest's parser refuses them with their line.
        guard gone.count == removed else {
            throw PlanError.malformed("`layers` lists a layer twice")
        }
        return .keeping(input.kinds.indices.filter { !gone.contains($0) }, of: input.count)
    }

    private static func costs(_ parameters: Parameters) -> StretchCosts {
        StretchCosts(
            samples: parameters.integer("search_samples"), parameters: FoldSettings.costParameters,
            peakByteCount: { input, stretches in
                let blueprint = input.weights.blueprint
                return stretches.map { stretch in
                    FoldSettings(choosing: input).peakByteCount(
                        blueprint,
                        keeping: blueprint.layers.indices.filter {
                            !stretch.dropFirst().contains($0)
                        }, tokens: input.batch, space: input.space)
                }.max() ?? 0
            },
            work: { input, stretches in
                FoldSettings(choosing: input).costWork(
                    input.weights.blueprint, of: stretches, tokens: input.batch)
            },
            measure: { input, stretches, observer, tell in
                try ModelFolding(
                    input.weights, mode: input.mode, batch: input.batch,
                    settings: FoldSettings(choosing: input), judgesAlways: true, space: input.space
                ).costs(of: stretches, observer: observer, give: tell)
            })
    }

    private static func narrowingCosts(_ parameters: Parameters) -> NarrowingCosts {
        NarrowingCosts(
            samples: parameters.integer("search_samples"), parameters: FoldSettings.costParameters,
            peakByteCount: { input in
                let blueprint = input.weights.blueprint
                return FoldSettings(choosing: input).peakByteCount(
                    blueprint, keeping: Array(blueprint.layers.indices), tokens: input.batch,
                    space: input.space)
            },
            work: { input in
                FoldSettings(choosing: input).narrowingWork(
                    input.weights.blueprint, tokens: input.batch)
            },
            measure: { input, observer in
                try ModelFolding(
                    input.weights, mode: input.mode, batch: input.batch,
                    settings: FoldSettings(choosing: input), judgesAlways: true, space: input.space
                ).narrowingCost(observer: observer)
            })
    }

    private static let rivals = RivalComparison(
        names: "drop, average and replaceme", parameters: [],
        peakByteCount: { input, kept in
            let blueprint = input.weights.blueprint
            let (fitted, heldBack) = FoldSettings(input).split(input.batch)
            let held = heldBack ?? input.batch
            let forward = ForwardMemory(
                blueprint: blueprint, batch: held, capturedRows: 0, waveTokens: 2048,
                mode: input.mode, space: input.space)
            // Boundaries that are compared, before; what is fitted, after.
            let replacement =
                2 * forward.stream
                + max(
                    BlockReplacement.peakByteCount(
                        blueprint, tokens: fitted, mode: input.mode, space: input.space),
                    forward.total
                        + FoldRivals.removed(blueprint, keeping: kept, mlpWidth: input.mlpWidth)
                        * forward.stream)
            // Streams of both models and of one under work, logits of both, a layer as it is read.
            let layer =
                blueprint.layers.map { layer in
                    layer.tensors.reduce(0) { $0 + 4 * $1.shape.reduce(1, *) }
                }.max() ?? 0
            let judging =
                4 * forward.stream + forward.scratch + 3 * layer
                + 2 * OutputHead.byteCount(blueprint, rows: held.tokens.count)
            return max(replacement, judging)
        },
        work: { input, kept in
            FoldRivals.work(
                input.weights.blueprint, keeping: kept, tokens: input.batch,
                settings: FoldSettings(input))
        },
        obstacle: { input in
            let settings = FoldSettings(input)
            guard settings.split(input.batch).held == nil else { return nil }
            return "one in \(settings.heldBack) calibration sequences is held back for that, and "
                + "there are \(input.batch.ranges.count); raise `samples`"
        },
        missing: { input, found in FoldRivals.missing(in: found, input.weights.blueprint) },
        compare: { input, kept, computed, observer in
            try FoldRivals(
                input.weights, mode: input.mode, batch: input.batch,
                settings: FoldSettings(input), space: input.space
            )?.compare(keeping: kept, folded: computed, observer: observer) ?? []
        })

    @Sendable private static func fitted(
        _ input: MethodInput, _ goal: WeightGoal
    ) -> WeightWork {
        let settings = FoldSettings(input)
        return WeightWork(
            parameters: FoldSettings.parameters,
            peakByteCount: settings.peakByteCount(
                input.weights.blueprint, keeping: goal.kept, tokens: input.batch,
                space: input.space),
            scratchByteCount: settings.scratchByteCount(
                input.weights.blueprint, tokens: input.batch, space: input.space),
            work: settings.work(
                input.weights.blueprint, keeping: goal.kept, tokens: input.batch),
            notes: settings.notes(
                input.weights.blueprint, keeping: goal.kept, tokens: input.batch),
            outcome: {
                [blueprint = input.weights.blueprint, sequences = input.batch.ranges.count]
                computed in
                settings.removalNotes(
                    blueprint, keeping: goal.kept, sequences: sequences, computed: computed)
            }
        ) { observer, recall, give in
            try ModelFolding(
                input.weights, mode: input.mode, batch: input.batch, settings: settings,
                space: input.space
            ).run(keeping: goal.kept, recall: recall, observer: observer, give: give)
        }
    }
}

extension FoldSettings {
    /// Names of the parameters that the cost of a stretch depends on.
    static let costParameters = ["group_run", "inputs", "lambda", "neurons", "refit"]
    static let parameters = costParameters + ["tuning_rate", "tuning_steps"]

    /// What is tuned later is not tuned to be chosen.
    init(choosing input: MethodInput) {
        self.init(input)
        tuningSteps = 0
    }

    init(_ input: MethodInput) {
        self.init()
        let parameters = input.parameters
        mlpWidth = input.mlpWidth
        ridge = parameters.values["lambda"]?.number.map { .share($0) } ?? .validated
        neurons = parameters.flag("neurons")
        groupStretch = parameters.integer("group_run")
        inputs = parameters.flag("inputs")
        refit = parameters.flag("refit")
        tuningSteps = parameters.integer("tuning_steps")
        tuningRate = parameters.number("tuning_rate")
    }
}
