// From a budget to a ratio: the fewest layers whose plan meets it. All behind knows ratios only.

import Catalogue
package import Compression
package import Jobs
package import Model
import Store

extension LayerBudget {
    /// What a candidate may take; nil where it was asked for by a ratio.
    package init?(
        _ candidate: JobDescription.Candidate, of model: Model, output: JobDescription.Output
    ) throws {
        guard let budget = candidate.budget else { return nil }
        try self.init(
            budget, of: model, dtype: output.dtype.dtype, shardByteLimit: output.shardBytes,
            leastWidth: candidate.parameters.narrows
                ? MLPWidths.all(below: try model.narrowableWidth()).last : nil)
    }
}

extension ResultMaker {
    /// The candidate with the ratio that its budget comes to, and the width of its MLPs where that
    /// is chosen too; itself where it has none.
    ///
    /// Where layers differ in what they take, plans are made for more and more layers until one
    /// meets the budget; what they are made from is kept.
    mutating func resolved(_ candidate: JobDescription.Candidate) throws -> JobDescription.Candidate
    {
        guard let budget = try LayerBudget(candidate, of: original.model, output: job.output)
        else { return candidate }
        if let costs = PlanRequest(candidate).requirements.narrowingCosts {
            return try mixed(candidate, budget, costs)
        }
        var obstacle: (any Error)?
        let count = try budget.fewest { count in
            try planned(candidate.removing(count, of: layers), &obstacle)?.kept
        }
        guard let count else {
            throw obstacle ?? BudgetError.noPlan(budget.budget, method: candidate.method)
        }
        cache.progress.note("\(candidate.folder): \(count) of \(layers) layers go")
        return candidate.removing(count, of: layers)
    }

    /// Layers of the original that stay by the candidate's plan, what its stretches cost, and the
    /// plan's digest; nil where so many layers cannot go.
    ///
    /// - Parameter obstacle: set to why they cannot.
    /// - Throws: what `make` would, as far as planning goes.
    private func planned(
        _ candidate: JobDescription.Candidate, _ obstacle: inout (any Error)?
    ) throws -> (kept: [Int], cost: Double?, digest: Digest)? {
        do {
            let request = PlanRequest(candidate)
            let ground = try ground(request, request.requirements)
            let plan = try chosen(request, ground)
            _ = try FoldedCheckpoint(model: original.model, plan: plan.plan)
            return (plan.kept, ground.searched?.cost, plan.digest)
        } catch let error as PlanError where error.isOfTheNumber {
            obstacle = error
        } catch let error as ModelError where error.isOfTheLayers {
            obstacle = error
        }
        return nil
    }

    // MARK: Layers and neurons

    /// The candidate with the mix of fewer layers and fewer neurons that costs least of all that
    /// just meet the budget, by what is measured of each alone.
    private mutating func mixed(
        _ candidate: JobDescription.Candidate, _ budget: LayerBudget, _ costs: NarrowingCosts
    ) throws -> JobDescription.Candidate {
        let full = try original.model.narrowableWidth()
        var obstacle: (any Error)?
        var layerCosts = [0: 0.0]
        var sources: [Digest] = []
        let found = try budget.mixes(of: MLPWidths.all(below: full)) { count in
            let plan = try planned(candidate.removing(count, of: layers), &obstacle)
            layerCosts[count] = plan?.cost
            if let plan { sources.append(plan.digest) }
            return plan?.kept
        }
        guard !found.isEmpty else {
            throw obstacle ?? BudgetError.noPlan(budget.budget, method: candidate.method)
        }
        let curve = try narrowingCurve(
            PlanRequest(candidate), costs,
            at: MLPWidths.measured(of: found.compactMap(\.mlpWidth)), of: full, &sources)
        let all = found.map { removed, width in
            FoldMix(
                removed: removed, of: layers, mlpWidth: width,
                layersCost: layerCosts[removed] ?? 0,
                narrowingAll: width.flatMap { curve?.cost(of: $0) } ?? 0)
        }
        guard let best = FoldMix.best(of: all) else { preconditionFailure("one was found") }
        mixes[candidate.folder] = all
        chosenBy[candidate.folder] = sources
        cache.progress.note(
            "\(candidate.folder): " + FoldText.mixes(all, best: best, of: layers, full))
        return candidate.removing(best.removed, of: layers, mlpWidth: best.mlpWidth)
    }

    /// - Parameters:
    ///   - widths: those that are measured; of none there is no curve.
    ///   - sources: what names the measured costs is added to it.
    private func narrowingCurve(
        _ request: PlanRequest, _ costs: NarrowingCosts, at widths: [Int], of full: Int,
        _ sources: inout [Digest]
    ) throws -> NarrowingCurve? {
        guard !widths.isEmpty else { return nil }
        let calibrated = try calibrated(request)
        return NarrowingCurve(
            below: full,
            measured: try widths.map { width in
                let stage = try NarrowingCostStage(
                    calibrated, costs, request, to: width, of: full, numerics: numerics)
                sources.append(stage.key.digest)
                return (width, try cache.run(stage))
            })
    }
}
