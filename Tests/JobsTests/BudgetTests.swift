// Budgets of manifests: what is read, and that what is written is read again.

import Catalogue
import Foundation
import Jobs
import TestSupport
import Testing

@Suite struct BudgetTests {
    private static func job(_ entries: String) throws -> JobDescription {
        let text = "version: 1\nmodel: m\ncompress:\n\(entries)\n"
        return try ManifestParser.parse(bytes: Data(text.utf8), name: "x")
    }

    @Test(
        arguments: [
            ("0.75", .share(0.75)), ("7.5e-1", .share(0.75)), ("6G", .count(6_000_000_000)),
            ("6GB", .count(6_000_000_000)), ("6 GB", .count(6_000_000_000)),
            ("6gb", .count(6_000_000_000)), ("1.5GiB", .count(1_610_612_736)),
            ("1.5Gi", .count(1_610_612_736)), ("512B", .count(512)), ("0.5K", .count(500)),
            ("96KiB", .count(98_304)), ("6000000000", .count(6_000_000_000)),
            ("6e9", .count(6_000_000_000)), ("2T", .count(2_000_000_000_000)),
        ] as [(String, Budget.Amount)])
    func `bytes are read in any unit`(text: String, amount: Budget.Amount) throws {
        for measure in [Budget.Measure.size, .kv] {
            #expect(try Budget(measure, text).amount == amount)
        }
    }

    @Test func `parameters are counted as people call models`() throws {
        #expect(try Budget(.parameters, "6.5B").amount == .count(6_500_000_000))
        #expect(try Budget(.parameters, "135m").amount == .count(135_000_000))
        #expect(try Budget(.parameters, "0.9").amount == .share(0.9))
    }

    @Test func `what is written is short and is read again`() throws {
        let texts = [6_000_000_000: "6G", 1_610_612_736: "1.5GiB", 98_304: "96KiB", 512: "512B"]
        for (count, text) in texts { #expect(Budget(.size, .count(count)).amountText == text) }
        #expect(Budget(.parameters, .count(6_500_000_000)).amountText == "6.5B")
        var random = SeededBytes(seed: 1)
        for _ in 0..<20_000 {
            let bits = random.below(52)
            let count = 1 + random.below(1 << bits)
            // Near round numbers, too.
            let rounded = max(1, count / 1000 * random.element(of: [1000, 1024, 1]))
            for count in [count, rounded] {
                for measure in Budget.Measure.allCases {
                    let budget = Budget(measure, .count(count))
                    #expect(try Budget(measure, budget.amountText) == budget, "\(count)")
                }
            }
            let share = Budget(.kv, .share(Double(1 + random.below(999_999)) / 1_000_000))
            #expect(try Budget(.kv, share.amountText) == share)
        }
    }

    @Test func `a budget stands in the place of ratios`() throws {
        let job = try Self.job(
            """
            - {method: reverse, size: 6G}
            - {method: reverse, parameters: 0.75, label: far}
            - {method: reverse, kv: "96KiB"}
            - {method: reverse, ratios: [0.5]}
            """)
        #expect(job.compress.map(\.ratios) == [[], [], [], [0.5]])
        #expect(
            job.candidates.map(\.folder) == [
                "reverse-size-6G", "far-parameters-0.75", "reverse-kv-96KiB", "reverse-r0.5",
            ])
        #expect(job.candidates.map(\.ratio) == [nil, nil, nil, 0.5])
        let written = try job.canonicalJSON()
        #expect(try JSONDecoder().decode(JobDescription.self, from: written) == job)
        // The description is a manifest again.
        #expect(try ManifestParser.parse(bytes: written, name: "y") == job)
    }

    @Test func `a share is rounded down and a count is the limit itself`() {
        #expect(Budget(.size, .share(0.75)).limit(of: 10) == 7)
        // 0.7 * 10 is a little less than 7 in binary numbers.
        #expect(Budget(.size, .share(0.1)).limit(of: 30) == 3)
        #expect(Budget(.size, .count(12)).limit(of: 10) == 12)
    }

    /// Files may say that they are as large as a file can be.
    @Test func `no size of an original is too large`() {
        #expect(Budget(.size, .share(1.0.nextDown)).limit(of: .max) > .max / 4 * 3)
        #expect(Budget(.size, .share(0.5)).limit(of: .max) == 1 << 62)
        #expect(Budget(.size, .count(.max)).limit(of: .max) == .max)
    }

    @Test func `numbers stop at their ends`() {
        #expect(Int.max.addingClamped(1) == .max)
        #expect(Int.min.addingClamped(-1) == .min)
        #expect((Int.max - 1).addingClamped(1) == .max)
        #expect(3.addingClamped(-5) == -2)
    }
}
