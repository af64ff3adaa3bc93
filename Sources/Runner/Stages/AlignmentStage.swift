// Stage `align`: the orders in which folded layers match the first of their fold. Keyed by the
// pairs, not by the plan, so that other merge weights find it done.

import Catalogue
import Compression
import Foundation
import JSON
import Model
import Store

struct AlignmentStage {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics

    /// The plan with its orders; the same plan where the request does not align.
    func align(
        _ plan: IdentifiedPlan, _ request: PlanRequest, _ original: IdentifiedModel,
        tokens: TokenisedSet?
    ) throws -> IdentifiedPlan {
        guard let word = request.parameters.values["align"]?.text,
            let cost = AlignmentCost(rawValue: word)
        else { return plan }
        let pairs = plan.plan.alignmentPairs
        let aligner = PlanAligner(
            original.model.weights, cost: cost, mode: numerics.mode, batch: tokens?.batch)
        var inputs = [(role: "model", digest: original.digest)]
        var params: [String: KeyJSON] = [
            "by": .string(cost.rawValue),
            "pairs": .array(pairs.map { .array([.integer($0.base), .integer($0.layer)]) }),
        ]
        if cost.readsActivations, let tokens {
            inputs.append((role: "tokens", digest: tokens.digest))
            params["numerics"] = numerics.key
        }
        let stage = StageRequest(
            name: "align", inputs: inputs, params: .object(params),
            detail: "\(pairs.count) layers by \(cost.rawValue)",
            plannedPeakBytes: aligner.peakByteCount(pairs))
        let result = try cache.run(stage) { outputs in
            let found = try aligner.align(pairs, observer: progress)
            try outputs.put("alignments", json: found)
        }
        let bytes = try cache.bytes(result, "alignments", stage: stage.name)
        let found = try SortedJSON.value([AlignedLayer].self, bytes)
        for layer in found { progress.note(layer.text) }
        let aligned = plan.plan.aligned(found)
        return IdentifiedPlan(
            plan: aligned, digest: Digest(of: try SortedJSON.bytes(aligned)))
    }
}

extension AlignedLayer {
    /// What was done, in words.
    fileprivate var text: String {
        func moved(_ orders: [[Int]], _ what: String) -> String? {
            let count = orders.reduce(0) { $0 + $1.count }
            guard count > 0 else { return nil }
            let moved = orders.reduce(0) { sum, order in
                sum + order.enumerated().filter { $0.offset != $0.element }.count
            }
            return "\(moved) of \(count) \(what)"
        }
        let parts = [
            moved(alignment.neurons, "neurons"), moved([alignment.queryHeads], "heads"),
            moved(alignment.rows.map(\.order), "rows"),
        ].compactMap { $0 }
        let similarity = [similarityBefore, similarityAfter].map {
            String(format: "%.4f", $0)
        }
        return "layer \(layer) aligned to layer \(base): moved "
            + parts.joined(separator: ", ")
            + "; mean similarity \(similarity[0]) -> \(similarity[1])"
    }
}
