// Words and numbers of a report: how figures are written, judged and put into tables.

import Testing

@testable import Report

@Suite struct ReportTextTests {
    @Test(
        arguments: [
            (51.69, "51.7"), (87.2312, "87.2"), (9.996, "10.0"), (0.99951, "1.00"),
            (31009.6, "31,010"), (0.4123, "0.412"), (0, "0"), (-1.5, "−1.50"),
            (1.23456e-5, "1.23e-5"), (9.999e-6, "1.00e-5"), (5e15, "5.00e15"), (1234.4, "1,234"),
            (999.6, "1,000"), (.nan, "not a number"), (.infinity, "infinite"),
            (-.infinity, "−infinite"), (1e300, "1.00e300"),
        ])
    func `three significant digits`(value: Double, text: String) {
        #expect(NumberText.significant(value) == text)
    }

    @Test(
        arguments: [
            (0.0, 2, "0.00"), (0.005, 2, "0.01"), (-0.001, 2, "0.00"),
            (1234567.891, 1, "1,234,567.9"),
            (999.995, 0, "1,000"), (12, 0, "12"), (1e300, 2, "1e+300"), (.nan, 3, "not a number"),
        ])
    func `fixed decimals`(value: Double, decimals: Int, text: String) {
        #expect(NumberText.fixed(value, decimals) == text)
    }

