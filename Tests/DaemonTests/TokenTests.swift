// Tokens: who comes in by one, how far, and until when; what is kept of it.

import DurableIO
import Foundation
import HTTP
import Jobs
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Daemon

@Suite struct TokenTests {
    private typealias World = AccessWorld

    @Test func `of many texts none but the same is the same`() {
        // Reckoned wrongly, one in a hundred is: each pair differs in most of its places.
        let texts = (0..<200).map { Digest(of: [UInt8($0)]).hex }
        for (place, text) in texts.enumerated() {
            #expect(Comparison.isSame(text, text))
            let same = texts.indices.filter { Comparison.isSame(texts[$0], text) }
            #expect(same == [place])
        }
        // And in one place alone.
        let text = Array(texts[0])
        for place in text.indices {
            for digit in "0123456789abcdef" where digit != text[place] {
                var other = text
                other[place] = digit
                #expect(!Comparison.isSame(String(other), texts[0]))
            }
        }
        #expect(!Comparison.isSame(texts[0], String(texts[0].dropLast())))
    }

    @Test func `a token lets in who shows it, and nothing else does`() async throws {
        let world = try World()
        let token = try await world.token(.submit).token
        func status(_ text: String) async throws -> Int {
            try await world.ask(
                "GET /v1/status", from: World.remote("10.0.0.\(text.utf8.count % 250)"),
                [World.bearer(text)]
            ).status
        }
        #expect(try await status(token) == 200)
        var flipped = Array(token)
        flipped[flipped.count - 1] = flipped.last == "0" ? "1" : "0"
        let other = try await world.token(.submit).token
        let mixed = String(token.prefix(12)) + String(other.dropFirst(12))
        for wrong in [
            String(flipped), mixed, String(token.dropLast()), token + "0", token.uppercased(),
            "", "lf_", "lf__", String(token.dropFirst(3)), " ",
        ] {
            #expect(try await status(wrong) == 401, "\(wrong)")
        }
        let nobody = try await world.ask("GET /v1/status", from: World.browser)
        #expect(nobody.status == 401)
        #expect(nobody.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
        #expect(nobody.text.contains("unknown-caller"))
        let basic = try await world.ask(
            "GET /v1/status", from: World.browser, ["Authorization: Basic YTpi"])
        #expect(basic.status == 401, "another scheme says nothing")
        let twice = try await world.ask(
            "GET /v1/status", from: World.browser, [World.bearer(token), World.bearer(other)])
        #expect(twice.status == 400)
    }

    @Test func `one that has expired or was revoked lets nobody in`() async throws {
        let world = try World()
        let (short, long) = (
            try await world.token(.submit, days: 1), try await world.token(.submit, days: 2)
        )
        func status(_ token: NewToken) async throws -> (Int, String) {
            let answer = try await world.ask(
                "GET /v1/status", from: World.browser, [World.bearer(token.token)])
            return (answer.status, answer.text)
        }
        world.clock.advance(milliseconds: 86_400_000 - 1)
        #expect(try await status(short).0 == 200)
        world.clock.advance(milliseconds: 1)
        let expired = try await status(short)
        #expect(expired.0 == 401 && expired.1.contains("has expired"))
        #expect(try await status(long).0 == 200)
        let revoked = try await world.ask(
            "DELETE /v1/tokens/\(long.summary.id)", from: World.ann)
        #expect(revoked.status == 200)
        #expect(try await status(long).0 == 401)
        let again = try await world.ask("DELETE /v1/tokens/\(long.summary.id)", from: World.ann)
        #expect(again.status == 404)
    }

    // MARK: Scopes

