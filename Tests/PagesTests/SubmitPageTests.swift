// The form is what the catalogue declares; what is typed into it comes out as it was.

import Catalogue
import Foundation
import Jobs
import Pages
import Report
import Testing

@Suite struct SubmitPageTests {
    private static let frame = ComparePageTests.frame()

    private func manifest(_ values: [String: [String]]) -> String {
        SubmitManifest.text(of: SubmitFields { values[$0] ?? [] })
    }

    private func parsed(_ text: String) throws -> JobDescription {
        try ManifestParser.parse(bytes: Data(text.utf8), name: "x")
    }

    @Test func `every parameter of every declaration is a field with a label`() {
        let text = SubmitPage().render(Self.frame).text
        let names = Set(PageAudit(text).tags.compactMap { $0.attributes["name"] })
        let declared: [(String, any Declaration)] =
            Offer.methods.map { ("m", $0) } + Offer.similarities.map { ("s", $0) }
            + Offer.tasks.map { ("t", $0) } + Offer.quantizations.map { ("q", $0) }
            + Offer.exports.map { ("e", $0) }
            + Offer.datasets.filter { $0.name != "mixture" }.map { ("d", $0) }
        for (prefix, declaration) in declared {
            for parameter in declaration.parameters {
                let name = "\(prefix).\(declaration.name).\(parameter.name)"
                #expect(names.contains(name), "\(name)")
            }
        }
        let wrong = PageAudit(text).check(base: "/base", token: ComparePageTests.token)
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }

    @Test func `what the form begins with is a sound manifest once a model is named`() throws {
        let text = SubmitPage().render(Self.frame).text
        // Read back from the page, as a browser would send it.
        var values: [String: [String]] = ["model": ["org/my model"]]
        var select: String?
        for tag in PageAudit(text).tags where !tag.isEnd {
            let attributes = tag.attributes
            if tag.name == "select" { select = attributes["name"] }
            if tag.name == "option", attributes["selected"] != nil, let select {
                values[select] = [attributes["value"] ?? ""]
            }
            guard tag.name == "input", let name = attributes["name"], name != "model" else {
                continue
            }
            if attributes["type"] == "checkbox", attributes["checked"] == nil { continue }
            values[name, default: []].append(attributes["value"] ?? "")
        }
        let job = try parsed(manifest(values))
        #expect(job.model == "org/my model")
        #expect(job.compress.map(\.method) == ["fold"])
        #expect(job.compress[0].ratios == [0.25])
        #expect(job.evaluate.map(\.task) == ["perplexity", "divergence"])
        #expect(job.calibration?.dataset == "self")
        #expect(JobName.isValid(job.name))
    }

    @Test func `all parts of the form come to their places in the manifest`() throws {
        let job = try parsed(
            manifest([
                "name": ["mine"], "model": ["demo"], "priority": ["7"], "method": ["mka"],
                "amount": ["ratios"], "amount_value": ["0.125, 0.25"],
                "m.mka.weights": ["fixed"], "m.mka.lambda": ["0.75"], "m.mka.norms": ["false"],
                // Of a method that is not chosen: nothing.
                "m.shortgpt.measure": ["cka"],
                "dataset": ["text"], "d.text.path": ["data/my file.txt"], "d.text.samples": ["9"],
                "similarity": ["npib"], "s.npib.sigma": ["median"], "s.npib.dimensions": ["3"],
                "task": ["perplexity"], "t.perplexity.path": ["layerfold:heldout.txt"],
                "quantize": ["rtn"], "export": ["gguf"], "e.gguf.type": ["q8_0"],
                "o.dtype": ["float16"],
            ]))
        #expect(job.name == "mine" && job.priority == 7)
        #expect(job.compress.count == 1 && job.compress[0].ratios == [0.125, 0.25])
        #expect(job.compress[0].parameters.number("lambda") == 0.75)
        #expect(job.compress[0].parameters.flag("norms") == false)
        #expect(job.calibration?.path == "data/my file.txt")
        #expect(job.calibration?.parameters.integer("samples") == 9)
        #expect(job.analysis.parameters.integer("dimensions") == 3)
        #expect(job.quantize?.map(\.method) == ["rtn"])
        #expect(job.export?.map(\.format) == ["gguf"])
        #expect(job.output.dtype == .float16)
        let budget = try parsed(
            manifest([
                "model": ["demo"], "method": ["reverse"], "amount": ["size"],
                "amount_value": ["6G"],
            ]))
        #expect(budget.compress[0].budget == Budget(.size, .count(6_000_000_000)))
    }

