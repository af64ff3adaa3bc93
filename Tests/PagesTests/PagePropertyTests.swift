// What holds for all pages, whatever stands in them.

import Jobs
import Pages
import Report
import Testing

@Suite struct PagePropertyTests {
    @Test(arguments: PageSamples.hostile)
    func `whatever people write is text in every field of every page`(text: String) throws {
        for (name, page) in try PageSamples.pages(text) {
            let problems = PageCheck(page).problems(
                base: PageSamples.base, token: PageSamples.token)
            #expect(problems.isEmpty, "\(name): \(problems.prefix(5))")
        }
    }

    @Test func `without a base path addresses begin at the root`() throws {
        for (name, page) in try PageSamples.pages("plain", base: "") {
            let problems = PageCheck(page).problems(base: "", token: PageSamples.token)
            #expect(problems.isEmpty, "\(name): \(problems.prefix(5))")
        }
    }

    @Test func `the check finds what it is for`() {
        func problems(_ body: String) -> [String] {
            let frame = PageSamples.frame()
            let page = frame.page("x", at: .home, "<p>MARK</p>").text
            return PageCheck(page.replacing("<p>MARK</p>", with: body)).problems(
                base: PageSamples.base, token: PageSamples.token)
        }
        #expect(problems("<p>fine</p>").isEmpty)
        for wrong in [
            "<evil></evil>", "<p style=\"x\"></p>", "<p onclick=\"x\"></p>", "<p></div>", "<p>",
            "<a href=\"//evil/\"></a>", "<a href=\"https://evil/\"></a>", "<h1></h1>", "a > b",
            "<form method=\"post\" action=\"/base/x\"></form>", "<input name=\"x\">",
            "<p id=\"main\"></p>", "<script></script>", "<p a='b'></p>", "<",
        ] {
            #expect(!problems(wrong).isEmpty, "\(wrong)")
        }
    }

    @Test func `who may change nothing gets no form that changes something`() throws {
        let frame = Frame(
            basePath: "", visitorName: "ada", formToken: "", maySubmit: false, isAdmin: false,
            hasSession: false)
        for state in JobState.allCases {
            let rights = JobPage.Rights(mayChange: false, maySubmit: false)
            let page = try PageSamples.job(state, "x", rights: rights).render(frame).text
            let forms = PageCheck(page).all("form").filter { $0.attributes["method"] == "post" }
            #expect(forms.isEmpty, "\(state)")
            #expect(!page.contains("/remove") && !page.contains("/submit"))
        }
    }

    @Test(arguments: JobState.allCases)
    func `a job's forms are those that its state allows`(state: JobState) throws {
        let page = try PageSamples.job(state, "x").render(PageSamples.frame()).text
        let actions = PageCheck(page).all("form").compactMap { $0.attributes["action"] }
        let verbs = actions.compactMap { $0.split(separator: "/").last.map(String.init) }
        let waits = state == .queued || state == .held
        #expect(verbs.contains("cancel") == (waits || state == .running))
        #expect(verbs.contains("hold") == (state == .queued))
        #expect(verbs.contains("release") == (state == .held))
        #expect(verbs.contains("priority") == waits)
        #expect(verbs.contains("retry") == (state == .failed || state == .cancelled))
        #expect(page.contains("/\(PageSamples.id)/remove\"") == state.isFinal)
        // What somebody is typing would be lost.
        #expect(!page.contains("http-equiv=\"refresh\""))
        #expect(page.contains("Look again") == !state.isFinal)
        let reader = try PageSamples.job(
            state, "x", rights: .init(mayChange: false, maySubmit: false)
        ).render(PageSamples.frame()).text
        #expect(reader.contains("http-equiv=\"refresh\"") == !state.isFinal)
    }

    /// A page without the parts that the script takes from a newer one, the log that it follows,
    /// and what is there for browsers without script.
    private func fixedParts(_ page: String) throws -> String {
        var (fixed, depth) = ("", 0)
        for piece in page.split(separator: "<", omittingEmptySubsequences: false) {
            if depth == 0, !piece.hasPrefix("div data-live=") {
                fixed += "<" + piece
            } else if piece.hasPrefix("div") {
                depth += 1
            } else if piece.hasPrefix("/div") {
                depth -= 1
            }
        }
        return fixed.replacing(#/<noscript>(?s:.*?)<\/noscript>\n/#, with: "")
            .replacing(#/<section aria-labelledby="log">(?s:.*?)<\/section>/#, with: "")
            .replacing("<details open>", with: "<details>")
    }

    @Test(arguments: JobState.allCases)
    func `what changes with a job's state is in parts that the script renews`(
        state: JobState
    ) throws {
        for mayChange in [false, true] {
            let rights = JobPage.Rights(mayChange: mayChange, maySubmit: mayChange)
            func fixed(_ state: JobState) throws -> String {
                try fixedParts(
                    PageSamples.job(state, "x", rights: rights).render(PageSamples.frame()).text)
            }
            #expect(try fixed(state) == fixed(.done))
        }
        let page = try PageSamples.job(state, "x").render(PageSamples.frame()).text
        #expect(page.contains("<li>running, began") == !state.isFinal)
        #expect(page.contains(" UTC</time>, 3 s, signal 9</li>") == state.isFinal)
    }

    @Test func `a manifest that is not shown is not offered to be sent again`() throws {
        let page = try PageSamples.job(.done, "x", manifest: .absent("for <others>"))
            .render(PageSamples.frame()).text
        #expect(page.contains("for &lt;others&gt;</p>") && !page.contains("/submit?from="))
        let shown = try PageSamples.job(.done, "x").render(PageSamples.frame()).text
        #expect(shown.contains("/submit?from=\(PageSamples.id)"))
    }

    @Test func `what an admin holds its owner is not offered to release`() throws {
        let owner = Frame(
            basePath: "", visitorName: "ada", formToken: "t", maySubmit: true, isAdmin: false,
            hasSession: false)
        let page = try PageSamples.job(.held, "x").render(owner).text
        #expect(!page.contains("/release\"") && page.contains("/cancel\""))
    }

    @Test func `a failure comes first, with what to do, and damage is told`() throws {
        let page = try PageSamples.job(.failed, "the-word").render(PageSamples.frame()).text
        let failure = try #require(page.firstRange(of: "id=\"failure\""))
        let state = try #require(page.firstRange(of: "<dt>State</dt>"))
        #expect(failure.lowerBound < state.lowerBound)
        #expect(page.contains("Please report this"))
        #expect(page.contains("The figures cannot be shown: the-word"))
    }

    @Test func `figures, sizes and loading lines of a report are shown`() throws {
        let page = try PageSamples.job(.done, "gamma").render(PageSamples.frame()).text
        for text in [
            "12.00", "+20.0%", "50.0%", "3.81 MiB", "vllm serve /srv/gamma/gamma",
            "llama-cli -m /srv/gamma/gamma", "1 warning", "<iframe src=\"/base/jobs/",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        // The folded one has a file for it, and it reads no folder of the quantized one.
        #expect(!page.contains("convert_hf_to_gguf"))
    }
}
