// Calibration sets and measures compared in a job, with the built program as a real process.

import Foundation
import TestSupport
import Testing

@Suite("comparisons in jobs", .serialized)
struct ComparisonJobTests {
    private static func job(_ compare: String) throws -> (TemporaryFolder, job: String) {
        let (folder, job) = try Workshop.make()
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing("{compute: f32}", with: "{compute: f32, similarity: cosine}")
            .replacing("{method: mka, ratios: [0.125]}", with: "{method: reverse, ratios: [0.25]}")
        try Data((text + "\ncompare: \(compare)\n").utf8).write(to: URL(filePath: job))
        return (folder, job)
    }

    private static func report(_ folder: TemporaryFolder, _ job: String, _ number: Int) throws
        -> [String: Any]
    {
        let output = folder.path + "/out"
        let outcome = try layerfold("run", job, "--state", folder.path + "/s", "--output", output)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let data = try Data(contentsOf: URL(filePath: output + "/tiny-\(number)/report.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private static let sets = """
        {measures: [npib], splits: 3, sets: [
          {name: one, dataset: text, path: demo/calibration.txt, samples: 16, max_tokens: 16},
          {name: same, dataset: text, path: demo/calibration.txt, samples: 16, max_tokens: 16},
          {name: few, dataset: text, path: demo/heldout.txt, samples: 8, max_tokens: 16}]}
        """

    @Test func `sets are drawn, correlated and halved, and come from the cache again`() throws {
        let (folder, job) = try Self.job(Self.sets)
        let report = try Self.report(folder, job, 1)
        let maps = try #require(report["similarity"] as? [[String: Any]])
        #expect(
            maps.compactMap { $0["set"] as? String } == [
                "one", "one", "same", "same", "few", "few",
            ])
        #expect(maps.prefix(2).map { $0["measure"] as? String } == ["cosine", "npib"])
        let pairs = try #require(report["correlations"] as? [[String: Any]])
        func entry(_ kind: String, _ measure: String?, _ first: String, _ second: String)
            -> [String: Any]?
        {
            pairs.first {
                $0["between"] as? String == kind && $0["measure"] as? String == measure
                    && $0["first"] as? String == first && $0["second"] as? String == second
            }
        }
        func figure(_ entry: [String: Any]?, _ part: String...) -> Double? {
            var value: Any? = entry
            for key in part { value = (value as? [String: Any])?[key] }
            return value as? Double
        }
        let same = entry("sets", "cosine", "one", "same")
        #expect(figure(same, "whole", "pearson_off_diagonal") == 1)
        #expect(figure(same, "whole", "spearman") == 1)
        let other = try #require(
            figure(entry("sets", "cosine", "one", "few"), "whole", "pearson_off_diagonal"))
        #expect(other < 1 && other > 0.5)
        let own = try #require(
            figure(entry("halves", "cosine", "one", "one"), "halves", "mean", "pearson"))
        #expect(own < 1 && own > 0.5)
        #expect(entry("measures", nil, "cosine", "npib") != nil)
        // Halves of eight samples are too few for the neighbours of npib: said, and no failure.
        let warnings = try #require(report["warnings"] as? [String])
        #expect(warnings.contains { $0.hasPrefix("few: no halves by npib: 4 samples are too few") })
        #expect(warnings.contains { $0.contains("the sets hold 8 to 16 samples") })
        #expect(entry("halves", "npib", "few", "few") == nil)
        #expect(figure(entry("sets", "npib", "one", "few"), "halves", "mean", "pearson") == nil)
        #expect(figure(entry("sets", "npib", "one", "few"), "whole", "pearson") != nil)
        let results = try #require(report["results"] as? [[String: Any]])
        #expect(results[0]["similarity_before"] as? [Int] == [0])
        let csv = try String(
            contentsOfFile: folder.path + "/out/tiny-1/correlations.csv", encoding: .utf8)
        #expect(csv.split(separator: "\r\n").count == 1 + pairs.count)

        let again = try Self.report(folder, job, 2)
        let stages = try #require(again["stages"] as? [[String: Any]])
        let missed = stages.filter { $0["cache"] as? String != "hit" }
            .compactMap { $0["name"] as? String }
        // Files made within seconds before are read again: their times prove nothing yet.
        #expect(Set(missed).isSubset(of: ["digest", "halves", "merge"]), "\(missed)")
        #expect(stages.count { $0["name"] as? String == "halves" } == 5)
        #expect(
            NSArray(array: try #require(again["correlations"] as? [[String: Any]]))
                .isEqual(to: pairs))
    }

    @Test func `a set that is not there is told of before anything is computed`() throws {
        let (folder, job) = try Self.job(
            "{sets: [{name: none, dataset: text, path: demo/none.txt}]}")
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
        #expect(outcome.status == 3 && outcome.errors.contains("demo/none.txt"))
        #expect(!outcome.errors.contains("activations"))
    }
}