    @Test func `texts that mean something in YAML stay texts`() throws {
        let texts = [
            "- a", "a: b", "#x", "'", "\"", "{", "[1]", "yes", "null", "1", "0x10",
            "a\u{2028}b", "\u{1F600} 日本", "%y", "*a", "&a", "!!str", "a #b", "~", "é: ",
        ]
        for text in texts {
            let job = try parsed(
                manifest([
                    "model": [text], "method": ["reverse"], "amount_value": ["0.5"],
                    "name": ["n"],
                ]))
            #expect(job.model == text.trimmingCharacters(in: .whitespaces), "\(text)")
        }
        // Lines of a text are no lines of the manifest.
        let lines = #expect(throws: ManifestError.self) {
            try parsed(manifest(["model": ["x\nversion: 2"], "method": ["reverse"]]))
        }
        #expect(lines?.path == "model")
        // A number that is none is told at its line.
        let error = #expect(throws: ManifestError.self) {
            try parsed(
                manifest([
                    "model": ["demo"], "name": ["n"], "method": ["reverse"],
                    "amount_value": ["0.5], model: [x"],
                ]))
        }
        #expect(error?.path.hasPrefix("compress[0].ratios") == true)
    }

    @Test func `whatever is typed, nothing of it is markup`() {
        for word in HostileWords.all {
            let fields = SubmitFields { _ in [word] }
            let fault = ManifestError(
                line: 2, column: 3, path: word, problem: word, expected: word, found: word,
                hint: word)
            var plan = SubmitPlan()
            plan.obstacles = [word]
            plan.stages = [
                .init(
                    name: word, detail: word, isCached: false, seconds: 1, peakBytes: nil,
                    diskBytes: 3)
            ]
            var lost = SubmitPlan()
            lost.problem = word
            let checks: [ManifestCheck] = [
                .unchecked, .fault(fault), .refused(word), .sound(plan), .sound(lost),
            ]
            for check in checks {
                let page = SubmitPage(
                    fields: fields, manifest: "a\n\(word)\nb", check: check, models: [word],
                    source: .init(id: "job1", name: word))
                let wrong = PageAudit(page.render(Self.frame).text)
                    .check(base: "/base", token: ComparePageTests.token)
                #expect(wrong.isEmpty, "\(word.prefix(40)): \(wrong.prefix(5))")
            }
        }
    }

    @Test func `an error stands below its line, and what it is about is marked`() {
        let fault = ManifestError(
            line: 2, column: 8, path: "model", problem: "no such thing", hint: "write `x`")
        let text = SubmitPage(
            manifest: "version: 1\nmodel: demo\nname: n\n", check: .fault(fault)
        ).render(Self.frame).text
        #expect(text.contains("model: <mark>demo</mark>\n<span class=\"below\">"))
        #expect(text.contains("data-line=\"2\" data-column=\"8\""))
        #expect(text.contains("aria-invalid=\"true\" aria-describedby=\"fault\""))
        #expect(text.contains("write <code>x</code>"))
        #expect(text.contains(", <code>model</code>: <strong>"))
        #expect(PageAudit(text).escapedMarkup.isEmpty)
        // Not yet: nothing is sent that was refused.
        #expect(!text.contains("value=\"send\""))
        // Behind the last line, as at the end of a file.
        let end = ManifestError(line: 99, column: 50, path: "", problem: "ends too early")
        let page = SubmitPage(manifest: "a", check: .fault(end)).render(Self.frame).text
        #expect(page.contains("ends too early"))
    }

    @Test func `the plan stands before the button that sends`() throws {
        var plan = SubmitPlan()
        plan.seconds = 90
        plan.peakBytes = 3 << 20
        plan.obstacles = ["it will not fit"]
        let text = SubmitPage(manifest: "a: b", check: .sound(plan)).render(Self.frame).text
        let facts = try #require(text.range(of: "about 1 min 30 s"))
        let button = try #require(text.range(of: "value=\"send\""))
        #expect(facts.lowerBound < button.lowerBound)
        #expect(text.contains("it will not fit") && text.contains("3.00 MiB"))
        #expect(PageAudit(text).escapedMarkup.isEmpty)
    }

    @Test func `who may only look gets no form`() {
        let frame = Frame(
            basePath: "", visitorName: "eve", formToken: "", maySubmit: false, isAdmin: false,
            hasSession: true)
        let text = SubmitPage(manifest: "version: 1").render(frame).text
        #expect(!text.contains("<textarea") && !text.contains("name=\"do\""))
    }
}
