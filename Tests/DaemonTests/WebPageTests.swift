// The pages as a browser gets them: what they show, to whom, and what their forms may do.

import Daemon
import DurableIO
import Foundation
import Jobs
import Store
import SystemPackage
import Testing

@Suite struct WebPageTests {
    // MARK: Lists

    @Test func `the first page shows what is there, and escapes what people wrote`() async throws {
        let site = try WebSite()
        try site.job("alpha", .done)
        try site.job("beta", .failed, reason: "no <b>model</b>")
        let page = try await site.ask("GET /", by: WebSite.bob)
        #expect(page.status == 200 && page.headers["Content-Type"] == "text/html; charset=utf-8")
        for text in ["alpha", "beta", "no &lt;b&gt;model&lt;/b&gt;", "org/demo", "2 have ended"] {
            #expect(page.body.contains(text), "\(text)")
        }
        #expect(page.body.contains("are free; the cache is being counted."))
    }

    @Test func `filters stand in the address, and pages go on`() async throws {
        let site = try WebSite()
        for number in 0..<60 {
            try site.job(
                "job-\(number)", number % 2 == 0 ? .done : .failed,
                owner: number < 10 ? 1_001 : 1_002, model: number == 7 ? "org/Other+1" : "org/demo",
                at: number + 5)
        }
        func names(_ query: String) async throws -> [String] {
            let page = try await site.ask("GET /jobs\(query)", by: WebSite.ann)
            #expect(page.status == 200, "\(query)")
            return page.body.matches(of: #/<bdi>(job-[0-9]+)<\/bdi>/#).map { String($0.1) }
        }
        #expect(try await names("").count == 50)
        #expect(try await names("?state=failed").count == 30)
        #expect(try await names("?owner=1001").count == 10)
        #expect(try await names("?owner=nobody-of-that-name").isEmpty)
        #expect(try await names("?model=other%2B1&text=&owner=") == ["job-7"])
        #expect(try await names("?text=JOB-1&state=ended").count == 11)
        #expect(try await names("?text=%25").isEmpty)
        #expect(try await site.ask("GET /jobs?state=runing", by: WebSite.ann).status == 409)
        let first = try await site.ask("GET /jobs?state=ended", by: WebSite.ann).body
        let next = try #require(
            first.firstMatch(of: #/rel="next" href="(\/jobs\?[^"]*)"/#)?.1)
        let rest = try await site.ask(
            "GET \(next.replacing("&amp;", with: "&"))", by: WebSite.ann
        ).body
        #expect(rest.matches(of: #/<bdi>job-[0-9]+<\/bdi>/#).count == 10)
        #expect(rest.contains("First page") && !rest.contains("rel=\"next\""))
    }

    @Test func `a list reads no file of a row`() async throws {
        let site = try WebSite()
        for number in 0..<200 {
            var row = JobRow(
                id: JobIdentifier.make(now: number), name: "old", owner: 1, manifestDigest: "",
                state: "done", submittedAt: number)
            row.model = "org/kept"
            _ = try site.index.insertJob(row)
        }
        // What is read of its folder would be another name.
        try site.job("real", .done, model: "org/kept", at: 300)
        // The others have no folders: what is shown of models is the index's word.
        let page = try await site.ask("GET /jobs", by: WebSite.ann).body
        #expect(page.matches(of: #/org\/kept/#).count == 50)
    }

    @Test func `where somebody is told is shown to her and to admins alone`() async throws {
        let site = try WebSite()
        let open = try site.job("open", .done)
        let told = try site.job(
            "told", .done, at: 6, notify: "{webhook: 'https://a.example/hooks/KEY'}")
        let lost = try site.job(
            "lost", .done, at: 7, notify: "{webhook: 'https://a.example/hooks/KEY'}")
        try Syscalls.unlink(site.state.appending("jobs/\(lost)/job.json"))
        for caller in [WebSite.ann, WebSite.bob, WebSite.admin] {
            for id in [told, lost] {
                let page = try await site.ask("GET /jobs/\(id)", by: caller).body
                #expect(page.contains("hooks/KEY") == (caller != WebSite.bob), "\(id) \(caller)")
                let isOffered = page.contains("/submit?from=\(id)")
                #expect(isOffered == (caller != WebSite.bob), "\(id) \(caller)")
            }
            let page = try await site.ask("GET /jobs/\(open)", by: caller).body
            #expect(page.contains("compress:"), "\(caller)")
        }
    }

    @Test func `a private server shows nobody what is another's`() async throws {
        let site = try WebSite(isPrivate: true)
        let anns = try site.job("anns-job", .done)
        let path = try site.results(anns, "anns-job")
        try site.folder.write("<p>secret</p>", to: path.appending("report.html"))
        try site.rejected("anns-file", owner: 1_001)
        for page in ["/", "/jobs", "/jobs?owner=1001", "/jobs?text=anns", "/rejected"] {
            let bobs = try await site.ask("GET \(page)", by: WebSite.bob)
            #expect(bobs.status == 200 && !bobs.body.contains("anns-"), "\(page)")
            #expect(!bobs.body.contains("1 has ended"), "\(page)")
            for caller in [WebSite.ann, WebSite.admin] {
                let page = try await site.ask("GET \(page)", by: caller).body
                #expect(page.contains("anns-"))
            }
        }
        for page in ["", "/log", "/report", "/files/report.json", "/remove"] {
            let hidden = try await site.ask("GET /jobs/\(anns)\(page)", by: WebSite.bob)
            let absent = try await site.ask(
                "GET /jobs/\(JobIdentifier.make(now: 9))\(page)", by: WebSite.bob)
            #expect(hidden.status == 404 && absent.status == 404)
            #expect(!hidden.body.contains("anns-"))
        }
    }

    // MARK: A job

    @Test(arguments: JobState.allCases)
    func `a job's page is there in each state`(state: JobState) async throws {
        let site = try WebSite()
        let id = try site.job("gamma", state, reason: state == .failed ? "it broke" : nil)
        let page = try await site.ask("GET /jobs/\(id)", by: WebSite.ann)
        #expect(page.status == 200)
        #expect(page.body.contains("gamma") && page.body.contains("method: reverse"))
        #expect(page.body.contains("it broke") == (state == .failed))
        let others = try await site.ask("GET /jobs/\(id)", by: WebSite.bob).body
        #expect(!others.contains("/jobs/\(id)/cancel") && !others.contains("/remove"))
    }

    @Test(arguments: [
        "", "{", "[]", "{\"schema\": 2}", "{\"schema\": 1}", "\u{FF}", "null",
        String(repeating: "[", count: 100_000),
    ])
    func `a damaged report.json is told in words`(text: String) async throws {
        let site = try WebSite()
        let id = try site.job("gamma", .done)
        let path = try site.results(id, "gamma")
        try site.folder.write(text, to: path.appending("report.json"))
        let page = try await site.ask("GET /jobs/\(id)", by: WebSite.ann)
        #expect(page.status == 200)
        #expect(page.body.contains("The figures cannot be shown: "))
        #expect(!page.body.contains("/proc/self"))
    }

    @Test func `an owner's links lead to nothing of somebody else`() async throws {
        let site = try WebSite()
        let bobs = try site.job("bobs", .done, owner: 1_002)
        let other = try site.results(bobs, "bobs", owner: 1_002)
        try site.folder.write("<p>bobs secret</p>", to: other.appending("report.html"))
        try site.folder.write("{\"secret\": 1}", to: other.appending("report.json"))
        // In place of a file, and in place of the folder.
        let id = try site.job("anns", .done)
        let path = try site.results(id, "anns")
        for name in ["report.html", "report.json"] {
            try FileManager.default.createSymbolicLink(
                atPath: path.appending(name).string,
                withDestinationPath: other.appending(name).string)
        }
        let page = try await site.ask("GET /jobs/\(id)", by: WebSite.ann).body
        #expect(page.contains("The figures cannot be shown") && !page.contains("<iframe"))
        #expect(try await site.ask("GET /jobs/\(id)/report", by: WebSite.ann).status == 404)
        try FileManager.default.removeItem(atPath: path.string)
        try FileManager.default.createSymbolicLink(
            atPath: path.string, withDestinationPath: other.string)
        #expect(try await site.ask("GET /jobs/\(id)/report", by: WebSite.ann).status != 200)
        let own = try await site.ask("GET /jobs/\(bobs)/report", by: WebSite.bob)
        #expect(own.status == 200)
        let policy = try #require(own.headers["Content-Security-Policy"])
        #expect(policy.contains("sandbox allow-scripts;") && policy.contains("default-src 'none'"))
        #expect(!policy.contains("allow-same-origin"))
    }

    @Test func `figures for other programs are had by known names alone`() async throws {
        let site = try WebSite()
        let id = try site.job("gamma", .done)
        let path = try site.results(id, "gamma")
        // More than one piece.
        let csv = String(repeating: "a,b\n", count: 100_000)
        try site.folder.write(csv, to: path.appending("report.csv"))
        for name in ["model.html", "report.html"] {
            try site.folder.write("<p>", to: path.appending(name))
        }
        try FileManager.default.createSymbolicLink(
            atPath: path.appending("quantized.csv").string, withDestinationPath: "report.csv")
        let page = try await site.ask("GET /jobs/\(id)", by: WebSite.bob).body
        let links = page.matches(of: #/href="(\/jobs\/[^"]*\/files\/[^"]*)"/#).map { String($0.1) }
        #expect(links == ["/jobs/\(id)/files/report.csv"])
        let file = try await site.ask("GET \(links.first ?? "/")", by: WebSite.bob)
        #expect(file.status == 200 && file.body == csv)
        #expect(file.headers["Content-Type"] == "text/csv; charset=utf-8")
        #expect(file.headers["X-Content-Type-Options"] == "nosniff")
        #expect(
            file.headers["Content-Disposition"] == "attachment; filename=\"\(id)-report.csv\"")
        for name in [
            "report.json", "quantized.csv", "model.html", "report.html", "DONE", "..%2Freport.csv",
        ] {
            let other = try await site.ask("GET /jobs/\(id)/files/\(name)", by: WebSite.ann)
            #expect(other.status == 404, "\(name)")
        }
    }

    @Test func `plan and reality stand side by side`() async throws {
        let site = try WebSite()
        let id = try site.job("gamma", .failed, reason: "x")
        let folder = site.state.appending("jobs/\(id)")
        try site.folder.write(
            #"""
            {"stages":[{"name":"merge","detail":"12 layers","cached":false,"seconds":75,
            "basis":"guess","peak_bytes":1048576,"disk_bytes":1,"scratch_bytes":0}],
            "obstacles":[],"seconds":75,"peak_bytes":1048576,"later":1}
            """#, to: folder.appending("plan.json"))
        try site.folder.write(
            #"{"kind":"stage-finished","stage":"merge","cache":"miss","seconds":80,"peak_bytes":5}"#
                + "\n", to: folder.appending("progress.jsonl"))
        try site.folder.write("one\nerror: two\n", to: folder.appending("worker.log"))
        let page = try await site.ask("GET /jobs/\(id)", by: WebSite.ann).body
        for text in ["1 min 15 s", "1 min 20 s", "12 layers", "1.00 MiB"] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(page.contains("<mark class=\"error\">error: two</mark>"))
        let part = try await site.ask("GET /jobs/\(id)/log?offset=4", by: WebSite.ann)
        #expect(part.body == "error: two\n")
        #expect(part.headers["X-Layerfold-Next-Offset"] == "15")
        #expect(try await site.ask("GET /jobs/\(id)/log?offset=-1", by: WebSite.ann).status == 409)
        let file = try await site.ask("GET /jobs/\(id)/log?download=1", by: WebSite.ann)
        #expect(file.headers["Content-Disposition"] == "attachment; filename=\"\(id).log\"")
        #expect(file.body == "one\nerror: two\n" && !page.contains("The end of it."))
        // A log that was full goes before the one that began then.
        try site.folder.write("zero\n", to: folder.appending("worker.log.1"))
        let whole = try await site.ask("GET /jobs/\(id)/log", by: WebSite.ann)
        #expect(whole.body == "zero\none\nerror: two\n")
        let cut = try await site.ask("GET /jobs/\(id)", by: WebSite.ann).body
        #expect(cut.contains("The end of it.") && cut.contains("one\n"))
    }

    // MARK: Changes

    @Test(arguments: [
        "cancel", "retry", "hold", "release", "priority", "note", "remove",
    ])
    func `others' jobs cannot be changed, and a form leads back`(verb: String) async throws {
        let site = try WebSite()
        let id = try site.job("gamma", .failed, reason: "x")
        let form = "to=1&note=x&what=results"
        let others = try await site.ask("POST /jobs/\(id)/\(verb)", by: WebSite.bob, form: form)
        #expect(others.status == 403 && others.body.contains("<h1><bdi>Not allowed"))
        let own = try await site.ask("POST /jobs/\(id)/\(verb)", by: WebSite.ann, form: form)
        if ["retry", "note", "remove"].contains(verb) {
            #expect(own.status == 303, "\(own.body)")
            #expect(own.headers["Location"]?.hasPrefix("/jobs/\(id)") == true)
        } else {
            // A job that has ended has nothing to cancel, and no place.
            #expect(own.status == 409 && own.body.contains("<h1><bdi>Not possible now"))
        }
        #expect(try await site.ask("GET /jobs/\(id)/\(verb)", by: WebSite.ann).status != 303)
    }

    @Test func `a note is kept with the job, and shown to all who see it`() async throws {
        let site = try WebSite()
        let id = try site.job("gamma", .done)
        func keep(_ form: String) async throws -> Int {
            try await site.ask("POST /jobs/\(id)/note", by: WebSite.ann, form: form).status
        }
        #expect(try await keep("note=+best+%3Cb%3E%0D%0Aso+far+") == 303)
        let page = try await site.ask("GET /jobs/\(id)", by: WebSite.bob).body
        #expect(page.contains("best &lt;b&gt;\nso far"))
        let detail = try await site.ask("GET /v1/jobs/\(id)", by: WebSite.bob).body
        #expect(
            try JSONDecoder().decode(JobDetail.self, from: Data(detail.utf8)).note
                == JobNote(text: "best <b>\nso far", by: 1_001, atMilliseconds: 1_700_000_000_000))
        #expect(try site.index.events(of: id).last?.type == "note")
        let long = String(repeating: "語", count: 1_366)
        let refused = try await site.ask(
            "POST /jobs/\(id)/note", by: WebSite.ann, form: "note=\(long)")
        #expect(refused.status == 413 && refused.body.contains("\(long)</textarea>"))
        #expect(try await keep("note=") == 303)
        #expect(!TestFolder.exists(site.state.appending("jobs/\(id)/note.json")))
    }

    @Test func `a removal says its bytes before, and what it freed`() async throws {
        let site = try WebSite()
        let id = try site.job("gamma", .done)
        let path = try site.results(id, "gamma")
        try site.folder.write(String(repeating: "x", count: 3_000_000), to: path.appending("m"))
        let question = try await site.ask("GET /jobs/\(id)/remove", by: WebSite.ann)
        #expect(question.status == 200 && question.body.contains("Frees 2.86 MiB"))
        #expect(TestFolder.exists(path))
        let done = try await site.ask(
            "POST /jobs/\(id)/remove", by: WebSite.ann, form: "what=results")
        #expect(done.status == 303 && !TestFolder.exists(path))
        let location = try #require(done.headers["Location"])
        #expect(location == "/jobs/\(id)?freed=3000002")
        let page = try await site.ask("GET \(location)", by: WebSite.ann).body
        #expect(page.contains("Freed 2.86 MiB") && page.contains("were removed, or moved away"))
        let all = try await site.ask("POST /jobs/\(id)/remove", by: WebSite.ann, form: "what=job")
        #expect(all.headers["Location"]?.hasPrefix("/?freed=") == true)
        #expect(try await site.ask("GET /jobs/\(id)", by: WebSite.ann).status == 404)
    }

    // MARK: Errors and assets

    @Test func `a browser gets errors as pages, a program as documents`() async throws {
        let site = try WebSite()
        for path in ["/nothing", "/jobs/x", "/jobs/\(JobIdentifier.make(now: 3))"] {
            let page = try await site.ask("GET \(path)", by: WebSite.ann)
            #expect(page.status == 404 && page.body.hasPrefix("<!DOCTYPE html>"), "\(path)")
        }
        let document = try await site.ask("GET /v1/nothing", by: WebSite.ann)
        #expect(document.status == 404 && document.body.hasPrefix("{"))
    }

    @Test func `style and script are kept by browsers as long as they are the same`() async throws {
        let site = try WebSite()
        for (name, type) in [("pages.css", "text/css"), ("pages.js", "text/javascript")] {
            let first = try await site.ask("GET /assets/\(name)", by: WebSite.ann)
            #expect(first.status == 200 && first.headers["Content-Type"]?.hasPrefix(type) == true)
            let tag = try #require(first.headers["ETag"])
            let again = try await site.ask(
                "GET /assets/\(name)", by: WebSite.ann, headers: "If-None-Match: \(tag)\r\n")
            #expect(again.status == 304 && again.body.isEmpty)
            let other = try await site.ask(
                "GET /assets/\(name)", by: WebSite.ann, headers: "If-None-Match: \"0\"\r\n")
            #expect(other.status == 200 && other.body == first.body)
        }
    }
}
