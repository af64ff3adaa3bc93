// Letters go out by a real program and to a real server: three tries, no way around the rules, and
// no letter in another's way.

import DurableIO
import Foundation
import HTTP
import Jobs
import SystemPackage
import TestSupport
import Testing

@testable import Letters

@Suite(.serialized) struct PostRoundTests {
    private static let curl = "/usr/bin/curl"
    private static let hasCurl = FileManager.default.isExecutableFile(atPath: curl)
    private static let mail = NotifyWish(mail: .address("ada@example.org"))

    // MARK: Mail

    @Test func `mail goes to the program, to whom it is for and to nobody else`() async throws {
        let post = try Post()
        try post.put("a", NotifyWish(mail: .owner), name: "x\nBcc: eve@example.org\n\nhello")
        let counts = try await post.send(post.carrier(.of(try post.program())))
        #expect(counts == .init(sent: 1, failed: 0))
        #expect(post.text("arguments") == "-t -oi\n")
        let mail = try #require(post.mails.first)
        let head = mail.components(separatedBy: "\n\n")[0].components(separatedBy: "\n")
        #expect(head.contains("To: ada@lab.example"))
        #expect(head.contains("From: Layerfold <layerfold@lab.example>"))
        #expect(!head.contains { $0.hasPrefix("Bcc") || $0.hasPrefix("hello") })
        #expect(Post.names(post.box.sent) == ["7-a-done-mail.json"])
        #expect(Post.names(post.box.outbox).isEmpty)
        #expect(try post.letter("7-a-done-mail", in: post.box.sent).sentAtMilliseconds != nil)
    }

