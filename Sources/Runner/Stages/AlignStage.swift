// Stage `align`: the orders in which folded layers match the first of their fold. Keyed by the
// pairs, not by the plan, so that other merge weights find it done.

import Catalogue
import Compression
import Foundation
import JSON
import Model
import Store

struct AlignStage: Stage {
    let name = "align"
    let version = 2
    let original: CalibratedModel?
    private let model: IdentifiedModel
    private let pairs: [AlignmentPair]
    private let cost: AlignmentCost
    private let aligner: PlanAligner
    private let numerics: Numerics

    /// Nil where the request does not align.
    /// - Parameter tokens: nil where the job has none.
    init?(
        _ plan: FoldPlan, _ request: PlanRequest, _ model: IdentifiedModel,
        tokens: TokenisedSet?, numerics: Numerics
    ) {
        guard let word = request.parameters.values["align"]?.text,
            let cost = AlignmentCost(rawValue: word)
        else { return nil }
        self.model = model
        self.cost = cost
        self.numerics = numerics
        original =
            cost.readsActivations
            ? tokens.map { CalibratedModel(identified: model, tokens: $0) } : nil
        pairs = plan.alignmentPairs
        aligner = PlanAligner(
            model.model.weights, cost: cost, mode: numerics.mode, batch: tokens?.batch)
    }

    var inputs: StageInputs { original?.inputs ?? [(role: "model", digest: model.digest)] }

    var params: KeyJSON {
        [
            "by": .string(cost.rawValue), "numerics": numerics.key,
            "pairs": .array(pairs.map { .array([.integer($0.base), .integer($0.layer)]) }),
        ]
    }

    var detail: String { "\(pairs.count) layers by \(cost.rawValue)" }
    var plannedPeak: Int? { aligner.peakByteCount(pairs) }

    var kind: String { "\(name) \(cost.rawValue)" }
    var work: Work { aligner.work(pairs) }
    func assumed(_ unknown: StageResult) -> [AlignedLayer] { [] }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try outputs.put("alignments", json: try aligner.align(pairs, observer: cache.progress))
    }

    func decode(_ stored: StageResult) throws -> [AlignedLayer] {
        try stored.json([AlignedLayer].self, "alignments")
    }
}

extension AlignedLayer {
    /// What was done, in words.
    var text: String {
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
