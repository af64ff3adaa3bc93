// The planners of shortgpt and angular against their definitions, over all small cases; and the
// catalogue's measures against the engine's.

import Catalogue
import TensorMath
import Testing

@testable import Analysis
@testable import Compression

@Suite struct RedundantLayersTests {
    /// A symmetric matrix over runs, of few distinct values so that ties happen.
    private static func matrix(_ count: Int, seed: UInt64) -> SimilarityMatrix {
        var generator = SeededGenerator(seed: seed)
        var values = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in row..<count {
                let value = (generator.uniform() * 8).rounded() / 8
                values[row * count + column] = value
                values[column * count + row] = value
            }
        }
        return SimilarityMatrix(size: count, values: values)
    }

    private static func plan(
        _ method: String, _ similarity: SimilarityMatrix, removing removed: Int
    ) throws -> FoldPlan {
        let count = similarity.size
        return try Planner.plan(
            method: method, ratio: Double(removed) / Double(count), parameters: Parameters(),
            kinds: [String](repeating: "a", count: count), similarity: similarity)
    }

    @Test func `shortgpt drops the layers of least block influence and the later of equals`() throws
    {
        for count in 2...9 {
            for seed in UInt64(1)...20 {
                let similarity = Self.matrix(count, seed: seed)
                for removed in 1..<count {
                    let found = try Self.plan("shortgpt", similarity, removing: removed)
                    try found.validate()
                    #expect(found.removed.count == removed)
                    for gone in found.removed {
                        for kept in found.layers.map({ $0.from[0].layer }) {
                            let (lost, left) = (similarity[gone, gone], similarity[kept, kept])
                            #expect(lost > left || (lost == left && gone > kept))
                        }
                    }
                }
            }
        }
    }

    @Test func `angular drops the run that turns the stream least and the later of equals`() throws
    {
        for count in 2...9 {
            for seed in UInt64(1)...20 {
                let similarity = Self.matrix(count, seed: seed)
                for removed in 1..<count {
                    let found = try Self.plan("angular", similarity, removing: removed)
                    try found.validate()
                    let start = try #require(found.removed.first)
                    #expect(found.removed == Array(start..<start + removed))
                    let value = similarity[start, start + removed - 1]
                    for other in 0...count - removed where other != start {
                        let rival = similarity[other, other + removed - 1]
                        #expect(value > rival || (value == rival && start > other))
                    }
                }
            }
        }
    }

    @Test func `replaceme drops the run that turns the stream least behind the first layer`() throws
    {
        for count in 2...9 {
            for seed in UInt64(1)...20 {
                let similarity = Self.matrix(count, seed: seed)
                for removed in 1..<count {
                    let found = try Self.plan("replaceme", similarity, removing: removed)
                    let start = try #require(found.removed.first)
                    #expect(start > 0 && found.removed == Array(start..<start + removed))
                    let value = similarity[start, start + removed - 1]
                    for other in 1..<count - removed + 1 where other != start {
                        let rival = similarity[other, other + removed - 1]
                        #expect(value > rival || (value == rival && start > other))
                    }
                }
            }
        }
    }

    @Test(arguments: ["shortgpt", "angular", "replaceme"])
    func `a matrix is needed and must be of the model's size`(method: String) throws {
        #expect(throws: PlanError.similarityMissing(method: method)) {
            try Planner.plan(
                method: method, ratio: 0.5, parameters: Parameters(), kinds: ["a", "a"],
                similarity: nil)
        }
        #expect(throws: PlanError.self) {
            try Planner.plan(
                method: method, ratio: 0.5, parameters: Parameters(), kinds: ["a", "a"],
                similarity: Self.matrix(3, seed: 1))
        }
    }

    @Test func `every offered measure is computed, and every measure is offered`() throws {
        let offered = Offer.similarities.map(\.name).sorted()
        #expect(offered == SimilarityMeasures.all.map(\.name).sorted())
        for declaration in Offer.similarities {
            let known = try SimilarityMeasures.find(declaration.name).parameterNames
            // The published code knows one kernel width, which is declared but not read.
            let fixed = declaration.name == "npib-official" ? ["sigma"] : []
            for parameter in declaration.parameters where !fixed.contains(parameter.name) {
                #expect(known.contains(parameter.name), "\(declaration.name).\(parameter.name)")
            }
        }
        for method in Offer.methods {
            if let measure = method.ownMeasure {
                #expect(Offer.similarity(measure) != nil && method.needs == .similarity)
            }
        }
    }

    @Test func `offered defaults are the engine's`() {
        let engine = SimilarityParameters()
        let values: [String: ParameterValue] = [
            "ridge": .number(engine.ridge), "unbiased": .flag(engine.unbiased),
            "perplexity": .number(engine.perplexity), "code_width": .integer(engine.codeWidth),
            "steps": .integer(engine.steps), "seed": .integer(Int(engine.seed)),
        ]
        for declaration in Offer.similarities {
            for parameter in declaration.parameters {
                guard let value = values[parameter.name] else { continue }
                #expect(
                    parameter.defaultValue == .value(value),
                    "\(declaration.name).\(parameter.name)")
            }
        }
    }
}