    @Test func `counts, sizes and times`() {
        #expect(NumberText.grouped(12_943_616) == "12,943,616")
        #expect(NumberText.grouped(-1000) == "−1,000")
        #expect(NumberText.grouped(Int.min) == "−9,223,372,036,854,775,808")
        #expect(
            [999, 1000, 12_943_616, 70_553_706_496, 999_600].map(NumberText.short)
                == ["999", "1.00 K", "12.9 M", "70.6 B", "1.00 M"])
        #expect(
            [0, 1023, 1024, 25_723_392, 1 << 40].map(NumberText.bytes)
                == ["0 B", "1,023 B", "1.00 KiB", "24.5 MiB", "1.00 TiB"])
        #expect(
            [0.004, 9.99, 9.999, 59.94, 59.96, 245, 3599.4, 7980, 1e12, .nan]
                .map(NumberText.seconds)
                == [
                    "0.00 s", "9.99 s", "10.0 s", "59.9 s", "1 min 00 s", "4 min 05 s",
                    "59 min 59 s", "2 h 13 min", "1,000,000,000,000 s", "not a number",
                ])
    }

    @Test func `shares, changes and coordinates`() {
        #expect(
            [0.125, 0.25, 1, 0, 0.4375, 1.0 / 3].map(NumberText.percent)
                == ["12.5%", "25%", "100%", "0%", "43.75%", "33.33%"])
        #expect(
            [0.6878, -0.125, 0, 0.00001, 1.5, 8.99, 9, 599, -1].map(NumberText.change)
                == [
                    "+68.8%", "−12.5%", "±0.0%", "±0.0%", "+150%", "+899%", "×10.0", "×600",
                    "−100%",
                ])
        #expect([0.5, 90, 0.58, 1e-9].map(NumberText.brief) == ["0.5", "90", "0.58", "1.00e-9"])
        #expect(
            [1, 1.5, -0.25, 0.004, 12.345, -0.001].map(NumberText.coordinate)
                == ["1", "1.5", "-0.25", "0", "12.35", "0"])
        #expect([8, 0.1, 1e-5].map(NumberText.plain) == ["8", "0.1", "1e-05"])
    }

    @Test(
        arguments: [
            ("perplexity", 51.7, 51.9, nil, Verdict.unchanged),
            ("perplexity", 51.7, 54.4, nil, .slight), ("perplexity", 51.7, 63.2, nil, .clear),
            ("perplexity", 51.7, 87.2, nil, .heavy), ("perplexity", 51.7, 31010, nil, .broken),
            ("perplexity", 51.7, 50, nil, .unchanged), ("perplexity", 51.7, .nan, nil, .broken),
            ("accuracy", 0.65, 0.64, 0.011, .unchanged),
            ("accuracy", 0.65, 0.66, 0.011, .unchanged), ("accuracy", 0.65, 0.66, nil, .better),
            ("accuracy", 0.65, 0.60, 0.011, .clear), ("accuracy", 0.65, 0.50, 0.011, .heavy),
            ("accuracy", 0.65, 0.25, 0.011, .broken), ("bits_per_byte", 1, 1.2, nil, .clear),
        ] as [(String, Double, Double, Double?, Verdict)])
    func `verdicts`(
        metric: String, original: Double, value: Double, stderr: Double?, expected: Verdict
    ) {
        let evaluation = RunReport.Evaluation(
            task: "task", metric: metric, value: value, stderr: stderr, original: original)
        #expect(Verdict(evaluation) == expected)
    }

    @Test(
        arguments: [
            (0.15, 0.082, 0, Verdict.unchanged), (0.9, 0.069, 1, .unchanged),
            (0.5, 0.115, 0, .broken), (0.5, 0, 0, .broken), (0.5, nil, 0, .broken),
        ] as [(Double, Double?, Double, Verdict)])
    func `a model that has all right or nothing is judged by its original's error`(
        original: Double, error: Double?, value: Double, expected: Verdict
    ) {
        let evaluation = RunReport.Evaluation(
            task: "gsm8k", metric: "exact_match_strict", value: value, stderr: 0, count: 20,
            original: original, originalStderr: error)
        #expect(Verdict(evaluation) == expected)
    }

    /// 1,000 questions, 75% and 72% right, each with an error of some 1.4 points.
    @Test(
        arguments: [
            ([("accuracy", 0.72), ("flips", 0.05)], Verdict.clear),
            ([("accuracy", 0.72), ("flips", 0.3)], .unchanged),
            ([("accuracy", 0.72)], .unchanged),
            ([("accuracy", 0.72), ("flips", .nan)], .unchanged),
            // Flips by length say nothing of answers that are not.
            ([("accuracy", 0.72), ("accuracy_normalised", 0.7), ("flips", 0.05)], .unchanged),
            ([("accuracy_normalised", 0.72), ("accuracy", 0.7), ("flips", 0.05)], .clear),
            ([("accuracy_macro", 0.72), ("accuracy", 0.7), ("flips", 0.05)], .unchanged),
            // Not one question came out otherwise.
            ([("accuracy", 0.75), ("flips", 0)], .unchanged),
            ([("accuracy", 0.744), ("flips", 0.006)], .slight),
            ([("accuracy", 0.744), ("flips", 0.02)], .unchanged),
        ] as [([(String, Double)], Verdict)])
    func `accuracies over the same questions are judged by the flips`(
        figures: [(metric: String, value: Double)], expected: Verdict
    ) throws {
        let evaluations = figures.map { figure in
            RunReport.Evaluation(
                task: "task", metric: figure.metric, value: figure.value, stderr: 0.0142,
                count: 1000, original: figure.metric == "flips" ? nil : 0.75,
                originalStderr: figure.metric == "flips" ? nil : 0.0137)
        }
        #expect(Verdict(evaluations[0], beside: evaluations) == expected)
        #expect(
            Verdict.decisive(evaluations, leading: evaluations[0])?.verdict == expected)
        var report = ReportFixtures.tiny()
        report.results[0].evaluations = evaluations
        #expect(
            ModelCard.render(report, report.results[0]).contains(
                "by task \(figures[0].metric.replacing("_", with: " ")), this model is "
                    + "\(expected.words)."))
        // Flips of another task, or of other questions, are none of this one.
        for index in evaluations.indices where evaluations[index].metric == "flips" {
            for change in [{ $0.task = "other" }, { $0.count = 999 }]
                as [(inout RunReport.Evaluation) -> Void]
            {
                var others = evaluations
                change(&others[index])
                #expect(Verdict(evaluations[0], beside: others) == Verdict(evaluations[0]))
            }
        }
    }

    @Test func `without the original there is no verdict`() {
        #expect(Verdict(.init(task: "t", metric: "perplexity", value: 3)) == nil)
    }

    @Test func `worse is never judged better`() {
        for metric in ["perplexity", "accuracy", "bits_per_byte", "score"] {
            var last = 0
            for step in 0...400 {
                let change = Double(step) / 100
                let value =
                    ReportMetric(task: "t", metric: metric).isLowerBetter
                    ? 0.9 + change : 0.9 - change
                let verdict = Verdict(
                    .init(task: "t", metric: metric, value: value, original: 0.9))
                let rank = verdict?.rawValue ?? last
                #expect(rank >= last, "\(metric) at \(value)")
                last = rank
            }
            #expect(last == Verdict.broken.rawValue)
        }
    }

    @Test func `plans in words`() {
        let plan: [RunReport.PlanEntry] = [
            .init(into: 0, from: [.init(layer: 3, weight: 1)]),
            .init(
                into: 1,
                from: [
                    .init(layer: 4, weight: 0.62), .init(layer: 5, weight: -0.5),
                    .init(layer: 6, weight: 1e-7),
                ]),
            .init(into: 2, from: [.init(layer: 7, weight: 0.5)]), .init(into: 3, from: []),
        ]
        #expect(
            plan.map(PlanText.equation) == [
                "0 = layer 3", "1 = 0.62 × layer 4 − 0.5 × layer 5 + 1.00e-7 × layer 6",
                "2 = 0.5 × layer 7", "3 = nothing",
            ])
        #expect(PlanText.ranges([9, 3, 4, 5, 12, 13, 9]) == "3–5, 9, 12, 13")
        #expect(PlanText.ranges([]) == "")
    }

    @Test func `paths are quoted for shell and Python`() {
        #expect(LoadingText.shellQuoted("mka-r0.25") == "mka-r0.25")
        #expect(LoadingText.shellQuoted("a b'c$(rm)") == #"'a b'\''c$(rm)'"#)
        #expect(LoadingText.shellQuoted("") == "''")
        #expect(LoadingText.pythonQuoted("a\"\\\né") == #""a\"\\\U0000000a\U000000e9""#)
        #expect(LoadingText.vllm("-x; rm") == "vllm serve './-x; rm'")
    }
}