    @Test func `a token gives what it was made for, and never more than its person has`()
        async throws
    {
        let world = try World()
        let anns = try await world.submit("anns", from: World.ann)
        func cancel(_ token: NewToken) async throws -> Int {
            try await world.ask(
                "POST /v1/jobs/\(anns)/hold", from: World.browser, [World.bearer(token.token)]
            ).status
        }
        func sees(_ token: NewToken) async throws -> Int {
            try await world.ask(
                "GET /v1/jobs/\(anns)", from: World.browser, [World.bearer(token.token)]
            ).status
        }
        let read = try await world.token(.read)
        #expect(try await sees(read) == 200)
        for change in [
            "POST /v1/jobs", "POST /v1/jobs/\(anns)/cancel", "DELETE /v1/jobs/\(anns)",
            "POST /v1/tokens", "DELETE /v1/tokens/\(read.summary.id)",
        ] {
            let answer = try await world.ask(
                change, from: World.browser, [World.bearer(read.token)])
            #expect(answer.status == 403, "\(change)")
        }
        #expect(try await cancel(read) == 403)
        // Root is an admin, but not by a token of less.
        #expect(try await cancel(world.token(.submit, of: World.admin)) == 403)
        #expect(try await cancel(world.token(.submit, of: World.bob)) == 403)
        // The queue, which was not started, has heard it.
        #expect(try await cancel(world.token(.admin, of: World.admin)) != 403)
        // A submission belongs to whom the token belongs.
        let sent = try await world.ask(
            "POST /v1/jobs", from: World.browser,
            [World.bearer(world.token(.submit, of: World.bob).token)],
            body: TestDaemon.manifest("bobs"))
        #expect(sent.status == 201, "\(sent.text)")
        let list = try await world.ask("GET /v1/jobs?user=1000002", from: World.bob)
        #expect(list.text.contains("bobs"))
    }

    @Test func `who is no admin any more has no admin's token`() async throws {
        let world = try World { $0.adminGroup = "daemon" }
        let group = try #require(world.settings.adminGroup)
        // A member by the kernel's word; the system knows no such user, nor any group of his.
        let member = Peer(user: 1_000_003, groups: [group])
        let token = try await world.token(.admin, of: member)
        let job = try await world.submit("anns", from: World.ann)
        let answer = try await world.ask(
            "POST /v1/jobs/\(job)/hold", from: World.browser, [World.bearer(token.token)])
        #expect(answer.status == 403, "the system knows no such member")
    }

