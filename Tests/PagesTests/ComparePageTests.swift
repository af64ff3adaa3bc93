// Jobs side by side.

import Pages
import Report
import Testing

@Suite struct ComparePageTests {
    static let token = "t0ken"

    static func frame(base: String = "/base", isAdmin: Bool = false) -> Frame {
        Frame(
            basePath: base, visitorName: "ada", formToken: token, maySubmit: true,
            isAdmin: isAdmin, hasSession: false)
    }

    private func page(
        _ reports: [RunReport], names: [String] = [], sort: String? = nil, word: String = "plain"
    ) throws -> String {
        let ids = reports.indices.map { "job\($0)" }
        let sources = zip(ids, reports).map { ComparedModels.Source(id: $0, report: $1) }
        let digests = reports.map(\.model.digest).reduce(into: [String]()) { order, digest in
            if !order.contains(digest) { order.append(digest) }
        }
        let groups = try digests.map { digest in
            ComparePage.Group(
                try ComparedModels(sources.filter { $0.report.model.digest == digest }))
        }
        let jobs = zip(ids, reports).map {
            ComparePage.Job(id: $0, name: $1.name, owner: word, problem: nil)
        }
        let broken = ComparePage.Job(id: "gone", name: word, owner: word, problem: "no: \(word)")
        return ComparePage(
            jobs: jobs + [broken], compared: ids,
            differences: DescriptionDifferences(reports), groups: groups,
            choices: [.init(id: "job0", name: word, owner: word, model: word)],
            sort: CompareSort(sort)
        ).render(Self.frame()).text
    }

    @Test func `whatever stands in names, nothing of it is markup`() throws {
        for word in HostileWords.all {
            let reports = try [
                ReportText.report(
                    name: word, figures: [(0.25, 12), (0.5, 20)], job: [word: word], word: word),
                ReportText.report(name: "b", figures: [(0.25, 11)], word: word),
                ReportText.report(name: word, digest: "d2", figures: [(0.5, 30)], word: word),
            ]
            let text = try page(reports, sort: word, word: word)
            let wrong = PageAudit(text).check(base: "/base", token: Self.token)
            #expect(wrong.isEmpty, "\(word.prefix(40)): \(wrong.prefix(5))")
        }
    }

    @Test func `what the jobs asked for alike is not told`() throws {
        let text = try page([
            ReportText.report(
                name: "a", figures: [(0.25, 12)], job: ["alike": "same-word", "seed": 1]),
            ReportText.report(
                name: "b", figures: [(0.25, 11)], job: ["alike": "same-word", "seed": 2]),
        ])
        #expect(text.contains("<bdi>seed</bdi>"))
        #expect(PageAudit(text).escapedMarkup.isEmpty)
        #expect(text.contains("<div class=\"charts\"><figure"))
        #expect(!text.contains("same-word"))
    }

    @Test func `a click on a heading sorts, and the next one turns the order`() throws {
        let reports = try [
            ReportText.report(name: "a", figures: [(0.25, 30)]),
            ReportText.report(name: "b", figures: [(0.5, 20)]),
        ]
        func order(_ sort: String?) throws -> [String] {
            let text = try page(reports, sort: sort)
            let rows = text.split(separator: "<tr><th scope=\"row\"><a href=\"/base/jobs/job")
            return rows.dropFirst().map { String($0.prefix(1)) }
        }
        #expect(try order(nil) == ["0", "1"])
        #expect(try order("f.perplexity") == ["1", "0"])
        #expect(try order("-f.perplexity") == ["0", "1"])
        #expect(try order("size") == ["1", "0"])
        #expect(try order("nonsense") == ["0", "1"])
        let text = try page(reports, sort: "size")
        #expect(text.contains("aria-sort=\"ascending\""))
        #expect(
            text.contains(
                "href=\"/base/compare?job=job0&amp;job=job1&amp;job=gone&amp;sort=-size\""))
        #expect(text.contains("sort=f.perplexity"))
    }

    @Test func `a change is from the original of the same job`() throws {
        let known = try ReportText.report(name: "a", figures: [(0.25, 12)])
        var unknown = try ReportText.report(name: "b", figures: [(0.25, 11)])
        unknown.results[0].evaluations[0].original = nil
        let text = try page([known, unknown])
        #expect(text.contains("12.00") && text.contains("11.00"))
        // Before the standard error, which both have.
        #expect(text.split(separator: ", ± ").count == 2, "\(text)")
    }

    @Test func `figures of other originals do not stand in one table`() throws {
        let text = try page([
            ReportText.report(name: "a", figures: [(0.25, 12)]),
            ReportText.report(name: "b", digest: "d2", figures: [(0.25, 11)]),
        ])
        #expect(text.contains("different originals"))
        #expect(text.split(separator: "Models by size and figures").count == 3)
    }

    @Test func `a figure that is no number is not drawn, and does not break the page`() throws {
        let text = try page([
            ReportText.report(name: "a", figures: [(0.25, 1e300)]),
            ReportText.report(name: "b", figures: [(0.25, 11)]),
        ])
        #expect(text.contains("1 models are not drawn"))
        #expect(text.contains("<svg class=\"chart wide\""))
    }
}
