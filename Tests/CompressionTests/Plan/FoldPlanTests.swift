// Plans: what holds for every one, and how many layers a ratio removes.

import Catalogue
import Testing

@testable import Compression

@Suite struct FoldPlanTests {
    static func plan(_ shares: [[(Int, Double)]], of count: Int) -> FoldPlan {
        FoldPlan(
            originalLayers: count,
            layers: shares.enumerated().map { index, from in
                PlannedLayer(
                    into: index, from: from.map { LayerShare(layer: $0.0, weight: $0.1) })
            }, foldsNorms: true)
    }

    @Test("a good plan passes")
    func good() throws {
        try Self.plan([[(0, 1)], [(1, 0.3), (2, 0.7)], [(3, 1)]], of: 4).validate()
        try FoldPlan.keeping([0, 2, 3], of: 4).validate()
        #expect(FoldPlan.keeping([0, 2, 3], of: 5).removed == [1, 4])
        #expect(Self.plan([[(0, 0.5), (2, 0.5)]], of: 4).removed == [1, 3])
    }

    @Test("a plan without layers leaves no model")
    func empty() {
        #expect(throws: PlanError.noLayerLeft(originalLayers: 4)) {
            try Self.plan([], of: 4).validate()
        }
    }

    @Test(
        "weights that do not sum to 1, layers that are not there and wrong numbers are refused",
        arguments: [
            plan([[(0, 0.5), (1, 0.4)]], of: 2), plan([[(0, .nan)]], of: 2),
            plan([[(0, .infinity), (1, -.infinity)]], of: 2), plan([[(2, 1)]], of: 2),
            plan([[(-1, 1)]], of: 2), plan([[]], of: 2),
            FoldPlan(
                originalLayers: 2,
                layers: [PlannedLayer(into: 1, from: [LayerShare(layer: 0, weight: 1)])],
                foldsNorms: true),
            // More layers than the original has: there are no names for them.
            plan([[(0, 1)], [(1, 1)], [(1, 1)]], of: 2),
            FoldPlan.keeping([0, 1, 0], of: 2),
        ])
    func malformed(_ plan: FoldPlan) {
        let error = #expect(throws: PlanError.self) { try plan.validate() }
        guard case .malformed = error else {
            Issue.record("\(plan) gives \(String(describing: error))")
            return
        }
    }

    @Test("a ratio removes the nearest whole number of layers, at least one, never all")
    func ratios() throws {
        for count in 1...80 {
            for thousandth in stride(from: -100, through: 1100, by: 1) {
                let ratio = Double(thousandth) / 1000
                // In integers, where nothing rounds: halves go up.
                let wanted = (2 * thousandth * count + 1000).flooredDivision(by: 2000)
                if wanted < 1 {
                    #expect(
                        throws: PlanError.ratioRemovesNothing(
                            ratio: ratio, originalLayers: count)
                    ) { try layersRemoved(ratio: ratio, of: count) }
                } else if wanted >= count {
                    #expect(throws: PlanError.noLayerLeft(originalLayers: count)) {
                        try layersRemoved(ratio: ratio, of: count)
                    }
                } else {
                    #expect(
                        try layersRemoved(ratio: ratio, of: count) == wanted,
                        "\(ratio) of \(count)")
                }
            }
        }
    }

    @Test("the ratios of the demo remove 2, 4 and 7 of 16 layers")
    func demoRatios() throws {
        #expect(try layersRemoved(ratio: 0.125, of: 16) == 2)
        #expect(try layersRemoved(ratio: 0.25, of: 16) == 4)
        #expect(try layersRemoved(ratio: 0.4375, of: 16) == 7)
    }

    @Test("the planner drops from the back, keeps what is listed, and needs its similarity")
    func planner() throws {
        let kinds = [String](repeating: "a", count: 6)
        func plan(
            _ method: String, ratio: Double? = nil, _ values: [String: ParameterValue] = [:]
        ) throws -> FoldPlan {
            try Planner.plan(
                method: method, ratio: ratio,
                parameters: Parameters(values).completed(
                    with: Offer.method(method)?.parameters ?? []), kinds: kinds, similarity: nil)
        }
        #expect(try plan("reverse", ratio: 0.5) == .keeping([0, 1, 2], of: 6))
        #expect(
            try plan("passthrough", ["layers": .integers([0, 3, 5])]) == .keeping([0, 3, 5], of: 6))
        for method in ["mka", "mka-official"] {
            #expect(throws: PlanError.similarityMissing(method: method)) {
                try plan(method, ratio: 0.5)
            }
        }
        #expect(throws: PlanError.self) { try plan("passthrough", ["layers": .integers([0, 6])]) }
    }
}

extension Int {
    fileprivate func flooredDivision(by divisor: Int) -> Int {
        (self - (self % divisor + divisor) % divisor) / divisor
    }
}
