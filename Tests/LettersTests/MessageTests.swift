// What a letter looks like: headers that hold one line, bodies that any mail server takes,
// signatures that others can check.

import Failures
import Foundation
import Jobs
import Testing

@testable import Letters

@Suite struct MessageTests {
    private func message(_ subject: String, _ lines: [String] = ["x"]) -> String {
        String(
            decoding: MailMessage(
                from: "layerfold@example.org", to: "ada@example.org", subject: subject,
                lines: lines, id: "1-a-done-mail", date: 1_767_000_000_000
            ).bytes, as: UTF8.self)
    }

    private func headers(_ message: String) -> [String] {
        message.components(separatedBy: "\n\n")[0].components(separatedBy: "\n")
    }

    @Test(arguments: [
        "a\nBcc: eve@example.org", "a\r\nBcc: eve@example.org", "a\rBcc: eve@example.org",
        "a\n\nBody", "a\u{85}Bcc: x", "a\u{2028}Bcc: x", "a\0b",
    ])
    func `no subject begins a header or the body`(subject: String) {
        let plain = headers(message("a")).map { $0.prefix { $0 != ":" } }
        let found = headers(message(subject)).filter { !$0.hasPrefix(" ") }
        #expect(found.map { $0.prefix { $0 != ":" } } == plain)
        #expect(!found.contains { $0.hasPrefix("Bcc") })
    }