    @Test func `people make tokens for themselves, with their own rights, and not by a token`()
        async throws
    {
        let world = try World()
        let above = try await world.ask(
            "POST /v1/tokens", from: World.ann, body: #"{"scope":"admin"}"#)
        #expect(above.status == 403 && above.text.contains("`submit` or less"))
        for (scope, peer) in [(AccessScope.submit, World.ann), (.admin, World.admin)] {
            let token = try await world.token(scope, of: peer).token
            let made = try await world.ask(
                "POST /v1/tokens", from: World.browser, [World.bearer(token)],
                body: #"{"scope":"read"}"#)
            #expect(made.status == 403 && made.text.contains("a token makes no tokens"))
        }
        for (body, status) in [
            ("", 201), ("{}", 201), (#"{"days":0}"#, 409), (#"{"days":3651}"#, 409),
            (#"{"scope":"all"}"#, 400), ("[]", 400), ("{", 400),
            (#"{"name":"\#(String(repeating: "n", count: 101))"}"#, 409),
            (String(repeating: " ", count: 5_000), 413),
        ] {
            let answer = try await world.ask("POST /v1/tokens", from: World.ann, body: body)
            #expect(answer.status == status, "\(body.prefix(40)): \(answer.text)")
        }
    }

    @Test func `everybody sees and revokes her own, admins all`() async throws {
        let world = try World()
        let (anns, bobs) = (
            try await world.token(.read), try await world.token(.read, of: World.bob)
        )
        func list(_ peer: Peer) async throws -> [String] {
            let answer = try await world.ask("GET /v1/tokens", from: peer)
            #expect(!answer.text.contains(anns.token.suffix(64)), "no secret")
            #expect(!answer.text.contains("sha256"))
            return try JSONDecoder().decode(TokenList.self, from: Data(answer.text.utf8))
                .tokens.map(\.id)
        }
        #expect(try await list(World.ann) == [anns.summary.id])
        #expect(try await list(World.admin) == [anns, bobs].map(\.summary.id))
        let foreign = try await world.ask(
            "DELETE /v1/tokens/\(bobs.summary.id)", from: World.ann)
        let absent = try await world.ask("DELETE /v1/tokens/00000000", from: World.ann)
        #expect(foreign.status == 404 && absent.status == 404)
        #expect(
            foreign.text.replacing(bobs.summary.id, with: "ID")
                == absent.text.replacing("00000000", with: "ID"))
        #expect(try await list(World.bob) == [bobs.summary.id])
        let byAdmin = try await world.ask(
            "DELETE /v1/tokens/\(bobs.summary.id)", from: World.admin)
        #expect(byAdmin.status == 200)
        #expect(try await list(World.bob).isEmpty)
    }

    @Test func `one person's tokens have an end, and leave room for others`() async throws {
        let world = try World()
        for _ in 0..<TokenBook.perUserMax { _ = try await world.token(.read) }
        let more = try await world.ask("POST /v1/tokens", from: World.ann)
        #expect(more.status == 409 && more.text.contains("revoke"))
        _ = try await world.token(.read, of: World.bob)
        world.clock.advance(milliseconds: 86_400_000)
        _ = try await world.token(.read)
    }

    // MARK: The file

    @Test func `what is kept lets nobody in, outlives a restart, and is the daemon's alone`()
        async throws
    {
        let world = try World()
        let token = try await world.token(.submit)
        let file = world.settings.current.folders.access.appending("tokens.json")
        let text = TestFolder.text(file)
        #expect(text.contains(token.summary.id))
        #expect(!text.contains(token.token.suffix(64)), "no secret")
        #expect(try Syscalls.stat(file)?.permissions == 0o600)
        #expect(try Syscalls.stat(file.removingLastComponent())?.permissions == 0o700)
        let digest = try #require(text.range(of: "\"sha256\" : \"")).upperBound
        let kept = String(text[digest...].prefix(64))
        #expect(kept.count == 64)
        let next = TokenKeeper(
            folder: file.removingLastComponent(), clock: world.clock.daemonClock)
        #expect(try await next.list(of: nil) == [token.summary])
        guard case .good = try await next.find(token.token) else {
            Issue.record("not found after a restart")
            return
        }
        #expect(try await next.find("lf_\(token.summary.id)_\(kept)") == .unknown)
        #expect(try await next.list(of: nil)[0].usedAtMilliseconds == 1_699_999_200_000)
    }

    @Test(arguments: [
        "", "{", "[]", #"{"version":1}"#, #"{"version":1,"tokens":[{"id":"a"}]}"#,
        #"{"version":2,"tokens":[]}"#, #"{"tokens":[]}"#,
    ])
    func `a file that cannot be read lets nobody in and is not overwritten`(text: String)
        async throws
    {
        let folder = try TestFolder()
        let world = try World()
        let token = try await world.token(.submit)
        let file = folder.file("tokens.json")
        try folder.write(text, to: file)
        let keeper = TokenKeeper(folder: folder.path, clock: world.clock.daemonClock)
        let problem = try #require(await keeper.problem())
        #expect(problem.contains("`\(file)` cannot be read") && problem.contains("backup"))
        await #expect(throws: TokenKeeper.Unreadable.self) { try await keeper.find(token.token) }
        await #expect(throws: TokenKeeper.Unreadable.self) {
            try await keeper.make(TokenRequest(), for: 5)
        }
        #expect(TestFolder.text(file) == text)
        try Syscalls.unlink(file)
        #expect(await keeper.problem() == nil, "it is looked at again")
    }

    /// For every n: the n-th kernel call of a change fails, or is the last.
    @Test(arguments: KernelCallSweepTests.Kind.allCases)
    func `a change of the tokens is made whole or not at all`(
        kind: KernelCallSweepTests.Kind
    ) async throws {
        let folder = try TestFolder()
        let clock = ManualClock().daemonClock
        let first = TokenKeeper(folder: folder.path, clock: clock)
        let old = try await first.make(TokenRequest(name: "old"), for: 5)
        var number = 1
        while true {
            let before = try await TokenKeeper(folder: folder.path, clock: clock).list(of: nil)
            let keeper = TokenKeeper(folder: folder.path, clock: clock)
            let plan = FaultPlan(kind.fault, atCall: number)
            let made = await FaultPlan.$current.withValue(plan) {
                try? await keeper.make(TokenRequest(name: "\(number)"), for: number + 10)
            }
            // The next daemon finds the one or the other, and what was promised.
            let next = TokenKeeper(folder: folder.path, clock: clock)
            let after = try await next.list(of: nil)
            #expect(after.starts(with: before), "call \(number)")
            #expect(after.count - before.count <= 1, "call \(number)")
            if let made { #expect(after.last == made.summary, "call \(number)") }
            guard case .good = try await next.find(old.token) else {
                Issue.record("call \(number): the old one is lost")
                return
            }
            if kind == .interrupted { #expect(made != nil, "call \(number) is repeated") }
            #expect(TestFolder.names(in: folder.path) == ["tokens.json"], "call \(number)")
            if !plan.hasFired { break }
            number += 1
        }
        #expect(number > 5)
        FaultRounds.tell(rounds: number - 1)
    }
}
