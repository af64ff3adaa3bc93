// The number of layers that a budget takes is the least whose plan meets it.

import Catalogue
import Checkpoint
import EngineTestSupport
import Model
import SystemPackage
import TestSupport
import Testing

@testable import Compression

@Suite struct LayerBudgetTests {
    /// Layers by what they take, and what all the rest does.
    private static func budget(
        _ amount: Budget.Amount, _ shares: [Int], rest: Int, overhead: Int = 0
    ) throws -> LayerBudget {
        try LayerBudget(
            Budget(.size, amount), shares: shares, rest: rest, areAlike: Set(shares).count == 1
        ) { kept in rest + kept.reduce(0) { $0 + shares[$1] + overhead } }
    }

    @Test("the chosen number is the least whose plan meets the budget, whatever the plans are")
    func least() throws {
        var random = SeededBytes(seed: 1)
        for round in 0..<4000 {
            let count = 1 + random.below(8)
            let each = 1 + random.below(20)
            let shares = (0..<count).map { _ in round % 3 == 0 ? each : random.below(20) }
            let (rest, overhead) = (random.below(30), random.below(3))
            let taken = { (kept: [Int]) in
                rest + kept.reduce(0) { $0 + shares[$1] + overhead }
            }
            // Which layers stay at each number that goes; some numbers have no plan.
            let plans = (0..<count).map { gone -> [Int]? in
                let kept = Array((0..<count).shuffled(using: &random).dropFirst(gone)).sorted()
                return round % 3 > 0 && random.below(6) == 0 ? nil : kept
            }
            let limit = 1 + random.below(taken(Array(shares.indices)) + 2)
            let wanted = (1..<count).first { plans[$0].map { taken($0) <= limit } ?? false }
            let least = shares.indices.map { taken([$0]) }.min() ?? 0
            do {
                let budget = try Self.budget(
                    .count(limit), shares, rest: rest, overhead: overhead)
                var asked: [Int] = []
                let found = budget.fewest { gone in
                    asked.append(gone)
                    return plans[gone]
                }
                #expect(found == wanted, "\(shares) \(rest) \(overhead) at \(limit)")
                #expect(asked == asked.sorted() && Set(asked).count == asked.count)
                if Set(shares).count == 1 { #expect(asked.isEmpty && budget.certain == wanted) }
            } catch let error as BudgetError {
                switch error {
                case .met: #expect(taken(Array(shares.indices)) <= limit)
                case .unreachable(_, let told, count): #expect(told == least && least > limit)
                default: Issue.record("\(error)")
                }
            }
        }
    }

    @Test("fewer layers than the largest could spare are not even planned for")
    func isNotAskedInVain() throws {
        let budget = try Self.budget(.count(12), [1, 5, 5, 1, 5, 3], rest: 2)
        var asked: [Int] = []
        let found = budget.fewest { count in
            asked.append(count)
            return Array(0..<6 - count)
        }
        // 22 less 5 and 5 is 12; plans drop layers from the back.
        #expect(asked == [2, 3, 4])
        #expect(found == 4)
    }

    @Test("a budget that is met or out of reach is told with what would do")
    func told() {
        let met = #expect(throws: BudgetError.self) {
            try Self.budget(.count(60_000), [10_000, 20_000], rest: 30_000)
        }
        #expect(met?.description.contains("takes 60K and meets it already") == true)
        let far = #expect(throws: BudgetError.self) {
            try Self.budget(.share(0.5), [10_123, 20_000], rest: 30_000)
        }
        #expect(
            far?.description.hasPrefix("size 0.5: no choice of layers meets it; with one of 2")
                == true)
        #expect(far?.description.contains("takes 40.2K: give at least that much") == true)
        #expect(throws: BudgetError.self) { try Self.budget(.share(0.5), [7], rest: 0) }
    }

    @Test(
        "what layers take is what the written model has, in every format and number of files",
        arguments: ArchitectureFixtures.folders)
    func writtenModels(_ folder: FilePath) throws {
        let model = try Model(try Checkpoint(folder))
        let layers = model.blueprint.layers.count
        for (dtype, shardBytes) in [(nil, nil), (DType.bf16, 4000)] as [(DType?, Int?)] {
            for gone in 1..<layers {
                let kept = Array(0..<layers - gone)
                guard
                    let folded = try? FoldedCheckpoint(
                        model: model, plan: .keeping(kept, of: layers), dtype: dtype)
                else { continue }
                let scratch = try CheckpointScratch()
                _ = try folded.write(
                    to: scratch.path, shardByteLimit: shardBytes, observer: SilentObserver())
                let bytes = try scratch.names.filter { $0.hasSuffix(".safetensors") }
                    .reduce(0) {
                        try $0 + CheckpointScratch.bytes(scratch.path.appending($1)).count
                    }
                for (measure, exact) in [
                    (Budget.Measure.size, bytes), (.parameters, try folded.parameterCount()),
                ] {
                    func budget(_ count: Int) throws -> LayerBudget {
                        try LayerBudget(
                            Budget(measure, .count(count)), of: model, dtype: dtype,
                            shardByteLimit: shardBytes)
                    }
                    #expect(try budget(exact).isMet(keeping: kept))
                    #expect(try budget(exact).fewest { Array(0..<layers - $0) } == gone)
                    let less = try? budget(exact - 1)
                    #expect(less?.isMet(keeping: kept) != true)
                }
            }
        }
    }

    @Test("a token's cache is two rows of key-value heads for each layer that attends")
    func cache() throws {
        let model = try ArchitectureFixtures.model("llama-tied-yarn")
        let each = model.blueprint.layers.map { layer -> Int in
            guard case .attention(let attention) = layer.mixer else { return 0 }
            return 2 * attention.keyValueHeads * attention.headWidth * 2
        }
        let original = each.reduce(0, +)
        func certain(_ count: Int) throws -> Int? {
            try LayerBudget(
                Budget(.kv, .count(count)), of: model, dtype: .bf16, shardByteLimit: nil
            ).certain
        }
        #expect(try certain(original - 1) == 1)
        #expect(try certain(original - each[0]) == 1)
        #expect(throws: BudgetError.self) { try certain(original) }
        #expect(throws: BudgetError.self) { try certain(each[0] - 1) }
        // Mamba layers have none: only the one layer of jamba-odd that attends can go.
        let jamba = try LayerBudget(
            Budget(.kv, .count(1)), of: try ArchitectureFixtures.model("jamba-odd"), dtype: nil,
            shardByteLimit: nil)
        #expect(jamba.certain == nil)
        #expect(jamba.isMet(keeping: [0, 2, 3]) && !jamba.isMet(keeping: [1]))
    }
}
