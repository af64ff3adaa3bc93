// From a budget to a ratio: the fewest layers whose plan meets it. All behind knows ratios only.

package import Compression
package import Jobs
package import Model

extension LayerBudget {
    /// What a candidate may take; nil where it was asked for by a ratio.
    package init?(
        _ candidate: JobDescription.Candidate, of model: Model, output: JobDescription.Output
    ) throws {
        guard let budget = candidate.budget else { return nil }
        try self.init(
            budget, of: model, dtype: output.dtype.dtype, shardByteLimit: output.shardBytes)
    }
}

extension ResultMaker {
    /// The candidate with the ratio that its budget comes to; itself where it has none.
    ///
    /// Where layers differ in what they take, plans are made for more and more layers until one
    /// meets the budget; what they are made from is kept.
    func resolved(_ candidate: JobDescription.Candidate) throws -> JobDescription.Candidate {
        guard let budget = try LayerBudget(candidate, of: original.model, output: job.output)
        else { return candidate }
        var obstacle: (any Error)?
        let count = try budget.fewest { count in
            do {
                return try keeping(candidate.removing(count, of: layers))
            } catch let error as PlanError where error.isOfTheNumber {
                obstacle = error
            } catch let error as ModelError where error.isOfTheLayers {
                obstacle = error
            }
            return nil
        }
        guard let count else {
            throw obstacle ?? BudgetError.noPlan(budget.budget, method: candidate.method)
        }
        cache.progress.note("\(candidate.folder): \(count) of \(layers) layers go")
        return candidate.removing(count, of: layers)
    }

    /// Layers of the original that stay by the candidate's plan.
    /// - Throws: what `make` would, as far as planning goes.
    private func keeping(_ candidate: JobDescription.Candidate) throws -> [Int] {
        let request = PlanRequest(candidate)
        let plan = try chosen(request, try ground(request, request.requirements))
        _ = try FoldedCheckpoint(model: original.model, plan: plan.plan)
        return plan.kept
    }
}
