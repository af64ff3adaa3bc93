// `layerfold architectures` and docs/FAMILIES.md say of each family what its blueprint says.

import Foundation
import Model
import Runner
import TestSupport
import Testing

@Suite struct AbilitiesTests {
    private static let file = Places.root.appending(path: "docs/FAMILIES.md")

    @Test("the table of families is that of the build")
    func table() throws {
        var text = try String(contentsOf: Self.file, encoding: .utf8)
        let begin = "<!-- begin families -->\n"
        let end = "<!-- end families -->"
        let start = try #require(text.range(of: begin), "no section of families")
        let stop = try #require(text.range(of: end), "no end of the section of families")
        text.replaceSubrange(start.upperBound..<stop.lowerBound, with: try Self.rows())
        if ProcessInfo.processInfo.environment["LAYERFOLD_UPDATE_DOCS"] == "1" {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let found = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(found == text, "docs/FAMILIES.md is behind: run this with LAYERFOLD_UPDATE_DOCS=1")
    }

    private static func rows() throws -> String {
        let abilities = Abilities.Ability.allCases
        let head =
            "| model_type | " + abilities.map(\.rawValue).joined(separator: " | ")
            + " | what sets it apart |\n" + String(repeating: "| --- ", count: abilities.count + 2)
            + "|\n"
        return try Architectures.all.reduce(into: head) { table, architecture in
            let found = Abilities(try architecture.blueprint(architecture.typicalConfig))
            table +=
                "| `\(architecture.modelType)` | "
                + abilities.map { found.has($0) ? "yes" : "-" }.joined(separator: " | ")
                + " | \(architecture.summary) |\n"
        }
    }

    @Test("model types and what names a class are told once")
    func distinct() {
        let types = Architectures.all.map(\.modelType)
        #expect(Set(types).count == types.count)
    }

    @Test("every family reads its typical config, with kinds of layers to show")
    func typical() throws {
        for architecture in Architectures.all {
            let blueprint = try architecture.blueprint(architecture.typicalConfig)
            // Where a pattern says what each layer is, its length counts.
            #expect(blueprint.layers.count > 1, "\(architecture.modelType)")
            #expect(blueprint.modelType == architecture.modelType)
        }
    }

    @Test(
        "a hybrid whose config.json lists the layers that attend has both kinds",
        arguments: ["bamba", "lfm2"])
    func hybrids(type: String) throws {
        let architecture = try #require(Architectures.all.first { $0.modelType == type })
        let blueprint = try architecture.blueprint(architecture.typicalConfig)
        #expect(Set(blueprint.layers.map(\.kind)).count == 2)
        #expect(!Abilities(blueprint).has(.quantise))
    }
}