    @Test func `a program that cannot now is asked three times, at growing distances`() async throws
    {
        let post = try Post()
        try post.put("a", Self.mail)
        let begin = post.now
        let program = try post.program("echo 'no\nroom' >&2; exit 75")
        let counts = try await post.send(post.carrier(.of(program)))
        #expect(counts == .init(sent: 0, failed: 1))
        let letter = try post.letter("7-a-done-mail", in: post.box.failed)
        #expect(letter.tries.map { $0.atMilliseconds - begin } == [0, 60_000, 660_000])
        #expect(
            letter.tries.allSatisfy { $0.reason.contains("75") && $0.reason.contains("no; room") })
        #expect(post.mails.count == 3)
        // It is over.
        try await post.send(post.carrier(.of(program)))
        #expect(post.mails.count == 3)
    }

    @Test func `what is said of one letter costs no other a try`() async throws {
        let post = try Post()
        for owner in ["eve", "ada"] {
            try post.put(owner, NotifyWish(mail: .address("\(owner)@example.org")))
            post.advance(1)
        }
        let program = try post.program("grep -q '^To: eve' \"mail-$count\" && exit 75; exit 0")
        #expect(try await post.send(post.carrier(.of(program))) == .init(sent: 1, failed: 1))
        let sent = try post.letter("7-ada-done-mail", in: post.box.sent)
        #expect(sent.tries.isEmpty, "\(sent.tries)")
    }

    @Test(arguments: [(0, true), (450, false)])
    func `a mail server that says nothing is silent for all, one that says no is not`(
        code: Int, isSilent: Bool
    ) {
        let result = Program.Result(ending: .exited(55), output: "\(code)", errors: "")
        let found = if case .silent = Delivery.ofServer(result) { true } else { false }
        #expect(found == isSilent)
        if case .never = Delivery.ofServer(result) { Issue.record("it may succeed later") }
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `no call goes out unsigned where its secret cannot be read`() async throws {
        let post = try Post()
        let hook = try Hook { _, _ in Hook.status(204) }
        try post.put("a", hook.wish)
        var carrier = post.carrier(.of())
        carrier.secret = { _ in throw Errno.ioError }
        #expect(try await post.send(carrier) == .init(sent: 0, failed: 1))
        #expect(hook.calls.isEmpty)
    }

    @Test func `one that will not is not asked again`() async throws {
        let post = try Post()
        try post.put("a", Self.mail)
        try await post.send(post.carrier(.of(try post.program("exit 67"))))
        #expect(post.mails.count == 1)
        #expect(Post.names(post.box.failed).count == 1)
    }

    @Test func `one that does not even read it is believed by its exit`() async throws {
        let post = try Post()
        try post.put("a", Self.mail, name: "x")
        try await post.send(post.carrier(.of(try post.program("exit 67", reads: false))))
        let letter = try post.letter("7-a-done-mail", in: post.box.failed)
        #expect(letter.tries.map { $0.reason.contains("code 67") } == [true])
    }

    @Test func `who has no name here gets no mail, and no other address is made of it`()
        async throws
    {
        let post = try Post()
        try post.put("a", NotifyWish(mail: .owner), owner: 8)
        try await post.send(post.carrier(.of(try post.program())))
        #expect(post.mails.isEmpty)
        let letter = try post.letter("8-a-done-mail", in: post.box.failed)
        #expect(letter.tries.last?.reason.contains("user 8") == true)
    }

    @Test func `what the server stopped allowing is not sent`() async throws {
        let post = try Post()
        try post.put("a", Self.mail)
        var settings = NotifySettings.of(try post.program())
        settings.rule = .nothing
        try await post.send(post.carrier(settings))
        #expect(post.mails.isEmpty && Post.names(post.box.failed).count == 1)
    }

    // MARK: Webhooks

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `a webhook gets the document, and can check who sent it`() async throws {
        let post = try Post()
        let hook = try Hook { _, _ in Hook.status(204) }
        try post.put("a", hook.wish, name: "né\" \\ \n")
        #expect(try await post.send(post.carrier(.of())) == .init(sent: 1, failed: 0))
        let request = try #require(hook.calls.first?.request)
        #expect(request.method == "POST" && request.target == "/hook?x=1")
        #expect(request.header("content-type") == "application/json")
        #expect(request.header("user-agent") == "layerfold/test")
        let stamp = try #require(request.header("x-layerfold-timestamp"))
        #expect(
            request.header("x-layerfold-signature")
                == "sha256="
                + WebhookCall.signature(of: Data(request.body), at: stamp, secret: "key"))
        struct Document: Decodable {
            struct Job: Decodable { let name: String }
            let event: String
            let jobs: [Job]
        }
        let document = try JSONDecoder().decode(Document.self, from: Data(request.body))
        #expect(document.event == "job.done" && document.jobs.map(\.name) == ["né\" \\ \n"])
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"), arguments: [500, 503, 429, 408])
    func `a server in trouble is asked again, with the same id`(status: Int) async throws {
        let post = try Post()
        let hook = try Hook { number, _ in Hook.status(number < 3 ? status : 200) }
        try post.put("a", hook.wish)
        #expect(try await post.send(post.carrier(.of())) == .init(sent: 1, failed: 0))
        #expect(hook.calls.count == 3)
        #expect(Set(hook.calls.map { $0.request.header("x-layerfold-id") }).count == 1)
        #expect(Set(hook.calls.map { $0.request.header("x-layerfold-timestamp") }).count == 3)
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"), arguments: [301, 302, 307, 400, 404])
    func `a redirection is not followed, and a no is a no`(status: Int) async throws {
        let post = try Post()
        let other = try Hook { _, _ in Hook.status(200) }
        let hook = try Hook { [url = other.url] _, _ in Hook.status(status, [("Location", url)]) }
        try post.put("a", hook.wish)
        #expect(try await post.send(post.carrier(.of())) == .init(sent: 0, failed: 1))
        #expect(hook.calls.count == 1 && other.calls.isEmpty)
        let letter = try post.letter("7-a-done-webhook", in: post.box.failed)
        #expect(letter.tries.map(\.reason).joined().contains("\(status)"))
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `one that never answers takes its time and no more, and no mail waits for it`()
        async throws
    {
        let post = try Post()
        let hook = try Hook { _, _ in
            // Until the client has left.
            try? await Task.sleep(for: .seconds(3_600))
            return Hook.status(200)
        }
        try post.put("a", hook.wish)
        try post.put("b", Self.mail)
        var carrier = post.carrier(.of(try post.program()))
        carrier.callLimit = 1
        #expect(try await post.send(carrier) == .init(sent: 1, failed: 1))
        #expect(hook.calls.count == 3)
        #expect(post.mails.count == 1)
        let sent = try #require(post.notes.firstIndex { $0 == "sent 7-b-done-mail" })
        #expect(!post.notes[..<sent].contains { $0.hasPrefix("failed") })
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `a letter that waits since another heard nothing is tried first, and loses no try`()
        async throws
    {
        let post = try Post()
        let hook = try Hook { number, _ in
            // The first call until the client has left.
            if number == 1 { try? await Task.sleep(for: .seconds(3_600)) }
            return Hook.status(200)
        }
        try post.put("a", hook.wish)
        post.advance(1)
        try post.put("b", hook.wish)
        var carrier = post.carrier(.of())
        carrier.callLimit = 1
        #expect(try await post.send(carrier) == .init(sent: 2, failed: 0))
        #expect(
            hook.calls.map { $0.request.header("x-layerfold-id") }
                == ["7-a-done-webhook", "7-b-done-webhook", "7-a-done-webhook"])
        let second = try post.letter("7-b-done-webhook", in: post.box.sent)
        #expect(second.tries.isEmpty, "\(second.tries)")
    }

    @Test(.enabled(if: hasCurl, "curl is not installed"))
    func `a dead webhook holds up nobody else's letter, nor one's own at another port`()
        async throws
    {
        let post = try Post()
        let hook = try Hook { number, _ in
            // The first call until the client has left.
            if number == 1 { try? await Task.sleep(for: .seconds(3_600)) }
            return Hook.status(200)
        }
        let other = try Hook { _, _ in Hook.status(200) }
        try post.put("a", hook.wish)
        post.advance(1)
        try post.put("b", other.wish)
        try post.put("c", hook.wish, owner: 8)
        let begin = post.now
        var carrier = post.carrier(.of())
        carrier.callLimit = 1
        #expect(try await post.send(carrier) == .init(sent: 3, failed: 0))
        for id in ["7-b-done-webhook", "8-c-done-webhook"] {
            let letter = try post.letter(id, in: post.box.sent)
            #expect(letter.tries.isEmpty && letter.sentAtMilliseconds == begin, "\(letter)")
        }
    }

    @Test func `of a place that is gone no letter waits for ever`() async throws {
        let post = try Post()
        let count = 40
        for number in 1...count { try post.put("a\(number)", Self.mail) }
        let begin = post.now
        // The program is not there.
        #expect(try await post.send(post.carrier(.of())) == .init(sent: 0, failed: count))
        let minute = 60_000
        #expect(post.now - begin <= 35 * minute)
        let tries = try Post.names(post.box.failed).map { name in
            try post.letter(String(name.dropLast(".json".count)), in: post.box.failed).tries
        }
        #expect(tries.allSatisfy { $0.last?.reason.contains("does not start") == true })
        // Not tried is not said to be tried.
        let untried = tries.filter { $0.first?.reason.hasPrefix("given up") == true }
        #expect(untried.count == 19 && untried.allSatisfy { $0.count == 1 })
    }

    @Test func `a private address is refused before anything is started`() async throws {
        let post = try Post()
        try post.put("a", NotifyWish(webhook: "https://hooks.example.org/x"))
        try post.put("b", NotifyWish(webhook: "https://10.0.0.7/x"))
        try post.put("c", NotifyWish(webhook: "https://[::ffff:169.254.169.254]/latest"))
        var settings = NotifySettings.of()
        settings.rule = NotifyRule(webhooks: ["*"])
        var carrier = post.carrier(settings)
        carrier.curl = try post.program()
        carrier.resolve = { host in
            [NetworkAddress(host) ?? NetworkAddress("192.168.0.1")].compactMap(\.self)
        }
        #expect(try await post.send(carrier) == .init(sent: 0, failed: 3))
        #expect(post.mails.isEmpty, "curl was started")
        let letter = try post.letter("7-a-done-webhook", in: post.box.failed)
        #expect(letter.tries.last?.reason.contains("192.168.0.1") == true)
    }

    @Test func `where it was really connected to is looked at as well`() {
        let result = Program.Result(ending: .exited(0), output: "200 10.0.0.7", errors: "")
        guard case .never(let why) = Delivery.ofWebhook(result, permits: { $0.kind != .other })
        else {
            Issue.record("it counts as sent")
            return
        }
        #expect(why.contains("10.0.0.7"))
    }

    @Test func `without curl the reason says so`() async throws {
        let post = try Post()
        try post.put("a", NotifyWish(webhook: "http://127.0.0.1:9/x"))
        var carrier = post.carrier(.of())
        carrier.curl = "/nowhere/curl"
        try await post.send(carrier)
        let letter = try post.letter("7-a-done-webhook", in: post.box.failed)
        #expect(letter.tries.count == 3)
        #expect(letter.tries.last?.reason.contains("is it installed?") == true)
    }

    // MARK: What goes wrong on the way

    @Test func `a broken file is put aside, and the others go out`() async throws {
        let post = try Post()
        try DurableFile.write(Array("{".utf8), to: post.box.outbox.appending("0-broken.json"))
        try Syscalls.mkdir(post.box.outbox.appending("a folder"))
        try post.put("a", Self.mail)
        #expect(
            try await post.send(post.carrier(.of(try post.program()))) == .init(sent: 1, failed: 0))
        #expect(Post.names(post.box.failed) == ["0-broken.json", "a folder"])
        #expect(Post.names(post.box.outbox).isEmpty)
    }

    @Test func `one that was sent before the sender was killed is only put away`() async throws {
        let post = try Post()
        var letter = post.letters("a", Self.mail)[0]
        letter.sentAtMilliseconds = post.now
        _ = try post.box.put(letter)
        try await post.send(post.carrier(.of(try post.program())))
        #expect(post.mails.isEmpty)
        #expect(Post.names(post.box.sent) == ["7-a-done-mail.json"])
    }

    @Test func `a full disk makes no letter go out twice`() async throws {
        let post = try Post()
        try post.put("a", Self.mail)
        let carrier = post.carrier(.of(try post.program()))
        // Nothing can be written or renamed for a while.
        let full = FaultPlan(.error(.noSpace), atCall: 1, among: [.rename])
        #expect(
            try await FaultPlan.$current.withValue(full) { try await post.send(carrier) }
                == .init(sent: 1, failed: 0))
        #expect(full.hasFired)
        #expect(post.mails.count == 1)
        #expect(Post.names(post.box.outbox).isEmpty && Post.names(post.box.sent).count == 1)
    }

    @Test func `old letters that may not be removed keep no other from going out`() async throws {
        let post = try Post()
        let old = post.box.sent.appending("old.json")
        try DurableFile.write([], to: old)
        try Syscalls.setModified(old, seconds: 1)
        try post.put("a", Self.mail)
        let carrier = post.carrier(.of(try post.program()))
        let refused = FaultPlan(.error(.permissionDenied), atCall: 1, among: [.unlink])
        #expect(
            try await FaultPlan.$current.withValue(refused) { try await post.send(carrier) }
                == .init(sent: 1, failed: 0))
        #expect(refused.hasFired)
        #expect(post.notes.first?.contains("`\(old)`") == true, "\(post.notes)")
    }

    @Test func `two senders do not send at once`() async throws {
        let post = try Post()
        try post.put("a", Self.mail)
        guard let lock = try FileLock.acquire(post.box.lock) else {
            Issue.record("somebody has the lock")
            return
        }
        let program = try post.program()
        try await post.send(post.carrier(.of(program)))
        #expect(post.mails.isEmpty && Post.names(post.box.outbox).count == 1)
        _ = consume lock
        try await post.send(post.carrier(.of(program)))
        #expect(post.mails.count == 1)
    }
}
