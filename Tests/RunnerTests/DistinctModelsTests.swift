// Ratios that remove as many layers make one model.

import Foundation
import Jobs
import Testing

@testable import Runner

@Suite struct DistinctModelsTests {
    private func candidates(_ compress: String) throws -> [JobDescription.Candidate] {
        let text = """
            version: 1
            model: m
            calibration: {dataset: text, path: t}
            compress:
            \(compress)
            """
        return try ManifestParser.parse(bytes: Data(text.utf8), name: "x").candidates
    }

    @Test func theFirstOfEqualCountsIsMade() throws {
        let all = try candidates("- {method: mka, ratios: [0.25, 0.26, 0.5]}")
        let models = DistinctModels(all, of: 16)
        #expect(models.candidates.map(\.folder) == ["mka-r0.25", "mka-r0.5"])
        #expect(models.notes.count == 1)
        #expect(models.notes[0].contains("mka-r0.26 would remove 4 of 16 layers, as mka-r0.25"))
        #expect(DistinctModels(all, of: 100).candidates == all)
    }

    @Test func otherMethodsParametersAndLabelsAreOthers() throws {
        let all = try candidates(
            """
            - {method: mka, ratios: [0.25]}
            - {method: shortgpt, ratios: [0.25]}
            - {method: mka, ratios: [0.26], weights: fixed, lambda: 0.5}
            - {method: mka, ratios: [0.26], label: again}
            """)
        #expect(DistinctModels(all, of: 16).candidates == all)
    }

    @Test func sharesOfWeightsAreNoShareOfLayers() throws {
        let all = try candidates("- {method: sparsegpt, ratios: [0.25, 0.26]}")
        #expect(DistinctModels(all, of: 16).candidates == all)
    }

    @Test func ratiosThatCannotBeMetAreLeftToThePlan() throws {
        let all = try candidates("- {method: mka, ratios: [0.01, 0.02]}")
        #expect(DistinctModels(all, of: 16).candidates == all)
    }
}
