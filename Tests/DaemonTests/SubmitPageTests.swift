// Jobs made on the page.

import Foundation
import Jobs
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite struct SubmitPageTests {
    @Test func `an error stands at its line, and nothing is queued`() async throws {
        let world = try PageWorld()
        let bad = "version: 1\r\nmodel: demo\r\ncompress:\r\n  - method: revrese\r\n"
        for verb in ["check", "send"] {
            let answer = try await world.post("/submit", [("do", verb), ("manifest", bad)])
            #expect(answer.status == 422)
            #expect(answer.text.contains("Line 4, column 13"), "\(answer.text)")
            #expect(answer.text.contains("data-line=\"4\""))
            #expect(answer.text.contains("<mark>revrese</mark>"))
            #expect(answer.text.contains("  - method: revrese"), "the text is kept")
            #expect(!answer.text.contains("value=\"send\""))
        }
        #expect(try world.index.jobIdentifiers().isEmpty)
    }

    @Test func `what is not there is told, and the text is kept`() async throws {
        let world = try PageWorld()
        let text = TestDaemon.manifest("ok-a").replacing("model: demo", with: "model: absent")
        let answer = try await world.post("/submit", [("do", "send"), ("manifest", text)])
        #expect(answer.status == 422)
        #expect(answer.text.contains("models/absent"))
        #expect(answer.text.contains("model: absent"))
        #expect(try world.index.jobIdentifiers().isEmpty)
    }

    @Test func `a server that cannot keep the job gives the text back`() async throws {
        let world = try PageWorld()
        let jobs = world.configuration.folders.job("x").removingLastComponent()
        try FileManager.default.removeItem(atPath: jobs.string)
        try world.daemon.folder.write("", to: jobs)
        let text = TestDaemon.manifest("ok-a")
        let answer = try await world.post("/submit", [("do", "send"), ("manifest", text)])
        #expect(answer.status == 503)
        #expect(answer.text.contains("The server does not take it") && answer.text.contains(text))
    }

    @Test func `the form becomes a manifest with its plan, which can be sent`() async throws {
        let world = try PageWorld()
        let start = try await world.get("/submit")
        #expect(start.status == 200)
        #expect(start.text.contains("<option value=\"demo\">"), "models below the root")
        // A browser keeps the fragment of a form on its way to the job's page.
        #expect(!start.text.contains("method=\"post\" action=\"/submit#"))
        #expect(start.text.contains("formaction=\"/submit#editor\">Check"))
        let made = try await world.post(
            "/submit",
            [
                ("do", "make"), ("name", "short-made"), ("model", "demo"), ("method", "reverse"),
                ("amount", "ratios"), ("amount_value", "0.25 0.5"),
            ])
        #expect(made.status == 200, "\(made.text)")
        let manifest =
            "version: 1\nname: short-made\nmodel: demo\ncompress:\n  - method: reverse\n"
            + "    ratios: [0.25, 0.5]\n"
        #expect(made.text.contains(manifest))
        // The worker of the tests plans five seconds.
        #expect(made.text.contains("about 5 s"), "\(made.text)")
        #expect(made.text.contains("value=\"send\""))
        let sent = try await world.post(
            "/submit",
            [("do", "send"), ("manifest", manifest.replacing("\n", with: "\r\n"))])
        #expect(sent.status == 303)
        let id = try #require(sent.location?.split(separator: "/").last.map(String.init))
        #expect(sent.location == "/jobs/\(id)")
        let row = try #require(try world.index.job(id))
        #expect(row.owner == PageWorld.ann.user && row.name == "short-made")
        let kept = world.configuration.folders.job(id).appending("manifest.raw")
        #expect(TestFolder.text(kept) == manifest, "as it was typed")
    }

    @Test func `a job can be sent where no plan is to be had`() async throws {
        let world = try PageWorld()
        let answer = try await world.post(
            "/submit", [("do", "check"), ("manifest", TestDaemon.manifest("user-a"))])
        #expect(answer.status == 200)
        #expect(answer.text.contains("There is no plan: no such plan"))
        #expect(answer.text.contains("value=\"send\""))
    }

    @Test func `a rerun of a manifest without a name is called as the job was`() async throws {
        let world = try PageWorld()
        let text = TestDaemon.manifest("x").replacing("name: x\n", with: "")
        let first = try await world.post(
            "/submit", [("do", "send"), ("manifest", text), ("name", "ok-sweep")])
        let id = try #require(first.location?.split(separator: "/").last.map(String.init))
        let field = "<input type=\"hidden\" name=\"name\" value=\"ok-sweep\">"
        #expect(try await world.get("/submit?from=\(id)").text.contains(field))
        let checked = try await world.post(
            "/submit", [("do", "check"), ("manifest", text), ("name", "ok-sweep")])
        #expect(checked.status == 200 && checked.text.contains(field))
        #expect(try world.index.job(id)?.name == "ok-sweep")
        let wrong = try await world.post(
            "/submit", [("do", "send"), ("manifest", text), ("name", "no name")])
        #expect(wrong.status == 422)
    }

    @Test func `another job's manifest is taken over, where it may be seen`() async throws {
        for isPrivate in [false, true] {
            let world = try PageWorld(isPrivate: isPrivate)
            let sent = try await world.post(
                "/submit", [("do", "send"), ("manifest", TestDaemon.manifest("ok-mine"))])
            let id = try #require(sent.location?.split(separator: "/").last.map(String.init))
            let own = try await world.get("/submit?from=\(id)")
            #expect(own.status == 200 && own.text.contains("name: ok-mine\n"))
            let others = try await world.get("/submit?from=\(id)", by: PageWorld.bob)
            #expect(others.text.contains("name: ok-mine\n") == !isPrivate)
            #expect(others.status == (isPrivate ? 404 : 200))
        }
        let world = try PageWorld()
        for id in ["../../etc", JobIdentifier.make(now: 1)] {
            let answer = try await world.get("/submit?from=\(id)")
            #expect(answer.status == 404 && answer.text.contains("there is no job"))
        }
    }
}