    @Test func `what is no ASCII is encoded, in words of 75 columns at most`() throws {
        let subject = String(repeating: "Schicht für Schicht ⚙️ ", count: 5)
        let lines = headers(message(subject))
        let start = try #require(lines.firstIndex { $0.hasPrefix("Subject: ") })
        let words =
            [String(lines[start].dropFirst("Subject: ".count))]
            + lines[(start + 1)...].prefix { $0.hasPrefix(" ") }.map { String($0.dropFirst()) }
        #expect(words.count > 1)
        var text = ""
        for word in words {
            #expect(word.utf8.count <= 75 && word.hasPrefix("=?UTF-8?B?") && word.hasSuffix("?="))
            let data = try #require(
                Data(base64Encoded: String(word.dropFirst(10).dropLast(2))))
            text += try #require(String(data: data, encoding: .utf8))
        }
        #expect(text.hasPrefix("Schicht für Schicht"))
        // Text that looks encoded would be decoded by who reads it.
        #expect(!message("=?UTF-8?B?QmNj?=").contains("Subject: =?UTF-8?B?QmNj?="))
    }

    @Test func `the headers are those of a message that no robot answers`() {
        let found = headers(message("a"))
        for line in [
            "From: Layerfold <layerfold@example.org>", "To: ada@example.org", "Subject: a",
            "Date: Mon, 29 Dec 2025 09:20:00 +0000",
            "Message-ID: <layerfold-1-a-done-mail@example.org>", "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 7bit",
        ] { #expect(found.contains(line), "\(line)") }
    }

    @Test(arguments: ["Schlüssel →", String(repeating: "x", count: 2_000)])
    func `bodies that servers would change are encoded`(line: String) throws {
        let text = message("a", [line, "."])
        #expect(headers(text).contains("Content-Transfer-Encoding: base64"))
        let body = text.components(separatedBy: "\n\n")[1]
        #expect(body.split(separator: "\n").allSatisfy { $0.count <= 76 })
        let data = try #require(Data(base64Encoded: body.replacing("\n", with: "")))
        #expect(String(decoding: data, as: UTF8.self) == "\(line)\r\n.\r\n")
    }

    // MARK: Words

    private func job(_ state: JobState, _ failure: WorkerOutcome.Failure? = nil) -> Letter.Job {
        Letter.Job(
            id: "0K3", name: "demo", state: state, model: "models/demo", submittedAt: 0,
            startedAt: 5_000, finishedAt: 3_725_000, failure: failure, results: "/r/1/demo-0K3")
    }

    private func letter(_ kind: Letter.Kind, _ jobs: [Letter.Job], more: Int = 0) -> Letter {
        Letter.all(
            kind, "e", to: 7, NotifyWish(webhook: "https://a.example/"), now: 1, jobs: jobs,
            more: more)[0]
    }

    @Test func `a letter says what happened, the figures, and where to look`() {
        let figures = LetterFigures(models: [], lines: ["model  layers", "mka    12"])
        let text = LetterText(letter(.done, [job(.done)]), page: "https://p.example") { _ in figures
        }
        #expect(text.subject == "[layerfold] demo is done")
        for line in [
            "Took     1 h 2 min, after 5 s in the queue", "Results  /r/1/demo-0K3", "mka    12",
            "https://p.example/jobs/0K3", "layerfold report 0K3",
        ] { #expect(text.lines.contains(line), "\(line) in \(text.lines)") }
        let failure = WorkerOutcome.Failure(
            failureClass: .resource, message: "disk full\nmake room")
        let failed = LetterText(letter(.failed, [job(.failed, failure)]), page: nil) { _ in nil }
        #expect(failed.subject == "[layerfold] demo failed")
        #expect(failed.lines.contains("disk full") && failed.lines.contains("make room"))
        #expect(failed.lines.contains { $0.contains("layerfold retry") })
        #expect(!failed.lines.contains { $0.contains("/r/1") || $0.contains("https://") })
    }

    @Test func `a letter about all says how many of each`() {
        let failure = WorkerOutcome.Failure(failureClass: .user, message: "no such model")
        let jobs = [job(.done), job(.done), job(.failed, failure), job(.cancelled)]
        let text = LetterText(letter(.last, jobs, more: 3), page: nil) { _ in nil }
        #expect(
            text.subject
                == "[layerfold] your jobs have ended: 2 done, 1 failed, 1 cancelled, 3 more")
        #expect(text.lines.contains("  no such model"))
    }

    // MARK: Webhooks

    @Test func `a call is signed as the reference says`() throws {
        // As the hmac of Python has it.
        #expect(
            WebhookCall.signature(
                of: Data("body".utf8), at: "1767000000", secret: "key")
                == "d51a27a85c8c3c24f856c3793b7a9380fe202f278ba5f5bb97ea98e195327eae")
        let letter = letter(.done, [job(.done)])
        let call = try WebhookCall(
            letter, secret: "key", now: 1_767_000_000_999, agent: "layerfold/1", page: nil,
            figures: { _ in nil })
        let headers = Dictionary(uniqueKeysWithValues: call.headers.map { ($0.name, $0.value) })
        #expect(headers["X-Layerfold-Timestamp"] == "1767000000")
        #expect(headers["X-Layerfold-Id"] == letter.id)
        #expect(
            headers["X-Layerfold-Signature"]
                == "sha256="
                + WebhookCall.signature(of: call.body, at: "1767000000", secret: "key"))
        let bare = try WebhookCall(
            letter, secret: nil, now: 1, agent: "x", page: nil, figures: { _ in nil })
        #expect(!bare.headers.contains { $0.name == "X-Layerfold-Signature" })
    }

    @Test func `no value gets out of its quotes in curl's file`() throws {
        #expect(CurlConfig.escaped("a\"\\\n\r\t\u{B}b\0") == #"a\"\\\n\r\t\vb"#)
        var job = job(.done)
        job.name = "x\"\noutput = \"/etc/passwd"
        let call = try WebhookCall(
            letter(.done, [job]), secret: nil, now: 1, agent: "x", page: nil,
            figures: { _ in nil })
        let url = try #require(WebhookURL("https://hooks.example.org/x"))
        let addresses = ["192.0.2.1", "2001:db8::1"].compactMap { NetworkAddress($0) }
        let config = CurlConfig(url, call, addresses: addresses)
        let lines = config.text.split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("output") } == ["output = \"/dev/null\""])
        #expect(
            lines.contains(
                "resolve = \"hooks.example.org:443:192.0.2.1,[2001:db8:0:0:0:0:0:1]\""))
        #expect(lines.contains("max-redirs = 0") && lines.contains("proto = \"=https,http\""))
        #expect(config.fits)
    }
}
